//! HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007): estimates the number of distinct values in 64 KiB of memory.

/// Bits of a hash that select a register.
const PRECISION: u32 = 16;

/// The number of registers.
const REGISTERS: usize = 1 << PRECISION;

/// The distinct values so far. Hashes have 64 bits, so that large numbers need no correction.
#[derive(Debug)]
pub(super) struct HyperLogLog {
    /// For each register 1 plus the largest number of leading zeros in the other bits of the hashes that select it; 0
    /// if there is none.
    registers: Box<[u8]>,
}

impl Default for HyperLogLog {
    fn default() -> Self {
        Self { registers: vec![0; REGISTERS].into() }
    }
}

impl HyperLogLog {
    /// The relative standard error of [`HyperLogLog::estimate`].
    pub(super) const STANDARD_ERROR: f64 = 1.04 / (1 << (PRECISION / 2)) as f64;

    /// The smallest number of distinct values that needs no correction: five for each register.
    pub(super) const LEAST: usize = 5 * REGISTERS;

    /// Adds the value whose hash is `hash`.
    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        let register = &mut self.registers[(hash >> (64 - PRECISION)) as usize];
        let rest = (hash << PRECISION) | (1 << (PRECISION - 1));
        *register = (*register).max(rest.leading_zeros() as u8 + 1);
    }

    /// The estimated number of distinct values, which must be at least [`HyperLogLog::LEAST`].
    pub(super) fn estimate(&self) -> u64 {
        // Σ 2^−register in units of 2⁻⁶⁴, exactly.
        let sum: u128 = self.registers.iter().map(|&register| 1u128 << (64 - u32::from(register))).sum();
        let registers = REGISTERS as f64;
        let alpha = 0.7213 / (1.0 + 1.079 / registers);
        (alpha * registers * registers * (1u128 << 64) as f64 / sum as f64).round() as u64
    }
}

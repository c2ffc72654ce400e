//! HyperLogLog (Flajolet, Fusy, Gandouet, Meunier, 2007): about how many different values there were, in 64 KiB.

/// Bits of a hash that choose a register.
const PRECISION: u32 = 16;

/// Registers.
const REGISTERS: usize = 1 << PRECISION;

/// Different values seen. Hashes have 64 bits, so that no large number needs a correction.
#[derive(Debug)]
pub(super) struct HyperLogLog {
    /// Of the hashes that chose it, the most leading zeros in the remaining bits, plus 1; 0 where none did.
    registers: Box<[u8]>,
}

impl Default for HyperLogLog {
    fn default() -> Self {
        Self { registers: vec![0; REGISTERS].into() }
    }
}

impl HyperLogLog {
    /// The standard error of [`HyperLogLog::estimate`], relative.
    pub(super) const STANDARD_ERROR: f64 = 1.04 / (1 << (PRECISION / 2)) as f64;

    /// The least number of different values that needs no correction: five a register.
    pub(super) const LEAST: usize = 5 * REGISTERS;

    /// Sees the value whose hash is `hash`.
    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        let register = &mut self.registers[(hash >> (64 - PRECISION)) as usize];
        let rest = (hash << PRECISION) | (1 << (PRECISION - 1));
        *register = (*register).max(rest.leading_zeros() as u8 + 1);
    }

    /// How many different values there were, where they were at least [`HyperLogLog::LEAST`].
    pub(super) fn estimate(&self) -> u64 {
        // Σ 2^−register in units of 2⁻⁶⁴, exactly.
        let sum: u128 = self.registers.iter().map(|&register| 1u128 << (64 - u32::from(register))).sum();
        let registers = REGISTERS as f64;
        let alpha = 0.7213 / (1.0 + 1.079 / registers);
        (alpha * registers * registers * (1u128 << 64) as f64 / sum as f64).round() as u64
    }
}

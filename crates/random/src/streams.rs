//! Named random streams: no sample depends on the samples of another stream.
//!
//! A stream is the SplitMix64 generator (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
//! Its initial state is a hash of the seed, the stream's name and a number (a request's id, a client). The generator is
//! defined here and not in another crate, which could change it; docs/reproducibility.md has the rule and test vectors.

/// SplitMix64's increment.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's finaliser ("variant 13" of Stafford).
#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo; <http://www.isthe.com/chongo/tech/comp/fnv/>).
pub const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The hash with which HASH spreads blocks: the first sample of SplitMix64 from `value`.
#[inline]
pub const fn hash(value: u64) -> u64 {
    mix(value.wrapping_add(GAMMA))
}

/// All streams of one seed and one name.
#[derive(Debug, Clone, Copy)]
pub struct Streams {
    base: u64,
}

impl Streams {
    /// The streams called `name` under `seed`.
    pub const fn new(seed: u64, name: &str) -> Self {
        Self { base: mix(seed ^ fnv1a(name.as_bytes())) }
    }

    /// Stream number `n`, which is a request's id or a client's number.
    #[inline]
    pub const fn of(&self, n: u64) -> Stream {
        Stream { state: mix(self.base.wrapping_add(n.wrapping_add(1).wrapping_mul(GAMMA))) }
    }
}

/// One stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The next 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GAMMA);
        mix(self.state)
    }

    /// A number in (0, 1), uniform over the odd multiples of 2⁻⁵³.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1u64 << 52) as f64)
    }

    /// An integer in 0…`n`−1, or 0 if `n` is 0. It is computed by multiplication: the probability of each value is
    /// within 2⁻⁶⁴ of 1/n.
    #[inline]
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_those_of_the_documentation() {
        // SplitMix64 from state 0, as published with the generator.
        let mut stream = Stream { state: 0 };
        assert_eq!([stream.bits(), stream.bits()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(hash(0), 0xe220_a839_7b1d_cdaf);
        // The table of docs/reproducibility.md.
        let mut service = Streams::new(1, "service").of(0);
        assert_eq!([service.bits(), service.bits()], SERVICE_1_0);
        assert_eq!(Streams::new(1, "service").of(7).bits(), SERVICE_1_7);
        assert_eq!(Streams::new(42, "policy").of(0).bits(), POLICY_42_0);
    }

    const SERVICE_1_0: [u64; 2] = [0x04df_91b6_42ed_59eb, 0x5829_254f_87bf_cdad];
    const SERVICE_1_7: u64 = 0x4eec_eb15_6a8d_0959;
    const POLICY_42_0: u64 = 0x53be_07fe_9b1c_83be;

    #[test]
    fn numbers_fill_their_range() {
        let mut stream = Streams::new(3, "test").of(0);
        let mut seen = [0u32; 10];
        for _ in 0..100_000 {
            let unit = stream.unit();
            assert!(unit > 0.0 && unit < 1.0);
            seen[stream.below(10) as usize] += 1;
        }
        // Binomial (100,000, 0.1): within 5 standard deviations of 95 each.
        assert!(seen.iter().all(|&count| count.abs_diff(10_000) < 475), "{seen:?}");
    }
}

//! The number of distinct blocks or clients of a trace, and the number of requests of the most popular one.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use random::streams::Streams;

use super::hyper_log_log::HyperLogLog;

/// Up to how many distinct numbers the counts are exact.
pub(super) const EXACT: usize = 1_000_000;

const _: () = assert!(EXACT >= HyperLogLog::LEAST);

/// Requests by the number of a block or a client, in bounded memory.
///
/// Everything is exact up to [`EXACT`] distinct numbers. Beyond that, HyperLogLog estimates how many there are, and the
/// counts are those of Misra and Gries (1982): whenever there are too many, the median count is subtracted from each,
/// and counts that become 0 are removed (Anderson et al., "A high-performance algorithm for identifying frequent items
/// in data streams", 2017). A count is then too low by at most the sum of the medians subtracted, and never too high.
/// Each time at least half of the counts lose a median, so that sum is at most 2/[`EXACT`] of all requests.
#[derive(Debug)]
pub(super) struct Popularity {
    exact: usize,
    counts: HashMap<u64, u64, Keyed>,
    estimated: Option<Estimated>,
}

#[derive(Debug, Default)]
struct Estimated {
    distinct: HyperLogLog,
    /// The sum of the medians that were subtracted from each count.
    taken: u64,
}

/// The result of [`Popularity`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Popular {
    /// Distinct numbers.
    pub(super) distinct: u64,
    /// Whether all figures are exact.
    pub(super) exact: bool,
    /// The most popular number, the smallest one of several; None if the figures are not exact.
    pub(super) number: Option<u64>,
    /// A lower bound of its requests.
    pub(super) at_least: u64,
    /// An upper bound of its requests.
    pub(super) at_most: u64,
}

impl Default for Popularity {
    fn default() -> Self {
        Self::new(EXACT)
    }
}

impl Popularity {
    fn new(exact: usize) -> Self {
        Self { exact, counts: HashMap::default(), estimated: None }
    }

    /// Counts a request of `number`.
    #[inline]
    pub(super) fn record(&mut self, number: u64) {
        if let Some(estimated) = &mut self.estimated {
            estimated.distinct.add(hash(number));
        }
        *self.counts.entry(number).or_default() += 1;
        if self.counts.len() > self.exact {
            self.shrink();
        }
    }

    /// The result so far.
    pub(super) fn popular(&self) -> Popular {
        let most = self.counts.iter().map(|(&number, &count)| (count, std::cmp::Reverse(number))).max();
        let (count, number) = most.map_or((0, None), |(count, number)| (count, Some(number.0)));
        match &self.estimated {
            None => {
                Popular { distinct: self.counts.len() as u64, exact: true, number, at_least: count, at_most: count }
            }
            Some(Estimated { distinct, taken }) => Popular {
                distinct: distinct.estimate().max(self.exact as u64 + 1),
                exact: false,
                number: None,
                // There was at least one request.
                at_least: count.max(1),
                at_most: count + taken,
            },
        }
    }

    /// Removes counts to bound the memory; figures are no longer exact.
    #[cold]
    fn shrink(&mut self) {
        let estimated = self.estimated.get_or_insert_with(|| {
            let mut estimated = Estimated::default();
            self.counts.keys().for_each(|&number| estimated.distinct.add(hash(number)));
            estimated
        });
        let mut counts: Vec<u64> = self.counts.values().copied().collect();
        let half = counts.len() / 2;
        let median = *counts.select_nth_unstable(half).1;
        estimated.taken += median;
        self.counts.retain(|_, count| {
            *count = count.saturating_sub(median);
            *count > 0
        });
    }
}

/// The hash of a number for [`HyperLogLog`], the same in every run.
#[inline]
fn hash(number: u64) -> u64 {
    const STREAMS: Streams = Streams::new(0, "popularity");
    STREAMS.of(number).bits()
}

/// The hash function of the map, with a random key. The numbers come from outside, and numbers chosen to collide under
/// a known hash function would make the map take quadratic time. No result depends on the key, since none depends on
/// the order of the map.
///
/// It is the upper half of `factor` · number + `shift` modulo 2¹²⁸ (Dietzfelbinger, "Universal hashing and k-wise independent
/// random variables via integer arithmetic without primes", 1996): any two numbers collide in any n bits with a probability of
/// 2⁻ⁿ, whatever they are. SipHash, the default of maps, takes twice the time.
#[derive(Debug, Clone, Copy)]
struct Keyed {
    factor: u128,
    shift: u128,
}

impl Default for Keyed {
    fn default() -> Self {
        let random = || u128::from(RandomState::new().hash_one(0u8));
        Self { factor: random() << 64 | random(), shift: random() << 64 | random() }
    }
}

impl BuildHasher for Keyed {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { key: *self, hash: 0 }
    }
}

/// Hashes one number.
struct KeyedHasher {
    key: Keyed,
    hash: u64,
}

impl Hasher for KeyedHasher {
    #[inline]
    fn write_u64(&mut self, number: u64) {
        // If several numbers are hashed, each contributes.
        let product = self.key.factor.wrapping_mul(u128::from(number ^ self.hash));
        self.hash = (product.wrapping_add(self.key.shift) >> 64) as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(byte.into()));
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn of(exact: usize, numbers: impl IntoIterator<Item = u64>) -> (Popularity, Popular) {
        let mut popularity = Popularity::new(exact);
        numbers.into_iter().for_each(|number| popularity.record(number));
        let popular = popularity.popular();
        (popularity, popular)
    }

    #[test]
    fn exact_as_counted_by_hand() {
        let (_, popular) = of(3, [7, 5, 9, 9, 5, 7, 5, 7]);
        let expected = Popular { distinct: 3, exact: true, number: Some(5), at_least: 3, at_most: 3 };
        assert_eq!(popular, expected);
    }

    /// A map takes the bucket from the lowest bits of a hash and its tag from the highest seven. For a known hash
    /// function, here [`hash`], an attacker can choose numbers that have both in common.
    #[test]
    fn numbers_chosen_to_collide_do_not() {
        let chosen: Vec<u64> = (0..).filter(|&number| hash(number) & 0xfe00_0000_0000_00ff == 0).take(200).collect();
        let hashes = |popularity: &Popularity| -> Vec<u64> {
            chosen.iter().map(|number| popularity.counts.hasher().hash_one(number)).collect()
        };
        let popularity = Popularity::default();
        let buckets: HashSet<u64> = hashes(&popularity).iter().map(|hash| hash & 0xff).collect();
        // 200 numbers fall into about 139 of 256 buckets; the standard deviation is below 6.
        assert!(buckets.len() > 100, "{} buckets", buckets.len());
        assert_ne!(hashes(&popularity), hashes(&Popularity::default()), "each map has a key of its own");
    }

    /// Zipf-like numbers: number k is about 1/k as likely as the first.
    fn skewed(requests: u64) -> impl Iterator<Item = u64> {
        let mut stream = Streams::new(5, "test").of(0);
        (0..requests).map(move |_| {
            let magnitude = stream.below(18);
            (1 << magnitude) + stream.below(1 << magnitude)
        })
    }

    #[test]
    fn bounds_contain_the_exact_counts() {
        for exact in [10, 100, 1000, 10_000] {
            let (all, truth) = of(usize::MAX, skewed(300_000));
            let (few, popular) = of(exact, skewed(300_000));
            assert!(!popular.exact && few.counts.len() <= exact);
            // Another map has another key, and the same result.
            assert_eq!(of(exact, skewed(300_000)).1, popular);
            assert!((popular.at_least..=popular.at_most).contains(&truth.at_least), "{popular:?} {truth:?}");
            // Each median is subtracted from at least half of the counts.
            let taken = few.estimated.unwrap().taken;
            assert!(taken <= 2 * 300_000 / exact as u64, "{taken}");
            // The bounds hold for each number, not only for the most popular one.
            for (number, &count) in &all.counts {
                let kept = few.counts.get(number).copied().unwrap_or(0);
                assert!(kept <= count && count <= kept + taken, "{number}: {count} {kept} {taken}");
            }
        }
    }

    #[test]
    fn beyond_the_limit_distinct_numbers_are_estimated() {
        // Within four standard errors, for sequential numbers and for scattered ones.
        for step in [1, 8, 1 << 32, 0x9e37_79b9_7f4a_7c15u64] {
            let (_, popular) = of(HyperLogLog::LEAST, (0..2_000_000).map(|place: u64| place.wrapping_mul(step)));
            let error = popular.distinct as f64 / 2e6 - 1.0;
            assert!(error.abs() < 4.0 * HyperLogLog::STANDARD_ERROR && error != 0.0, "{step}: {error}");
            assert!(!popular.exact && popular.at_least == 1 && popular.at_most <= 2 * 2_000_000 / 327_680);
        }
    }
}

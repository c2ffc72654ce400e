//! Histograms of windows: 32 buckets an octave, so that a boundary is within 3.2 % of any value above 1,024.

use serde::{Deserialize, Serialize};

use crate::{Percentile, histogram};

/// Buckets of [`crate::Histogram`] that one coarse bucket has; the first one has the value 0 alone.
const FINE: usize = 32;

/// Number of coarse buckets.
pub(crate) const BUCKETS: usize = histogram::BUCKETS / FINE + 1;

/// The coarse bucket of a bucket of [`crate::Histogram`].
#[inline]
pub fn of_fine(bucket: usize) -> usize {
    bucket.div_ceil(FINE)
}

/// Counts of values. Few buckets are used, and there are many histograms: each entry is the distance to the bucket before
/// and the count, as numbers of seven bits a byte with the least first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<(u16, u64)>", into = "Vec<(u16, u64)>")]
pub(crate) struct Coarse(Box<[u8]>);

impl Coarse {
    /// \[bucket, count\] of the used buckets in rising order.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        let (mut bytes, mut bucket) = (self.0.iter(), 0);
        let mut number = move || {
            let mut number = 0;
            for place in (0..64).step_by(7) {
                let byte = *bytes.next()?;
                number |= u64::from(byte & 127) << place;
                if byte < 128 {
                    break;
                }
            }
            Some(number)
        };
        std::iter::from_fn(move || {
            bucket += number()? as usize;
            Some((bucket, number()?))
        })
    }

    /// Of `counts` above 0, in rising order of their buckets.
    pub(crate) fn of(counts: impl Iterator<Item = (usize, u64)>) -> Self {
        let (mut bytes, mut before) = (Vec::with_capacity(1024), 0);
        for (bucket, count) in counts {
            for mut number in [(bucket - before) as u64, count] {
                while number > 127 {
                    bytes.push(number as u8 | 128);
                    number >>= 7;
                }
                bytes.push(number as u8);
            }
            before = bucket;
        }
        // Exactly as long as it is: there are many.
        Self(Box::from(&bytes[..]))
    }

    /// Adds `counts` above 0, in rising order of their buckets.
    pub(crate) fn add(&mut self, counts: impl Iterator<Item = (usize, u64)>) {
        let before = std::mem::take(self);
        let (mut own, mut other) = (before.counts().peekable(), counts.peekable());
        let sums = std::iter::from_fn(|| {
            let (bucket, count) = match (own.peek().copied(), other.peek().copied()) {
                (Some((a, count)), Some((b, _))) if a < b => (a, count),
                (Some((a, _)), Some((b, count))) if b < a => (b, count),
                (Some((bucket, count)), Some((_, more))) => (bucket, count + more),
                (one, another) => one.or(another)?,
            };
            own.next_if(|&(own, _)| own == bucket);
            other.next_if(|&(other, _)| other == bucket);
            Some((bucket, count))
        });
        self.0 = Self::of(sums).0;
    }

    /// The sum of many, which is faster than to add them one by one.
    pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Self>) -> Self {
        let mut counts = vec![0; BUCKETS];
        all.flat_map(Self::counts).for_each(|(bucket, count)| counts[bucket] += count);
        Self::of(counts.into_iter().enumerate().filter(|&(_, count)| count > 0))
    }

    /// The number of values above `bucket`.
    pub(crate) fn above(&self, bucket: usize) -> u64 {
        self.counts().filter(|&(of, _)| of > bucket).map(|(_, count)| count).sum()
    }

    /// The shortest decimal number in the bucket that holds `percentile`; None without values.
    pub(crate) fn percentile_ns(&self, percentile: Percentile) -> Option<u64> {
        let rank =
            (u128::from(self.total()) * u128::from(percentile.thousandths())).div_ceil(u128::from(Percentile::WHOLE));
        let mut below = 0u128;
        let (bucket, _) = self.counts().find(|&(_, count)| {
            below += u128::from(count);
            below >= rank
        })?;
        let lower = if bucket == 0 { 0 } else { histogram::ends((bucket - 1) * FINE + 1).0 };
        let (_, upper) = histogram::ends(bucket * FINE);
        Some(histogram::shortest(lower, upper))
    }

    /// The number of values.
    pub(crate) fn total(&self) -> u64 {
        self.counts().map(|(_, count)| count).sum()
    }
}

impl From<Coarse> for Vec<(u16, u64)> {
    fn from(coarse: Coarse) -> Self {
        coarse.counts().map(|(bucket, count)| (bucket as u16, count)).collect()
    }
}

impl TryFrom<Vec<(u16, u64)>> for Coarse {
    type Error = &'static str;

    /// The input may come from a container, so it may be anything.
    fn try_from(counts: Vec<(u16, u64)>) -> Result<Self, Self::Error> {
        let (mut next, mut total) = (0, 0u64);
        for &(bucket, count) in &counts {
            total = total.checked_add(count).ok_or("the counts of a window's histogram exceed 64 bits")?;
            if bucket < next || usize::from(bucket) >= BUCKETS {
                return Err("the buckets of a window's histogram are not in rising order");
            }
            next = bucket + 1;
        }
        Ok(Coarse::of(counts.into_iter().map(|(bucket, count)| (bucket.into(), count))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_a_bucket_of_its_own_and_others_have_a_thirty_second_of_an_octave() {
        assert_eq!([0, 1, 32, 33, 64, 65].map(of_fine), [0, 1, 1, 2, 2, 3]);
        assert!(of_fine(histogram::BUCKETS - 1) < BUCKETS);
    }

    #[test]
    fn sums_have_the_counts_of_both() {
        let mut one = Coarse::of([(3, 2), (7, 1)].into_iter());
        one.add([(1, 2), (7, 5), (9, 1)].into_iter());
        assert_eq!(Vec::from(one.clone()), [(1, 2), (3, 2), (7, 6), (9, 1)]);
        assert_eq!((one.total(), one.above(3), one.above(9), one.above(0)), (11, 7, 0, 11));
    }

    #[test]
    fn an_invalid_histogram_is_refused() {
        for text in ["[[2,1],[2,1]]", "[[65535,1]]", "[[1,18446744073709551615],[2,1]]"] {
            assert!(serde_json::from_str::<Coarse>(text).is_err(), "{text}");
        }
        let text = "[[0,18446744073709551000],[1,2],[9,127],[1700,128]]";
        assert_eq!(serde_json::to_string(&serde_json::from_str::<Coarse>(text).unwrap()).unwrap(), text);
    }
}

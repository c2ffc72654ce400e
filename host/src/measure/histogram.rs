//! HdrHistogram's buckets at three significant digits (Gil Tene, 2012): exact below 2,048, then 1,024 buckets an octave.

use serde::{Deserialize, Serialize};

const OCTAVE: usize = 1024;

/// Counts of values \[ns\]; merges exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Sparse", into = "Sparse")]
pub struct Histogram {
    /// Rows of 1,024 buckets, made when first needed, since most values of a run lie within a few octaves.
    rows: Vec<Option<Box<[u64; OCTAVE]>>>,
    max: u64,
}

/// How a report holds it.
#[derive(Clone, Serialize, Deserialize)]
struct Sparse {
    max_ns: u64,
    /// \[bucket, count\], the used ones in rising order.
    buckets: Vec<(u32, u64)>,
}

impl Histogram {
    /// Counts `value`.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.max = self.max.max(value);
        *self.bucket(index(value)) += 1;
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.max = self.max.max(other.max);
        for (index, count) in other.used() {
            *self.bucket(index) += count;
        }
    }

    /// The largest value, exact; 0 where there is none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Values counted.
    pub fn count(&self) -> u64 {
        self.used().map(|(_, count)| count).sum()
    }

    /// The upper end of the bucket that holds the ⌈`per_mille`·n/1000⌉-th smallest value, never above the largest value;
    /// None where there is no value.
    pub fn percentile(&self, per_mille: u64) -> Option<u64> {
        let rank = (u128::from(self.count()) * u128::from(per_mille)).div_ceil(1000).max(1);
        let mut below = 0u128;
        for (index, count) in self.used() {
            below += u128::from(count);
            if below >= rank {
                return Some(upper_end(index).min(self.max));
            }
        }
        None
    }

    /// The used buckets in rising order.
    fn used(&self) -> impl Iterator<Item = (usize, u64)> {
        self.rows.iter().enumerate().flat_map(|(row, counts)| {
            let counts = counts.iter().flat_map(|counts| counts.iter());
            counts.enumerate().filter(|&(_, &count)| count > 0).map(move |(at, &count)| (row * OCTAVE + at, count))
        })
    }

    #[inline]
    fn bucket(&mut self, index: usize) -> &mut u64 {
        let row = index / OCTAVE;
        if self.rows.len() <= row {
            self.rows.resize(row + 1, None);
        }
        &mut self.rows[row].get_or_insert_with(|| Box::new([0; OCTAVE]))[index % OCTAVE]
    }
}

#[inline]
fn index(value: u64) -> usize {
    let shift = 53u32.saturating_sub((value | 1023).leading_zeros());
    ((shift as usize) << 10) + (value >> shift) as usize
}

/// The largest value that bucket `index` holds.
fn upper_end(index: usize) -> u64 {
    let shift = (index >> 10).saturating_sub(1) as u32;
    let place = (index - ((shift as usize) << 10)) as u64;
    (place << shift) | ((1 << shift) - 1)
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        let buckets = histogram.used().map(|(index, count)| (index as u32, count)).collect();
        Sparse { max_ns: histogram.max, buckets }
    }
}

impl From<Sparse> for Histogram {
    fn from(sparse: Sparse) -> Self {
        let mut histogram = Histogram { max: sparse.max_ns, ..Histogram::default() };
        // A bucket beyond the last octave of 64 bits is nobody's.
        for (index, count) in sparse.buckets.into_iter().filter(|&(bucket, _)| bucket <= index(u64::MAX) as u32) {
            *histogram.bucket(index as usize) += count;
        }
        histogram
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_hdrhistograms() {
        // Exact up to 2,047; then steps of 2, of 4, …
        assert_eq!([0, 1, 2047, 2048, 2049, 2050, 4095, 4096].map(index), [0, 1, 2047, 2048, 2048, 2049, 3071, 3072]);
        for value in [0, 1, 2047, 2048, 4095, 4096, 123_456_789, 1 << 40, (1 << 62) - 1, u64::MAX] {
            let end = upper_end(index(value));
            assert!(end >= value && end - value <= value / 1024, "{value} {end}");
            assert_eq!(index(end), index(value));
            if end < u64::MAX {
                assert_eq!(index(end + 1), index(value) + 1);
            }
        }
    }

    #[test]
    fn percentiles_are_ranks() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(500), None);
        for value in 1..=1000 {
            histogram.record(value);
        }
        assert_eq!([500, 990, 999, 1000, 1].map(|p| histogram.percentile(p).unwrap()), [500, 990, 999, 1000, 1]);
        histogram.record(1_000_001);
        assert_eq!(histogram.percentile(1000), Some(1_000_001));
    }

    #[test]
    fn merging_is_counting_together_and_reports_keep_all() {
        let mut parts = [Histogram::default(), Histogram::default()];
        let mut whole = Histogram::default();
        for value in 0..10_000u64 {
            let value = value * value * value;
            parts[value as usize % 2].record(value);
            whole.record(value);
        }
        let [mut first, second] = parts;
        first.merge(&second);
        assert_eq!(first, whole);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), whole);
    }
}

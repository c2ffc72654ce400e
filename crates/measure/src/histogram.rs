//! HdrHistogram's buckets at three significant digits (Gil Tene, 2012): exact below 2,048, then 1,024 buckets an octave.

use serde::{Deserialize, Serialize};

use crate::coarse::{self, Coarse};

use super::Percentile;

/// Buckets of a row, which is an octave.
const ROW: usize = 1024;

/// Number of buckets: the exact ones below 2,048 are two rows, and each octave above is one.
pub(crate) const BUCKETS: usize = (2 + 53) * ROW;

/// The type of the lower part of a bucket's count, and the number at which it carries into the higher part.
type Low = u8;
const CARRY: u64 = 1 << Low::BITS;

/// Counts of values \[ns\]; merges exactly.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "Sparse", into = "Sparse")]
pub struct Histogram {
    /// The lower part of each bucket's count, in whole rows up to the largest value. It is so small that it fits the
    /// cache of a core, for each of many workers too.
    low: Vec<Low>,
    /// The higher part of each bucket's count. A row is allocated when it is first needed.
    high: Vec<Option<Box<[u64; ROW]>>>,
    count: u64,
    max: u64,
}

/// The form of a histogram in reports.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Sparse {
    /// The largest value, exact.
    max_ns: u64,
    /// \[bucket, count\] of the used buckets in rising order.
    buckets: Vec<(u32, u64)>,
}

impl Histogram {
    /// Counts `value`.
    #[inline]
    pub fn record(&mut self, value: u64) {
        self.add(index(value), 1);
        self.max = self.max.max(value);
    }

    /// For counting many values: a view whose lookups are done once for all of them.
    #[inline]
    pub fn recorder(&mut self) -> Recorder<'_> {
        Recorder { low: &mut self.low, high: &mut self.high, count: &mut self.count, max: &mut self.max }
    }

    /// Adds all counts of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.reach(other.low.len());
        for (number, row) in other.rows().enumerate() {
            if row.sum() > 0 {
                for (count, more) in high(&mut self.high, number).iter_mut().zip(row.counts()) {
                    *count += more;
                }
            }
        }
        self.count += other.count;
        self.max = self.max.max(other.max);
    }

    /// The largest value, exact; 0 if there is none.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Number of values above 0, exact: 0 has a bucket of its own.
    pub fn count_above_0(&self) -> u64 {
        let zeros = self.rows().next().and_then(|row| row.counts().next()).unwrap_or(0);
        self.count - zeros
    }

    /// The shortest decimal number in the bucket that holds the value of `percentile`, but not above the largest value; None
    /// if there is no value. Percentile p of n values is the ⌈p·n⌉-th smallest.
    pub fn percentile(&self, percentile: Percentile) -> Option<u64> {
        self.percentiles(&[percentile]).into_iter().next().flatten()
    }

    /// [`Histogram::percentile`] of each of `percentiles`, which must rise.
    pub fn percentiles(&self, percentiles: &[Percentile]) -> Vec<Option<u64>> {
        let count = u128::from(self.count());
        let rank = |percentile: &Percentile| {
            (count * u128::from(percentile.thousandths())).div_ceil(u128::from(Percentile::WHOLE)).max(1)
        };
        let ranks: Vec<u128> = percentiles.iter().map(rank).collect();
        let (mut found, mut next, mut below) = (vec![None; ranks.len()], 0, 0u128);
        for (number, row) in self.rows().enumerate() {
            let sum = u128::from(row.sum());
            // Most rows hold none of the ranks.
            if next == ranks.len() || below + sum < ranks[next] {
                below += sum;
                continue;
            }
            for (place, count) in row.counts().enumerate() {
                below += u128::from(count);
                while next < ranks.len() && below >= ranks[next] {
                    found[next] = Some(shown(number * ROW + place, self.max));
                    next += 1;
                }
            }
        }
        found
    }

    /// The shortest decimal number in the bucket of the ⌈`fraction` · n⌉-th smallest value; None if there is none.
    pub(crate) fn at(&self, fraction: f64) -> Option<u64> {
        let rank = (fraction * self.count as f64).ceil().max(1.0);
        if rank > self.count as f64 {
            return None;
        }
        let (rank, mut below) = (rank as u64, 0);
        for (number, row) in self.rows().enumerate() {
            let sum = row.sum();
            if below + sum < rank {
                below += sum;
                continue;
            }
            let place = row.counts().position(|count| {
                below += count;
                below >= rank
            })?;
            return Some(shown(number * ROW + place, self.max));
        }
        None
    }

    /// The same values, with 32 buckets an octave.
    pub(crate) fn coarse(&self) -> Coarse {
        let mut counts: Vec<(usize, u64)> = Vec::new();
        for (bucket, count) in self.used() {
            let bucket = coarse::of_fine(bucket);
            match counts.last_mut() {
                Some((last, sum)) if *last == bucket => *sum += count,
                _ => counts.push((bucket, count)),
            }
        }
        Coarse::of(counts.into_iter())
    }

    /// All rows up to the largest value.
    fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let (rows, _) = self.low.as_chunks();
        rows.iter().enumerate().map(|(number, low)| Row { low, high: self.high.get(number).and_then(Option::as_deref) })
    }

    /// The used buckets in rising order.
    fn used(&self) -> impl Iterator<Item = (usize, u64)> {
        (0..).zip(self.rows().flat_map(|row| row.counts())).filter(|&(_, count)| count > 0)
    }

    /// Allocates all rows below bucket `end`.
    fn reach(&mut self, end: usize) {
        if self.low.len() < end {
            self.low.resize(end.next_multiple_of(ROW), 0);
        }
    }

    /// Adds `count` to the bucket `index`.
    fn add(&mut self, index: usize, count: u64) {
        self.reach(index + 1);
        let sum = u64::from(self.low[index]) + count % CARRY;
        self.low[index] = sum as Low;
        let carries = sum / CARRY + count / CARRY;
        if carries > 0 {
            carry(&mut self.high, index, carries);
        }
        self.count += count;
    }
}

impl PartialEq for Histogram {
    fn eq(&self, other: &Self) -> bool {
        self.max == other.max && self.used().eq(other.used())
    }
}

impl Eq for Histogram {}

/// Counts values into a histogram, with the state of the loop in registers.
pub struct Recorder<'a> {
    low: &'a mut [Low],
    high: &'a mut Vec<Option<Box<[u64; ROW]>>>,
    count: &'a mut u64,
    max: &'a mut u64,
}

impl Recorder<'_> {
    /// The bucket of `value`; None beyond the allocated rows ([`Histogram::record`] allocates one).
    #[inline]
    pub fn bucket(&self, value: u64) -> Option<usize> {
        Some(index(value)).filter(|&index| index < self.low.len())
    }

    /// Counts one value into `bucket`.
    #[inline]
    pub fn count(&mut self, bucket: usize) {
        let (sum, over) = self.low[bucket].overflowing_add(1);
        self.low[bucket] = sum;
        if over {
            carry(self.high, bucket, 1);
        }
    }

    /// `count` values were counted, none of them above `max`.
    #[inline]
    pub fn end(self, count: u64, max: u64) {
        *self.count += count;
        *self.max = max.max(*self.max);
    }
}

/// Adds `carries` to the higher part of the count of bucket `index`.
#[cold]
fn carry(rows: &mut Vec<Option<Box<[u64; ROW]>>>, index: usize, carries: u64) {
    high(rows, index / ROW)[index % ROW] += carries * CARRY;
}

/// The higher part of row `number`.
fn high(rows: &mut Vec<Option<Box<[u64; ROW]>>>, number: usize) -> &mut [u64; ROW] {
    if rows.len() <= number {
        rows.resize(number + 1, None);
    }
    rows[number].get_or_insert_with(|| Box::new([0; ROW]))
}

/// The counts of one row.
#[derive(Clone, Copy)]
struct Row<'a> {
    low: &'a [Low; ROW],
    high: Option<&'a [u64; ROW]>,
}

impl<'a> Row<'a> {
    fn counts(self) -> impl Iterator<Item = u64> + use<'a> {
        (0..ROW).map(move |place| u64::from(self.low[place]) + self.high.map_or(0, |high| high[place]))
    }

    fn sum(self) -> u64 {
        let low: u32 = self.low.iter().map(|&count| u32::from(count)).sum();
        u64::from(low) + self.high.map_or(0, |high| high.iter().sum())
    }
}

/// The bucket of `value`.
#[inline]
pub(crate) fn index(value: u64) -> usize {
    let shift = 53u32.saturating_sub((value | 1023).leading_zeros());
    ((shift as usize) << 10) + (value >> shift) as usize
}

/// The smallest and the largest value that bucket `index` holds.
pub(crate) fn ends(index: usize) -> (u64, u64) {
    let shift = (index >> 10).saturating_sub(1) as u32;
    let place = (index - ((shift as usize) << 10)) as u64;
    (place << shift, (place << shift) | ((1 << shift) - 1))
}

/// The number that stands for the values in bucket `index` of a histogram with this largest value. It has no digit that the
/// bucket does not determine.
fn shown(index: usize, max: u64) -> u64 {
    let (lower, upper) = ends(index);
    shortest(lower, upper.min(max).max(lower))
}

/// The number from `lower` to `upper` with the most trailing decimal zeros; of several, the nearest to the middle, or the
/// smaller of the two nearest.
pub(crate) fn shortest(lower: u64, upper: u64) -> u64 {
    let (lower, upper) = (u128::from(lower), u128::from(upper));
    let twice_the_middle = lower + upper;
    let nearest = |power: u32| {
        let step = 10u128.pow(power);
        let below = twice_the_middle / 2 / step * step;
        let around = [below, below + step].into_iter().filter(|number| (lower..=upper).contains(number));
        around.min_by_key(|number| (2 * number).abs_diff(twice_the_middle))
    };
    // Steps of 1 always meet a number between the ends.
    (0..=u64::MAX.ilog10()).rev().find_map(nearest).unwrap_or(upper) as u64
}

impl From<Histogram> for Sparse {
    fn from(histogram: Histogram) -> Self {
        let buckets = histogram.used().map(|(index, count)| (index as u32, count)).collect();
        Sparse { max_ns: histogram.max, buckets }
    }
}

impl TryFrom<Sparse> for Histogram {
    type Error = &'static str;

    /// The input may come from a container, so it may be anything.
    fn try_from(sparse: Sparse) -> Result<Self, Self::Error> {
        let mut histogram = Histogram { max: sparse.max_ns, ..Histogram::default() };
        let (mut next, mut sum) = (0, 0u64);
        for (bucket, count) in sparse.buckets {
            if bucket < next || bucket as usize > index(sparse.max_ns) {
                return Err("the buckets of a histogram are not in rising order up to its maximum");
            }
            sum = sum.checked_add(count).ok_or("the counts of a histogram exceed 64 bits")?;
            histogram.add(bucket as usize, count);
            next = bucket + 1;
        }
        Ok(histogram)
    }
}

#[cfg(test)]
#[path = "histogram_tests.rs"]
mod tests;

//! Summaries of integers: mean, coefficient of variation, percentiles.

use measure::{Histogram, Percentile};

/// 2¹²⁸.
const TWO_128: f64 = (1u128 << 127) as f64 * 2.0;

/// The integers recorded so far. Sums are exact for any number and size of values.
#[derive(Debug, Default)]
pub(super) struct Distribution {
    count: u64,
    sum: u128,
    /// Σ value² = `.0` · 2¹²⁸ + `.1`.
    squares: (u128, u128),
    min: u64,
    histogram: Histogram,
}

/// The summary of a [`Distribution`]; a figure is None if there are no values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summary {
    /// Number of values.
    pub(super) count: u64,
    /// Their sum.
    pub(super) sum: u128,
    /// Coefficient of variation: the standard deviation (of these values, not an estimate for a population) over the
    /// mean; None if the mean is 0.
    pub(super) cv: Option<f64>,
    /// The smallest.
    pub(super) min: Option<u64>,
    /// The [`PERCENTILES`], by [`Histogram::percentile`].
    pub(super) percentiles: [Option<u64>; PERCENTILES.len()],
    /// The largest.
    pub(super) max: Option<u64>,
}

/// The percentiles of a summary.
pub(super) const PERCENTILES: [Percentile; 5] = Percentile::DEFAULT;

impl Distribution {
    /// Records `value`.
    #[inline]
    pub(super) fn record(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.count += 1;
        self.sum += u128::from(value);
        let (low, carry) = self.squares.1.overflowing_add(u128::from(value) * u128::from(value));
        self.squares = (self.squares.0 + u128::from(carry), low);
        self.histogram.record(value);
    }

    /// The summary of all values recorded.
    pub(super) fn summary(&self) -> Summary {
        Summary {
            count: self.count,
            sum: self.sum,
            cv: self.cv(),
            min: (self.count > 0).then_some(self.min),
            percentiles: PERCENTILES.map(|percentile| self.histogram.percentile(percentile)),
            max: (self.count > 0).then(|| self.histogram.max()),
        }
    }

    /// √(n·Σx² − (Σx)²) / Σx. The difference is computed exactly, in 256 bits, so that nearly equal values lose no
    /// precision.
    fn cv(&self) -> Option<f64> {
        let (low, carry) = self.squares.1.carrying_mul(self.count.into(), 0);
        let high = self.squares.0 * u128::from(self.count) + carry;
        let (sum_low, sum_high) = self.sum.carrying_mul(self.sum, 0);
        let (low, borrow) = low.overflowing_sub(sum_low);
        let difference = (high - sum_high - u128::from(borrow)) as f64 * TWO_128 + low as f64;
        (self.sum > 0).then(|| difference.sqrt() / self.sum as f64)
    }
}

impl Summary {
    /// The mean.
    pub(super) fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = u64>) -> Summary {
        let mut distribution = Distribution::default();
        values.into_iter().for_each(|value| distribution.record(value));
        distribution.summary()
    }

    #[test]
    fn as_computed_by_hand() {
        // Mean 5, deviations −3, −1, −1, −1, 0, 0, 2, 4: variance 32/8.
        let summary = of([2, 4, 4, 4, 5, 5, 7, 9]);
        assert_eq!((summary.mean(), summary.cv), (Some(5.0), Some(2.0 / 5.0)));
        assert_eq!((summary.min, summary.max), (Some(2), Some(9)));
        assert_eq!(summary.percentiles, [Some(4), Some(9), Some(9), Some(9), Some(9)]);
        assert_eq!(of([1, 2]).mean(), Some(1.5));
    }

    #[test]
    fn no_values_and_zeros() {
        let summary = of([]);
        assert_eq!((summary.mean(), summary.cv, summary.min, summary.max), Default::default());
        let summary = of([0, 0]);
        assert_eq!((summary.mean(), summary.cv, summary.max), (Some(0.0), None, Some(0)));
    }

    #[test]
    fn large_values_neither_overflow_nor_lose_precision() {
        // 2⁶² − 1 and 2⁶² − 3 alternate: mean 2⁶² − 2, standard deviation 1.
        let summary = of((0..1000).map(|place| (1 << 62) - 1 - 2 * (place % 2)));
        assert_eq!(
            (summary.cv, summary.mean()),
            (Some(1.0 / ((1u64 << 62) - 2) as f64), Some(((1u64 << 62) - 2) as f64))
        );
        assert_eq!(of([u64::MAX; 1000]).cv, Some(0.0));
        // One half 0, the other the largest value: the standard deviation equals the mean.
        let cv = of((0..1000).map(|place| (place % 2) * u64::MAX)).cv.unwrap();
        assert!((cv - 1.0).abs() < 1e-15, "{cv}");
    }
}

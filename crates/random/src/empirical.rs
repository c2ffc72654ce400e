//! The empirical distribution of measured times: one of them, with a probability in proportion to its weight.

use crate::streams::Stream;
use crate::weighted::Weighted;

/// The distribution over the times of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Empirical {
    times_ns: Vec<u64>,
    rows: Weighted,
    mean_ns: u64,
    /// The mean and the variance, not rounded \[ns, ns²\].
    mean: f64,
    variance: f64,
}

impl Empirical {
    /// The distribution of `times_ns` \[ns\], each below 2⁶², with one weight each. None if the weights are all 0, or their
    /// sum is 2⁶⁴ or more.
    pub fn new(times_ns: Vec<u64>, weights: &[u64]) -> Option<Self> {
        let rows = Weighted::new(weights)?;
        // Below 2⁶² · 2⁶⁴.
        let (sum, weight) = times_ns.iter().zip(weights).fold((0u128, 0u128), |(sum, all), (&time_ns, &weight)| {
            (sum + u128::from(time_ns) * u128::from(weight), all + u128::from(weight))
        });
        let mean = sum as f64 / weight as f64;
        let square = |(&time_ns, &weight): (&u64, &u64)| {
            let deviation = time_ns as f64 - mean;
            weight as f64 * deviation * deviation
        };
        let variance = times_ns.iter().zip(weights).map(square).sum::<f64>() / weight as f64;
        Some(Self { times_ns, rows, mean_ns: ((sum + weight / 2) / weight) as u64, mean, variance })
    }

    /// A sample \[ns\].
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        self.times_ns[self.rows.sample(stream)]
    }

    /// Whether samples differ.
    pub fn is_random(&self) -> bool {
        self.times_ns.iter().any(|time_ns| *time_ns != self.times_ns[0])
    }

    /// The mean, rounded \[ns\].
    pub fn mean_ns(&self) -> u64 {
        self.mean_ns
    }

    /// The mean \[ns\], not rounded, and the squared coefficient of variation; None if the mean is 0.
    pub fn moments(&self) -> Option<(f64, f64)> {
        (self.mean > 0.0).then(|| (self.mean, self.variance / (self.mean * self.mean)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::assert_counts;

    #[test]
    fn times_are_as_frequent_as_their_weights() {
        let empirical = Empirical::new(vec![7, 3, 3, 9, 5], &[1, 2, 3, 0, 4]).unwrap();
        let streams = Streams::new(33, "test");
        let samples: Vec<u64> = (0..200_000).map(|id| empirical.sample(&mut streams.of(id))).collect();
        let mut probabilities = vec![0.0; 10];
        (probabilities[3], probabilities[5], probabilities[7]) = (0.5, 0.4, 0.1);
        assert_counts("empirical", &samples, &probabilities);
    }

    #[test]
    fn the_mean_is_that_of_the_table() {
        let mean = |times_ns: &[u64], weights: &[u64]| Empirical::new(times_ns.to_vec(), weights).unwrap().mean_ns();
        assert_eq!(mean(&[7, 3, 3, 9, 5], &[1, 2, 3, 0, 4]), 4); // 42/10
        assert_eq!([mean(&[1, 2], &[1, 1]), mean(&[1, 2], &[2, 1]), mean(&[0], &[5])], [2, 1, 0]);
        let most = (1 << 62) - 1;
        assert_eq!(mean(&[most, most], &[u64::MAX - 1, 1]), most);
        assert_eq!([Empirical::new(vec![1], &[0]), Empirical::new(Vec::new(), &[])], [None, None]);
    }

    #[test]
    fn moments_are_not_rounded() {
        // The mean 5/2 and the variance 9/4: 0.36 of its square.
        let moments = |times_ns: &[u64], weights: &[u64]| Empirical::new(times_ns.to_vec(), weights).unwrap().moments();
        assert_eq!(moments(&[1, 4], &[3, 3]), Some((2.5, 0.36)));
        assert_eq!(moments(&[7], &[9]), Some((7.0, 0.0)));
        assert_eq!(moments(&[0, 5], &[1, 0]), None);
    }
}

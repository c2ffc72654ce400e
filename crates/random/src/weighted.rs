//! A table of values with weights.

use crate::streams::Stream;

/// A distribution over the rows of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// For each row but the last, the sum of the weights up to it over that of all, in 2⁻⁶⁴.
    bounds: Vec<u64>,
}

impl Weighted {
    /// The distribution in which each row has a probability in proportion to its weight. None if the weights are all 0, or their
    /// sum is 2⁶⁴ or more.
    pub fn new(weights: &[u64]) -> Option<Self> {
        let sum = weights.iter().try_fold(0u64, |sum, &weight| sum.checked_add(weight)).filter(|sum| *sum > 0)?;
        let mut so_far = 0u64;
        let bound = |&weight: &u64| {
            so_far += weight;
            ((u128::from(so_far) << 64) / u128::from(sum)).min(u64::MAX.into()) as u64
        };
        Some(Self { bounds: weights[..weights.len() - 1].iter().map(bound).collect() })
    }

    /// The number of a row, 0 first. Its probability is within 2⁻⁶³ of its share of the weights.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> usize {
        let bits = stream.bits();
        self.bounds.partition_point(|&bound| bound <= bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::assert_counts;

    #[test]
    fn rows_have_their_shares() {
        for weights in [vec![7, 2, 1], vec![5], vec![1; 1000], vec![0, 1, 0, 3], vec![3, 0], vec![u64::MAX - 1, 1]] {
            let weighted = Weighted::new(&weights).unwrap();
            let mut stream = Streams::new(29, "test").of(0);
            let samples: Vec<u64> = (0..200_000).map(|_| weighted.sample(&mut stream) as u64).collect();
            let sum = weights.iter().sum::<u64>() as f64;
            let probabilities: Vec<f64> = weights.iter().map(|&weight| weight as f64 / sum).collect();
            let certain = probabilities.iter().position(|&probability| probability > 1.0 - 1e-9);
            match certain {
                Some(row) => assert!(samples.iter().all(|&sample| sample == row as u64), "{weights:?}"),
                None => assert_counts(&format!("{weights:?}"), &samples, &probabilities),
            }
        }
    }

    #[test]
    fn weights_without_a_sum_are_refused() {
        assert_eq!([&[][..], &[0, 0], &[u64::MAX, 1]].map(Weighted::new), [None, None, None]);
    }

    /// The rows of docs/generator.md.
    #[test]
    fn samples_are_those_of_the_documentation() {
        let weighted = Weighted::new(&[40, 30, 20, 10]).unwrap();
        let mut stream = Streams::new(1, "sizes").of(0);
        assert_eq!([(); 8].map(|()| weighted.sample(&mut stream)), [0, 1, 1, 1, 0, 0, 0, 1]);
    }
}

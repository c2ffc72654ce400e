//! Sizes of requests.

use random::streams::Stream;

use random::distribution::Distribution;
use random::poisson::Poisson;

use crate::size_table::SizeTable;

/// The distribution of sizes \[blocks\].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Sizes {
    /// Always SIZE.
    Constant {
        /// SIZE.
        size: u32,
    },
    /// Each of 1…SIZE with the same probability.
    Uniform {
        /// SIZE.
        size: u32,
    },
    /// A Poisson variate of mean SIZE, at least 1.
    Poisson(Poisson),
    /// A continuous distribution with mean MEAN, rounded, at least 1.
    Rounded {
        /// MEAN.
        mean: f64,
        /// The distribution, in units of MEAN.
        distribution: Distribution,
    },
    /// Those of a table.
    Table(SizeTable),
}

impl Sizes {
    /// Poisson variates of mean `size`.
    pub(crate) fn poisson(size: u32) -> Self {
        Sizes::Poisson(Poisson::new(f64::from(size)))
    }

    /// A sample, from 1 to `most` \[blocks\].
    #[inline]
    pub(crate) fn sample(&self, stream: &mut Stream, most: u32) -> u32 {
        let size = match self {
            Sizes::Constant { size } => u64::from(*size),
            Sizes::Uniform { size } => 1 + stream.below(u64::from(*size)),
            Sizes::Poisson(distribution) => distribution.sample(stream),
            Sizes::Rounded { mean, distribution } => {
                (Distribution::in_means(distribution.sample(stream)) * mean + 0.5) as u64
            }
            Sizes::Table(table) => return table.sample(stream),
        };
        size.clamp(1, u64::from(most)) as u32
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use crate::testing::trace;
    use random::testing::assert_counts;
    use random::truncated_normal::TruncatedNormal;

    fn sizes(changes: &[(&str, &str)]) -> Vec<u64> {
        trace(changes).iter().map(|request| u64::from(request.size)).collect()
    }

    #[test]
    fn uniform_sizes() {
        let mut probabilities = [1.0 / 50.0; 51];
        probabilities[0] = 0.0;
        assert_counts("uniform", &sizes(&[("DISTRIBUTION", "uniform"), ("SIZE", "50")]), &probabilities);
    }

    #[test]
    fn poisson_sizes_are_at_least_one() {
        for size in [1, 5, 64] {
            let mut probabilities = vec![(-f64::from(size)).exp()];
            for k in 1..200 {
                probabilities.push(probabilities[k - 1] * f64::from(size) / k as f64);
            }
            probabilities[1] += std::mem::take(&mut probabilities[0]);
            assert_counts(&format!("poisson {size}"), &sizes(&[("SIZE", &size.to_string())]), &probabilities);
        }
    }

    #[test]
    fn deterministic_sizes() {
        assert!(sizes(&[("DISTRIBUTION", "deterministic"), ("SIZE", "7")]).iter().all(|&size| size == 7));
    }

    #[test]
    fn normal_sizes_are_rounded_and_at_least_one() {
        for (mean, stdev) in [(20.0, 4.0), (3.0, 2.7)] {
            let distribution = TruncatedNormal::new(stdev / mean);
            let above = |size: f64| {
                libm::erfc((distribution.cut + size / mean / distribution.scale) / SQRT_2)
                    / libm::erfc(distribution.cut / SQRT_2)
            };
            let mut probabilities = vec![0.0, 1.0 - above(1.5)];
            probabilities.extend((2..100).map(|size| above(f64::from(size) - 0.5) - above(f64::from(size) + 0.5)));
            let changes = [("DISTRIBUTION", "normal"), ("MEAN", &mean.to_string()), ("STDEV", &stdev.to_string())];
            assert_counts(&format!("normal {mean} {stdev}"), &sizes(&changes), &probabilities);
        }
    }

    #[test]
    fn a_size_above_sas_is_cut() {
        let sizes = sizes(&[("SIZE", "64"), ("SAS", "66")]);
        assert!(sizes.iter().all(|&size| size <= 66));
        assert!(sizes.iter().filter(|&&size| size == 66).count() > sizes.len() / 4);
    }
}

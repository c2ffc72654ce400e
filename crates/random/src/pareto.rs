//! The Pareto distribution of the first kind: P(X > x) = (m/x)^α for x ≥ m (Johnson, Kotz, Balakrishnan: "Continuous
//! univariate distributions", 2nd ed., 20.3).
//!
//! Its mean is mα/(α − 1) and its squared coefficient of variation v is 1/(α(α − 2)), so that α = 1 + √(1 + 1/v) is
//! above 2 for every v.

use crate::exponential::sample_unit;
use crate::streams::Stream;

/// The distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pareto {
    /// m.
    minimum: f64,
    /// 1/α.
    power: f64,
}

impl Pareto {
    /// The largest coefficient of variation, at α = 2.077; see `Distribution::long_tailed`.
    pub const MAX_CV: f64 = 2.5;

    /// The distribution with the coefficient of variation `cv`.
    pub fn new(cv: f64) -> Self {
        let tail = 1.0 + libm::sqrt(1.0 + 1.0 / (cv * cv));
        Self { minimum: (tail - 1.0) / tail, power: 1.0 / tail }
    }

    /// A sample, in units of the mean. The logarithm of X/m is exponential, so samples have no upper limit.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.minimum * libm::exp(sample_unit(stream) * self.power)
    }

    /// A sample of the length-biased distribution, whose density is proportional to x times this one's: it has the
    /// parameters α − 1 and m.
    pub fn sample_length_biased(&self, stream: &mut Stream) -> f64 {
        self.minimum * libm::exp(sample_unit(stream) * (self.power / (1.0 - self.power)))
    }

    /// P(L > x) of that distribution.
    pub fn length_biased_above(&self, x: f64) -> f64 {
        libm::pow(self.minimum / x, (1.0 - self.power) / self.power).min(1.0)
    }

    /// P(X > x).
    #[cfg(any(test, feature = "testing"))]
    pub fn above(&self, x: f64) -> f64 {
        libm::pow(self.minimum / x, 1.0 / self.power).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_solved;

    #[test]
    fn mean_and_variation_are_as_requested() {
        for cv in [1e-9, 1e-4, 0.1, 0.5, 1.0, 2.0, Pareto::MAX_CV] {
            let distribution = Pareto::new(cv);
            // E = eˢ; less than e^(−35) of the second moment lies beyond E = 1000.
            assert_solved(cv, -40.0..1000f64.ln(), |s| {
                ((distribution.power * s.exp() + distribution.minimum.ln()).exp_m1(), (s - s.exp()).exp())
            });
        }
    }

    #[test]
    fn known_points() {
        // The coefficient of variation is 1/√3 for α = 3, and 1/√8 for α = 4.
        for (cv, tail) in [(1.0 / 3f64.sqrt(), 3.0), (1.0 / 8f64.sqrt(), 4.0)] {
            let distribution = Pareto::new(cv);
            assert!(
                (distribution.power * tail - 1.0).abs() < 1e-15
                    && (distribution.minimum - (tail - 1.0) / tail).abs() < 1e-15,
                "{distribution:?}"
            );
        }
    }
}

//! The lognormal distribution: its logarithm is normal (Johnson, Kotz, Balakrishnan: "Continuous univariate distributions",
//! 2nd ed., chapter 14).
//!
//! X = exp(σZ − σ²/2), Z standard normal, has mean 1 and the squared coefficient of variation exp(σ²) − 1.

use std::f64::consts::SQRT_2;

use crate::streams::Stream;

use crate::normal;

/// The distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lognormal {
    /// σ.
    deviation: f64,
    /// −σ²/2.
    location: f64,
}

impl Lognormal {
    /// The largest coefficient of variation; see `Distribution::long_tailed`.
    pub const MAX_CV: f64 = 80.0;

    /// The distribution with the coefficient of variation `cv`.
    pub fn new(cv: f64) -> Self {
        let variance = libm::log1p(cv * cv);
        Self { deviation: libm::sqrt(variance), location: -variance / 2.0 }
    }

    /// A sample, in units of the mean.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        libm::exp(self.deviation * normal::sample(stream) + self.location)
    }

    /// A sample of the length-biased distribution, whose density is proportional to x times this one's: ln X has the
    /// mean −σ²/2 + σ².
    pub fn sample_length_biased(&self, stream: &mut Stream) -> f64 {
        libm::exp(self.deviation * normal::sample(stream) - self.location)
    }

    /// P(L > x) of that distribution.
    pub fn length_biased_above(&self, x: f64) -> f64 {
        libm::erfc((libm::log(x) + self.location) / self.deviation / SQRT_2) / 2.0
    }

    /// P(X > x).
    #[cfg(any(test, feature = "testing"))]
    pub fn above(&self, x: f64) -> f64 {
        libm::erfc((libm::log(x) - self.location) / self.deviation / SQRT_2) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_solved;

    #[test]
    fn mean_and_variation_are_as_requested() {
        for cv in [1e-9, 1e-4, 0.1, 0.5, 1.0, 2.0, 10.0, Lognormal::MAX_CV] {
            let distribution = Lognormal::new(cv);
            let top = 2.0 * distribution.deviation + 12.0;
            assert_solved(cv, -12.0..top, |z| {
                let excess = (distribution.deviation * z + distribution.location).exp_m1();
                (excess, (-z * z / 2.0).exp())
            });
        }
    }
}

//! The hyperexponential distribution of two phases with balanced means: a sample is exponential of mean m₁ with
//! probability p₁, else of mean m₂, and p₁·m₁ = p₂·m₂ (Tijms: "A first course in stochastic models", 2003, appendix B).
//!
//! With mean 1, mᵢ = 1/(2pᵢ), and the second moment is 1/(2p₁p₂), so that the squared coefficient of variation c² gives
//! p₁ = (1 + √((c² − 1)/(c² + 1)))/2.

use crate::exponential::sample_unit;
use crate::streams::Stream;

/// The distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hyperexponential {
    /// p₁, at least one half.
    first: f64,
    /// m₁ and m₂.
    means: [f64; 2],
}

impl Hyperexponential {
    /// The largest coefficient of variation; see `Distribution::long_tailed`. There p₂ is 2·10⁻⁸, and half of the second
    /// moment of a phase comes from its samples above 2.7 times its mean, 7 in a hundred.
    pub const MAX_CV: f64 = 5000.0;

    /// The distribution with the coefficient of variation `cv`, above 1.
    pub fn new(cv: f64) -> Self {
        let square = cv * cv;
        let root = libm::sqrt((square - 1.0) / (square + 1.0));
        // (1 − root)/2 without cancellation.
        let (first, second) = ((1.0 + root) / 2.0, 1.0 / ((square + 1.0) * (1.0 + root)));
        Self { first, means: [0.5 / first, 0.5 / second] }
    }

    /// A sample, in units of the mean: first the phase, then an exponential sample.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        let mean = self.means[usize::from(stream.unit() >= self.first)];
        sample_unit(stream) * mean
    }

    /// The phases: the probability and the mean of each.
    pub(crate) fn phases(&self) -> [(f64, f64); 2] {
        self.means.map(|mean| (0.5 / mean, mean))
    }

    /// The squared coefficient of variation: a phase has the second moment 2m².
    pub fn squared_cv(&self) -> f64 {
        let second: f64 = self.phases().into_iter().map(|(probability, mean)| 2.0 * probability * mean * mean).sum();
        second - 1.0
    }

    /// P(X > x).
    #[cfg(any(test, feature = "testing"))]
    pub fn above(&self, x: f64) -> f64 {
        self.phases().into_iter().map(|(probability, mean)| probability * libm::exp(-x / mean)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::{assert_follows, assert_moments};

    #[test]
    fn its_phases_have_the_moments_and_equal_shares_of_the_mean() {
        for cv in [1.0 + 1e-9, 1.1, 2.0, 10.0, Hyperexponential::MAX_CV] {
            let distribution = Hyperexponential::new(cv);
            let [(p1, m1), (p2, m2)] = distribution.phases();
            let variance = 2.0 * (p1 * m1 * m1 + p2 * m2 * m2) - 1.0;
            assert!((p1 + p2 - 1.0).abs() < 1e-15 && (p1 - distribution.first).abs() < 1e-15, "{cv}: {p1} {p2}");
            assert!((p1 * m1 - 0.5).abs() < 1e-15 && (p2 * m2 - 0.5).abs() < 1e-15, "{cv}");
            assert!((variance.sqrt() / cv - 1.0).abs() < 1e-12, "{cv}: {}", variance.sqrt());
        }
    }

    #[test]
    fn samples_follow_the_distribution_and_its_moments() {
        for cv in [1.0 + 1e-9, 1.5, 3.0] {
            let (distribution, streams) = (Hyperexponential::new(cv), Streams::new(32, "test"));
            let samples: Vec<f64> = (0..200_000).map(|id| distribution.sample(&mut streams.of(id))).collect();
            // E[Xʲ] = j!·Σ pᵢ·mᵢʲ.
            let moment = |power: u32| {
                let phases = distribution.phases().into_iter();
                let factorial: f64 = (1..=power).map(f64::from).product();
                factorial * phases.map(|(probability, mean)| probability * mean.powi(power as i32)).sum::<f64>()
            };
            assert_moments(&format!("hyperexponential {cv}"), &samples, moment);
            assert_follows(&format!("hyperexponential {cv}"), samples, |x| 1.0 - distribution.above(x));
        }
    }
}

//! The Erlang distribution: the sum of k exponential phases with the same mean (Kleinrock: "Queueing systems", vol. 1,
//! 1975, 4.2).
//!
//! With mean 1 its variance is 1/k. One phase is the exponential distribution, sample for sample.

use crate::exponential;
use crate::streams::Stream;

/// The distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erlang {
    /// k.
    phases: u32,
}

impl Erlang {
    /// The largest k: a sample takes k exponential samples, and the coefficient of variation is 0.03 there.
    pub const MAX_PHASES: u32 = 1000;

    /// The distribution of `phases` phases, at least 1.
    pub fn new(phases: u32) -> Self {
        Self { phases }
    }

    /// k.
    pub fn phases(&self) -> u32 {
        self.phases
    }

    /// A sample \[2⁻⁴⁸\]: the average of k exponential samples, rounded.
    pub fn sample(&self, stream: &mut Stream) -> u128 {
        let sum: u128 = (0..self.phases).map(|_| u128::from(exponential::sample(stream))).sum();
        let phases = u128::from(self.phases);
        (sum + phases / 2) / phases
    }

    /// P(X > x) = e^(−kx)·Σ (kx)ⁱ/i!, i = 0 … k − 1.
    #[cfg(any(test, feature = "testing"))]
    pub fn above(&self, x: f64) -> f64 {
        let y = x * f64::from(self.phases);
        // Each term from its logarithm: the first ones would be 0 in a product that starts with e^(−y).
        let term = |i: u32| libm::exp(f64::from(i) * libm::log(y) - y - libm::lgamma(f64::from(i) + 1.0));
        if y <= 0.0 { 1.0 } else { (0..self.phases).map(term).sum() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;
    use crate::gamma::Gamma;
    use crate::streams::Streams;
    use crate::testing::{assert_follows, assert_moments};

    #[test]
    fn samples_follow_the_distribution_and_its_moments() {
        for phases in [1, 2, 5, 100, Erlang::MAX_PHASES] {
            let (distribution, n) = (Erlang::new(phases), 200_000 / u64::from(phases.div_ceil(20)));
            let streams = Streams::new(31, "test");
            let samples: Vec<f64> =
                (0..n).map(|id| Distribution::in_means(distribution.sample(&mut streams.of(id)))).collect();
            // E[Xʲ] = Π (k + i)/k, i = 0 … j − 1.
            let k = f64::from(phases);
            let moment = |power: u32| (0..power).map(|i| (k + f64::from(i)) / k).product();
            assert_moments(&format!("erlang {phases}"), &samples, moment);
            assert_follows(&format!("erlang {phases}"), samples, |x| 1.0 - distribution.above(x));
        }
    }

    #[test]
    fn it_is_a_gamma_distribution_of_an_integer_shape() {
        for phases in [1, 4, 30] {
            let gamma = Gamma::of_shape(f64::from(phases), f64::from(phases));
            for x in [0.2, 0.9, 1.1, 2.5] {
                assert!((Erlang::new(phases).above(x) - gamma.above(x)).abs() < 1e-12, "{phases} {x}");
            }
        }
    }

    #[test]
    fn one_phase_is_exponential() {
        for id in 0..1000 {
            let streams = Streams::new(3, "test");
            assert_eq!(Erlang::new(1).sample(&mut streams.of(id)), exponential::sample(&mut streams.of(id)).into());
        }
    }
}

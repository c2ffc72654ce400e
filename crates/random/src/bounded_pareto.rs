//! The Pareto distribution between two bounds: P(X > x) = ((a/x)^α − (a/b)^α) / (1 − (a/b)^α) for a ≤ x ≤ b.
//!
//! Periods of this distribution make an on/off source self-similar on the time scales between the bounds; without an upper
//! bound, a source of Hurst parameter 0.9 would be silent for a whole trace with a probability that no trace is long
//! enough to make small.

use crate::streams::Stream;

/// The distribution with given bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedPareto {
    /// a.
    shortest: f64,
    /// b.
    longest: f64,
    /// α.
    tail: f64,
}

/// ln 10⁹.
const RAREST: f64 = 20.723_265_836_946_41;

impl BoundedPareto {
    /// The distribution with α = `tail`, above 0, on `shortest` to `longest`.
    pub fn new(shortest: f64, longest: f64, tail: f64) -> Self {
        Self { shortest, longest, tail }
    }

    /// A sample.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.inverse(self.tail, stream.unit())
    }

    /// A sample of the time that is left of a period under way, which makes a sequence of periods stationary: a uniform
    /// part of a period of the length-biased distribution (Cox: "Renewal theory", 1962, 5.4). Its density is
    /// proportional to x^(−α), so it is the same distribution with α − 1. α must be above 1.
    pub fn sample_rest(&self, stream: &mut Stream) -> f64 {
        self.inverse(self.tail - 1.0, stream.unit()) * stream.unit()
    }

    /// The x with P(X ≤ x) = `u` if α were `tail`.
    fn inverse(&self, tail: f64, u: f64) -> f64 {
        let width = -libm::expm1(-tail * libm::log(self.longest / self.shortest));
        (self.shortest * libm::exp(-libm::log1p(-u * width) / tail)).min(self.longest)
    }

    /// P(X > x).
    #[cfg(any(test, feature = "testing"))]
    pub fn above(&self, x: f64) -> f64 {
        let below = |x: f64| -libm::expm1(-self.tail * libm::log(x / self.shortest));
        1.0 - below(x.clamp(self.shortest, self.longest)) / below(self.longest)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        let width = libm::log(self.longest / self.shortest);
        let below = |tail: f64| -libm::expm1(-tail * width);
        if self.tail == 1.0 {
            // The limit of the formula below.
            return self.shortest * width / below(1.0);
        }
        self.shortest * self.tail / (self.tail - 1.0) * below(self.tail - 1.0) / below(self.tail)
    }

    /// a.
    pub fn shortest(&self) -> f64 {
        self.shortest
    }

    /// The squared coefficient of variation; None if samples at the upper bound are rarer than one in a billion, which
    /// makes the variance of a trace smaller (and at 2⁻⁵³ uniform numbers are not fine enough).
    pub fn squared_cv(&self) -> Option<f64> {
        let width = libm::log(self.longest / self.shortest);
        let below = |tail: f64| -libm::expm1(-tail * width);
        if self.tail * width > RAREST {
            return None;
        }
        // E[X²] = a²·α/(α − 2)·(1 − (a/b)^(α − 2)) / (1 − (a/b)^α), or its limit.
        let over = self.tail - 2.0;
        let integral = if over == 0.0 { width } else { below(over) / over };
        let second = self.shortest * self.shortest * self.tail * integral / below(self.tail);
        let mean = self.mean();
        Some(second / (mean * mean) - 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::{assert_follows, assert_moments, mean};

    const CASES: [(f64, f64, f64); 4] = [(1.0, 1e6, 1.4), (3.0, 4.0, 1.9), (1.0, 1e9, 1.0002), (10.0, 1e4, 1.1)];

    #[test]
    fn moments_are_those_of_the_density() {
        // E[Xʲ] = ∫ xʲ·α·aᵅ·x^(−α−1) dx / (1 − (a/b)ᵅ), of which the antiderivative is xʲ⁻ᵅ/(j − α), or ln x if α = j.
        let (a, b) = (2.0f64, 50.0f64);
        for tail in [0.01, 0.5, 1.0 - 1e-13, 1.0, 1.0 + 1e-13, 1.5, 2.0, 3.0, 100.0] {
            let distribution = BoundedPareto::new(a, b, tail);
            let moment = |power: u32| {
                // Around α = j, ((b/a)^(j − α) − 1)/(j − α) cancels; ln(b/a) is its limit.
                let (over, width) = (f64::from(power) - tail, (b / a).ln());
                let integral = if over.abs() < 1e-10 { width } else { (over * width).exp_m1() / over };
                tail * a.powi(power as i32) * integral / -(-tail * width).exp_m1()
            };
            assert!((distribution.mean() / moment(1) - 1.0).abs() < 1e-12, "{tail}: {}", distribution.mean());
            let squared_cv = moment(2) / moment(1).powi(2) - 1.0;
            // At the tail 100, samples near the upper bound never occur.
            let expected = (tail < 6.0).then_some(squared_cv);
            let close = |found: f64| (found - squared_cv).abs() < 1e-12 * (1.0 + squared_cv);
            assert!(distribution.squared_cv().map(close) == expected.map(|_| true), "{tail}: {squared_cv}");
            let streams = Streams::new(24, "test");
            let samples: Vec<f64> = (0..200_000).map(|id| distribution.sample(&mut streams.of(id))).collect();
            assert_moments(&format!("tail {tail}"), &samples, moment);
            assert_follows(&format!("tail {tail}"), samples, |x| 1.0 - distribution.above(x));
        }
    }

    #[test]
    fn samples_follow_the_distribution() {
        for (shortest, longest, tail) in CASES {
            let distribution = BoundedPareto::new(shortest, longest, tail);
            let mut stream = Streams::new(21, "test").of(0);
            let samples: Vec<f64> = (0..200_000).map(|_| distribution.sample(&mut stream)).collect();
            assert!(samples.iter().all(|sample| (shortest..=longest).contains(sample)));
            assert_follows("bounded", samples, |x| 1.0 - distribution.above(x));
        }
        // The mean, where its standard error is small: the second moment of (3, 4) is below 16.
        let distribution = BoundedPareto::new(3.0, 4.0, 1.9);
        let mut stream = Streams::new(22, "test").of(0);
        let samples: Vec<f64> = (0..200_000).map(|_| distribution.sample(&mut stream)).collect();
        assert!((mean(&samples) - distribution.mean()).abs() < 4.0 * 0.29 / 447.0, "{}", mean(&samples));
    }

    #[test]
    fn the_rest_of_a_period_follows_the_equilibrium_distribution() {
        for (shortest, longest, tail) in CASES {
            let distribution = BoundedPareto::new(shortest, longest, tail);
            let mut stream = Streams::new(23, "test").of(0);
            let samples: Vec<f64> = (0..200_000).map(|_| distribution.sample_rest(&mut stream)).collect();
            // ∫₀ˣ P(X > y) dy / mean, in closed form: x below a, and above it the antiderivative of each term.
            let (a, cut) = (shortest, libm::pow(shortest / longest, tail));
            let integral = |x: f64| {
                let power = a / (tail - 1.0) * -libm::expm1((1.0 - tail) * libm::log(x / a));
                a + (power - cut * (x - a)) / (1.0 - cut)
            };
            let below = |x: f64| if x < a { x } else { integral(x.min(longest)) };
            assert_follows("rest", samples, |x| below(x) / distribution.mean());
        }
    }

    /// The samples of docs/generator.md.
    #[test]
    fn samples_are_those_of_the_documentation() {
        let distribution = BoundedPareto::new(1e7, 3.6e12, 1.4);
        let mut stream = Streams::new(1, "rates").of(0);
        assert_eq!(
            [distribution.sample(&mut stream), distribution.sample_rest(&mut stream)],
            [11_808_019.709051372, 31_490_723.055526543]
        );
    }
}

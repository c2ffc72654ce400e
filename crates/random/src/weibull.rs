//! The Weibull distribution whose shape is solved for the requested variation (Johnson, Kotz, Balakrishnan: "Continuous
//! univariate distributions", 2nd ed., chapter 21).
//!
//! X = s·E^ε, E exponential, ε = 1/shape: the mean is s·Γ(1 + ε), and the squared coefficient of variation v is Γ(1 +
//! 2ε)/Γ(1 + ε)² − 1, which rises from 0 without bound as ε does.

use crate::exponential::{FRACTION_BITS, sample_unit};
use crate::streams::Stream;

use crate::gamma::Gamma;

/// The distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weibull {
    /// ε = 1/shape.
    power: f64,
    /// s = 1/Γ(1 + ε).
    scale: f64,
}

impl Weibull {
    /// The largest coefficient of variation, at a shape of 0.1; see `Distribution::long_tailed`.
    pub const MAX_CV: f64 = 400.0;

    /// The distribution with the coefficient of variation `cv`.
    pub fn new(cv: f64) -> Self {
        let power = solve(libm::log1p(cv * cv));
        Self { power, scale: libm::exp(-libm::lgamma(1.0 + power)) }
    }

    /// A sample, in units of the mean: one exponential sample, shifted to the middle of its interval of 2⁻⁴⁸, so that a
    /// sample of 0 is not raised, under a large shape, to a value far below all others.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        const HALF: f64 = 0.5 / (1u64 << FRACTION_BITS) as f64;
        self.scale * libm::pow(sample_unit(stream) + HALF, self.power)
    }

    /// A sample of the length-biased distribution, whose density is proportional to x times this one's. With t =
    /// (x/s)^(1/ε) it is t^ε·e^(−t): a gamma distribution of shape 1 + ε in place of the exponential one.
    pub fn sample_length_biased(&self, stream: &mut Stream) -> f64 {
        self.scale * libm::pow(Gamma::of_shape(1.0 + self.power, 1.0).sample(stream), self.power)
    }

    /// An upper bound of P(L > x) of that distribution.
    pub fn length_biased_above(&self, x: f64) -> f64 {
        Gamma::of_shape(1.0 + self.power, 1.0).above_at_most(libm::pow(x / self.scale, 1.0 / self.power))
    }

    /// P(X > x).
    #[cfg(any(test, feature = "testing"))]
    pub fn above(&self, x: f64) -> f64 {
        libm::exp(-libm::pow(x / self.scale, 1.0 / self.power))
    }
}

/// ln(1 + v).
fn log_square(power: f64) -> f64 {
    if power > 1.0 / 16.0 {
        return libm::lgamma(1.0 + 2.0 * power) - 2.0 * libm::lgamma(1.0 + power);
    }
    // Near 0 those logarithms cancel. Their series ln Γ(1 + x) = −γx + Σ ζ(k)(−x)ᵏ/k, k ≥ 2 (Abramowitz and Stegun,
    // 6.1.33), gives Σ ζ(k)(2ᵏ − 2)(−ε)ᵏ/k.
    let mut sum = 0.0;
    for k in (2..=ZETA.len() + 1).rev() {
        let coefficient = ZETA[k - 2] * ((1u64 << k) - 2) as f64 / k as f64;
        sum = coefficient - power * sum;
    }
    sum * power * power
}

/// ζ(2), ζ(3) …
const ZETA: [f64; 20] = [
    1.644_934_066_848_226_4,
    1.202_056_903_159_594_2,
    1.082_323_233_711_138_1,
    1.036_927_755_143_37,
    1.017_343_061_984_449_2,
    1.008_349_277_381_923,
    1.004_077_356_197_944_4,
    1.002_008_392_826_082_1,
    1.000_994_575_127_818,
    1.000_494_188_604_119_4,
    1.000_246_086_553_308,
    1.000_122_713_347_578_5,
    1.000_061_248_135_058_8,
    1.000_030_588_236_307,
    1.000_015_282_259_408_6,
    1.000_007_637_197_637_9,
    1.000_003_817_293_265,
    1.000_001_908_212_716_5,
    1.000_000_953_962_033_8,
    1.000_000_476_932_986_9,
];

/// The ε at which [`log_square`], which rises with it, is `target`.
fn solve(target: f64) -> f64 {
    // ln(1 + v) is 0 at ε = 0 and 19.9 at ε = 16, far above that of the largest variation.
    let (mut low, mut high) = (0.0, 16.0);
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if log_square(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_solved;

    #[test]
    fn mean_and_variation_are_as_requested() {
        for cv in [1e-9, 1e-6, 1e-3, 0.05, 0.0799, 0.0801, 0.5, 1.0, 1.001, 2.0, 10.0, 100.0, Weibull::MAX_CV] {
            let distribution = Weibull::new(cv);
            // E = eˢ.
            assert_solved(cv, -40.0..5.0, |s| {
                ((distribution.power * s + distribution.scale.ln()).exp_m1(), (s - s.exp()).exp())
            });
        }
    }

    #[test]
    fn known_points() {
        // Shape 1 is the exponential distribution, shape 2 Rayleigh's, shape ½ has moments 2! and 4!.
        for (cv, shape) in [(1.0, 1.0), ((4.0 / std::f64::consts::PI - 1.0).sqrt(), 2.0), (5f64.sqrt(), 0.5)] {
            let distribution = Weibull::new(cv);
            assert!((distribution.power * shape - 1.0).abs() < 1e-14, "{cv}: {distribution:?}");
        }
        // Both methods agree at their border.
        let (below, power) = (log_square(1.0 / 16.0), 1.0 / 16.0);
        let above = libm::lgamma(1.0 + 2.0 * power) - 2.0 * libm::lgamma(1.0 + power);
        assert!((above / below - 1.0).abs() < 1e-13, "{below} {above}");
    }
}

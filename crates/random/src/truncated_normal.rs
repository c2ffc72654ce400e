//! A truncated normal distribution whose parameters are solved for the requested mean and variation.
//!
//! X = s·(Z − α), Z standard normal above α. With the hazard λ = φ(α)/Q(α) and the mean excess δ = λ − α, the mean of X
//! is s·δ and its squared coefficient of variation (1 − λδ)/δ², which rises from 0 to 1 with α (Johnson, Kotz,
//! Balakrishnan: "Continuous univariate distributions", 2nd ed., 13.10).

use std::f64::consts::{PI, SQRT_2};

use crate::exponential::sample_unit;
use crate::streams::Stream;

use crate::normal;

/// The distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TruncatedNormal {
    /// α: the point at which the standard normal distribution is truncated.
    pub cut: f64,
    /// s, in units of the mean.
    pub scale: f64,
}

impl TruncatedNormal {
    /// The distribution with the coefficient of variation `cv`, within (0, 1).
    pub fn new(cv: f64) -> Self {
        let cut = if cv < 0.1 {
            // Less than 10⁻²³ of the normal distribution lies below zero.
            -1.0 / cv
        } else {
            solve((1.0 - cv) * (1.0 + cv))
        };
        Self { cut, scale: 1.0 / excess(cut).mean }
    }

    /// A sample, in units of the mean.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        self.scale * if self.cut <= 0.0 { self.above_negative_cut(stream) } else { self.above_positive_cut(stream) }
    }

    /// Z − α by rejection: at least every second Z is above a cut that is not positive.
    #[inline]
    fn above_negative_cut(&self, stream: &mut Stream) -> f64 {
        loop {
            let excess = normal::sample(stream) - self.cut;
            if excess > 0.0 {
                return excess;
            }
        }
    }

    /// Z − α by Robert, "Simulation of truncated normal variables" (1995): exponential samples of rate ρ = (α + √(α² +
    /// 4))/2, accepted with probability exp(−(Z − ρ)²/2), which is the probability that a standard exponential sample
    /// is above (Z − ρ)²/2.
    fn above_positive_cut(&self, stream: &mut Stream) -> f64 {
        let root = libm::sqrt(self.cut * self.cut + 4.0);
        let (rate, rate_above_cut) = ((self.cut + root) / 2.0, 2.0 / (self.cut + root));
        loop {
            let excess = sample_unit(stream) / rate;
            let off = excess - rate_above_cut;
            if sample_unit(stream) >= off * off / 2.0 {
                return excess;
            }
        }
    }
}

/// The length-biased distribution, whose density is proportional to x times this one's: y·exp(−(y + α)²/2) of y = Z −
/// α.
impl TruncatedNormal {
    /// A sample, in units of this distribution's mean.
    pub fn sample_length_biased(&self, stream: &mut Stream) -> f64 {
        self.scale
            * if self.cut <= 0.0 {
                self.biased_above_negative_cut(stream)
            } else {
                self.biased_above_positive_cut(stream)
            }
    }

    /// With b = −α, the density over z is (b + z)·φ(z). It is at most b·φ(z) below 0, and the sum of b·φ(z) and z·φ(z)
    /// above 0. So sample from φ or from z·φ(z), the Rayleigh distribution, in the proportion b to ∫ z·φ(z) dz =
    /// 1/√(2π), and accept values below 0 with probability (b + z)/b. At least three of four are accepted.
    fn biased_above_negative_cut(&self, stream: &mut Stream) -> f64 {
        let (b, rayleigh) = (-self.cut, 1.0 / libm::sqrt(2.0 * PI));
        loop {
            if stream.unit() * (b + rayleigh) >= b {
                return b + libm::sqrt(2.0 * sample_unit(stream));
            }
            let z = normal::sample(stream);
            if z >= 0.0 || stream.unit() * b < b + z {
                return b + z;
            }
        }
    }

    /// Samples y of the gamma distribution with shape 2 and the rate ρ = (α + √(α² + 8))/2, which maximises acceptance.
    /// They are accepted with probability exp(−(y − (ρ − α))²/2), ρ − α = 2/ρ, which is the probability that a standard
    /// exponential sample is above (y − 2/ρ)²/2.
    fn biased_above_positive_cut(&self, stream: &mut Stream) -> f64 {
        let rate = (self.cut + libm::sqrt(self.cut * self.cut + 8.0)) / 2.0;
        loop {
            let y = (sample_unit(stream) + sample_unit(stream)) / rate;
            let off = y - 2.0 / rate;
            if sample_unit(stream) >= off * off / 2.0 {
                return y;
            }
        }
    }
}

/// Properties of Z − α, Z standard normal above α.
struct Excess {
    /// The mean, δ.
    mean: f64,
    /// 1 − (coefficient of variation)².
    shortfall: f64,
}

fn excess(cut: f64) -> Excess {
    if cut < 2.0 {
        let hazard = libm::exp(-cut * cut / 2.0) / libm::sqrt(2.0 * PI) / (libm::erfc(cut / SQRT_2) / 2.0);
        let mean = hazard - cut;
        return Excess { mean, shortfall: 1.0 - (1.0 - hazard * mean) / (mean * mean) };
    }
    // Far out, those differences lose all digits. Laplace's continued fraction does not: with c₁ = α + 2/c₂, c₂ = α +
    // 3/c₃ … the hazard is α + 1/c₁, so that δ = 1/c₁ and the squared variation is 2c₁/c₂ − 1.
    let mut c = [cut; 3];
    for k in (1..=200).rev() {
        c = [cut + f64::from(k + 1) / c[0], c[0], c[1]];
    }
    let [c1, c2, c3] = c;
    Excess { mean: 1.0 / c1, shortfall: 2.0 * (3.0 / c3 - 2.0 / c2) / c2 }
}

/// The cut at which [`Excess::shortfall`], which falls as the cut rises, is `shortfall`.
fn solve(shortfall: f64) -> f64 {
    // A variation of 0.1 is just above the lower bound, and that of 1 − 2⁻⁵³ is far below the upper one.
    let (mut low, mut high) = (-11.0, 1e9);
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if excess(middle).shortfall > shortfall {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mean and coefficient of variation by Simpson's rule over the density, in a form that does not overflow far out:
    /// exp(−(z² − α²)/2) = exp(−y²/2 − αy) with y = z − α.
    fn integrated(distribution: &TruncatedNormal) -> (f64, f64) {
        let start = (-distribution.cut - 12.0).max(0.0);
        let end = if distribution.cut > 1.0 { 40.0 / distribution.cut } else { -distribution.cut + 14.0 };
        let steps = 200_000;
        let width = (end - start) / f64::from(steps);
        let top = (-distribution.cut).max(0.0);
        let mut moments = [0.0; 3];
        for step in 0..=steps {
            let weight = if step == 0 || step == steps { 1.0 } else { f64::from(2 + 2 * (step % 2)) };
            let y = start + f64::from(step) * width;
            let log_density = |y: f64| -y * y / 2.0 - distribution.cut * y;
            let density = (log_density(y) - log_density(top)).exp() * weight;
            moments = [moments[0] + density, moments[1] + density * y, moments[2] + density * y * y];
        }
        let (mean, square) = (moments[1] / moments[0], moments[2] / moments[0]);
        (mean * distribution.scale, (square - mean * mean).sqrt() / mean)
    }

    #[test]
    fn mean_and_variation_are_as_requested() {
        for cv in [0.01, 0.0999, 0.1001, 0.2, 0.5, 0.7, 0.75, 0.76, 0.8, 0.86, 0.9, 0.95, 0.99, 0.999, 0.999999] {
            let (mean, variation) = integrated(&TruncatedNormal::new(cv));
            assert!((mean - 1.0).abs() < 1e-9, "cv {cv}: mean {mean}");
            assert!((variation / cv - 1.0).abs() < 1e-8, "cv {cv}: {variation}");
        }
    }

    #[test]
    fn known_points() {
        // Truncated at zero it is the half-normal distribution, whose squared variation is π/2 − 1.
        let half = TruncatedNormal::new((PI / 2.0 - 1.0).sqrt());
        assert!(half.cut.abs() < 1e-14 && (half.scale - (PI / 2.0).sqrt()).abs() < 1e-14, "{half:?}");
        // Both methods agree at their border.
        let (below, above) = (excess(2.0 - 1e-12), excess(2.0));
        assert!((below.mean - above.mean).abs() < 1e-12 && (below.shortfall - above.shortfall).abs() < 1e-12);
        // Far out the shortfall approaches 2/α², also at the last variation below 1.
        let last = TruncatedNormal::new(1.0 - f64::EPSILON / 2.0);
        assert!((last.cut / (2.0 / f64::EPSILON).sqrt() - 1.0).abs() < 1e-6, "{last:?}");
        assert!((last.scale / last.cut - 1.0).abs() < 1e-12);
    }
}

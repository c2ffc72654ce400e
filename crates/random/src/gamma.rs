//! The gamma distribution of any shape (Johnson, Kotz, Balakrishnan: "Continuous univariate distributions", 2nd ed., chapter 17).
//!
//! With shape a and scale 1/a its mean is 1 and its squared coefficient of variation 1/a.

use crate::exponential::sample_unit;
use crate::streams::Stream;

use crate::normal;

/// The distribution; its mean is 1 unless it is made with another shape and scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gamma {
    /// d = (shape that is sampled) − 1/3.
    d: f64,
    /// c = 1/√(9d).
    c: f64,
    /// d, in units of the mean.
    scale: f64,
    /// 1/a if a is below 1 (shape a + 1 is sampled then), else 0.
    boost: f64,
}

impl Gamma {
    /// The largest coefficient of variation; see `Distribution::long_tailed`.
    pub const MAX_CV: f64 = 1000.0;

    /// The distribution with mean 1 and the coefficient of variation `cv`.
    pub fn new(cv: f64) -> Self {
        let shape = 1.0 / (cv * cv);
        Self::of_shape(shape, shape)
    }

    /// The distribution with this shape and the scale 1/`rate`.
    pub fn of_shape(shape: f64, rate: f64) -> Self {
        let boosted = shape < 1.0;
        let d = if boosted { shape + 1.0 } else { shape } - 1.0 / 3.0;
        Self { d, c: 1.0 / libm::sqrt(9.0 * d), scale: d / rate, boost: if boosted { 1.0 / shape } else { 0.0 } }
    }

    /// A sample, in units of the mean, of the length-biased distribution, whose density is proportional to x times this
    /// one's: it has shape a + 1 and the same scale. The mean of this distribution must be 1.
    pub fn sample_length_biased(&self, stream: &mut Stream) -> f64 {
        self.length_biased().sample(stream)
    }

    /// An upper bound of P(L > x) of that distribution.
    pub fn length_biased_above(&self, x: f64) -> f64 {
        self.length_biased().above_at_most(x)
    }

    fn length_biased(&self) -> Self {
        let shape = self.rate();
        Self::of_shape(shape + 1.0, shape)
    }

    /// An upper bound of P(X > x) for shapes of at least 1, by Chernoff's bound: (ey/a)^a·e^(−y) with y = x·rate, for y
    /// ≥ a.
    pub fn above_at_most(&self, x: f64) -> f64 {
        let (shape, y) = (self.d + 1.0 / 3.0, x * self.rate());
        if y > shape { libm::exp(shape * (1.0 + libm::log(y / shape)) - y) } else { 1.0 }
    }

    /// 1/scale; equal to the shape if the mean is 1.
    fn rate(&self) -> f64 {
        self.d / self.scale
    }

    /// A sample, in units of the mean, by Marsaglia and Tsang, "A simple method for generating gamma variables" (2000):
    /// d·(1 + cZ)³ by rejection for shapes of at least 1; below, a sample of shape a + 1 times U^(1/a), with −ln U
    /// sampled directly as an exponential variate.
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> f64 {
        let sample = self.scale * self.cube(stream);
        if self.boost > 0.0 { sample * libm::exp(-sample_unit(stream) * self.boost) } else { sample }
    }

    /// (1 + cZ)³, Z normal, accepted so that d times it is a gamma variate. Their ln U < Z²/2 + d − dv + d·ln v, v = (1
    /// + t)³, is rewritten as 3d·(ln(1 + t) − t + t²/2 − t³/3), in which a large d does not cancel every digit.
    #[inline]
    fn cube(&self, stream: &mut Stream) -> f64 {
        loop {
            let z = normal::sample(stream);
            let t = self.c * z;
            if t <= -1.0 {
                continue;
            }
            let u = stream.unit();
            let kept = u < 1.0 - 0.0331 * (z * z) * (z * z)
                || libm::log(u) < 3.0 * self.d * (libm::log1p(t) - t * (1.0 - t * (0.5 - t / 3.0)));
            if kept {
                return (1.0 + t) * (1.0 + t) * (1.0 + t);
            }
        }
    }
}

#[cfg(any(test, feature = "testing"))]
impl Gamma {
    /// P(X > x): the regularized incomplete gamma function, by its series and by Lentz's continued fraction (Press et
    /// al., "Numerical recipes", 3rd ed., 6.2).
    pub fn above(&self, x: f64) -> f64 {
        let (a, x) = (self.rate(), x * self.rate());
        let factor = libm::exp(a * libm::log(x) - x - libm::lgamma(a));
        if x < a + 1.0 {
            let (mut sum, mut term, mut n) = (1.0 / a, 1.0 / a, a);
            while term > sum * 1e-16 {
                n += 1.0;
                term *= x / n;
                sum += term;
            }
            return 1.0 - sum * factor;
        }
        let mut b = x + 1.0 - a;
        let (mut c, mut d) = (1e300, 1.0 / b);
        let mut fraction = d;
        for i in 1..100_000 {
            let step = -f64::from(i) * (f64::from(i) - a);
            b += 2.0;
            d = 1.0 / (step * d + b);
            c = b + step / c;
            fraction *= c * d;
            if (c * d - 1.0).abs() < 1e-15 {
                break;
            }
        }
        factor * fraction
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::assert_solved;

    #[test]
    fn mean_and_variation_are_as_requested() {
        for cv in [0.01, 0.1, 0.5, 1.0, 1.001, 2.0, 10.0] {
            let a = Gamma::new(cv).rate();
            // The density of s = ln X is the density at eˢ times eˢ; far below zero it falls like e^(as).
            let low = if cv < 0.2 { -20.0 * cv } else { -40.0 / a };
            let high = if cv < 0.2 { 20.0 * cv } else { (100.0 / a).ln() };
            assert_solved(cv, low..high, |s| (s.exp_m1(), (a * (s - s.exp_m1())).exp()));
        }
    }

    #[test]
    fn known_points() {
        // Shape 4: e^(−y)(1 + y + y²/2 + y³/6) with y = 4x. Shape ½: erfc √(x/2).
        for x in [0.1, 0.9, 1.3, 4.0] {
            let y: f64 = 4.0 * x;
            let four = (-y).exp() * (1.0 + y + y * y / 2.0 + y * y * y / 6.0);
            assert!((Gamma::new(0.5).above(x) - four).abs() < 1e-14);
            assert!((Gamma::new(2f64.sqrt()).above(x) - libm::erfc((x / 2.0).sqrt())).abs() < 1e-14);
        }
    }
}

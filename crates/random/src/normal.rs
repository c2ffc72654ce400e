//! The standard normal distribution.

use crate::streams::Stream;

/// A sample by Leva, "A fast normal random number generator" (1992): a ratio of uniform numbers between two quadratic
/// curves that decide all but one sample of a hundred. Its range is 12 standard deviations.
#[inline]
pub fn sample(stream: &mut Stream) -> f64 {
    loop {
        let u = stream.unit();
        let v = 1.7156 * (stream.unit() - 0.5);
        let (x, y) = (u - 0.449871, v.abs() + 0.386595);
        let q = x * x + y * (0.19600 * y - 0.25472 * x);
        if q < 0.27597 || (q <= 0.27846 && v * v <= -4.0 * u * u * libm::log(u)) {
            return v / u;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::SQRT_2;

    use crate::streams::Streams;

    use crate::testing::{assert_follows, assert_tail};

    #[test]
    fn samples_follow_the_distribution_in_the_tails() {
        let mut stream = Streams::new(13, "test").of(0);
        let samples: Vec<f64> = (0..2_000_000).map(|_| super::sample(&mut stream)).collect();
        let above = |z: f64| libm::erfc(z / SQRT_2) / 2.0;
        for z in [2.0, 3.0, 4.0] {
            assert_tail("above", &samples, z, above(z));
            assert_tail("below", &samples.iter().map(|z| -z).collect::<Vec<_>>(), z, above(z));
        }
        assert_follows("normal", samples, |z| above(-z));
    }
}

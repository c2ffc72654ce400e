//! Zipf's distribution: rank k of 1 … n with a probability proportional to k^(−s).
//!
//! Rejection-inversion by Hörmann and Derflinger, "Rejection-inversion to generate variates from monotone discrete
//! distributions" (1996). It is exact for every exponent s ≥ 0 and needs no table: h(x) = x^(−s) lies above the histogram
//! that is shifted by ½, and has the integral H(x) = (x^(1−s) − 1)/(1 − s).

use crate::streams::Stream;

/// The distribution with a given exponent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Zipf {
    /// s.
    exponent: f64,
    /// H(1½) − h(1): from here on, H⁻¹ gives rank 1 with its exact probability.
    start: f64,
    /// A rank that is above H⁻¹ by less than this is accepted without another power.
    squeeze: f64,
}

/// From this rank on, less than s²·10⁻¹⁹ of the samples would be rejected, far fewer than rounding decides.
const SMOOTH: u64 = 1 << 30;

impl Zipf {
    /// The largest exponent: nearly all samples are then of rank 1.
    pub const MAX_EXPONENT: f64 = 100.0;

    /// The distribution with the exponent `exponent`, from 0, which is the uniform distribution, to
    /// [`Zipf::MAX_EXPONENT`].
    pub fn new(exponent: f64) -> Self {
        let start = integral(exponent, 1.5) - 1.0;
        let squeeze = 2.0 - inverse(exponent, integral(exponent, 2.5) - height(exponent, 2.0));
        Self { exponent, start, squeeze }
    }

    /// A rank from 1 to `n`, which is at least 1 and at most 2⁵³.
    #[inline]
    pub fn sample(&self, stream: &mut Stream, n: u64) -> u64 {
        let end = integral(self.exponent, n as f64 + 0.5);
        loop {
            let area = end + stream.unit() * (self.start - end);
            let x = inverse(self.exponent, area);
            // Not (x + ½) rounded down: from 2⁵² on that sum is not exact.
            let below = x as u64;
            let rank = (below + u64::from(x - below as f64 >= 0.5)).clamp(1, n);
            let k = rank as f64;
            if k - x <= self.squeeze
                || rank >= SMOOTH
                || area >= integral(self.exponent, k + 0.5) - height(self.exponent, k)
            {
                return rank;
            }
        }
    }
}

/// h(x).
#[inline]
fn height(exponent: f64, x: f64) -> f64 {
    libm::exp(-exponent * libm::log(x))
}

/// H(x), also near s = 1, where it is ln x.
#[inline]
fn integral(exponent: f64, x: f64) -> f64 {
    let log = libm::log(x);
    let t = (1.0 - exponent) * log;
    // (eᵗ − 1)/t is 1 + t/2 to the last bit here.
    if t.abs() < 1e-8 { log * (1.0 + t / 2.0) } else { log * (libm::expm1(t) / t) }
}

/// H⁻¹(area).
#[inline]
fn inverse(exponent: f64, area: f64) -> f64 {
    // Rounding must not pass the limit of H at infinity.
    let t = (area * (1.0 - exponent)).max(-1.0);
    // ln(1 + t)/t is 1 − t/2 to the last bit here.
    libm::exp(if t.abs() < 1e-8 { area * (1.0 - t / 2.0) } else { area * (libm::log1p(t) / t) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::{assert_counts, assert_follows};

    #[test]
    fn samples_follow_the_distribution_at_every_exponent() {
        for exponent in [0.0, 0.3, 0.9, 1.0 - 1e-12, 1.0, 1.0 + 1e-6, 1.1, 2.0, 5.0, 20.0, Zipf::MAX_EXPONENT] {
            for n in [1, 2, 3, 10, 1000] {
                let zipf = Zipf::new(exponent);
                let mut stream = Streams::new(26, "test").of(0);
                let samples: Vec<u64> = (0..200_000).map(|_| zipf.sample(&mut stream, n)).collect();
                let weights: Vec<f64> = (1..=n).map(|k| (k as f64).powf(-exponent)).collect();
                let sum: f64 = weights.iter().sum();
                let mut probabilities = vec![0.0];
                probabilities.extend(weights.iter().map(|weight| weight / sum));
                // Ranks that even the most frequent of 200,000 samples hide can't be compared.
                if n == 1 || probabilities[2] * 200_000.0 < 40.0 {
                    let first = samples.iter().filter(|&&rank| rank == 1).count() as f64;
                    assert!((first - 2e5 * probabilities[1]).abs() <= 20.0, "{exponent} of {n}: {first}");
                } else {
                    assert_counts(&format!("{exponent} of {n}"), &samples, &probabilities);
                }
            }
        }
    }

    #[test]
    fn the_largest_number_of_ranks_is_sampled() {
        let n = 1u64 << 53;
        for exponent in [0.0, 0.5, 1.0, 3.0] {
            let zipf = Zipf::new(exponent);
            let mut stream = Streams::new(27, "test").of(0);
            let samples: Vec<u64> = (0..200_000).map(|_| zipf.sample(&mut stream, n)).collect();
            assert!(samples.iter().all(|rank| (1..=n).contains(rank)));
            // So far out the distribution is that of H; the first ranks are tested above.
            let share = |x: f64| integral(exponent, x) / integral(exponent, n as f64 + 0.5);
            // Below s = 1, most samples are.
            if exponent < 1.0 {
                assert_follows("largest", samples.iter().map(|&rank| rank as f64).collect(), share);
            }
        }
    }

    /// The ranks of docs/generator.md.
    #[test]
    fn samples_are_those_of_the_documentation() {
        let first = |exponent| {
            let mut stream = Streams::new(1, "places").of(0);
            [(); 4].map(|()| Zipf::new(exponent).sample(&mut stream, 1_000_000))
        };
        assert_eq!(
            [0.8, 1.0, 1.2].map(first),
            [[159_830, 292_497, 817_635, 13_096], [9229, 35_916, 547_524, 144], [89, 363, 70_101, 5]]
        );
    }
}

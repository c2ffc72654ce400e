//! Poisson variates.

use crate::streams::Stream;

/// The distribution with a given mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson {
    mean: f64,
    method: Method,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Method {
    /// Uniform numbers are multiplied until the product falls below e^(−mean).
    Product { floor: f64 },
    /// Hörmann's transformed rejection with a squeeze.
    Rejection { a: f64, b: f64, squeeze: f64, log_inverse_alpha: f64, log_mean: f64 },
}

impl Poisson {
    /// The distribution with mean `mean`, above 0.
    pub fn new(mean: f64) -> Self {
        let method = if mean < 10.0 {
            Method::Product { floor: libm::exp(-mean) }
        } else {
            let b = 0.931 + 2.53 * libm::sqrt(mean);
            Method::Rejection {
                a: -0.059 + 0.02483 * b,
                b,
                squeeze: 0.9277 - 3.6224 / (b - 2.0),
                log_inverse_alpha: libm::log(1.1239 + 1.1328 / (b - 3.4)),
                log_mean: libm::log(mean),
            }
        };
        Self { mean, method }
    }

    /// A sample: for means below 10 by Knuth's product ("The art of computer programming", 3.4.1), for others by
    /// Hörmann's PTRS ("The transformed rejection method for generating Poisson random variables", 1993).
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> u64 {
        match self.method {
            Method::Product { floor } => {
                let (mut count, mut product) = (0, stream.unit());
                while product > floor {
                    count += 1;
                    product *= stream.unit();
                }
                count
            }
            Method::Rejection { a, b, squeeze, log_inverse_alpha, log_mean } => loop {
                let (u, v) = (stream.unit() - 0.5, stream.unit());
                let edge = 0.5 - u.abs();
                let proposed = (2.0 * a / edge + b) * u + self.mean + 0.43;
                if proposed < 0.0 || (edge < 0.013 && v > edge) {
                    continue;
                }
                let count = proposed as u64;
                if edge >= 0.07 && v <= squeeze {
                    return count;
                }
                let k = count as f64;
                let log_height = libm::log(v) + log_inverse_alpha - libm::log(a / (edge * edge) + b);
                if log_height <= k * log_mean - self.mean - libm::lgamma(k + 1.0) {
                    return count;
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::assert_counts;

    /// Probabilities from 0 upwards, by the recursion p(k+1) = p(k)·mean/(k+1) away from the mode. The recursion shares
    /// no logarithm with the tested code.
    fn probabilities(mean: f64) -> Vec<f64> {
        let mode = mean as usize;
        let mut weights = vec![0.0; mode + 30 + (20.0 * mean.sqrt()) as usize];
        weights[mode] = 1.0;
        for k in mode + 1..weights.len() {
            weights[k] = weights[k - 1] * mean / k as f64;
        }
        for k in (0..mode).rev() {
            weights[k] = weights[k + 1] * (k + 1) as f64 / mean;
        }
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    #[test]
    fn samples_follow_the_distribution_at_every_mean() {
        for mean in [0.1, 1.0, 4.5, 9.99, 10.0, 12.3, 30.0, 64.0, 1000.0, 250_000.0] {
            let distribution = Poisson::new(mean);
            let mut stream = Streams::new(11, "test").of(0);
            let samples: Vec<u64> = (0..400_000).map(|_| distribution.sample(&mut stream)).collect();
            assert_counts(&format!("mean {mean}"), &samples, &probabilities(mean));
        }
    }

    #[test]
    fn the_largest_mean_is_sampled() {
        let (mean, n) = (f64::from(u32::MAX), 100_000);
        let distribution = Poisson::new(mean);
        let mut stream = Streams::new(12, "test").of(0);
        let off: Vec<f64> = (0..n).map(|_| (distribution.sample(&mut stream) as f64 - mean) / mean.sqrt()).collect();
        // The distribution is practically normal here.
        crate::testing::assert_follows("largest", off, |z| libm::erfc(-z / std::f64::consts::SQRT_2) / 2.0);
    }
}

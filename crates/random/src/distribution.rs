//! Distributions of positive numbers with mean 1: of interarrival times, and of sizes under families that use MEAN and
//! STDEV.

use crate::exponential;
use crate::streams::Stream;

use crate::gamma::Gamma;
use crate::lognormal::Lognormal;
use crate::pareto::Pareto;
use crate::truncated_normal::TruncatedNormal;
use crate::weibull::Weibull;

/// A distribution with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Distribution {
    /// Always 1.
    Constant,
    /// Uniform on (0, 2).
    Uniform,
    /// Exponential.
    Exponential,
    /// A truncated normal distribution.
    TruncatedNormal(TruncatedNormal),
    /// Lognormal.
    Lognormal(Lognormal),
    /// Gamma.
    Gamma(Gamma),
    /// Weibull.
    Weibull(Weibull),
    /// Pareto of the first kind.
    Pareto(Pareto),
}

/// A coefficient of variation that no distribution of the family has.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// The side of the bound that it is on: `above` or `below`.
    pub side: &'static str,
    /// That bound.
    pub bound: f64,
    /// The reason for the bound.
    pub reason: String,
}

impl Distribution {
    /// Fraction bits of a sample.
    pub const FRACTION_BITS: u32 = exponential::FRACTION_BITS;
    /// 1, as a sample.
    pub const ONE: u64 = 1 << Self::FRACTION_BITS;

    /// The smallest coefficient of variation, other than 0, of a long-tailed family. The resolution of samples, 2⁻⁴⁸,
    /// is 3·10⁵ times finer.
    const MIN_CV: f64 = 1e-9;

    /// The truncated normal distribution with the coefficient of variation `cv`. The limits are constant at 0 and
    /// exponential at 1; there is no such distribution above 1.
    pub fn normal(cv: f64) -> Result<Self, Unmet> {
        // Below this, no sample would differ from 1.
        const MIN_CV: f64 = 1e-15;
        match cv {
            _ if cv < MIN_CV => Ok(Distribution::Constant),
            _ if cv < 1.0 => Ok(Distribution::TruncatedNormal(TruncatedNormal::new(cv))),
            1.0 => Ok(Distribution::Exponential),
            _ => Err(Unmet {
                side: "above",
                bound: 1.0,
                reason: "a truncated normal distribution has a coefficient of variation (STDEV/MEAN) of at most 1"
                    .into(),
            }),
        }
    }

    /// The lognormal distribution with the coefficient of variation `cv`.
    pub fn lognormal(cv: f64) -> Result<Self, Unmet> {
        Self::long_tailed("lognormal", cv, Lognormal::MAX_CV, || Distribution::Lognormal(Lognormal::new(cv)))
    }

    /// The gamma distribution with the coefficient of variation `cv`; at 1 it is exponential.
    pub fn gamma(cv: f64) -> Result<Self, Unmet> {
        let distribution = || if cv == 1.0 { Distribution::Exponential } else { Distribution::Gamma(Gamma::new(cv)) };
        Self::long_tailed("gamma", cv, Gamma::MAX_CV, distribution)
    }

    /// The Weibull distribution with the coefficient of variation `cv`; at 1 it is exponential.
    pub fn weibull(cv: f64) -> Result<Self, Unmet> {
        let distribution =
            || if cv == 1.0 { Distribution::Exponential } else { Distribution::Weibull(Weibull::new(cv)) };
        Self::long_tailed("Weibull", cv, Weibull::MAX_CV, distribution)
    }

    /// The Pareto distribution with the coefficient of variation `cv`.
    pub fn pareto(cv: f64) -> Result<Self, Unmet> {
        Self::long_tailed("Pareto", cv, Pareto::MAX_CV, || Distribution::Pareto(Pareto::new(cv)))
    }

    /// A distribution of a long-tailed family. At the largest coefficient of variation, `max_cv`, at least half of the
    /// second moment comes from samples that are not rarer than one in a billion. A trace of a billion requests shows
    /// that much of the variance; a shorter trace shows less.
    fn long_tailed(name: &str, cv: f64, max_cv: f64, distribution: impl FnOnce() -> Self) -> Result<Self, Unmet> {
        if cv == 0.0 {
            Ok(Distribution::Constant)
        } else if cv < Self::MIN_CV {
            let reason = "a variation this small is lost when samples are rounded (0 means no variation)".to_owned();
            Err(Unmet { side: "below", bound: Self::MIN_CV, reason })
        } else if cv > max_cv {
            let reason = format!(
                "a {name} distribution with a larger coefficient of variation (STDEV/MEAN) owes most of it to samples rarer than \
                 one in a billion, which no trace contains"
            );
            Err(Unmet { side: "above", bound: max_cv, reason })
        } else {
            Ok(distribution())
        }
    }

    /// Whether samples may be many times the mean.
    pub fn is_long_tailed(&self) -> bool {
        matches!(
            self,
            Distribution::Lognormal(_) | Distribution::Gamma(_) | Distribution::Weibull(_) | Distribution::Pareto(_)
        )
    }

    /// An upper bound of the probability that a first interarrival time ([`Distribution::sample_first`]) of a
    /// long-tailed distribution is above `x` means.
    pub fn first_above(&self, x: f64) -> f64 {
        match self {
            Distribution::Lognormal(distribution) => distribution.length_biased_above(x),
            Distribution::Gamma(distribution) => distribution.length_biased_above(x),
            Distribution::Weibull(distribution) => distribution.length_biased_above(x),
            Distribution::Pareto(distribution) => distribution.length_biased_above(x),
            _ => 0.0,
        }
    }

    /// A sample \[2⁻⁴⁸\]. Always inlined: as a call in the loop of the generator's arrivals, it makes generating 5 % slower.
    #[inline(always)]
    pub fn sample(&self, stream: &mut Stream) -> u128 {
        match self {
            Distribution::Constant => Self::ONE.into(),
            // Odd numbers below 2: their mean is exactly 1.
            Distribution::Uniform => (stream.bits() >> (63 - Self::FRACTION_BITS) | 1).into(),
            Distribution::Exponential => exponential::sample(stream).into(),
            Distribution::TruncatedNormal(distribution) => rounded(distribution.sample(stream)).into(),
            Distribution::Lognormal(distribution) => rounded_long_tailed(stream, |stream| distribution.sample(stream)),
            Distribution::Gamma(distribution) => rounded_long_tailed(stream, |stream| distribution.sample(stream)),
            Distribution::Weibull(distribution) => rounded_long_tailed(stream, |stream| distribution.sample(stream)),
            Distribution::Pareto(distribution) => rounded_long_tailed(stream, |stream| distribution.sample(stream)),
        }
    }

    /// A sample in units of the mean.
    #[inline]
    pub fn in_means(sample: u128) -> f64 {
        // The conversion of 64 bits is one instruction.
        u64::try_from(sample).map_or(sample as f64, |sample| sample as f64) / Self::ONE as f64
    }

    /// A sample of a client's first interarrival time \[2⁻⁴⁸\], which makes its arrivals stationary from the start: the
    /// time until the next arrival from an instant that is independent of the arrivals. That instant lies in an
    /// interarrival time of the length-biased distribution, and is uniform within it (Cox: "Renewal theory", 1962,
    /// 5.4). The exponential distribution is memoryless. Cutting clocks to nanoseconds changes nothing: arrivals that
    /// are stationary in units of 2⁻⁴⁸ are also stationary in nanoseconds.
    #[inline(never)]
    pub fn sample_first(&self, stream: &mut Stream) -> u128 {
        let length = match self {
            Distribution::Exponential => return self.sample(stream),
            Distribution::Constant => Self::ONE.into(),
            // The larger one of two uniform samples has a density that rises in proportion.
            Distribution::Uniform => self.sample(stream).max(self.sample(stream)),
            Distribution::TruncatedNormal(distribution) => rounded(distribution.sample_length_biased(stream)).into(),
            Distribution::Lognormal(distribution) => {
                rounded_long_tailed(stream, |stream| distribution.sample_length_biased(stream))
            }
            Distribution::Gamma(distribution) => {
                rounded_long_tailed(stream, |stream| distribution.sample_length_biased(stream))
            }
            Distribution::Weibull(distribution) => {
                rounded_long_tailed(stream, |stream| distribution.sample_length_biased(stream))
            }
            Distribution::Pareto(distribution) => {
                rounded_long_tailed(stream, |stream| distribution.sample_length_biased(stream))
            }
        };
        part(length, stream.bits())
    }
}

/// For distributions whose samples stay far below 2¹⁶.
#[inline]
fn rounded(sample: f64) -> u64 {
    (sample * Distribution::ONE as f64 + 0.5) as u64
}

/// For long-tailed distributions. A value of 2⁸⁰ means or more exceeds every clock, and the clock reports it, so a
/// saturating cast is correct. A separate function keeps the samplers of the other families small enough to be inlined.
#[inline(never)]
pub(crate) fn rounded_long_tailed(stream: &mut Stream, sample: impl Fn(&mut Stream) -> f64) -> u128 {
    let sample = sample(stream);
    if sample < 65535.0 { rounded(sample).into() } else { (sample * Distribution::ONE as f64 + 0.5) as u128 }
}

/// `length` times `bits`/2⁶⁴, rounded down: uniform on 0 … `length` − 1.
fn part(length: u128, bits: u64) -> u128 {
    let (high, low) = (length >> 64, length as u64);
    high * u128::from(bits) + ((u128::from(low) * u128::from(bits)) >> 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_intervals_agree_below_and_above_64_bits() {
        let (bits, high) = (0x9e37_79b9_7f4a_7c15, 1u128 << 64);
        assert_eq!(part(u128::from(u64::MAX), bits), u128::from(bits) - 1);
        assert_eq!(part(high, bits), u128::from(bits));
        assert_eq!(part(high * 5 + 3, bits), u128::from(bits) * 5 + 1);
        assert_eq!(part(u128::MAX, u64::MAX), u128::MAX - high);
    }
}

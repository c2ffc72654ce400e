//! Distributions of positive numbers with mean 1: of interarrival times, and of sizes under families that go by MEAN and STDEV.

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

/// A coefficient of variation that a family has no distribution with.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// Which bound it passes: `above` or `below`.
    pub side: &'static str,
    /// That bound.
    pub bound: f64,
    /// Why it is one.
    pub reason: String,
}

impl Distribution {
    /// Fraction bits of a sample.
    pub const FRACTION_BITS: u32 = exponential::FRACTION_BITS;
    /// 1, as a sample.
    pub const ONE: u64 = 1 << Self::FRACTION_BITS;

    /// The least variation but 0 of a family with a tail. Samples are counted in 2⁻⁴⁸, 3·10⁵ times finer.
    const LEAST: f64 = 1e-9;

    /// A truncated normal distribution with the coefficient of variation `cv`: at 0 and at 1 its limits. None above 1,
    /// where there is none.
    pub fn normal(cv: f64) -> Result<Self, Unmet> {
        // Below this, no sample would differ from 1.
        const LEAST: f64 = 1e-15;
        match cv {
            _ if cv < LEAST => Ok(Distribution::Constant),
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
        Self::with_a_tail("lognormal", cv, Lognormal::MOST, || Distribution::Lognormal(Lognormal::new(cv)))
    }

    /// The gamma distribution with the coefficient of variation `cv`; at 1 it is exponential.
    pub fn gamma(cv: f64) -> Result<Self, Unmet> {
        let distribution = || if cv == 1.0 { Distribution::Exponential } else { Distribution::Gamma(Gamma::new(cv)) };
        Self::with_a_tail("gamma", cv, Gamma::MOST, distribution)
    }

    /// The Weibull distribution with the coefficient of variation `cv`; at 1 it is exponential.
    pub fn weibull(cv: f64) -> Result<Self, Unmet> {
        let distribution =
            || if cv == 1.0 { Distribution::Exponential } else { Distribution::Weibull(Weibull::new(cv)) };
        Self::with_a_tail("Weibull", cv, Weibull::MOST, distribution)
    }

    /// The Pareto distribution with the coefficient of variation `cv`.
    pub fn pareto(cv: f64) -> Result<Self, Unmet> {
        Self::with_a_tail("Pareto", cv, Pareto::MOST, || Distribution::Pareto(Pareto::new(cv)))
    }

    /// A family's distribution. Its largest variation, `most`, is one at which at least half of the second moment lies in samples that
    /// are not rarer than one in a billion: a trace of a billion requests shows that much of it, a shorter one less.
    fn with_a_tail(name: &str, cv: f64, most: f64, distribution: impl FnOnce() -> Self) -> Result<Self, Unmet> {
        if cv == 0.0 {
            Ok(Distribution::Constant)
        } else if cv < Self::LEAST {
            let reason = "so small a variation is lost where samples are rounded (0 is none at all)".to_owned();
            Err(Unmet { side: "below", bound: Self::LEAST, reason })
        } else if cv > most {
            let reason = format!(
                "a {name} distribution of a larger coefficient of variation (STDEV/MEAN) owes most of it to samples rarer than one \
                 in a billion, which no trace shows"
            );
            Err(Unmet { side: "above", bound: most, reason })
        } else {
            Ok(distribution())
        }
    }

    /// Whether samples may be many times the mean.
    pub fn has_a_tail(&self) -> bool {
        matches!(
            self,
            Distribution::Lognormal(_) | Distribution::Gamma(_) | Distribution::Weibull(_) | Distribution::Pareto(_)
        )
    }

    /// At most the probability of a first interarrival time ([`Distribution::sample_first`]) above `x` means, of a distribution with a tail.
    pub fn first_above(&self, x: f64) -> f64 {
        match self {
            Distribution::Lognormal(distribution) => distribution.length_biased_above(x),
            Distribution::Gamma(distribution) => distribution.length_biased_above(x),
            Distribution::Weibull(distribution) => distribution.length_biased_above(x),
            Distribution::Pareto(distribution) => distribution.length_biased_above(x),
            _ => 0.0,
        }
    }

    /// A sample \[2⁻⁴⁸\].
    #[inline]
    pub fn sample(&self, stream: &mut Stream) -> u128 {
        match self {
            Distribution::Constant => Self::ONE.into(),
            // Odd numbers below 2: their mean is 1 to the last bit.
            Distribution::Uniform => (stream.bits() >> (63 - Self::FRACTION_BITS) | 1).into(),
            Distribution::Exponential => exponential::sample(stream).into(),
            Distribution::TruncatedNormal(distribution) => rounded(distribution.sample(stream)).into(),
            Distribution::Lognormal(distribution) => rounded_with_a_tail(stream, |stream| distribution.sample(stream)),
            Distribution::Gamma(distribution) => rounded_with_a_tail(stream, |stream| distribution.sample(stream)),
            Distribution::Weibull(distribution) => rounded_with_a_tail(stream, |stream| distribution.sample(stream)),
            Distribution::Pareto(distribution) => rounded_with_a_tail(stream, |stream| distribution.sample(stream)),
        }
    }

    /// A sample in units of the mean.
    #[inline]
    pub fn in_means(sample: u128) -> f64 {
        // Of 64 bits the conversion is one instruction.
        u64::try_from(sample).map_or(sample as f64, |sample| sample as f64) / Self::ONE as f64
    }

    /// A sample of a client's first interarrival time \[2⁻⁴⁸\], which makes its arrivals stationary from the start: the time
    /// that is left, at a moment that knows nothing of the arrivals, until the next one. That moment lies in an
    /// interarrival time of the length-biased distribution, uniformly within it (Cox: "Renewal theory", 1962, 5.4); the exponential
    /// distribution has no memory. What clocks cut off changes nothing: arrivals that are stationary in 2⁻⁴⁸ are so in nanoseconds.
    #[inline(never)]
    pub fn sample_first(&self, stream: &mut Stream) -> u128 {
        let length = match self {
            Distribution::Exponential => return self.sample(stream),
            Distribution::Constant => Self::ONE.into(),
            // Of two uniform samples the larger one has a density that rises in proportion.
            Distribution::Uniform => self.sample(stream).max(self.sample(stream)),
            Distribution::TruncatedNormal(distribution) => rounded(distribution.sample_length_biased(stream)).into(),
            Distribution::Lognormal(distribution) => {
                rounded_with_a_tail(stream, |stream| distribution.sample_length_biased(stream))
            }
            Distribution::Gamma(distribution) => {
                rounded_with_a_tail(stream, |stream| distribution.sample_length_biased(stream))
            }
            Distribution::Weibull(distribution) => {
                rounded_with_a_tail(stream, |stream| distribution.sample_length_biased(stream))
            }
            Distribution::Pareto(distribution) => {
                rounded_with_a_tail(stream, |stream| distribution.sample_length_biased(stream))
            }
        };
        part(length, stream.bits())
    }
}

/// Of a distribution whose samples stay far below 2¹⁶.
#[inline]
fn rounded(sample: f64) -> u64 {
    (sample * Distribution::ONE as f64 + 0.5) as u64
}

/// Of a distribution with a tail. 2⁸⁰ times the mean is more than any clock shows, so that the clock says so, also where the cast
/// holds no more. Apart, so that the quick families' samples stay small enough to be inlined.
#[inline(never)]
fn rounded_with_a_tail(stream: &mut Stream, sample: impl Fn(&mut Stream) -> f64) -> u128 {
    let sample = sample(stream);
    if sample < 65535.0 { rounded(sample).into() } else { (sample * Distribution::ONE as f64 + 0.5) as u128 }
}

/// `length` times `bits`/2⁶⁴, cut: uniform from 0 to below it.
fn part(length: u128, bits: u64) -> u128 {
    let (high, low) = (length >> 64, length as u64);
    high * u128::from(bits) + ((u128::from(low) * u128::from(bits)) >> 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_gap_is_the_same_below_and_above_64_bits() {
        let (bits, high) = (0x9e37_79b9_7f4a_7c15, 1u128 << 64);
        assert_eq!(part(u128::from(u64::MAX), bits), u128::from(bits) - 1);
        assert_eq!(part(high, bits), u128::from(bits));
        assert_eq!(part(high * 5 + 3, bits), u128::from(bits) * 5 + 1);
        assert_eq!(part(u128::MAX, u64::MAX), u128::MAX - high);
    }
}

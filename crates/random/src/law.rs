//! Laws of positive numbers with mean 1: of gaps, and of sizes under families that go by MEAN and STDEV.

use crate::exponential;
use crate::streams::Stream;

use crate::gamma::Gamma;
use crate::lognormal::Lognormal;
use crate::pareto::Pareto;
use crate::truncated_normal::TruncatedNormal;
use crate::weibull::Weibull;

/// A law with mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Law {
    /// Always 1.
    Constant,
    /// Uniform on (0, 2).
    Uniform,
    /// Exponential.
    Exponential,
    /// A normal law's part above zero.
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

/// A coefficient of variation that a family has no law with.
#[derive(Debug, Clone, PartialEq)]
pub struct Unmet {
    /// Which bound it passes: `above` or `below`.
    pub side: &'static str,
    /// That bound.
    pub bound: f64,
    /// Why it is one.
    pub reason: String,
}

impl Law {
    /// Fraction bits of a draw.
    pub const FRACTION_BITS: u32 = exponential::FRACTION_BITS;
    /// 1, as a draw.
    pub const ONE: u64 = 1 << Self::FRACTION_BITS;

    /// The least variation but 0 of a family with a tail. Draws are counted in 2⁻⁴⁸, 3·10⁵ times finer.
    const LEAST: f64 = 1e-9;

    /// A normal law's part above zero with the coefficient of variation `cv`: at 0 and at 1 its limits. None above 1,
    /// where there is none.
    pub fn normal(cv: f64) -> Result<Self, Unmet> {
        // Below this, no draw would differ from 1.
        const LEAST: f64 = 1e-15;
        match cv {
            _ if cv < LEAST => Ok(Law::Constant),
            _ if cv < 1.0 => Ok(Law::TruncatedNormal(TruncatedNormal::new(cv))),
            1.0 => Ok(Law::Exponential),
            _ => Err(Unmet {
                side: "above",
                bound: 1.0,
                reason: "a normal law's part above zero has a coefficient of variation (STDEV/MEAN) of at most 1"
                    .into(),
            }),
        }
    }

    /// The lognormal law with the coefficient of variation `cv`.
    pub fn lognormal(cv: f64) -> Result<Self, Unmet> {
        Self::with_a_tail("lognormal", cv, Lognormal::MOST, || Law::Lognormal(Lognormal::new(cv)))
    }

    /// The gamma law with the coefficient of variation `cv`; at 1 it is exponential.
    pub fn gamma(cv: f64) -> Result<Self, Unmet> {
        let law = || if cv == 1.0 { Law::Exponential } else { Law::Gamma(Gamma::new(cv)) };
        Self::with_a_tail("gamma", cv, Gamma::MOST, law)
    }

    /// The Weibull law with the coefficient of variation `cv`; at 1 it is exponential.
    pub fn weibull(cv: f64) -> Result<Self, Unmet> {
        let law = || if cv == 1.0 { Law::Exponential } else { Law::Weibull(Weibull::new(cv)) };
        Self::with_a_tail("Weibull", cv, Weibull::MOST, law)
    }

    /// The Pareto law with the coefficient of variation `cv`.
    pub fn pareto(cv: f64) -> Result<Self, Unmet> {
        Self::with_a_tail("Pareto", cv, Pareto::MOST, || Law::Pareto(Pareto::new(cv)))
    }

    /// A family's law. Its largest variation, `most`, is one at which at least half of the second moment lies in draws that
    /// are not rarer than one in a billion: a trace of a billion requests shows that much of it, a shorter one less.
    fn with_a_tail(name: &str, cv: f64, most: f64, law: impl FnOnce() -> Self) -> Result<Self, Unmet> {
        if cv == 0.0 {
            Ok(Law::Constant)
        } else if cv < Self::LEAST {
            let reason = "so small a variation is lost where draws are rounded (0 is none at all)".to_owned();
            Err(Unmet { side: "below", bound: Self::LEAST, reason })
        } else if cv > most {
            let reason = format!(
                "a {name} law of a larger coefficient of variation (STDEV/MEAN) owes most of it to draws rarer than one \
                 in a billion, which no trace shows"
            );
            Err(Unmet { side: "above", bound: most, reason })
        } else {
            Ok(law())
        }
    }

    /// Whether draws may be many times the mean.
    pub fn has_a_tail(&self) -> bool {
        matches!(self, Law::Lognormal(_) | Law::Gamma(_) | Law::Weibull(_) | Law::Pareto(_))
    }

    /// At most the probability of a first interarrival time ([`Law::draw_first`]) above `x` means, of a law with a tail.
    pub fn first_above(&self, x: f64) -> f64 {
        match self {
            Law::Lognormal(law) => law.length_biased_above(x),
            Law::Gamma(law) => law.length_biased_above(x),
            Law::Weibull(law) => law.length_biased_above(x),
            Law::Pareto(law) => law.length_biased_above(x),
            _ => 0.0,
        }
    }

    /// A draw \[2⁻⁴⁸\].
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> u128 {
        match self {
            Law::Constant => Self::ONE.into(),
            // Odd numbers below 2: their mean is 1 to the last bit.
            Law::Uniform => (stream.bits() >> (63 - Self::FRACTION_BITS) | 1).into(),
            Law::Exponential => exponential::draw(stream).into(),
            Law::TruncatedNormal(law) => rounded(law.draw(stream)).into(),
            Law::Lognormal(law) => rounded_with_a_tail(stream, |stream| law.draw(stream)),
            Law::Gamma(law) => rounded_with_a_tail(stream, |stream| law.draw(stream)),
            Law::Weibull(law) => rounded_with_a_tail(stream, |stream| law.draw(stream)),
            Law::Pareto(law) => rounded_with_a_tail(stream, |stream| law.draw(stream)),
        }
    }

    /// A draw in units of the mean.
    #[inline]
    pub fn in_means(draw: u128) -> f64 {
        // Of 64 bits the conversion is one instruction.
        u64::try_from(draw).map_or(draw as f64, |draw| draw as f64) / Self::ONE as f64
    }

    /// A draw of a client's first interarrival time \[2⁻⁴⁸\], which makes its arrivals stationary from the start: the time
    /// that is left, at a moment that knows nothing of the arrivals, until the next one. That moment lies in an
    /// interarrival time of the length-biased law, uniformly within it (Cox: "Renewal theory", 1962, 5.4); the exponential
    /// law has no memory. What clocks cut off changes nothing: arrivals that are stationary in 2⁻⁴⁸ are so in nanoseconds.
    #[inline(never)]
    pub fn draw_first(&self, stream: &mut Stream) -> u128 {
        let length = match self {
            Law::Exponential => return self.draw(stream),
            Law::Constant => Self::ONE.into(),
            // Of two uniform draws the larger one has a density that rises in proportion.
            Law::Uniform => self.draw(stream).max(self.draw(stream)),
            Law::TruncatedNormal(law) => rounded(law.draw_length_biased(stream)).into(),
            Law::Lognormal(law) => rounded_with_a_tail(stream, |stream| law.draw_length_biased(stream)),
            Law::Gamma(law) => rounded_with_a_tail(stream, |stream| law.draw_length_biased(stream)),
            Law::Weibull(law) => rounded_with_a_tail(stream, |stream| law.draw_length_biased(stream)),
            Law::Pareto(law) => rounded_with_a_tail(stream, |stream| law.draw_length_biased(stream)),
        };
        part(length, stream.bits())
    }
}

/// Of a law whose draws stay far below 2¹⁶.
#[inline]
fn rounded(draw: f64) -> u64 {
    (draw * Law::ONE as f64 + 0.5) as u64
}

/// Of a law with a tail. 2⁸⁰ times the mean is more than any clock shows, so that the clock says so, also where the cast
/// holds no more. Apart, so that the quick families' draws stay small enough to be inlined.
#[inline(never)]
fn rounded_with_a_tail(stream: &mut Stream, draw: impl Fn(&mut Stream) -> f64) -> u128 {
    let draw = draw(stream);
    if draw < 65535.0 { rounded(draw).into() } else { (draw * Law::ONE as f64 + 0.5) as u128 }
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

//! SPEEDS and WEIGHTS: positive fractions, kept exactly.

use std::fmt;

/// A positive fraction: the speed of a worker relative to the others, or its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Speed {
    numerator: u64,
    denominator: u64,
}

impl Speed {
    /// The speed that demands are given for.
    pub const ONE: Speed = Speed { numerator: 1, denominator: 1 };
    /// Upper limit of numerator and denominator, in lowest terms.
    pub const MAX: u64 = 1_000_000;

    /// `numerator`/`denominator`; None if one of them, in lowest terms, is not from 1 to [`Speed::MAX`].
    pub fn new(numerator: u64, denominator: u64) -> Option<Self> {
        if numerator == 0 || denominator == 0 {
            return None;
        }
        let common = greatest_common_divisor(numerator, denominator);
        let (numerator, denominator) = (numerator / common, denominator / common);
        (numerator.max(denominator) <= Self::MAX).then_some(Self { numerator, denominator })
    }

    /// The fraction or decimal `text`, such as `1/3`, `2` or `0.5`; None if it is none, or out of bounds.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |text: &str| {
            (!text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse::<u64>().ok())
                .flatten()
        };
        if let Some((numerator, denominator)) = text.split_once('/') {
            return Self::new(digits(numerator)?, digits(denominator)?);
        }
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if fraction.is_empty() {
            return if text.ends_with('.') { None } else { Self::new(digits(whole)?, 1) };
        }
        digits(fraction)?;
        Self::new(digits(&format!("{whole}{fraction}"))?, 10u64.checked_pow(fraction.len() as u32)?)
    }

    /// The numerator, in lowest terms.
    pub fn numerator(self) -> u64 {
        self.numerator
    }

    /// The denominator, in lowest terms.
    pub fn denominator(self) -> u64 {
        self.denominator
    }

    /// The nearest double.
    pub fn as_f64(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// The time that a server of this speed needs for `demand_ns` \[ns\]: demand / speed, rounded up.
    #[inline]
    pub fn scale(self, demand_ns: u64) -> u64 {
        if self == Self::ONE {
            return demand_ns;
        }
        let scaled = (u128::from(demand_ns) * u128::from(self.denominator)).div_ceil(u128::from(self.numerator));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(formatter, "{}", self.numerator),
            denominator => write!(formatter, "{}/{denominator}", self.numerator),
        }
    }
}

/// As text, so that it stays exact.
#[cfg(feature = "serde")]
impl serde::Serialize for Speed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Speed {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a positive fraction")))
    }
}

/// The greatest common divisor; with 0, the other number.
pub fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_decimals_are_exact() {
        for (text, shown) in [("1", "1"), ("0.5", "1/2"), ("1/3", "1/3"), ("2.50", "5/2"), ("4/2", "2"), (".25", "1/4")]
        {
            assert_eq!(Speed::parse(text).map(|speed| speed.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "0", "0.0", "-1", "1/0", "0/1", "1e3", "1.", ".", "1/", "/2", "1.5/2", "1000001", "0.0000001"]
        {
            assert_eq!(Speed::parse(text), None, "{text}");
        }
    }

    #[test]
    fn demands_are_scaled_and_rounded_up() {
        let scaled = |text, demand| Speed::parse(text).map(|speed| speed.scale(demand));
        assert_eq!([scaled("1", 7), scaled("0.5", 7), scaled("3", 7), scaled("3", 6)], [7, 14, 3, 2].map(Some));
        assert_eq!([scaled("2/3", 1), scaled("3", 0), scaled("1/3", u64::MAX)], [2, 0, u64::MAX].map(Some));
    }
}

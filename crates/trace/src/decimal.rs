//! Decimal numbers, read exactly and cut to whole units.

/// `text` times `scale`, cut to an integer: `1.5` × 1,000,000 = 1,500,000. None if `text` is not a sequence of digits
/// with at most one point between them, or if the result is 2⁶⁴ or more.
///
/// Digits after the 19th decimal place are read and ignored: no unit here is that fine.
pub fn scaled(text: &[u8], scale: u64) -> Option<u64> {
    let (whole, fraction) = match text.iter().position(|&byte| byte == b'.') {
        None => (text, None),
        Some(point) => (&text[..point], Some(&text[point + 1..])),
    };
    let mut product = u128::from(integer(whole)?) * u128::from(scale);
    if let Some(fraction) = fraction {
        if fraction.is_empty() || !fraction.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let kept = &fraction[..fraction.len().min(19)];
        product += u128::from(integer(kept)?) * u128::from(scale) / 10u128.pow(kept.len() as u32);
    }
    u64::try_from(product).ok()
}

/// The decimal separators of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Numbers {
    /// `0.5`
    #[default]
    Point,
    /// `0,5`, and `0.5` as well.
    Comma,
}

/// Number of digits that are used: further ones are far below a nanosecond.
const DIGITS: usize = 25;

/// As [`scaled`], and also with a sign, an exponent, and a point without digits on one side: `+.5`, `1e-05`, `5.`. It
/// is truncated towards 0; results above [`i128::MAX`] become that.
pub(crate) fn freely(text: &[u8], scale: u64, numbers: Numbers) -> Option<i128> {
    exactly(text, scale, numbers).map(|(value, _)| value)
}

/// As [`freely`], and whether nothing was cut off.
fn exactly(text: &[u8], scale: u64, numbers: Numbers) -> Option<(i128, bool)> {
    let (negative, text) = match text {
        [b'-', text @ ..] => (true, text),
        [b'+', text @ ..] => (false, text),
        text => (false, text),
    };
    let (mantissa, exponent) = match memchr::memchr2(b'e', b'E', text) {
        None => (text, 0),
        Some(at) => (&text[..at], std::str::from_utf8(&text[at + 1..]).ok()?.parse::<i16>().ok()?),
    };
    let is_point = |byte: &u8| *byte == b'.' || (numbers == Numbers::Comma && *byte == b',');
    let (whole, fraction) = match mantissa.iter().position(is_point) {
        None => (mantissa, &[][..]),
        Some(point) => (&mantissa[..point], &mantissa[point + 1..]),
    };
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    let (mut value, mut kept, mut dropped, mut exact) = (0u128, 0, 0i64, true);
    for byte in whole.iter().chain(fraction) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // Leading zeros do not count.
        if kept < DIGITS {
            value = value * 10 + u128::from(digit);
            kept += usize::from(value > 0);
        } else {
            dropped += 1;
            exact &= digit == 0;
        }
    }
    // At most 10²⁵ · 3.6·10¹², which is below 2¹²⁷.
    let value = value * u128::from(scale);
    let places = i64::from(exponent) + dropped - fraction.len() as i64;
    let power = u32::try_from(places.unsigned_abs()).ok().and_then(|power| 10u128.checked_pow(power));
    let magnitude = match (value, power) {
        (0, _) => 0,
        (_, Some(power)) if places < 0 => {
            exact &= value.is_multiple_of(power);
            value / power
        }
        (_, None) if places < 0 => {
            exact = false;
            0
        }
        (_, power) => power.and_then(|power| value.checked_mul(power)).unwrap_or(u128::MAX),
    };
    let magnitude = i128::try_from(magnitude).unwrap_or(i128::MAX);
    Some((if negative { -magnitude } else { magnitude }, exact))
}

/// A whole number that may be written as a float: `8`, `8.0`, `8e0`, `+8`. None also for a negative one.
pub(crate) fn whole(text: &[u8], numbers: Numbers) -> Option<u64> {
    if let Some(integer) = integer(text) {
        return Some(integer);
    }
    exactly(text, 1, numbers).filter(|(_, exact)| *exact).and_then(|(value, _)| u64::try_from(value).ok())
}

/// An unsigned integer: digits alone, at least one.
pub fn integer(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_programs_are_read() {
        let read = |text: &str| freely(text.as_bytes(), 1_000, Numbers::Point);
        for (text, thousandths) in [
            (".5", 500),
            ("5.", 5_000),
            ("+0.5", 500),
            ("-0.0", 0),
            ("-1.5", -1_500),
            ("1e-05", 0),
            ("2.5e-01", 250),
            ("2.5E+3", 2_500_000),
            ("1e-999", 0),
            ("0e999", 0),
            ("1e999", i128::MAX),
            ("0000000000000000000000000000000000000001.5", 1_500),
            ("0.00000000000000000000000000000000000000001e41", 1_000),
        ] {
            assert_eq!(read(text), Some(thousandths), "{text}");
        }
        for wrong in ["", ".", "+", "e5", "1e", "1e5.5", "--1", "1,5", "1.5.5", "0x1", "1 ", "nan", "inf", "1_0"] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
        assert_eq!(freely(b"12,5", 1_000, Numbers::Comma), Some(12_500));
        assert_eq!(freely(b"1.234,5", 1_000, Numbers::Comma), None);
        for (text, number) in [
            ("8.0", Some(8)),
            ("8.5", None),
            ("1e3", Some(1_000)),
            ("-1", None),
            ("8,0", None),
            ("1e-13", None),
            ("10e-1", Some(1)),
        ] {
            assert_eq!(whole(text.as_bytes(), Numbers::Point), number, "{text}");
        }
        assert_eq!(whole(b"18446744073709551615", Numbers::Point), Some(u64::MAX));
    }

    #[test]
    fn decimals_are_exact_and_are_cut() {
        assert_eq!(scaled(b"0.07949090003967285", 1_000_000_000), Some(79_490_900));
        assert_eq!(scaled(b"18446744073709551615", 1), Some(u64::MAX));
        assert_eq!(scaled(b"18446744073709551616", 1), None);
        assert_eq!(scaled(b"1.99999999999999999999999999", 1), Some(1));
        assert_eq!(scaled(b"1.9999999999", 1_000_000_000), Some(1_999_999_999));
        for wrong in ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1 ", "1..2", "1.2.3", "0x1"] {
            assert_eq!(scaled(wrong.as_bytes(), 10), None, "{wrong:?}");
        }
    }
}

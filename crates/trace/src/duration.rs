//! Durations with a unit, as whole nanoseconds.

/// The units, with their length \[ns\]; a bare number is in milliseconds.
const UNITS: [(&str, u64); 9] = [
    ("", 1_000_000),
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Digits of a number that are used: further ones are far below a nanosecond.
const DIGITS: usize = 25;

const RULE: &str = "must be a duration such as 250us, 3ms, 1.5s, 5m or 1h; a bare number is in milliseconds";

/// The duration in `text`, truncated to whole nanoseconds; `u64::MAX` if it is longer than that.
///
/// # Errors
/// The rule that `text` breaks: it is not a duration, or it is above 0 and would become 0.
pub fn parse(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let scale = UNITS.iter().find(|(name, _)| *name == unit).map(|&(_, scale)| scale);
    let (product, exponent) = scale.and_then(|scale| scaled(number, scale)).ok_or(RULE)?;
    let power = 10u128.checked_pow(exponent.unsigned_abs());
    let ns = match (product, power) {
        (0, _) => return Ok(0),
        (_, Some(power)) if exponent < 0 => product / power,
        (_, None) if exponent < 0 => 0,
        (_, power) => power.and_then(|power| product.checked_mul(power)).unwrap_or(u128::MAX),
    };
    if ns == 0 {
        return Err("would become 0 ns: the shortest duration above 0 is 1 ns".to_owned());
    }
    Ok(u64::try_from(ns).unwrap_or(u64::MAX))
}

/// The number and its unit, which a space may separate.
fn split(text: &str) -> (&str, &str) {
    let is_digit = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    let digits = |text: &str| text.bytes().take_while(is_digit).count();
    let mut end = digits(text);
    let exponent = text[end..].strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    if let Some(exponent) = exponent.filter(|rest| digits(rest) > 0) {
        end = text.len() - exponent.len() + digits(exponent);
    }
    let (number, rest) = text.split_at(end);
    (number, rest.strip_prefix(' ').filter(|unit| !unit.is_empty()).unwrap_or(rest))
}

/// `number` · `scale` as an integer and an exponent of ten; None if it is not a number.
fn scaled(number: &str, scale: u64) -> Option<(u128, i32)> {
    let (mantissa, exponent) = match number.split_once(['e', 'E']) {
        None => (number, 0),
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
    };
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(whole, part)| (whole, Some(part)));
    if whole.is_empty() || fraction.is_some_and(|part| part.is_empty() || part.contains('.')) {
        return None;
    }
    let fraction = fraction.unwrap_or_default();
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    let kept = &digits[..digits.len().min(DIGITS)];
    let dropped = i32::try_from(digits.len() - kept.len()).ok()? - i32::try_from(fraction.len()).ok()?;
    let integer = if kept.is_empty() { 0 } else { kept.parse::<u128>().ok()? };
    // At most 10²⁵ · 3.6·10¹², which is below 2¹²⁸.
    Some((integer * u128::from(scale), dropped + i32::from(exponent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit_or_is_in_milliseconds() {
        for (text, ns) in [
            ("10", 10_000_000),
            ("250us", 250_000),
            ("500µs", 500_000),
            ("500\u{3bc}s", 500_000),
            ("1.5s", 1_500_000_000),
            ("5 ms", 5_000_000),
            ("5m", 300_000_000_000),
            ("1h", 3_600_000_000_000),
            ("1e-3s", 1_000_000),
            ("1.5E+2 us", 150_000),
            ("2e3", 2_000_000_000),
            ("7ns", 7),
            ("1.9999999999s", 1_999_999_999),
            ("0", 0),
            ("0.0h", 0),
            ("0e-999s", 0),
            ("1e-9s", 1),
            ("18446744073709551616ns", u64::MAX),
            ("1e9999h", u64::MAX),
            ("100000000000000000000000000000000e-32s", 1_000_000_000),
        ] {
            assert_eq!(parse(text), Ok(ns), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for wrong in [
            "", "ms", "1d", "1  ms", "1 ", " 1", "-1ms", "+1", "1msx", ".5s", "1.s", "1..2s", "1e", "1e s", "1e+-3s",
            "1e1.5s", "1_0",
        ] {
            assert_eq!(parse(wrong), Err(RULE.to_owned()), "{wrong:?}");
        }
    }

    #[test]
    fn durations_that_round_to_0_are_refused() {
        for small in ["0.9ns", "1e-10s", "0.0000001", "1e-999h"] {
            assert_eq!(
                parse(small),
                Err("would become 0 ns: the shortest duration above 0 is 1 ns".to_owned()),
                "{small}"
            );
        }
    }
}

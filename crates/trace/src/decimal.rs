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

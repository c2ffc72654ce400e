//! A fast path for rows of plain numbers. It accepts only rows that [`Field::read`] accepts too, with the same result. Other rows take the
//! exact path, which reports the error if there is one.

use crate::decimal;
use contract::Request;

use super::LINE_LIMIT;
use crate::clock::Clock;
use crate::clock::TIME_LIMIT;
use crate::field::{Field, Identity};
use crate::format::S;

/// Whether the fast path can read such a column.
pub(super) fn can_read(field: Field) -> bool {
    use Field::{Arrival, Block, Class, Client, Id, Ignored, Op, ReplySize, Service, Size};
    let is_identity = matches!(field, Client(Identity::Number) | Block(Identity::Number));
    is_identity
        || matches!(field, Id | Arrival(Clock::Unit(_)) | Service(_) | Class | Op(_) | Size | ReplySize | Ignored)
}

/// The request in the row that starts at `bytes`, and the row's length with its line break; None if the row needs the
/// exact path.
#[inline]
pub(super) fn read(columns: &[Field], separator: u8, bytes: &[u8], row: u64) -> Option<(Request, usize)> {
    let mut request = Request { id: row, service_ns: Request::TO_SAMPLE, ..Request::default() };
    let (last, others) = columns.split_last()?;
    let mut at = 0;
    for &field in others {
        at = cell(field, separator, bytes, at, &mut request)?;
        if *bytes.get(at)? != separator {
            return None;
        }
        at += 1;
    }
    at = cell(*last, separator, bytes, at, &mut request)?;
    if *bytes.get(at)? == b'\r' {
        at += 1;
    }
    // A decimal may have any length.
    (*bytes.get(at)? == b'\n' && at <= LINE_LIMIT).then_some((request, at + 1))
}

/// Writes the value of the cell at `at` into `request`, and returns the cell's end.
#[inline(always)]
fn cell(field: Field, separator: u8, bytes: &[u8], at: usize, request: &mut Request) -> Option<usize> {
    if let Field::Op(words) = field {
        let word = bytes.get(at..at + 1)?;
        request.op = words.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(word))?.1;
        return Some(at + 1);
    }
    if field == Field::Ignored {
        // A quote ends the cell too; then no valid separator follows.
        let ends = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'"') || *byte == separator;
        return Some(at + bytes[at..].iter().position(ends)?);
    }
    if matches!(field, Field::Service(_)) {
        let byte = *bytes.get(at)?;
        if byte == separator || byte == b'\r' || byte == b'\n' {
            return Some(at);
        }
    }
    let (number, end) = digits(bytes, at)?;
    match field {
        Field::Id => request.id = number,
        Field::Arrival(Clock::Unit(unit)) => return time(bytes, at, (number, end), unit, &mut request.arrival_ns),
        Field::Service(unit) => return time(bytes, at, (number, end), unit, &mut request.service_ns),
        Field::Client(_) => request.client = number.try_into().ok()?,
        Field::Class => request.class = number.try_into().ok()?,
        Field::Block(_) => request.block = number,
        Field::Size => request.size = number.try_into().ok()?,
        Field::ReplySize => request.reply_size = number.try_into().ok()?,
        _ => return None,
    }
    Some(end)
}

/// Writes a time into `ns`. The digits before the point have been read: `number`, up to `end`.
#[inline(always)]
fn time(bytes: &[u8], at: usize, (number, mut end): (u64, usize), unit: u64, ns: &mut u64) -> Option<usize> {
    *ns = if *bytes.get(end)? == b'.' {
        // Of minutes and hours, scaled() reads too few decimal places to be exact to a nanosecond.
        if unit == 1 || unit > S {
            return None;
        }
        end += 1 + bytes[end + 1..].iter().position(|byte| !byte.is_ascii_digit())?;
        decimal::scaled(&bytes[at..end], unit)?
    } else {
        number.checked_mul(unit)?
    };
    (*ns < TIME_LIMIT).then_some(end)
}

/// The 1 to 19 digits at `at`, and their end.
#[inline(always)]
fn digits(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    const POWERS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
    let (mut number, mut len) = up_to_eight(bytes.get(at..)?.first_chunk()?);
    while len % 8 == 0 {
        if len == 0 || len > 16 {
            return None;
        }
        let (part, more) = up_to_eight(bytes.get(at + len..)?.first_chunk()?);
        number = number.wrapping_mul(POWERS[more]).wrapping_add(part);
        len += more;
        if more == 0 {
            break;
        }
    }
    (len <= 19).then_some((number, at + len))
}

/// The number that the digits at the start of `bytes` make, and the number of digits; eight bytes at a time (Lemire and
/// others: "Number parsing at a gigabyte per second", 2021).
#[inline(always)]
fn up_to_eight(bytes: &[u8; 8]) -> (u64, usize) {
    const ZEROS: u64 = 0x3030_3030_3030_3030;
    // Digits become 0 to 9, and adding 0x76 leaves only their highest bit at 0; a carry does not affect the bytes
    // before it.
    let values = u64::from_le_bytes(*bytes) ^ ZEROS;
    let others = (values.wrapping_add(0x7676_7676_7676_7676) | values) & 0x8080_8080_8080_8080;
    let len = others.trailing_zeros() as usize / 8;
    // Shift zeros in before the number and the bytes after it out.
    let values = values.checked_shl(64 - 8 * len as u32).unwrap_or(0);
    let pairs = (values & 0x0f0f_0f0f_0f0f_0f0f).wrapping_mul(2_561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    ((fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_up_to_the_first_other_byte() {
        for number in (0..20).map(|places| 9_876_543_210_987_654_321 / 10u64.pow(places)) {
            for behind in [",", "\n", ".", "/", ":", "\u{ff}", "\0"] {
                let text = format!("{number}{behind}................");
                let len = number.to_string().len();
                let expected = if number == 0 { Some((0, 1)) } else { Some((number, len)) };
                assert_eq!(digits(text.as_bytes(), 0), expected, "{text}");
            }
        }
        assert_eq!(digits(b",1234567,", 0), None);
        assert_eq!(digits(b"12345678901234567890,00000000", 0), None);
        assert_eq!(digits(b"123456789012345678901234,00000000", 0), None);
        assert_eq!(digits(b"12345,7", 0), None);
    }
}

//! The fastest path through a row, for the columns that tracegen writes: it classifies digits and separators 64 bytes
//! at a time. Like [`plain`](super::plain), it accepts only rows that the exact path accepts too, and leaves all others
//! to it.

use wide::u8x64;

use contract::Request;

use crate::clock::Clock;
use crate::field::{Field, Identity};

/// Whether these are the columns `id,arrival_ns,client,op,block,size`.
pub(super) fn are_its(columns: &[Field]) -> bool {
    use Field::{Arrival, Block, Client, Id, Op, Size};
    const NUMBER: Identity = Identity::Number;
    matches!(
        columns,
        [Id, Arrival(Clock::Unit(1)), Client(NUMBER), Op(words), Block(NUMBER), Size] if words.contains(&("w", Request::WRITE))
    )
}

/// Bytes before a row in the window: the digits of a number are read as the 16 bytes that end at its end.
const BEFORE: usize = 16;
/// Bytes of a row in the window.
const ROW: usize = 64;
/// The bit of the last one.
const LAST: u64 = 1 << (ROW - 1);

/// The request in the row that starts at `at`, and the row's length with its line break; None if the row needs another
/// path. The id, the arrival and the block have at most 16 digits then, the client and the size 8.
#[inline]
pub(super) fn read(bytes: &[u8], at: usize) -> Option<(Request, usize)> {
    let window: &[u8; BEFORE + ROW] = bytes.get(at.checked_sub(BEFORE)?..)?.first_chunk()?;
    let row: &[u8; ROW] = window.last_chunk()?;
    let values = u8x64::new(*row) - u8x64::splat(b'0');
    let mut others = !values.simd_eq(values.min(u8x64::splat(9))).to_bitmask();
    // The end of each number, and the position of the letter.
    let mut next = || {
        // One bit is always set, so that counting zeros is one instruction.
        let place = (others | LAST).trailing_zeros() as usize;
        others &= others.wrapping_sub(1);
        place
    };
    let (id, arrival, client, letter, op, block, size) = (next(), next(), next(), next(), next(), next(), next());
    // Six separators, each the expected one; between them are digits, or the letter.
    let byte = |place: usize| window.get(BEFORE + place).copied();
    let commas = [byte(id)?, byte(arrival)?, byte(client)?, byte(op)?, byte(block)?];
    let strange = commas.iter().fold(byte(size)? ^ b'\n', |strange, comma| strange | (comma ^ b','));
    // Each number has digits, and not too many.
    let long = (id.wrapping_sub(1)) | (arrival.wrapping_sub(id + 2)) | (block.wrapping_sub(op + 2));
    let short = (client.wrapping_sub(arrival + 2)) | (size.wrapping_sub(block + 2));
    let apart = (letter ^ (client + 1)) | (op ^ (client + 2));
    let small = byte(letter)? | 0x20;
    let is_write = small == b'w';
    if strange != 0 || long & !15 != 0 || short & !7 != 0 || apart != 0 || !(is_write | (small == b'r')) {
        return None;
    }
    let request = Request {
        id: number(window, id, id)?,
        arrival_ns: number(window, arrival, arrival - id - 1)?,
        service_ns: Request::TO_SAMPLE,
        block: number(window, block, block - op - 1)?,
        size: digits(window, size, size - block - 1)? as u32,
        client: digits(window, client, client - arrival - 1)? as u32,
        op: if is_write { Request::WRITE } else { Request::READ },
        ..Request::default()
    };
    Some((request, size + 1))
}

/// The number of 1 to 16 digits that ends at `end` of the row.
#[inline(always)]
fn number(window: &[u8; BEFORE + ROW], end: usize, len: usize) -> Option<u64> {
    if len <= 8 {
        return digits(window, end, len);
    }
    Some(digits(window, end - 8, len - 8)? * 100_000_000 + digits(window, end, 8)?)
}

/// The number that the `len` bytes (1 to 8) before `end` of the row make, which are digits (Lemire and others: "Number
/// parsing at a gigabyte per second", 2021).
#[inline(always)]
fn digits(window: &[u8; BEFORE + ROW], end: usize, len: usize) -> Option<u64> {
    let bytes = window.get(BEFORE + end - 8..BEFORE + end)?.first_chunk()?;
    // The first digit is the lowest byte that counts; zeros replace the bytes before it.
    let values = u64::from_le_bytes(*bytes) & (0x0f0f_0f0f_0f0f_0f0f << (64 - 8 * len));
    let pairs = values.wrapping_mul(2_561) >> 8;
    let fours = (pairs & 0x00ff_00ff_00ff_00ff).wrapping_mul(6_553_601) >> 16;
    Some((fours & 0x0000_ffff_0000_ffff).wrapping_mul(42_949_672_960_001) >> 32)
}

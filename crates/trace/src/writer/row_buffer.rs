//! Requests encoded as rows or records.

use super::TraceFormat;
use contract::Request;
use failure::{At, Failure};

/// Upper limit of a row's length \[bytes\]: four columns of up to 20 digits, three of 10, one of 5, one letter and
/// separators make 125. A power of two.
const ROW_BYTES: usize = 128;

/// Bytes after a row that may be written together with it, and are overwritten by the next row.
const SPARE: usize = 20;

fn check_letters(requests: &[Request]) -> Result<(), Failure> {
    match requests.iter().find(|request| request.op > Request::WRITE) {
        None => Ok(()),
        Some(&Request { id, op, .. }) => Err(Failure::Trace {
            file: None,
            at: Some(At::Request(id)),
            rule: format!("op {op} can't be written as CSV, which has only 0 (r) and 1 (w)"),
        }),
    }
}

/// A batch of encoded requests.
#[derive(Debug, Clone)]
pub struct RowBuffer {
    format: TraceFormat,
    bytes: Vec<u8>,
    len: usize,
    pub(super) requests: u64,
    ids: Counter<1000>,
    arrivals: Counter<EIGHT_DIGITS>,
}

impl RowBuffer {
    /// An empty batch.
    pub fn new(format: TraceFormat) -> Self {
        let (ids, arrivals) = (Counter::default(), Counter::default());
        Self { format, bytes: Vec::new(), len: 0, requests: 0, ids, arrivals }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Replaces the contents with `requests`.
    ///
    /// # Errors
    /// If CSV has no letter for a request's `op`.
    pub fn fill(&mut self, requests: &[Request]) -> Result<(), Failure> {
        if !matches!(self.format, TraceFormat::Records { .. }) {
            check_letters(requests)?;
        }
        let room = requests.len() * ROW_BYTES + SPARE;
        if self.bytes.len() < room {
            self.bytes = vec![0; room];
        }
        let Self { bytes, ids, arrivals, .. } = self;
        self.len = match self.format {
            TraceFormat::Csv => rows(bytes, requests, |row, request| {
                let row = row.growing(request.id, ids).growing(request.arrival_ns, arrivals);
                let row = row.number(request.client.into(), b',').letter(request);
                row.number(request.block, b',').number(request.size.into(), b'\n')
            }),
            TraceFormat::ClassCsv => rows(bytes, requests, |row, request| {
                let row = row.growing(request.id, ids).growing(request.arrival_ns, arrivals);
                let row = row.number(request.client.into(), b',').number(request.class.into(), b',').letter(request);
                row.number(request.block, b',').number(request.size.into(), b'\n')
            }),
            TraceFormat::FullCsv => rows(bytes, requests, |row, request| {
                let row = row.growing(request.id, ids).growing(request.arrival_ns, arrivals);
                let row = row.demand(request.service_ns).number(request.client.into(), b',');
                let row = row.number(request.class.into(), b',').letter(request);
                let row = row.number(request.block, b',').number(request.size.into(), b',');
                row.number(request.reply_size.into(), b'\n')
            }),
            TraceFormat::Original => rows(bytes, requests, |row, request| {
                let row = row.growing(request.arrival_ns / 1000, arrivals);
                let row = row.number(request.client.into(), b',').letter(request);
                row.number(request.block, b',').number(request.size.into(), b'\n')
            }),
            TraceFormat::Records { .. } => {
                rows(bytes, requests, |row, request| row.put(request.to_bytes(), Request::LEN))
            }
        };
        self.requests = requests.len() as u64;
        Ok(())
    }
}

/// Writes rows with `write` to the start of `bytes`, and returns their total length.
#[inline]
fn rows(bytes: &mut [u8], requests: &[Request], mut write: impl for<'a> FnMut(Row<'a>, &Request) -> Row<'a>) -> usize {
    let mut len = 0;
    for request in requests {
        let bytes = bytes[len..].first_chunk_mut().expect("a buffer has room for its requests");
        len += write(Row { bytes, len: 0 }, request).len;
    }
    len
}

/// A row under construction, from the first byte to the last. Digits are stored three or eight at once; excess bytes
/// are overwritten by the next column. It is passed by value, so that its length stays in a register.
struct Row<'a> {
    bytes: &'a mut [u8; ROW_BYTES + SPARE],
    len: usize,
}

impl Row<'_> {
    /// Appends the first `len` of `bytes`.
    #[inline(always)]
    fn put<const N: usize>(self, bytes: [u8; N], len: usize) -> Self {
        // As an array: a copy of known length is one store, not a call. The mask changes nothing, and avoids the bounds
        // check.
        *self.bytes[self.len & (ROW_BYTES - 1)..].first_chunk_mut().expect("a row has room for its columns") = bytes;
        Self { bytes: self.bytes, len: self.len + len }
    }

    #[inline(always)]
    fn letter(self, request: &Request) -> Self {
        self.put(if request.op == Request::READ { *b"r," } else { *b"w," }, 2)
    }

    /// A number and the separator after it.
    #[inline(always)]
    fn number(self, value: u64, separator: u8) -> Self {
        self.whole(value).put([separator], 1)
    }

    /// A demand and a comma; an empty cell if it is to be sampled.
    #[inline(always)]
    fn demand(self, service_ns: u64) -> Self {
        if service_ns == Request::TO_SAMPLE { self.put([b','], 1) } else { self.number(service_ns, b',') }
    }

    /// A number that usually differs little from the one in the row above, and a comma.
    #[inline(always)]
    fn growing<const STEP: u64>(self, value: u64, counter: &mut Counter<STEP>) -> Self {
        let near = value.wrapping_sub(counter.top) < STEP;
        let row = if near { self.put(counter.digits, counter.len) } else { self.first(value, counter) };
        let low = value - counter.top;
        let row = match counter.len {
            0 => row.whole(low),
            _ if STEP == 1000 => row.three(low),
            _ => row.eight(low),
        };
        row.put([b','], 1)
    }

    /// The upper digits of a growing number, if they differ from those in the row above.
    #[inline(never)]
    fn first<const STEP: u64>(self, value: u64, counter: &mut Counter<STEP>) -> Self {
        let start = self.len;
        let row = if value < STEP { self } else { self.whole(value / STEP) };
        let digits = row.bytes[start..].first_chunk().expect("a row has room for its columns");
        *counter = Counter { top: value - value % STEP, digits: *digits, len: row.len - start };
        row
    }

    /// A number.
    #[inline(always)]
    fn whole(self, value: u64) -> Self {
        match value {
            0..1000 => self.short(value),
            1000..1_000_000 => self.short(value / 1000).three(value % 1000),
            1_000_000.. => self.long(value),
        }
    }

    /// A number below 1000.
    #[inline(always)]
    fn short(self, value: u64) -> Self {
        let three = THREE[value as usize];
        let zeros = three >> 24;
        self.put((three >> (8 * zeros)).to_le_bytes(), 3 - zeros as usize)
    }

    /// A number from 1000 on.
    #[inline(never)]
    fn long(self, value: u64) -> Self {
        if value >= EIGHT_DIGITS {
            let (top, low) = (value / EIGHT_DIGITS, value % EIGHT_DIGITS);
            return if top < 1000 { self.short(top) } else { self.long(top) }.eight(low);
        }
        let digits = digits(value);
        let zeros = digits.trailing_zeros() / 8;
        self.put(text(digits >> (8 * zeros)), 8 - zeros as usize)
    }

    /// Three digits, leading zeros too.
    #[inline(always)]
    fn three(self, value: u64) -> Self {
        self.put(THREE[value as usize].to_le_bytes(), 3)
    }

    /// Eight digits, leading zeros too.
    #[inline(always)]
    fn eight(self, value: u64) -> Self {
        self.put(text(digits(value)), 8)
    }
}

/// The part of a growing column that is the same as in the row above.
#[derive(Debug, Clone, Default)]
struct Counter<const STEP: u64> {
    /// The number, cut to a multiple of STEP.
    top: u64,
    /// The digits of top / STEP; none if it is 0.
    digits: [u8; SPARE],
    len: usize,
}

/// The digits of 000 to 999, the first one lowest, then the number of leading zeros (two for 000).
const THREE: [u32; 1000] = {
    let mut table = [0; 1000];
    let mut n = 0;
    while n < 1000 {
        let zeros = if n < 10 {
            2
        } else if n < 100 {
            1
        } else {
            0
        };
        let (hundreds, tens, ones) = (n / 100, n / 10 % 10, n % 10);
        table[n as usize] = 0x30_3030 + (hundreds | (tens << 8) | (ones << 16) | (zeros << 24));
        n += 1;
    }
    table
};

/// 10⁸.
const EIGHT_DIGITS: u64 = 100_000_000;

/// The eight digits of `value`, which is below 10⁸, the first one lowest: halves, then quarters, then single digits,
/// all of the same size at once. The multiplications divide by 100 and by 10, and are exact below 10⁴ and 100.
#[inline]
fn digits(value: u64) -> u64 {
    let halves = (value / 10_000) | ((value % 10_000) << 32);
    let quotients = ((halves * 10_486) >> 20) & 0x7f_0000_007f;
    let quarters = quotients | ((halves - quotients * 100) << 16);
    let quotients = ((quarters * 103) >> 10) & 0x000f_000f_000f_000f;
    quotients | ((quarters - quotients * 10) << 8)
}

/// The characters of the digits.
#[inline]
fn text(digits: u64) -> [u8; 8] {
    (digits | 0x3030_3030_3030_3030).to_le_bytes()
}

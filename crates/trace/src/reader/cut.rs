//! The first stage: cuts the input into blocks of whole rows.

use std::io::{self, Read};

use failure::Failure;

use crate::input::{Input, Position, Stop};
use crate::lines::{LINE_LIMIT, quotes, too_long};
use crate::location::{Location, Rows};

/// Bytes of one read.
pub(super) const BLOCK_SIZE: usize = 256 << 10;

/// Whole rows. Quoted cells of several lines are not cut. Every line has its line break; one is added if the trace's last line has none.
#[derive(Debug, Default)]
pub(super) struct Block {
    pub(super) bytes: Vec<u8>,
    /// Number of its first row in the trace, from 0: of its first line, or its first record.
    pub(super) first_row: u64,
    /// Number of its rows.
    pub(super) rows: u64,
}

/// Reads the input once, from start to end, and computes the BLAKE3 of its bytes.
pub(super) struct Cutter {
    input: Box<dyn Read + Send>,
    position: Position,
    /// Ends a read that waits.
    pub(super) stop: Option<Stop>,
    /// Whether blocks end where the input has no more bytes for now.
    is_live: bool,
    /// The separator, if cells may be quoted: then line breaks within quotes end no row.
    quoted: Option<u8>,
    /// Whether lines above the limit are cut to it, so that they are one wrong row of many.
    shortens: bool,
    block_size: usize,
    hasher: blake3::Hasher,
    bytes: u64,
    ended: bool,
    /// Why no more can be read: the error comes after the rows before it.
    failed: Option<Failure>,
    /// Bytes that were read and not yet returned in a block.
    tail: Vec<u8>,
    rows: u64,
    /// The last byte read; a line feed before the first.
    last: u8,
}

impl Cutter {
    /// Cuts `input` into blocks of about `block_size` \[bytes\].
    pub(super) fn new(input: Input, block_size: usize) -> Self {
        let Input { bytes: input, is_piped: is_live, position, stop, .. } = input;
        Self {
            input,
            position,
            stop,
            is_live,
            quoted: None,
            shortens: false,
            block_size,
            hasher: blake3::Hasher::new(),
            bytes: 0,
            ended: false,
            failed: None,
            tail: Vec::new(),
            rows: 0,
            last: b'\n',
        }
    }

    /// Cells, which `separator` divides, may be quoted, and then hold line breaks.
    pub(super) fn expect_quotes(&mut self, separator: u8) {
        self.quoted = Some(separator);
    }

    /// Lines above the limit are cut, in a way that is above the limit still. Otherwise they are an error at once, before
    /// their end is found.
    pub(super) fn shorten_long_lines(&mut self) {
        self.shortens = true;
    }

    /// Whether the input may have to be waited for.
    pub(super) fn is_live(&self) -> bool {
        self.is_live
    }

    /// Bytes of the trace read so far, decompressed.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes read so far as they are stored.
    pub(super) fn position(&self) -> u64 {
        self.position.get()
    }

    /// Rows returned so far.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Whether the input read so far ends within a line.
    pub(super) fn ends_in_a_line(&self) -> bool {
        self.last != b'\n'
    }

    /// BLAKE3 of the bytes read so far, in hexadecimal digits.
    pub(super) fn blake3(&self) -> String {
        self.hasher.finalize().to_hex().to_string()
    }

    /// Reads ahead until `enough`, or to the end.
    ///
    /// # Errors
    /// If the input can't be read so far.
    pub(super) fn peek(&mut self, location: &Location, enough: impl Fn(&[u8]) -> bool) -> Result<&[u8], Failure> {
        self.look(location, &enough);
        match &self.failed {
            Some(failed) if !enough(&self.tail) => Err(failed.clone()),
            _ => Ok(&self.tail),
        }
    }

    /// Reads ahead until `enough`, to the end, or until the input can't be read, which is reported later.
    pub(super) fn look(&mut self, location: &Location, enough: impl Fn(&[u8]) -> bool) -> &[u8] {
        let mut bytes = std::mem::take(&mut self.tail);
        while !self.ended && self.failed.is_none() && !enough(&bytes) {
            let len = bytes.len();
            self.fill(location, &mut bytes, len);
        }
        self.tail = bytes;
        &self.tail
    }

    /// Skips `len` peeked bytes, or as many as there are.
    pub(super) fn skip(&mut self, len: usize) {
        self.tail.drain(..len.min(self.tail.len()));
    }

    /// Skips the first line, which was peeked.
    pub(super) fn skip_line(&mut self) {
        self.skip(memchr::memchr(b'\n', &self.tail).map_or(usize::MAX, |end| end + 1));
    }

    /// Puts the next rows into `block`; returns false at the end.
    pub(super) fn next(&mut self, location: &Location, block: &mut Block) -> Result<bool, Failure> {
        let bytes = &mut block.bytes;
        let mut filled = self.tail.len();
        // Old bytes of the block are kept until they are overwritten: clearing the buffer would zero it for each block.
        bytes.resize(bytes.len().max(filled), 0);
        bytes[..filled].copy_from_slice(&self.tail);
        // Rows of a live trace that came with its header do not wait for more.
        let mut waits = !self.is_live || self.rows_end(location, &self.tail) == 0;
        let cut = loop {
            if waits {
                self.fill(location, bytes, filled);
            } else {
                bytes.truncate(filled);
            }
            waits = true;
            if self.ended {
                end_last_line(location, bytes);
            }
            let cut = self.rows_end(location, bytes);
            filled = bytes.len();
            if cut > 0 || self.ended {
                break cut;
            }
            // The line break may be a carriage return that was read and a line feed that was not.
            let may_be_long = matches!(location.rows, Rows::Lines { .. }) && filled > LINE_LIMIT + 1;
            let is_long = may_be_long && memchr::memchr(b'\n', bytes).is_none();
            // The line comes before what can't be read.
            if is_long && !self.shortens {
                return Err(location.at(self.rows, &too_long()));
            }
            if let Some(failed) = &self.failed {
                return Err(failed.clone());
            }
            if is_long {
                filled = LINE_LIMIT + 2;
            }
        };
        if let (0, 1.., Rows::Records { len }) = (cut, filled, location.rows) {
            return Err(location.at(self.rows, &format!("the file is cut short ({filled} of {len} bytes)")));
        }
        self.tail.clear();
        self.tail.extend_from_slice(&bytes[cut..]);
        bytes.truncate(cut);
        block.first_row = self.rows;
        block.rows = match location.rows {
            Rows::Lines { .. } => memchr::memchr_iter(b'\n', bytes).count() as u64,
            Rows::Records { len } => (cut / len) as u64,
        };
        self.rows += block.rows;
        Ok(cut > 0)
    }

    /// The end of the last whole row in `bytes`, which start with a row.
    fn rows_end(&self, location: &Location, bytes: &[u8]) -> usize {
        match location.rows {
            Rows::Lines { .. } if self.ended => bytes.len(),
            Rows::Lines { .. } => last_row_end(bytes, self.quoted),
            Rows::Records { len } => bytes.len() / len * len,
        }
    }

    /// Reads after the first `from` bytes of `bytes`, up to a block's size or to the end; of a live trace, what is there.
    fn fill(&mut self, location: &Location, bytes: &mut Vec<u8>, from: usize) {
        bytes.resize(from + self.block_size, 0);
        let mut end = from;
        while end < bytes.len() && !self.ended && self.failed.is_none() {
            match self.input.read(&mut bytes[end..]) {
                Ok(0) => self.ended = true,
                Ok(read) => end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.failed = Some(location.reading(&error)),
            }
            if self.is_live {
                break;
            }
        }
        bytes.truncate(end);
        self.hasher.update(&bytes[from..]);
        self.last = bytes[from..].last().copied().unwrap_or(self.last);
        self.bytes += (end - from) as u64;
    }
}

/// The end of the last row in `bytes`, which start with a row. `quoted`: the separator, if cells may be quoted.
fn last_row_end(bytes: &[u8], quoted: Option<u8>) -> usize {
    let last = memchr::memrchr(b'\n', bytes).map_or(0, |end| end + 1);
    let Some(separator) = quoted.filter(|_| memchr::memchr(b'"', bytes).is_some()) else { return last };
    let mut end = 0;
    while let Some(len) = quotes::row_len(separator, &bytes[end..]) {
        end += len;
    }
    end
}

/// Adds the line break of the trace's last line. A final carriage return stays a stray one, which ends no line.
fn end_last_line(location: &Location, bytes: &mut Vec<u8>) {
    if matches!(location.rows, Rows::Lines { .. }) {
        match bytes.last() {
            None | Some(b'\n') => {}
            Some(b'\r') => bytes.extend_from_slice(b"\r\n"),
            Some(_) => bytes.push(b'\n'),
        }
    }
}

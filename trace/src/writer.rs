//! Writes requests as a trace: CSV for people and files, records for programs.

use std::io::{self, Write};

use crate::{Failure, NONE, Request, RequestHeader};

/// Bytes that a CSV row takes at most: four columns of up to 20 digits, three of 10, one of 5, one letter, separators.
const ROW: usize = 4 * 20 + 3 * 10 + 5 + 1 + 9;

/// Requests that are formatted together, and then written at once.
const PIECE: usize = 2048;

/// What a trace is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFormat {
    /// CSV as tracegen writes it: no demands, so that whoever reads it draws them.
    Csv,
    /// CSV with every column, demands included; flags have none.
    FullCsv,
    /// The original generator's five columns without a header: arrival \[µs, cut\], system 0, `r` or `w`, block, size.
    Original,
    /// A header and 48-byte records.
    Records {
        /// Requests that will be written; [`NONE`] = not known beforehand.
        requests: u64,
    },
}

impl TraceFormat {
    /// The first bytes of a trace.
    fn start(self) -> Vec<u8> {
        match self {
            TraceFormat::Csv => b"id,arrival_ns,client,op,block,size\n".to_vec(),
            TraceFormat::FullCsv => b"id,arrival_ns,service_ns,client,class,op,block,size,reply_size\n".to_vec(),
            TraceFormat::Original => Vec::new(),
            TraceFormat::Records { requests } => RequestHeader::new(requests).to_bytes().to_vec(),
        }
    }
}

/// Writes a trace to `W`, 2,048 requests at once where it is given so many. The order and the values of requests are the
/// caller's to keep.
#[derive(Debug)]
pub struct TraceWriter<W> {
    to: W,
    format: TraceFormat,
    piece: Piece,
    written: u64,
}

impl<W: Write> TraceWriter<W> {
    /// Starts a trace.
    ///
    /// # Errors
    /// Where `to` does.
    pub fn new(mut to: W, format: TraceFormat) -> io::Result<Self> {
        to.write_all(&format.start())?;
        Ok(Self { to, format, piece: Piece::new(), written: 0 })
    }

    /// Writes the next requests.
    ///
    /// # Errors
    /// Where `to` does; [`Failure::Trace`] where CSV has no letter for a request's `op`.
    pub fn write(&mut self, requests: &[Request]) -> anyhow::Result<()> {
        if !matches!(self.format, TraceFormat::Records { .. }) {
            check_letters(requests)?;
        }
        for requests in requests.chunks(PIECE) {
            self.piece.clear();
            for request in requests.iter().rev() {
                match self.format {
                    TraceFormat::Csv => self.piece.native(request),
                    TraceFormat::FullCsv => self.piece.full(request),
                    TraceFormat::Original => self.piece.original(request),
                    TraceFormat::Records { .. } => self.piece.put(&request.to_bytes()),
                }
            }
            self.to.write_all(self.piece.bytes())?;
            self.written += requests.len() as u64;
        }
        Ok(())
    }

    /// Flushes, and gives `to` back.
    ///
    /// # Errors
    /// Where `to` does; [`Failure::Host`] where records' header announced another number of requests.
    pub fn finish(mut self) -> anyhow::Result<W> {
        if let TraceFormat::Records { requests } = self.format
            && requests != NONE
            && requests != self.written
        {
            let text = format!("a trace of {requests} requests was begun, {} were written", self.written);
            return Err(Failure::Host(text).into());
        }
        self.to.flush()?;
        Ok(self.to)
    }
}

fn check_letters(requests: &[Request]) -> Result<(), Failure> {
    match requests.iter().find(|request| request.op > Request::WRITE) {
        None => Ok(()),
        Some(Request { id, op, .. }) => {
            Err(Failure::Trace(format!("request {id}: op {op} is neither 0 (r) nor 1 (w), and CSV has no other")))
        }
    }
}

/// Requests as they are written, built from the last byte to the first: so no number needs its digits counted before, and
/// nothing is copied twice.
#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    start: usize,
}

impl Piece {
    fn new() -> Self {
        Self { bytes: vec![0; PIECE * ROW], start: PIECE * ROW }
    }

    fn clear(&mut self) {
        self.start = self.bytes.len();
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// id,arrival_ns,client,op,block,size
    fn native(&mut self, request: &Request) {
        self.column(u64::from(request.size), b'\n');
        self.column(request.block, b',');
        self.letter(request);
        self.column(u64::from(request.client), b',');
        self.column(request.arrival_ns, b',');
        self.column(request.id, b',');
    }

    /// id,arrival_ns,service_ns,client,class,op,block,size,reply_size
    fn full(&mut self, request: &Request) {
        self.column(u64::from(request.reply_size), b'\n');
        self.column(u64::from(request.size), b',');
        self.column(request.block, b',');
        self.letter(request);
        self.column(u64::from(request.class), b',');
        self.column(u64::from(request.client), b',');
        self.column(request.service_ns, b',');
        self.column(request.arrival_ns, b',');
        self.column(request.id, b',');
    }

    /// arrival in µs,0,op,block,size
    fn original(&mut self, request: &Request) {
        self.column(u64::from(request.size), b'\n');
        self.column(request.block, b',');
        self.letter(request);
        self.put(b"0,");
        self.column(request.arrival_ns / 1000, b',');
    }

    #[inline]
    fn letter(&mut self, request: &Request) {
        self.put(if request.op == Request::READ { b"r," } else { b"w," });
    }

    /// A number and what separates it from the next one.
    #[inline]
    fn column(&mut self, mut value: u64, separator: u8) {
        self.put(&[separator]);
        while value >= 100 {
            self.put(&PAIRS[(value % 100) as usize]);
            value /= 100;
        }
        if value >= 10 {
            self.put(&PAIRS[value as usize]);
        } else {
            self.put(&[b'0' + value as u8]);
        }
    }

    #[inline]
    fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.start -= N;
        // As an array: a copy of known length is one store, not a call.
        *self.bytes[self.start..].first_chunk_mut().expect("a piece has room for its requests") = *bytes;
    }
}

/// `00` to `99`.
const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[0; 2]; 100];
    let mut n = 0;
    while n < 100 {
        pairs[n] = [b'0' + n as u8 / 10, b'0' + n as u8 % 10];
        n += 1;
    }
    pairs
};

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

//! Writes requests as a trace: CSV for people and files, records for programs.

mod row_buffer;

use std::io::{self, Write};

pub use row_buffer::RowBuffer;

use contract::{NONE, Request, RequestHeader};
use failure::Failure;

/// Requests that are formatted together, and then written at once.
const BATCH_REQUESTS: usize = 2048;

/// What a trace is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFormat {
    /// CSV as tracegen writes it: no demands, so that whoever reads it samples them.
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
    buffer: RowBuffer,
    written: u64,
}

impl<W: Write> TraceWriter<W> {
    /// Starts a trace.
    ///
    /// # Errors
    /// Where `to` does.
    pub fn new(mut to: W, format: TraceFormat) -> io::Result<Self> {
        to.write_all(&format.start())?;
        Ok(Self { to, format, buffer: RowBuffer::new(format), written: 0 })
    }

    /// Writes the next requests.
    ///
    /// # Errors
    /// Where `to` does; [`Failure::Trace`] where CSV has no letter for a request's `op`.
    pub fn write(&mut self, requests: &[Request]) -> anyhow::Result<()> {
        for requests in requests.chunks(BATCH_REQUESTS) {
            self.buffer.fill(requests)?;
            self.to.write_all(self.buffer.bytes())?;
            self.written += requests.len() as u64;
        }
        Ok(())
    }

    /// Writes the next requests, which are in `buffer`, of the same format.
    ///
    /// # Errors
    /// Where `to` does.
    pub fn write_rows(&mut self, buffer: &RowBuffer) -> io::Result<()> {
        self.written += buffer.requests;
        self.to.write_all(buffer.bytes())
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
            return Err(Failure::host(text).into());
        }
        self.to.flush()?;
        Ok(self.to)
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

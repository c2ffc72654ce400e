//! Writes requests as a trace: CSV for spreadsheets and other tools, records for programs.

mod row_buffer;

use std::io::{self, Write};

pub use row_buffer::RowBuffer;

use contract::{Request, RequestHeader};
use failure::Failure;

/// Requests that are formatted together and written at once.
const BATCH_REQUESTS: usize = 2048;

/// The format of a written trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceFormat {
    /// CSV as tracegen writes it: without demands, so that its reader samples them.
    Csv,
    /// The same with the requests' classes.
    ClassCsv,
    /// CSV with every column, demands included, but not flags. The cell of a demand that is [`Request::TO_SAMPLE`] is empty.
    FullCsv,
    /// The original generator's five columns without a header: arrival \[µs, cut\], client, `r` or `w`, block, size.
    Original,
    /// A header and 48-byte records.
    Records {
        /// Requests that will be written, or [`RequestHeader::UNKNOWN`].
        requests: u64,
    },
}

impl TraceFormat {
    /// The first bytes of a trace.
    fn start(self) -> Vec<u8> {
        match self {
            TraceFormat::Csv => b"# origin_ns=0\nid,arrival_ns,client,op,block,size\n".to_vec(),
            TraceFormat::ClassCsv => b"# origin_ns=0\nid,arrival_ns,client,class,op,block,size\n".to_vec(),
            TraceFormat::FullCsv => {
                b"# origin_ns=0\nid,arrival_ns,service_ns,client,class,op,block,size,reply_size\n".to_vec()
            }
            TraceFormat::Original => Vec::new(),
            TraceFormat::Records { requests } => RequestHeader::new(requests).to_bytes().to_vec(),
        }
    }
}

/// Writes a trace to `W`, in batches of up to 2,048 requests. The caller is responsible for the order and the values of
/// requests.
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
    /// If writing to `to` fails.
    pub fn new(mut to: W, format: TraceFormat) -> io::Result<Self> {
        to.write_all(&format.start())?;
        Ok(Self { to, format, buffer: RowBuffer::new(format), written: 0 })
    }

    /// Writes the next requests.
    ///
    /// # Errors
    /// If writing to `to` fails; [`Failure::Trace`] if CSV has no letter for a request's `op`.
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
    /// If writing to `to` fails.
    pub fn write_rows(&mut self, buffer: &RowBuffer) -> io::Result<()> {
        self.written += buffer.requests;
        self.to.write_all(buffer.bytes())
    }

    /// Flushes and returns `to`.
    ///
    /// # Errors
    /// If writing to `to` fails; [`Failure::Host`] if the header of records declared another number of requests.
    pub fn finish(mut self) -> anyhow::Result<W> {
        if let TraceFormat::Records { requests } = self.format
            && requests != RequestHeader::UNKNOWN
            && requests != self.written
        {
            let text = format!("the header declares {requests} requests, but {} were written", self.written);
            return Err(Failure::host(text).into());
        }
        self.to.flush()?;
        Ok(self.to)
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;

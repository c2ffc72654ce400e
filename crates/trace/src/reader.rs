//! Reads a trace of any format as requests.
//!
//! Three stages: cut the input into blocks of whole rows; decode a block, which is a pure function, so that several
//! threads may do it; put the requests in sequence, check their order and subtract the origin of time.

mod cut;
mod decode;
mod field;
mod formats;
mod location;
mod open;
mod parse;
mod plain;
mod row;
mod sequence;
mod sort;
mod tracegen_row;

#[cfg(test)]
mod tests;

use crate::ordered;
use contract::Request;
use failure::Failure;
use random::demand::Demands;

pub use cut::LINE_LIMIT;
pub use sort::SORT_LIMIT;

use location::Rows;
use parse::Parsed;

/// Number of ignored columns that are listed.
const IGNORED_SHOWN: usize = 20;

/// The flags of every program that reads a trace.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct ReadFlags {
    /// The trace's format.
    #[arg(long, value_name = "NAME", help = format!("The trace's format, instead of recognising it: {}", formats::names()))]
    pub trace_format: Option<String>,
    /// Sort the trace by arrival and number its requests anew
    #[arg(long)]
    pub sort: bool,
    /// Start the trace at 0: count its times from the first arrival
    #[arg(long)]
    pub rebase: bool,
}

/// A trace that is being read. Memory is bounded for any length, except with `--sort`.
pub struct TraceReader {
    location: location::Location,
    format: &'static formats::Format,
    /// Size of the file \[bytes\], if it is a file.
    size: Option<u64>,
    /// Whether the input is not a regular file. If its writer stops early, the trace looks complete.
    is_piped: bool,
    /// The number of requests in the header of records.
    declared: Option<u64>,
    demands: Demands,
    cutter: cut::Cutter,
    decoder: decode::Decoder,
    sequencer: sequence::Sequencer,
    sampled: u64,
    /// With `--sort`: the largest number of requests that may be held.
    sort_limit: Option<usize>,
}

/// A summary of a trace, complete after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceSummary {
    /// Name of its format.
    pub format: &'static str,
    /// BLAKE3 of all its bytes, in hexadecimal digits.
    pub blake3: String,
    /// Its length \[bytes\].
    pub bytes: u64,
    /// Number of its requests.
    pub requests: u64,
    /// Number of demands that were sampled because the trace does not give them.
    pub sampled: u64,
    /// The offset that was subtracted from each arrival, so that the first is 0 \[ns\]; 0 if the trace's own origin was
    /// kept.
    pub offset_ns: i64,
}

impl TraceReader {
    /// Reads the trace to its end. `each` receives all its requests, in order and in batches, with the position that
    /// was read \[bytes\]. Each request is complete, including its demand. Several threads read rows at once.
    ///
    /// # Errors
    /// [`Failure::Trace`], with file and line, if a row does not follow the format, ids do not increase, arrivals
    /// decrease, or the trace is cut short; `each` has received the blocks before. [`Failure::Limit`] if `--sort` would
    /// hold more than [`SORT_LIMIT`]. [`Failure::Host`] if the file can't be read. Any error of `each`.
    pub fn read<E: From<Failure> + Send>(
        &mut self,
        each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        self.read_with_threads(ordered::threads(), each)
    }

    fn read_with_threads<E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        mut each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        if let Some(limit) = self.sort_limit {
            return self.read_sorted(threads, limit, each);
        }
        let Self { location, cutter, decoder, demands, sequencer, sampled, .. } = self;
        let complete = |requests: &mut [Request]| decode::complete(demands, requests);
        parse::parse(location, cutter, decoder, threads, complete, |parsed| {
            let Parsed { requests, decoded, completed, bytes } = parsed;
            *sampled += completed.sampled;
            // Rows before a wrong one are checked first, so that the first error in the file is reported.
            sequencer.pass(location, requests, completed.in_order)?;
            decoded.map_err(|wrong| location.at(wrong.row, &wrong.rule))?;
            each(requests, bytes)
        })?;
        Ok(self.check_count()?)
    }

    /// For commands that need requests: fails if the trace had none. Call it after its end.
    ///
    /// # Errors
    /// [`Failure::Trace`] if it had none.
    pub fn expect_requests(&self) -> Result<(), Failure> {
        if self.sequencer.requests() == 0 { Err(self.location.whole("the trace has no requests")) } else { Ok(()) }
    }

    /// Its name in errors.
    pub fn name(&self) -> &str {
        &self.location.name
    }

    /// Name of the trace's format.
    pub fn format(&self) -> &'static str {
        self.format.name
    }

    /// Whether the trace has the blocks that requests address; records always have.
    pub fn has_blocks(&self) -> bool {
        self.has(|field| matches!(field, field::Field::Block | field::Field::BlockName))
    }

    /// Whether the trace distinguishes reads and writes; records always do.
    pub fn has_ops(&self) -> bool {
        self.has(|field| matches!(field, field::Field::Op(_)))
    }

    /// Whether the trace has demands; some cells of a CSV may be empty all the same.
    pub fn has_service(&self) -> bool {
        self.has(|field| matches!(field, field::Field::Service(_) | field::Field::Duration(_)))
    }

    /// Size of the input \[bytes\], if it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Remarks on the trace for the user, one line each; complete after its end.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let decode::Decoder::Lines(row) = &self.decoder {
            let mut ignored = row.ignored();
            let more = ignored.len().saturating_sub(IGNORED_SHOWN);
            ignored.truncate(IGNORED_SHOWN);
            if !ignored.is_empty() {
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                remarks.push(format!("{}: ignored columns: {}{more}", self.location.name, ignored.join(", ")));
            }
        }
        if let Some((first_ns, last_ns)) = self.sequencer.first_and_last_ns() {
            let first_ns = first_ns - self.sequencer.offset_ns();
            let length_ns = last_ns - self.sequencer.offset_ns() - first_ns;
            if first_ns > length_ns {
                remarks.push(format!(
                    "{}: the first arrival ({first_ns} ns) is larger than the length of the trace ({length_ns} ns); \
                     --rebase starts it at 0",
                    self.location.name
                ));
            }
        }
        if let (true, true, Rows::Lines { first }) = (self.is_piped, self.cutter.ends_in_a_line(), self.location.rows) {
            remarks.push(format!(
                "{}:{}: the pipe ended without a line break after this line, which may have been cut short",
                self.location.name,
                // Without rows, the last line is the header.
                first + self.cutter.rows() - 1
            ));
        }
        remarks
    }

    /// The summary of the trace; complete after its end.
    pub fn summary(&self) -> TraceSummary {
        TraceSummary {
            format: self.format.name,
            blake3: self.cutter.blake3(),
            bytes: self.cutter.bytes(),
            requests: self.sequencer.requests(),
            sampled: self.sampled,
            offset_ns: self.sequencer.offset_ns(),
        }
    }

    fn has(&self, wanted: impl Fn(field::Field) -> bool) -> bool {
        match &self.decoder {
            decode::Decoder::Lines(row) => row.fields().any(wanted),
            decode::Decoder::Records { .. } => true,
        }
    }

    /// Compares the number of requests with the header, at the end.
    fn check_count(&self) -> Result<(), Failure> {
        let requests = self.cutter.rows();
        let Some(declared) = self.declared.filter(|&declared| declared != requests) else { return Ok(()) };
        let how = if requests < declared { "is cut short" } else { "is too long" };
        Err(self.location.whole(&format!("the file {how}: {requests} requests, but its header declares {declared}")))
    }
}

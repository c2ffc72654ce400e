//! Reads a trace, of whatever format, as requests.
//!
//! Three stages: cut the bytes into blocks of whole rows; decode a block (a pure function, so that several threads may do
//! it); put the requests in sequence, where order is checked and the time's origin moved.

mod cut;
mod decode;
mod field;
mod formats;
mod open;
mod parse;
mod place;
mod plain;
mod row;
mod sequence;
mod sort;
mod tracegen_row;

#[cfg(test)]
mod tests;

use crate::turns;
use contract::Request;
use failure::Failure;
use random::demand::Demands;

pub use cut::LINE_LIMIT;
pub use sort::SORT_LIMIT;

use parse::Parsed;
use place::Rows;

/// How many ignored columns are named.
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

/// A trace that is being read. Memory is bounded, however long it is, but for `--sort`.
pub struct TraceReader {
    place: place::Place,
    format: &'static formats::Format,
    /// Size of the file \[bytes\], where it is one.
    size: Option<u64>,
    /// It comes from no regular file: where its writer breaks off, it ends as if it were whole.
    is_piped: bool,
    /// What a header of records promised.
    promised: Option<u64>,
    demands: Demands,
    cutter: cut::Cutter,
    decoder: decode::Decoder,
    sequencer: sequence::Sequencer,
    sampled: u64,
    /// `--sort`, and how many requests it holds at most.
    sort_limit: Option<usize>,
}

/// What a trace was, complete after its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Name of its format.
    pub format: &'static str,
    /// BLAKE3 of all its bytes, in hexadecimal digits.
    pub blake3: String,
    /// Its length \[bytes\].
    pub bytes: u64,
    /// How many requests it holds.
    pub requests: u64,
    /// How many of their demands were sampled, because the trace does not give them.
    pub sampled: u64,
    /// What was taken off each arrival, so that the first is 0 \[ns\]; 0 where the trace's own origin was kept.
    pub offset_ns: i64,
}

impl TraceReader {
    /// Reads the trace to its end. `each` gets all its requests, some at a time and in their order, and how far it is read
    /// \[bytes\]. Each request is complete, its demand too. Rows are read by several threads at once.
    ///
    /// # Errors
    /// Where a row is not what the format says, ids do not increase, arrivals go back, the trace is cut short
    /// ([`Failure::Trace`], with file and line), once `each` got the blocks before; where `--sort` would hold more
    /// than [`SORT_LIMIT`] ([`Failure::Limit`]); where the file can't be read on ([`Failure::Host`]); what `each` fails with.
    pub fn read<E: From<Failure> + Send>(
        &mut self,
        each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        self.read_on(turns::threads(), each)
    }

    fn read_on<E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        mut each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        if let Some(limit) = self.sort_limit {
            return self.read_sorted(threads, limit, each);
        }
        let Self { place, cutter, decoder, demands, sequencer, sampled, .. } = self;
        let complete = |requests: &mut [Request]| decode::complete(demands, requests);
        parse::parse(place, cutter, decoder, threads, complete, |parsed| {
            let Parsed { requests, decoded, completed, bytes } = parsed;
            *sampled += completed.sampled;
            // Rows before a wrong one come first here too, so that the first thing wrong in the file is what is said.
            sequencer.pass(place, requests, completed.in_order)?;
            decoded.map_err(|wrong| place.at(wrong.row, &wrong.rule))?;
            each(requests, bytes)
        })?;
        Ok(self.check_count()?)
    }

    /// For whom a trace without requests is a mistake: whether it had any; known after its end.
    ///
    /// # Errors
    /// [`Failure::Trace`] where it had none.
    pub fn expect_requests(&self) -> Result<(), Failure> {
        if self.sequencer.requests() == 0 { Err(self.place.whole("the trace has no requests")) } else { Ok(()) }
    }

    /// Its name in errors.
    pub fn name(&self) -> &str {
        &self.place.name
    }

    /// Name of the trace's format.
    pub fn format(&self) -> &'static str {
        self.format.name
    }

    /// Whether the trace says which block a request addresses; records always do.
    pub fn has_blocks(&self) -> bool {
        self.has(|field| matches!(field, field::Field::Block | field::Field::BlockName))
    }

    /// Whether the trace says which requests read and which write; records always do.
    pub fn has_ops(&self) -> bool {
        self.has(|field| matches!(field, field::Field::Op(_)))
    }

    /// Whether the trace brings demands of its own; some of a CSV's may be empty all the same.
    pub fn has_service(&self) -> bool {
        self.has(|field| matches!(field, field::Field::Service(_) | field::Field::Duration(_)))
    }

    /// How long it is, where that is known \[bytes\].
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// What to tell the user about the trace, a line each; complete after its end.
    pub fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let decode::Decoder::Lines(row) = &self.decoder {
            let mut ignored = row.ignored();
            let more = ignored.len().saturating_sub(IGNORED_SHOWN);
            ignored.truncate(IGNORED_SHOWN);
            if !ignored.is_empty() {
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                remarks.push(format!("{}: ignored columns: {}{more}", self.place.name, ignored.join(", ")));
            }
        }
        if let Some((first_ns, last_ns)) = self.sequencer.ends_ns() {
            let first_ns = first_ns - self.sequencer.offset_ns();
            let length_ns = last_ns - self.sequencer.offset_ns() - first_ns;
            if first_ns > length_ns {
                remarks.push(format!(
                    "{}: the first arrival ({first_ns} ns) is later than the trace is long ({length_ns} ns); \
                     --rebase starts it at 0",
                    self.place.name
                ));
            }
        }
        if let (true, true, Rows::Lines { first }) = (self.is_piped, self.cutter.ends_in_a_line(), self.place.rows) {
            remarks.push(format!(
                "{}:{}: the pipe ended before this line's break; the line is taken as it is, and may have been cut short",
                self.place.name,
                // Where there are no rows, it is the header.
                first + self.cutter.rows() - 1
            ));
        }
        remarks
    }

    /// What the trace was; complete after its end.
    pub fn summary(&self) -> Summary {
        Summary {
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

    /// At the end: whether there were as many requests as the header promised.
    fn check_count(&self) -> Result<(), Failure> {
        let requests = self.cutter.rows();
        let Some(promised) = self.promised.filter(|&promised| promised != requests) else { return Ok(()) };
        let how = if requests < promised { "is cut short" } else { "holds too many" };
        Err(self.place.whole(&format!("the file {how}: {requests} requests where its header says {promised}")))
    }
}

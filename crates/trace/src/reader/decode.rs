//! The second stage: a block's rows become requests. It is a pure function of the block and its first row's number.

use contract::{NONE, Request};
use random::demand::Demands;

use super::cut::Block;
use super::field::TIME_LIMIT;
use super::row::Row;

/// Makes requests of a trace's rows.
#[derive(Debug)]
pub(super) enum Decoder {
    /// Lines of cells.
    Lines(Row),
    /// Records of `len` bytes.
    Records { len: usize },
}

/// The first row of a block that can't be read: its number in the trace, and the rule that it breaks.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) row: u64,
    pub(super) rule: String,
}

impl Decoder {
    /// Appends the requests of `block`, up to the first row that is wrong. Their arrivals may be negative (two's
    /// complement); their demands are [`NONE`] where the trace does not give them.
    pub(super) fn decode(&self, block: &Block, requests: &mut Vec<Request>) -> Result<(), Wrong> {
        match self {
            Decoder::Lines(row) => lines(row, block, requests),
            Decoder::Records { len } => records(*len, block, requests),
        }
    }
}

fn lines(columns: &Row, block: &Block, requests: &mut Vec<Request>) -> Result<(), Wrong> {
    let bytes = block.bytes.as_slice();
    let (mut at, mut row) = (0, block.first_row);
    while at < bytes.len() {
        let (request, len) = match columns.read_quickly(bytes, at, row) {
            Some(read) => read,
            None => {
                let len = memchr::memchr(b'\n', &bytes[at..]).unwrap_or(bytes.len() - at);
                (columns.read(&bytes[at..at + len], row).map_err(|rule| Wrong { row, rule })?, len + 1)
            }
        };
        requests.push(request);
        at += len;
        row += 1;
    }
    Ok(())
}

fn records(len: usize, block: &Block, requests: &mut Vec<Request>) -> Result<(), Wrong> {
    for (row, record) in (block.first_row..).zip(block.bytes.chunks_exact(len)) {
        let request = Request::from_bytes(record);
        for (name, time) in [("arrival_ns", request.arrival_ns), ("service_ns", request.service_ns)] {
            if time >= TIME_LIMIT {
                return Err(Wrong { row, rule: format!("{name} {time} is not below 2^62 ns") });
            }
        }
        requests.push(request);
    }
    Ok(())
}

/// What is known of a block's requests before it is their turn.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Completed {
    /// How many of their demands were sampled.
    pub(super) sampled: u64,
    /// Whether ids increase and arrivals do not go back among them, nor lie before 0.
    pub(super) in_order: bool,
}

/// Samples the demands that the trace does not give, and looks whether the requests are in order.
pub(super) fn complete(demands: &Demands, requests: &mut [Request]) -> Completed {
    let mut completed = Completed { sampled: 0, in_order: true };
    let mut last: Option<(u64, i64)> = None;
    for request in requests {
        if request.service_ns == NONE {
            request.service_ns = demands.sample(request.id);
            completed.sampled += 1;
        }
        let (id, arrival_ns) = (request.id, request.arrival_ns as i64);
        completed.in_order &=
            last.is_none_or(|(last_id, last_ns)| last_id < id && last_ns <= arrival_ns) & (arrival_ns >= 0);
        last = Some((id, arrival_ns));
    }
    completed
}

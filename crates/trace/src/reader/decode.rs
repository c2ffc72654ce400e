//! The second stage: decodes a block's rows into requests, a pure function of the block and its first row's number.

use contract::Request;
use random::demand::Demands;

use super::cut::Block;
use super::field::TIME_LIMIT;
use super::row::Row;

/// Decodes rows into requests.
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
    /// Appends the requests of `block`, up to the first wrong row. Arrivals may be negative (two's complement); demands
    /// are [`Request::TO_SAMPLE`] if the trace does not give them.
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

/// Properties of a block's requests that do not depend on the blocks before.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Completed {
    /// Number of demands that were sampled.
    pub(super) sampled: u64,
    /// Whether ids increase and arrivals do not decrease among them, and none is negative.
    pub(super) in_order: bool,
}

/// Samples the demands that the trace does not give, and checks whether the requests are in order.
pub(super) fn complete(demands: &Demands, requests: &mut [Request]) -> Completed {
    let mut completed = Completed { sampled: 0, in_order: true };
    let mut last: Option<(u64, i64)> = None;
    for request in requests {
        if request.service_ns == Request::TO_SAMPLE {
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

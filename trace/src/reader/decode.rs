//! The second stage: a block's rows become requests. It is a pure function of the block and its first row's number.

use crate::demand::Demands;
use crate::{NONE, Request};

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
    let mut rest = block.bytes.as_slice();
    let mut row = block.first_row;
    while !rest.is_empty() {
        while let Some((request, len)) = columns.read_plain(rest, row) {
            requests.push(request);
            rest = &rest[len..];
            row += 1;
        }
        let Some(end) = memchr::memchr(b'\n', rest) else { break };
        requests.push(columns.read(&rest[..end], row).map_err(|rule| Wrong { row, rule })?);
        rest = &rest[end + 1..];
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

/// Draws the demands that the trace does not give, and tells how many.
pub(super) fn draw(demands: &Demands, requests: &mut [Request]) -> u64 {
    let mut drawn = 0;
    for request in requests.iter_mut().filter(|request| request.service_ns == NONE) {
        request.service_ns = demands.draw(request.id);
        drawn += 1;
    }
    drawn
}

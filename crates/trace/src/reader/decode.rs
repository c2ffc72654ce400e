//! The second stage: decodes a block's rows into requests, a pure function of the block and its first row's number.

use std::collections::BTreeMap;

use contract::Request;
use random::demand::Demands;

use super::cut::Block;
use crate::cells::Cells;
use crate::clock::TIME_LIMIT;
use crate::lines::{Defect, Lines};

/// Rows at the start of a trace whose defects are reported together.
pub(super) const FIRST_ROWS: u64 = 1_000;

/// Different reasons that are counted one by one.
const REASONS: usize = 50;

/// How rows become requests.
#[derive(Debug)]
pub(super) enum Rows {
    /// Lines of cells.
    Lines(Lines),
    /// Records of the contract, of `len` bytes.
    Records { len: usize },
    /// Records of another format.
    Fixed { len: usize, read: fn(&[u8]) -> Result<Request, String> },
}

/// Decodes rows into requests.
#[derive(Debug)]
pub(super) struct Decoder {
    pub(super) rows: Rows,
    /// Whether rows that can't be used are skipped and counted.
    pub(super) skip_bad_rows: bool,
}

/// What is not a request in a block.
#[derive(Debug, Default)]
pub(super) struct Defects {
    /// Without --skip-bad-rows: the wrong rows with their numbers; the first, and those of the first rows of the trace.
    pub(super) wrong: Vec<(u64, Defect)>,
    /// With --skip-bad-rows: the number of rows by reason.
    pub(super) skipped: BTreeMap<String, u64>,
    /// The number of rows that are no requests by the rules of the format.
    pub(super) no_requests: u64,
}

/// Adds `rows` skipped for `reason`; beyond a number of reasons, those of new ones are added up.
pub(super) fn count(skipped: &mut BTreeMap<String, u64>, reason: String, rows: u64) {
    let is_new = !skipped.contains_key(&reason);
    let reason = if is_new && skipped.len() >= REASONS { "other reasons".to_owned() } else { reason };
    *skipped.entry(reason).or_default() += rows;
}

impl Decoder {
    /// Appends the requests of `block`, up to the first wrong row. Arrivals may be negative (two's complement); demands
    /// are [`Request::TO_SAMPLE`] if the trace does not give them.
    pub(super) fn decode(&self, block: &Block, requests: &mut Vec<Request>) -> Defects {
        let mut defects = Defects::default();
        // Most blocks have plain rows alone. This loop has nothing else in it, because it is the hottest of all.
        let (mut at, mut row) = (0, block.first_row);
        if let Rows::Lines(lines) = &self.rows {
            while let Some((request, len)) = lines.read_quickly(&block.bytes, at, row) {
                requests.push(request);
                at += len;
                row += 1;
            }
        }
        self.each(block, (at, row), |row, read| {
            match read {
                Ok(Some(request)) if defects.wrong.is_empty() => requests.push(request),
                Ok(_) => {}
                Err(Defect::NoRequest) => defects.no_requests += 1,
                Err(defect) if self.skip_bad_rows => count(&mut defects.skipped, defect.reason(), 1),
                Err(defect) => defects.wrong.push((row, defect)),
            }
            defects.wrong.is_empty() || row + 1 < FIRST_ROWS
        });
        defects
    }

    /// The number of the row that the request at `index` of the decoded `block` comes from.
    pub(super) fn row_of(&self, block: &Block, index: usize) -> u64 {
        let (mut requests, mut found) = (0, block.first_row);
        self.each(block, (0, block.first_row), |row, read| {
            found = row;
            requests += usize::from(matches!(read, Ok(Some(_))));
            requests <= index
        });
        found
    }

    /// Passes each row from byte `at` on, which is row number `row`, to `take`: its number and what it holds (None: nothing),
    /// until that returns false.
    fn each(
        &self,
        block: &Block,
        (mut at, mut row): (usize, u64),
        mut take: impl FnMut(u64, Result<Option<Request>, Defect>) -> bool,
    ) {
        let bytes = block.bytes.as_slice();
        let mut cells = Cells::default();
        while at < bytes.len() {
            let (read, len) = match &self.rows {
                Rows::Lines(lines) => match lines.read_quickly(bytes, at, row) {
                    Some((request, len)) => (Ok(Some(request)), len),
                    None => lines.read(&bytes[at..], row, &mut cells),
                },
                Rows::Records { len } => (of_contract(&bytes[at..at + len]).map(Some).map_err(Defect::Line), *len),
                Rows::Fixed { len, read } => {
                    let read = read(&bytes[at..at + len]).map(|request| Some(Request { id: row, ..request }));
                    (read.map_err(Defect::Line), *len)
                }
            };
            if !take(row, read) {
                return;
            }
            row += match &self.rows {
                Rows::Lines(_) => memchr::memchr_iter(b'\n', &bytes[at..at + len]).count() as u64,
                _ => 1,
            };
            at += len;
        }
    }
}

/// A record of the contract.
fn of_contract(record: &[u8]) -> Result<Request, String> {
    let request = Request::from_bytes(record);
    let times = [("arrival_ns", request.arrival_ns), ("service_ns", request.service_ns)];
    match times.into_iter().find(|(_, time)| *time >= TIME_LIMIT) {
        None => Ok(request),
        Some((name, time)) => Err(format!("{name} {time} is not below 2^62 ns")),
    }
}

/// Properties of a block's requests that do not depend on the blocks before.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Completed {
    /// Number of demands that were sampled.
    pub(super) sampled: u64,
    /// Whether ids increase and arrivals do not decrease among them.
    pub(super) in_order: bool,
    /// Whether all arrivals are multiples of a second, or of a millisecond; looked at only if asked for.
    pub(super) whole_seconds: bool,
    pub(super) whole_millis: bool,
    /// Number of requests that arrive with the one before.
    pub(super) together: u64,
}

/// Samples the demands that the trace does not give, unless `demands` is None, and looks at the order of the requests.
/// `coarse`: whether to look for coarse timestamps.
pub(super) fn complete(demands: Option<&Demands>, requests: &mut [Request], coarse: bool) -> Completed {
    let mut completed = Completed { in_order: true, ..Completed::default() };
    let mut last: Option<(u64, i64)> = None;
    for request in requests.iter_mut() {
        if let Some(demands) = demands
            && request.service_ns == Request::TO_SAMPLE
        {
            request.service_ns = demands.demand(request);
            completed.sampled += 1;
        }
        let (id, arrival_ns) = (request.id, request.arrival_ns as i64);
        completed.in_order &= last.is_none_or(|(last_id, last_ns)| last_id < id && last_ns <= arrival_ns);
        last = Some((id, arrival_ns));
    }
    let whole = |unit: i64| requests.iter().all(|request| (request.arrival_ns as i64) % unit == 0);
    if coarse && whole(1_000_000) {
        completed.whole_millis = true;
        completed.whole_seconds = whole(1_000_000_000);
        let pairs = requests.iter().zip(requests.iter().skip(1));
        completed.together = pairs.filter(|(one, next)| one.arrival_ns == next.arrival_ns).count() as u64;
    }
    completed
}

/// Samples the demands that the trace does not give; returns their number.
pub(super) fn sample(demands: &Demands, requests: &mut [Request]) -> u64 {
    let mut sampled = 0;
    for request in requests {
        if request.service_ns == Request::TO_SAMPLE {
            request.service_ns = demands.demand(request);
            sampled += 1;
        }
    }
    sampled
}

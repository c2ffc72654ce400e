//! The third stage: checks the order of requests across blocks, and subtracts the origin of time.

use contract::Request;
use failure::Failure;

use super::field::TIME_LIMIT;
use super::location::Location;

/// Checks the order of the requests and moves their origin.
#[derive(Debug)]
pub(super) struct Sequencer {
    /// Whether the first arrival becomes 0.
    rebase: bool,
    first_ns: i64,
    /// Id and arrival of the previous request, as the trace has them.
    last: Option<(u64, i64)>,
    requests: u64,
}

impl Sequencer {
    /// Before the first request.
    pub(super) fn new(rebase: bool) -> Self {
        Self { rebase, first_ns: 0, last: None, requests: 0 }
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// The offset that is subtracted from each arrival \[ns\].
    pub(super) fn offset_ns(&self) -> i64 {
        if self.rebase { self.first_ns } else { 0 }
    }

    /// The first and the last arrival, as the trace has them \[ns\].
    pub(super) fn first_and_last_ns(&self) -> Option<(i64, i64)> {
        self.last.map(|(_, last_ns)| (self.first_ns, last_ns))
    }

    /// Checks the trace's next requests. If `in_order`, they are known to be in order among themselves, with no
    /// negative arrival.
    ///
    /// # Errors
    /// If an id does not increase or an arrival decreases.
    pub(super) fn pass(
        &mut self,
        location: &Location,
        requests: &mut [Request],
        in_order: bool,
    ) -> Result<(), Failure> {
        let (Some(first), Some(end)) = (requests.first(), requests.last()) else { return Ok(()) };
        if self.last.is_none() {
            self.first_ns = first.arrival_ns as i64;
        }
        let offset_ns = self.offset_ns();
        let follows = |(last_id, last_ns): (u64, i64)| last_id < first.id && last_ns <= first.arrival_ns as i64;
        // The common case needs no check of each request.
        if in_order && offset_ns == 0 && self.last.is_none_or(follows) && end.arrival_ns < TIME_LIMIT {
            self.last = Some((end.id, end.arrival_ns as i64));
            self.requests += requests.len() as u64;
            return Ok(());
        }
        let mut last = self.last;
        for (row, request) in (self.requests..).zip(requests.iter_mut()) {
            let arrival_ns = request.arrival_ns as i64;
            if let Some((last_id, last_ns)) = last {
                if arrival_ns < last_ns {
                    let rule =
                        format!("arrival_ns goes back ({arrival_ns} after {last_ns}); --sort puts them in order");
                    return Err(location.at(row, &rule));
                }
                if request.id <= last_id {
                    return Err(location.at(row, &format!("id does not increase ({} after {last_id})", request.id)));
                }
            }
            last = Some((request.id, arrival_ns));
            // Both are below 2^62 in absolute value, so that nothing overflows.
            request.arrival_ns = (arrival_ns - offset_ns) as u64;
            if request.arrival_ns >= TIME_LIMIT {
                return Err(location.at(row, "the arrival comes 2^62 ns or more after the first"));
            }
        }
        self.last = last;
        self.requests += requests.len() as u64;
        Ok(())
    }
}

//! The third stage: requests in their order, checked across blocks, and counted from the trace's start.

use contract::Request;
use failure::Failure;

use super::field::TIME_LIMIT;
use super::place::Place;

/// Checks the order of the requests and moves their origin.
#[derive(Debug)]
pub(super) struct Sequencer {
    /// The first arrival becomes 0.
    rebase: bool,
    first_ns: i64,
    /// Id and arrival of the request before, as the trace has them.
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

    /// What was taken off each arrival \[ns\].
    pub(super) fn offset_ns(&self) -> i64 {
        if self.rebase { self.first_ns } else { 0 }
    }

    /// The first arrival and the last, as the trace has them \[ns\].
    pub(super) fn ends_ns(&self) -> Option<(i64, i64)> {
        self.last.map(|(_, last_ns)| (self.first_ns, last_ns))
    }

    /// Passes the trace's next requests, which may be known to be in order among themselves, with arrivals from 0 on.
    ///
    /// # Errors
    /// Where an id does not increase or an arrival goes back.
    pub(super) fn pass(&mut self, place: &Place, requests: &mut [Request], in_order: bool) -> Result<(), Failure> {
        let (Some(first), Some(end)) = (requests.first(), requests.last()) else { return Ok(()) };
        if self.last.is_none() {
            self.first_ns = first.arrival_ns as i64;
        }
        let offset_ns = self.offset_ns();
        let follows = |(last_id, last_ns): (u64, i64)| last_id < first.id && last_ns <= first.arrival_ns as i64;
        // The common case needs no look at each.
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
                    return Err(place.at(row, &rule));
                }
                if request.id <= last_id {
                    return Err(place.at(row, &format!("id does not increase ({} after {last_id})", request.id)));
                }
            }
            last = Some((request.id, arrival_ns));
            // Neither is 2^62 or more in absolute value, so that nothing wraps.
            request.arrival_ns = (arrival_ns - offset_ns) as u64;
            if request.arrival_ns >= TIME_LIMIT {
                return Err(place.at(row, "the arrival comes 2^62 ns or more after the first"));
            }
        }
        self.last = last;
        self.requests += requests.len() as u64;
        Ok(())
    }
}

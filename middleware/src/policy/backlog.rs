//! What policies see: an exact model of every worker, fed with the true demands.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_wasm::Station;
use trace::{Failure, Request};

/// Most requests that all workers together may hold in the model: an overloaded run's backlog grows without end.
pub(super) const LIMIT: usize = 16_000_000;

/// Who is where, first in, first out.
pub(crate) struct Backlog {
    now: u64,
    capacity: usize,
    workers: Vec<Worker>,
    held: usize,
}

struct Worker {
    station: Station,
    /// When those in the system leave.
    departures: BinaryHeap<Reverse<u64>>,
}

impl Backlog {
    /// `workers` idle ones, each of `servers` servers and `capacity` (0 = no limit).
    pub(super) fn new(workers: usize, servers: u32, capacity: u64) -> Self {
        let worker = || Worker { station: Station::new(servers), departures: BinaryHeap::new() };
        let capacity = if capacity == 0 { usize::MAX } else { usize::try_from(capacity).unwrap_or(usize::MAX) };
        Self { now: 0, capacity, workers: (0..workers).map(|_| worker()).collect(), held: 0 }
    }

    /// Time goes on to `now` \[ns\].
    pub(super) fn advance(&mut self, now: u64) {
        self.now = now;
    }

    /// Requests in worker `worker`'s system: waiting or in service. Who leaves now has left.
    #[inline]
    pub(super) fn in_system(&mut self, worker: usize) -> usize {
        let departures = &mut self.workers[worker].departures;
        while departures.peek().is_some_and(|Reverse(leaves)| *leaves <= self.now) {
            departures.pop();
            self.held -= 1;
        }
        departures.len()
    }

    /// `request` arrives at `worker`, where it enters unless CAPACITY turns it away.
    ///
    /// # Errors
    /// [`Failure::Limit`] where more than [`LIMIT`] requests are in all systems.
    pub(super) fn admit(&mut self, worker: usize, request: &Request) -> Result<(), Failure> {
        if self.in_system(worker) >= self.capacity {
            return Ok(());
        }
        let Worker { station, departures } = &mut self.workers[worker];
        departures.push(Reverse(station.enter(request.arrival_ns, request.service_ns).1));
        self.held += 1;
        if self.held > LIMIT {
            return Err(Failure::Limit(format!(
                "backlog: more than {LIMIT} requests wait in the policy's model of the workers; RR and R need no model"
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_worker_turns_away_and_departures_make_room() {
        let mut backlog = Backlog::new(1, 2, 3);
        let arrive = |backlog: &mut Backlog, arrival_ns| {
            backlog.advance(arrival_ns);
            backlog.admit(0, &Request { arrival_ns, service_ns: 10, ..Request::default() }).unwrap();
            backlog.in_system(0)
        };
        // Two are served, one waits, the fourth is turned away; at 10 two leave.
        assert_eq!([0, 0, 0, 5, 9, 10].map(|at| arrive(&mut backlog, at)), [1, 2, 3, 3, 3, 2]);
    }
}

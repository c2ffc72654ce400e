//! What policies see: an exact model of every worker (SERVERS servers, CAPACITY, first in first out), fed with the true
//! demands.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use host::limits;
use sim_wasm::Station;
use trace::{Failure, Request};

use super::Policy;

/// Who is where.
pub(crate) struct Backlog {
    workers: Vec<Worker>,
    /// SERVERS and CAPACITY of a worker, as numbers in the system.
    servers: usize,
    capacity: usize,
    /// When those in service leave, with their worker: no more entries than there are servers.
    departures: BinaryHeap<Reverse<(u64, usize)>>,
    held: usize,
}

struct Worker {
    station: Station,
    in_system: usize,
    /// When those who wait will leave, in their order.
    waiting: VecDeque<u64>,
}

impl Backlog {
    /// `workers` idle ones, each of `servers` servers and `capacity` (0 = no limit).
    pub(super) fn new(workers: usize, servers: u32, capacity: u64) -> Self {
        let worker = || Worker { station: Station::new(servers), in_system: 0, waiting: VecDeque::new() };
        Self {
            workers: (0..workers).map(|_| worker()).collect(),
            servers: servers as usize,
            capacity: if capacity == 0 { usize::MAX } else { usize::try_from(capacity).unwrap_or(usize::MAX) },
            departures: BinaryHeap::new(),
            held: 0,
        }
    }

    /// Requests in a worker's system: waiting or in service.
    pub(super) fn in_system(&self, worker: usize) -> usize {
        self.workers[worker].in_system
    }

    /// Whether a request could start there at once.
    pub(super) fn is_idle(&self, worker: usize) -> bool {
        self.workers[worker].in_system < self.servers.min(self.capacity)
    }

    /// Whether a request would be turned away there.
    pub(super) fn is_full(&self, worker: usize) -> bool {
        self.workers[worker].in_system >= self.capacity
    }

    /// When its earliest server is free \[ns\].
    pub(super) fn free_at(&self, worker: usize) -> u64 {
        self.workers[worker].station.free_at()
    }

    /// Time goes on to `now` \[ns\]; who leaves now has left. `policy` is told of each.
    #[inline]
    pub(super) fn advance(&mut self, now: u64, policy: &mut dyn Policy) {
        while let Some(&Reverse((time, worker))) = self.departures.peek().filter(|Reverse((time, _))| *time <= now) {
            self.departures.pop();
            self.held -= 1;
            let Worker { in_system, waiting, .. } = &mut self.workers[worker];
            *in_system -= 1;
            if let Some(leaves) = waiting.pop_front() {
                debug_assert!(leaves >= time, "nobody leaves before entering service");
                self.departures.push(Reverse((leaves, worker)));
            }
            policy.changed(worker, self);
        }
    }

    /// `request` arrives at `worker`, where it enters unless CAPACITY turns it away. `policy` is told.
    ///
    /// # Errors
    /// [`Failure::Limit`] where more than [`limits::BACKLOG`] requests are in all systems.
    #[inline]
    pub(super) fn admit(&mut self, worker: usize, request: &Request, policy: &mut dyn Policy) -> Result<(), Failure> {
        if self.is_full(worker) {
            return Ok(());
        }
        let Worker { station, in_system, waiting } = &mut self.workers[worker];
        let (_, leaves) = station.enter(request.arrival_ns, request.service_ns);
        *in_system += 1;
        if *in_system <= self.servers {
            self.departures.push(Reverse((leaves, worker)));
        } else {
            waiting.push_back(leaves);
        }
        self.held += 1;
        if self.held > limits::BACKLOG {
            return Err(Failure::Limit(format!(
                "modelled backlog: more than {} million requests wait; R, RR and HASH need no model",
                limits::BACKLOG / 1_000_000
            )));
        }
        policy.changed(worker, self);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::round_robin::RoundRobin;
    use super::*;

    #[test]
    fn a_full_worker_turns_away_and_departures_make_room() {
        let mut backlog = Backlog::new(1, 2, 3);
        let mut policy = RoundRobin::new(1);
        let mut arrive = |arrival_ns| {
            backlog.advance(arrival_ns, &mut policy);
            let request = Request { arrival_ns, service_ns: 10, ..Request::default() };
            backlog.admit(0, &request, &mut policy).unwrap();
            backlog.in_system(0)
        };
        // Two are served, one waits, the fourth is turned away; at 10 two leave.
        assert_eq!([0, 0, 0, 5, 9, 10].map(&mut arrive), [1, 2, 3, 3, 3, 2]);
    }
}

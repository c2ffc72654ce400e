//! The models of workers that policies see. They get the true demands.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use contract::Request;
use sim_wasm::{Speed, Station};

use super::cluster::Member;

/// The next departure of an idle worker: later than any arrival.
pub(super) const NEVER: u64 = u64::MAX;

/// The model of a worker, at one instant.
pub(super) trait WorkerModel: Send {
    /// The idle worker `member`.
    fn new(member: &Member) -> Self;

    /// The number in system: requests waiting or in service.
    fn in_system(&self) -> usize;

    /// Whether service of a new request could start at once.
    fn is_idle(&self) -> bool;

    /// Whether a new request would be rejected.
    fn is_full(&self) -> bool;

    /// The time of the next departure, of a request that was served or has no more patience \[ns\]; [`NEVER`] if there is
    /// none.
    fn next(&self) -> u64;

    /// First in, first out: the time at which the earliest server is free \[ns\], if all of them are busy.
    fn free_at(&self) -> u64;

    /// The service that the requests in the system still need at `now`, as time of this worker's servers \[ns\]. Departures
    /// up to `now` have taken place.
    fn unfinished(&mut self, now: u64) -> u128;

    /// The next departure happens, and what follows from it at the same instant but other departures.
    fn depart(&mut self);

    /// `request` arrives. Returns whether it enters; it is rejected if the worker is full.
    fn admit(&mut self, request: &Request) -> bool;

    /// Advances the time to `now` \[ns\]. Requests that leave at `now` have left.
    #[inline]
    fn advance(&mut self, now: u64) {
        while self.next() <= now && self.in_system() > 0 {
            self.depart();
        }
    }
}

/// The model of a worker of any other kind.
pub(super) type EventWorker = FifoWorker;

/// A worker that is first in, first out, without PATIENCE: the departure of each request is certain when it arrives.
#[derive(Clone)]
pub(super) struct FifoWorker {
    station: Station,
    speed: Speed,
    /// The next departure \[ns\], [`NEVER`] if no request is in service.
    next: u64,
    /// Requests waiting or in service.
    in_system: usize,
    /// SERVERS and CAPACITY.
    servers: usize,
    capacity: usize,
    /// Departures of the waiting requests, in order.
    waiting: VecDeque<u64>,
    /// Departures of the other requests in service. With one server it is empty, so that the common case needs no heap.
    others: BinaryHeap<Reverse<u64>>,
}

impl WorkerModel for FifoWorker {
    fn new(member: &Member) -> Self {
        let Member { model, speed, .. } = *member;
        Self {
            station: Station::new(model.servers),
            speed,
            next: NEVER,
            in_system: 0,
            servers: model.servers as usize,
            capacity: match model.capacity {
                0 => usize::MAX,
                capacity => usize::try_from(capacity).unwrap_or(usize::MAX),
            },
            waiting: VecDeque::new(),
            others: BinaryHeap::new(),
        }
    }

    #[inline]
    fn in_system(&self) -> usize {
        self.in_system
    }

    #[inline]
    fn is_idle(&self) -> bool {
        self.in_system < self.servers.min(self.capacity)
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.in_system >= self.capacity
    }

    #[inline]
    fn next(&self) -> u64 {
        self.next
    }

    #[inline]
    fn free_at(&self) -> u64 {
        self.station.free_at()
    }

    fn unfinished(&mut self, now: u64) -> u128 {
        self.station.unfinished(now)
    }

    /// The next request in service leaves, and the one that has waited longest starts.
    #[inline]
    fn depart(&mut self) {
        self.in_system -= 1;
        self.next = match self.waiting.pop_front() {
            Some(leaves) if self.servers == 1 => leaves,
            // The one that starts, or another one in service, is next.
            Some(leaves) => match self.others.peek_mut() {
                Some(mut other) if other.0 < leaves => std::mem::replace(&mut *other, Reverse(leaves)).0,
                _ => leaves,
            },
            None if self.servers == 1 => NEVER,
            None => self.others.pop().map_or(NEVER, |Reverse(leaves)| leaves),
        };
    }

    #[inline]
    fn admit(&mut self, request: &Request) -> bool {
        if self.is_full() {
            return false;
        }
        let (_, leaves) = self.station.enter(request.arrival_ns, self.speed.scale(request.service_ns));
        if self.in_system >= self.servers {
            self.waiting.push_back(leaves);
        } else if self.in_system == 0 {
            self.next = leaves;
        } else {
            self.others.push(Reverse(leaves.max(self.next)));
            self.next = leaves.min(self.next);
        }
        self.in_system += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use contract::NONE;
    use proptest::prelude::*;
    use sim_wasm::{Fifo, Model};

    use super::super::cluster::Cluster;
    use super::super::tests::traces;
    use super::*;

    #[test]
    fn a_full_worker_rejects_requests_until_a_departure() {
        let mut worker = FifoWorker::new(&Cluster::alike(1, 2, 3, 1).workers[0]);
        let mut arrive = |arrival_ns| {
            worker.advance(arrival_ns);
            worker.admit(&Request { arrival_ns, service_ns: 10, ..Request::default() });
            worker.in_system()
        };
        // Two are served, one waits, the fourth is rejected; at 10 two leave.
        assert_eq!([0, 0, 0, 5, 9, 10].map(&mut arrive), [1, 2, 3, 3, 3, 2]);
    }

    proptest! {
        /// Departures and rejections of the model are those of the simulator.
        #[test]
        fn the_model_agrees_with_the_simulator(trace in traces(), servers in 1u32..5, capacity in 0u64..6) {
            let mut worker = FifoWorker::new(&Cluster::alike(1, servers, capacity, 1).workers[0]);
            let mut fifo = Fifo::new(Model { servers, capacity, ..Model::default() });
            let mut left: Vec<u64> = Vec::new();
            for request in &trace {
                worker.advance(request.arrival_ns);
                let there = left.iter().filter(|&&finish| finish > request.arrival_ns);
                prop_assert_eq!(worker.in_system(), there.count());
                let enters = worker.admit(request);
                let mut entered = false;
                fifo.arrive(request, &mut |done| {
                    entered = done.start_ns != NONE;
                    left.extend(entered.then_some(done.finish_ns));
                });
                prop_assert_eq!(enters, entered);
            }
        }
    }
}

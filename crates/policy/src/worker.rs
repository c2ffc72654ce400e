//! The models of workers that policies see. They get the true demands.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use contract::Request;
use sim_wasm::{Deadlines, Discipline, Speed, Station, Steps};

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
    fn unfinished(&self, now: u64) -> u128;

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
            capacity: model.room(),
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

    fn unfinished(&self, now: u64) -> u128 {
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

/// A worker under any other discipline: the simulator's own event loop. A departure is certain only when it
/// happens, because later arrivals may change it.
pub(super) struct EventWorker {
    steps: Steps,
    speed: Speed,
    servers: usize,
    capacity: usize,
    /// For first in, first out with PATIENCE: the time at which each server is free. Requests that leave before their
    /// service do not count.
    fifo: Option<(Station, Deadlines)>,
}

impl WorkerModel for EventWorker {
    fn new(member: &Member) -> Self {
        let Member { model, speed, .. } = *member;
        let is_fifo = model.discipline == Discipline::Fifo;
        Self {
            steps: Steps::new(model),
            speed,
            servers: model.servers as usize,
            capacity: model.room(),
            fifo: is_fifo.then(|| (Station::new(model.servers), Deadlines::new(&model))),
        }
    }

    #[inline]
    fn in_system(&self) -> usize {
        self.steps.in_system()
    }

    #[inline]
    fn is_idle(&self) -> bool {
        self.in_system() < self.servers.min(self.capacity)
    }

    #[inline]
    fn is_full(&self) -> bool {
        self.in_system() >= self.capacity
    }

    #[inline]
    fn free_at(&self) -> u64 {
        self.fifo.as_ref().map_or(0, |(station, _)| station.free_at())
    }

    #[inline]
    fn unfinished(&self, now: u64) -> u128 {
        self.steps.unfinished(now)
    }

    #[inline]
    fn next(&self) -> u64 {
        self.steps.next().unwrap_or(NEVER)
    }

    #[inline]
    fn depart(&mut self) {
        self.steps.step(&mut |_| ());
    }

    #[inline]
    fn admit(&mut self, request: &Request) -> bool {
        let request = Request { service_ns: self.speed.scale(request.service_ns), ..*request };
        let enters = self.steps.admit(&request, &mut |_| ());
        if let Some((station, deadlines)) = self.fifo.as_mut().filter(|_| enters)
            && station.free_at() <= deadlines.of(&request)
        {
            station.enter(request.arrival_ns, request.service_ns);
        }
        enters
    }
}

#[cfg(test)]
mod tests {
    use contract::{Completion, NONE};
    use proptest::prelude::*;
    use sim_wasm::{Model, Patience, Queue};

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

    /// Departures and rejections of the model `W` are those of the simulator.
    fn agrees<W: WorkerModel>(model: Model, trace: &[Request]) -> Result<(), TestCaseError> {
        let mut worker = W::new(&Member { model, speed: Speed::ONE, weight: Speed::ONE });
        let (mut queue, mut completions) = (Queue::new(model), Vec::new());
        let mut departures = Vec::new();
        for request in trace {
            while worker.next() <= request.arrival_ns && worker.in_system() > 0 {
                departures.push(worker.next());
                worker.depart();
            }
            let enters = worker.admit(request);
            queue.arrive(request, &mut |done| completions.push(done));
            let rejected = Completion { start_ns: NONE, finish_ns: request.arrival_ns, ..Completion::default() };
            let rejected = completions.contains(&Completion { id: request.id, ..rejected });
            prop_assert_eq!(enters, !rejected);
        }
        while worker.in_system() > 0 {
            departures.push(worker.next());
            worker.depart();
        }
        queue.end(&mut |done| completions.push(done));
        let arrival = |id| trace.iter().find(|request| request.id == id).map_or(0, |request| request.arrival_ns);
        let entered = completions.iter().filter(|done| done.start_ns != NONE || done.finish_ns > arrival(done.id));
        let mut finishes: Vec<u64> = entered.map(|done| done.finish_ns).collect();
        finishes.sort_unstable();
        prop_assert_eq!(departures, finishes);
        Ok(())
    }

    proptest! {
        #[test]
        fn models_agree_with_the_simulator(
            trace in traces(), servers in 1u32..5, capacity in 0u64..6, mean_ns in 0u64..20, exponential: bool, seed: u64,
            discipline in prop::sample::select(Discipline::ALL.to_vec()),
        ) {
            let model = Model { discipline, servers, capacity, seed, ..Model::default() };
            agrees::<EventWorker>(model, &trace)?;
            agrees::<FifoWorker>(Model { discipline: Discipline::Fifo, ..model }, &trace)?;
            if discipline != Discipline::Ps {
                agrees::<EventWorker>(Model { patience: Patience { mean_ns, exponential }, ..model }, &trace)?;
            }
        }

        /// First in, first out with PATIENCE: a request that is served starts when a server is free in the model.
        #[test]
        fn a_request_starts_when_a_server_is_free(trace in traces(), servers in 1u32..4, mean_ns in 1u64..20, seed: u64) {
            let patience = Patience { mean_ns, exponential: true };
            let model = Model { servers, patience, seed, ..Model::default() };
            let mut worker = EventWorker::new(&Member { model, speed: Speed::ONE, weight: Speed::ONE });
            let (mut queue, mut completions) = (Queue::new(model), Vec::new());
            let mut expected = Vec::new();
            for request in &trace {
                worker.advance(request.arrival_ns);
                expected.push((request.id, worker.free_at().max(request.arrival_ns)));
                worker.admit(request);
                queue.arrive(request, &mut |done| completions.push(done));
            }
            queue.end(&mut |done| completions.push(done));
            for done in completions.into_iter().filter(|done| done.start_ns != NONE) {
                prop_assert!(expected.contains(&(done.id, done.start_ns)), "{:?}", done);
            }
        }
    }
}

//! The queue model: a station, with the limits that CAPACITY and DELAY set.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use contract::{Completion, Request};

use crate::model::Model;
use crate::station::Station;

/// First in, first out, over one shard.
#[derive(Debug, Clone)]
pub struct Fifo {
    station: Station,
    room: Option<Room>,
    /// Service starts that may still happen; None without DELAY.
    left: Option<u64>,
    /// T, once the last service start is known; it may be in the future.
    end_ns: Option<u64>,
    /// With DELAY: the requests in service at the latest service start, by finish, because the next start may be the
    /// last.
    serving: BinaryHeap<Reverse<(u64, u64, u64)>>,
}

impl Fifo {
    /// An empty station at time 0.
    pub fn new(model: Model) -> Self {
        Self {
            station: Station::new(model.servers),
            room: (model.capacity > 0).then(|| Room { capacity: model.capacity, departures: BinaryHeap::new() }),
            left: (model.delay > 0).then_some(model.delay),
            end_ns: None,
            serving: BinaryHeap::new(),
        }
    }

    /// Processes the next request and emits the completions that are certain by now. Returns false when the simulation
    /// has ended: the DELAY-th delay in queue is known, and no further request can be rejected before that service
    /// start.
    #[inline]
    pub fn arrive(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        if let Some(room) = &mut self.room {
            if self.end_ns.is_some_and(|end| end <= request.arrival_ns) {
                return false;
            }
            if room.is_full(request.arrival_ns) {
                let Request { id, arrival_ns, .. } = *request;
                emit(Completion { id, start_ns: Completion::NOT_SERVED, finish_ns: arrival_ns, service_ns: 0 });
                return true;
            }
            if self.end_ns.is_some() {
                // It waits until the end.
                room.departures.push(Reverse(u64::MAX));
                return true;
            }
        }
        let (start_ns, finish_ns) = self.station.enter(request.arrival_ns, request.service_ns);
        if let Some(room) = &mut self.room {
            room.departures.push(Reverse(finish_ns));
        }
        match self.left {
            None => {
                emit(Completion { id: request.id, start_ns, finish_ns, service_ns: request.service_ns });
                true
            }
            Some(left) => self.observe(left, (finish_ns, request.id, start_ns), emit),
        }
    }

    /// Processes the requests of `records`, as [`Fifo::arrive`] does, and appends the records of their completions.
    pub fn arrive_all(&mut self, records: &[[u8; Request::LEN]], completions: &mut Vec<[u8; Completion::LEN]>) -> bool {
        if self.room.is_none() && self.left.is_none() {
            // The completion of each is certain at once.
            self.station.serve(records, completions);
            return true;
        }
        let mut emit = |done: Completion| completions.push(done.to_bytes());
        records.iter().all(|record| self.arrive(&Request::from_bytes(record), &mut emit))
    }

    /// With DELAY a completion is certain only when a later service start shows that the simulation reached its finish.
    fn observe(&mut self, left: u64, entry: (u64, u64, u64), emit: &mut impl FnMut(Completion)) -> bool {
        let now = entry.2;
        self.serving.push(Reverse(entry));
        while self.serving.peek().is_some_and(|Reverse((finish, ..))| *finish <= now) {
            if let Some(Reverse(left)) = self.serving.pop() {
                emit(served(left));
            }
        }
        self.left = Some(left - 1);
        if left > 1 {
            return true;
        }
        for Reverse((_, id, start_ns)) in std::mem::take(&mut self.serving).into_sorted_vec().into_iter().rev() {
            emit(Completion { id, start_ns, finish_ns: Completion::IN_SERVICE, service_ns: now - start_ns });
        }
        self.end_ns = Some(now);
        self.room.is_some()
    }

    /// At the end of the shard: emits the completions that remain.
    pub fn end(self, emit: &mut impl FnMut(Completion)) {
        for Reverse(entry) in self.serving.into_sorted_vec().into_iter().rev() {
            emit(served(entry));
        }
    }
}

/// CAPACITY: the requests in the system.
#[derive(Debug, Clone)]
struct Room {
    capacity: u64,
    /// Departures of the requests in the system.
    departures: BinaryHeap<Reverse<u64>>,
}

impl Room {
    /// Whether an arrival at `now` is rejected. Requests that leave at `now` have left.
    fn is_full(&mut self, now: u64) -> bool {
        while self.departures.peek().is_some_and(|Reverse(leaves)| *leaves <= now) {
            self.departures.pop();
        }
        self.departures.len() as u64 >= self.capacity
    }
}

fn served((finish_ns, id, start_ns): (u64, u64, u64)) -> Completion {
    Completion { id, start_ns, finish_ns, service_ns: finish_ns - start_ns }
}

#[cfg(test)]
mod tests {
    use contract::NONE;

    use super::*;

    fn completions(servers: u32, delay: u64, requests: &[(u64, u64)]) -> Vec<(u64, u64, u64, u64)> {
        limited(Model { servers, delay, ..Model::default() }, requests)
    }

    fn limited(model: Model, requests: &[(u64, u64)]) -> Vec<(u64, u64, u64, u64)> {
        let mut fifo = Fifo::new(model);
        let mut all = Vec::new();
        let mut emit = |c: Completion| all.push((c.id, c.start_ns, c.finish_ns, c.service_ns));
        let goes_on = requests.iter().enumerate().all(|(id, &(arrival_ns, service_ns))| {
            fifo.arrive(&Request { id: id as u64, arrival_ns, service_ns, ..Request::default() }, &mut emit)
        });
        if goes_on {
            fifo.end(&mut emit);
        }
        all
    }

    #[test]
    fn without_delay_requests_are_completed_in_order() {
        assert_eq!(completions(1, 0, &[(0, 5), (1, 5), (20, 0)]), [(0, 0, 5, 5), (1, 5, 10, 5), (2, 20, 20, 0)]);
    }

    #[test]
    fn requests_in_service_at_the_end_have_partial_service() {
        // The third service start is at 4, when request 1 leaves; request 0 has received 4 of 10, request 2 none of 3.
        assert_eq!(completions(2, 3, &[(0, 10), (0, 4), (1, 3)]), [(1, 0, 4, 4), (2, 4, NONE, 0), (0, 0, NONE, 4)]);
        // A zero service demand that starts last departs at once.
        assert_eq!(completions(1, 2, &[(0, 2), (1, 0)]), [(0, 0, 2, 2), (1, 2, 2, 0)]);
    }

    #[test]
    fn a_delay_beyond_the_shard_is_never_reached() {
        assert_eq!(completions(2, 9, &[(0, 10), (0, 4)]), [(1, 0, 4, 4), (0, 0, 10, 10)]);
    }

    #[test]
    fn requests_beyond_capacity_are_rejected() {
        let model = Model { capacity: 2, ..Model::default() };
        // At 10 request 0 has left before 3 and 4 arrive; 3 takes its place.
        let requests = [(0, 10), (1, 10), (2, 10), (10, 10), (10, 10)];
        let rejected = |id, at| (id, NONE, at, 0);
        assert_eq!(
            limited(model, &requests),
            [(0, 0, 10, 10), (1, 10, 20, 10), rejected(2, 2), (3, 20, 30, 10), rejected(4, 10)]
        );
    }

    #[test]
    fn requests_before_the_last_service_start_are_still_rejected() {
        let model = Model { capacity: 2, delay: 2, ..Model::default() };
        // The second service start is at 10: request 2 is rejected before it, 3 has not yet arrived.
        let requests = [(0, 10), (1, 10), (2, 10), (10, 10)];
        assert_eq!(limited(model, &requests), [(0, 0, 10, 10), (1, 10, NONE, 0), (2, NONE, 2, 0)]);
    }
}

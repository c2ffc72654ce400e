//! The queue model: a station, and the end of the simulation that DELAY sets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use contract::{Completion, NONE, Request};

use crate::model::Model;
use crate::station::Station;

/// First in, first out, over one shard.
#[derive(Debug, Clone)]
pub struct Fifo {
    station: Station,
    room: Option<Room>,
    /// Entries into service that may still come; None without DELAY.
    left: Option<u64>,
    /// T, once the last entry is known; it may lie ahead.
    end_ns: Option<u64>,
    /// Under DELAY: who is in service at the latest entry, by finish, since the next entry may be the last.
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

    /// Takes in the next request and gives the answers that are certain by now. Returns false when the simulation has
    /// ended: the DELAY-th delay in queue is observed, and nobody can be turned away before that entry any more.
    #[inline]
    pub fn arrive(&mut self, request: &Request, answer: &mut impl FnMut(Completion)) -> bool {
        if let Some(room) = &mut self.room {
            if self.end_ns.is_some_and(|end| end <= request.arrival_ns) {
                return false;
            }
            if room.is_full(request.arrival_ns) {
                let Request { id, arrival_ns, .. } = *request;
                answer(Completion { id, start_ns: NONE, finish_ns: arrival_ns, service_ns: 0 });
                return true;
            }
            if self.end_ns.is_some() {
                // It waits until the end.
                room.departures.push(Reverse(NONE));
                return true;
            }
        }
        let (start_ns, finish_ns) = self.station.enter(request.arrival_ns, request.service_ns);
        if let Some(room) = &mut self.room {
            room.departures.push(Reverse(finish_ns));
        }
        match self.left {
            None => {
                answer(Completion { id: request.id, start_ns, finish_ns, service_ns: request.service_ns });
                true
            }
            Some(left) => self.observe(left, (finish_ns, request.id, start_ns), answer),
        }
    }

    /// Takes in the requests of `records`, as [`Fifo::arrive`] does, and appends the records of their answers.
    pub fn arrive_all(&mut self, records: &[[u8; Request::LEN]], answers: &mut Vec<[u8; Completion::LEN]>) -> bool {
        if self.room.is_none() && self.left.is_none() {
            // Each is answered at once, so that nothing has to be looked at for a request.
            self.station.serve(records, answers);
            return true;
        }
        let mut answer = |done: Completion| answers.push(done.to_bytes());
        records.iter().all(|record| self.arrive(&Request::from_bytes(record), &mut answer))
    }

    /// Under DELAY an answer is certain only when a later entry shows that the simulation got beyond its finish.
    fn observe(&mut self, left: u64, entry: (u64, u64, u64), answer: &mut impl FnMut(Completion)) -> bool {
        let now = entry.2;
        self.serving.push(Reverse(entry));
        while self.serving.peek().is_some_and(|Reverse((finish, ..))| *finish <= now) {
            if let Some(Reverse(left)) = self.serving.pop() {
                answer(served(left));
            }
        }
        self.left = Some(left - 1);
        if left > 1 {
            return true;
        }
        for Reverse((_, id, start_ns)) in std::mem::take(&mut self.serving).into_sorted_vec().into_iter().rev() {
            answer(Completion { id, start_ns, finish_ns: NONE, service_ns: now - start_ns });
        }
        self.end_ns = Some(now);
        self.room.is_some()
    }

    /// The shard has ended: gives the answers that are still owed.
    pub fn end(self, answer: &mut impl FnMut(Completion)) {
        for Reverse(entry) in self.serving.into_sorted_vec().into_iter().rev() {
            answer(served(entry));
        }
    }
}

/// CAPACITY: who is in the system.
#[derive(Debug, Clone)]
struct Room {
    capacity: u64,
    /// When those in the system leave.
    departures: BinaryHeap<Reverse<u64>>,
}

impl Room {
    /// Whether an arrival at `now` finds no place. Who leaves now has left.
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
    use super::*;

    fn answers(servers: u32, delay: u64, requests: &[(u64, u64)]) -> Vec<(u64, u64, u64, u64)> {
        limited(Model { servers, capacity: 0, delay }, requests)
    }

    fn limited(model: Model, requests: &[(u64, u64)]) -> Vec<(u64, u64, u64, u64)> {
        let mut fifo = Fifo::new(model);
        let mut all = Vec::new();
        let mut answer = |c: Completion| all.push((c.id, c.start_ns, c.finish_ns, c.service_ns));
        let goes_on = requests.iter().enumerate().all(|(id, &(arrival_ns, service_ns))| {
            fifo.arrive(&Request { id: id as u64, arrival_ns, service_ns, ..Request::default() }, &mut answer)
        });
        if goes_on {
            fifo.end(&mut answer);
        }
        all
    }

    #[test]
    fn without_delay_all_is_answered_in_order() {
        assert_eq!(answers(1, 0, &[(0, 5), (1, 5), (20, 0)]), [(0, 0, 5, 5), (1, 5, 10, 5), (2, 20, 20, 0)]);
    }

    #[test]
    fn at_the_end_who_finishes_then_is_written_and_who_is_in_service_is_cut() {
        // The third entry is at 4, where request 1 leaves; request 0 has had 4 of 10, request 2 nothing of 3.
        assert_eq!(answers(2, 3, &[(0, 10), (0, 4), (1, 3)]), [(1, 0, 4, 4), (2, 4, NONE, 0), (0, 0, NONE, 4)]);
        // A demand of nothing that enters as the last one departs at once.
        assert_eq!(answers(1, 2, &[(0, 2), (1, 0)]), [(0, 0, 2, 2), (1, 2, 2, 0)]);
    }

    #[test]
    fn a_delay_beyond_the_shard_is_never_reached() {
        assert_eq!(answers(2, 9, &[(0, 10), (0, 4)]), [(1, 0, 4, 4), (0, 0, 10, 10)]);
    }

    #[test]
    fn who_finds_no_place_is_turned_away() {
        let model = Model { servers: 1, capacity: 2, delay: 0 };
        // At 10 request 0 has left before 3 and 4 arrive; 3 takes its place.
        let requests = [(0, 10), (1, 10), (2, 10), (10, 10), (10, 10)];
        let rejected = |id, at| (id, NONE, at, 0);
        assert_eq!(
            limited(model, &requests),
            [(0, 0, 10, 10), (1, 10, 20, 10), rejected(2, 2), (3, 20, 30, 10), rejected(4, 10)]
        );
    }

    #[test]
    fn before_the_last_entry_some_are_still_turned_away() {
        let model = Model { servers: 1, capacity: 2, delay: 2 };
        // The second entry is at 10: request 2 is turned away before it, 3 has not yet arrived.
        let requests = [(0, 10), (1, 10), (2, 10), (10, 10)];
        assert_eq!(limited(model, &requests), [(0, 0, 10, 10), (1, 10, NONE, 0), (2, NONE, 2, 0)]);
    }
}

//! LW: the least work left, to the worker where the request could start first; ties, and so all idle workers, at random.
//!
//! In front of N single servers it is a central queue with N servers (Kiefer and Wolfowitz, 1955).

use trace::random::{Stream, Streams};
use trace::{Failure, Request};

use super::backlog::Backlog;
use super::tournament::{OUT, Tournament};
use super::worker::Worker;
use super::{Front, Policy};

pub(super) struct LeastWork {
    streams: Streams,
    backlog: Backlog,
    order: Order,
}

impl LeastWork {
    pub(super) fn new(front: Front) -> Self {
        Self {
            streams: Streams::new(front.seed, "policy"),
            backlog: Backlog::new(front),
            order: Order::new(front.workers, front.seed),
        }
    }
}

impl Policy for LeastWork {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        self.backlog.advance(request.arrival_ns, |number, worker| self.order.changed(number, worker));
        let chosen = self.order.first(self.streams.of(request.id));
        if let Some(worker) = self.backlog.admit(chosen as usize, request)? {
            self.order.changed(chosen as usize, worker);
        }
        Ok(chosen)
    }
}

/// Workers by when a request could start there.
struct Order {
    ties: Stream,
    /// Workers where a request could start at once.
    idle: Vec<u32>,
    /// Of each worker: its place among those.
    place: Vec<Option<u32>>,
    /// The others that have room, by when their earliest server is free; a random number breaks ties.
    busy: Tournament,
}

impl Order {
    fn new(workers: usize, seed: u64) -> Self {
        Self {
            ties: Streams::new(seed, "policy ties").of(0),
            idle: (0..workers as u32).collect(),
            place: (0..workers as u32).map(Some).collect(),
            busy: Tournament::new(workers),
        }
    }

    #[inline]
    fn first(&self, mut stream: Stream) -> u32 {
        if !self.idle.is_empty() {
            self.idle[stream.below(self.idle.len() as u64) as usize]
        } else if self.busy.least() < OUT {
            self.busy.winner() as u32
        } else {
            // Wherever it goes, it is turned away.
            stream.below(self.place.len() as u64) as u32
        }
    }

    /// A request entered worker `number`, or left it.
    #[inline]
    fn changed(&mut self, number: usize, worker: &Worker) {
        if let Some(place) = self.place[number] {
            self.idle.swap_remove(place as usize);
            if let Some(&moved) = self.idle.get(place as usize) {
                self.place[moved as usize] = Some(place);
            }
        }
        let key = if worker.is_idle() || worker.is_full() {
            OUT
        } else {
            u128::from(worker.free_at()) << 64 | u128::from(self.ties.bits())
        };
        self.busy.set(number, key);
        self.place[number] = worker.is_idle().then_some(self.idle.len() as u32);
        if worker.is_idle() {
            self.idle.push(number as u32);
        }
    }
}

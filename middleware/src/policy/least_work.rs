//! LW: the least work left, to the worker where the request could start first; ties, and so all idle workers, at random.
//!
//! In front of N single servers it is a central queue with N servers (Kiefer and Wolfowitz, 1955).

use std::collections::BTreeSet;

use trace::Request;
use trace::random::{Stream, Streams};

use super::{Backlog, Policy};

pub(super) struct LeastWork {
    streams: Streams,
    ties: Stream,
    /// Workers where a request could start at once.
    idle: Vec<usize>,
    /// The others that have room, by when their earliest server is free; a random number breaks ties.
    busy: BTreeSet<(u64, u64, usize)>,
    place: Vec<Place>,
}

/// Where a worker stands.
#[derive(Clone, Copy)]
enum Place {
    Idle(usize),
    Busy(u64, u64),
    Full,
}

impl LeastWork {
    pub(super) fn new(workers: usize, seed: u64) -> Self {
        Self {
            streams: Streams::new(seed, "policy"),
            ties: Streams::new(seed, "policy ties").of(0),
            idle: (0..workers).collect(),
            busy: BTreeSet::new(),
            place: (0..workers).map(Place::Idle).collect(),
        }
    }
}

impl Policy for LeastWork {
    fn choose(&mut self, request: &Request, _: &Backlog) -> usize {
        let mut stream = self.streams.of(request.id);
        match (self.idle.len(), self.busy.first()) {
            (0, Some(&(_, _, worker))) => worker,
            // Wherever it goes, it is turned away.
            (0, None) => stream.below(self.place.len() as u64) as usize,
            (idle, _) => self.idle[stream.below(idle as u64) as usize],
        }
    }

    fn changed(&mut self, worker: usize, backlog: &Backlog) {
        match self.place[worker] {
            Place::Full => {}
            Place::Busy(free_at, tie) => {
                self.busy.remove(&(free_at, tie, worker));
            }
            Place::Idle(place) => {
                self.idle.swap_remove(place);
                if let Some(&moved) = self.idle.get(place) {
                    self.place[moved] = Place::Idle(place);
                }
            }
        }
        self.place[worker] = if backlog.is_idle(worker) {
            self.idle.push(worker);
            Place::Idle(self.idle.len() - 1)
        } else if backlog.is_full(worker) {
            Place::Full
        } else {
            let (free_at, tie) = (backlog.free_at(worker), self.ties.bits());
            self.busy.insert((free_at, tie, worker));
            Place::Busy(free_at, tie)
        };
    }
}

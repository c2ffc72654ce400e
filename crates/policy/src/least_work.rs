//! LW: the least work left, to the worker where the request could start first; ties, and so all idle workers, at random.
//!
//! In cluster of N single servers it is a central queue with N servers (Kiefer and Wolfowitz, 1955).

use contract::Request;
use failure::Failure;
use random::streams::{Stream, Streams};

use super::cluster::{Cluster, Policy};
use super::models::Models;
use super::tournament::{OUT, Tournament};
use super::worker::Worker;

pub(super) struct LeastWork {
    streams: Streams,
    models: Models,
    order: Order,
}

impl LeastWork {
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            streams: Streams::new(cluster.seed, "policy"),
            models: Models::new(cluster),
            order: Order::new(cluster.workers, cluster.seed),
        }
    }
}

impl Policy for LeastWork {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        self.models.advance(request.arrival_ns, |number, worker| self.order.changed(number, worker));
        let chosen = self.order.first(self.streams.of(request.id));
        if let Some(worker) = self.models.admit(chosen as usize, request)? {
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
    places: Vec<Place>,
    /// The others that have room, by when their earliest server is free; a random number breaks ties. Those of `changed` are
    /// as they were: while somebody is idle nobody asks, and most have changed again before.
    busy: Tournament,
    changed: Vec<u32>,
}

/// Where a worker stands.
#[derive(Clone)]
struct Place {
    /// Its key among the busy.
    key: u128,
    /// Its place among the idle.
    idle: Option<u32>,
    /// Whether it is in the list of those that have changed.
    changed: bool,
}

impl Order {
    fn new(workers: usize, seed: u64) -> Self {
        Self {
            ties: Streams::new(seed, "policy ties").of(0),
            idle: (0..workers as u32).collect(),
            places: (0..workers as u32).map(|place| Place { key: OUT, idle: Some(place), changed: false }).collect(),
            busy: Tournament::new(workers),
            changed: Vec::new(),
        }
    }

    #[inline]
    fn first(&mut self, mut stream: Stream) -> u32 {
        if !self.idle.is_empty() {
            return self.idle[stream.below(self.idle.len() as u64) as usize];
        }
        for number in self.changed.drain(..) {
            let place = &mut self.places[number as usize];
            place.changed = false;
            self.busy.set(number as usize, place.key);
        }
        if self.busy.least() < OUT {
            self.busy.winner() as u32
        } else {
            // Wherever it goes, it is turned away.
            stream.below(self.places.len() as u64) as u32
        }
    }

    /// A request entered worker `number`, or left it.
    #[inline]
    fn changed(&mut self, number: usize, worker: &Worker) {
        if let Some(place) = self.places[number].idle {
            self.idle.swap_remove(place as usize);
            if let Some(&moved) = self.idle.get(place as usize) {
                self.places[moved as usize].idle = Some(place);
            }
        }
        let place = &mut self.places[number];
        (place.idle, place.key) = if worker.is_idle() {
            self.idle.push(number as u32);
            (Some(self.idle.len() as u32 - 1), OUT)
        } else if worker.is_full() {
            (None, OUT)
        } else {
            (None, u128::from(worker.free_at()) << 64 | u128::from(self.ties.bits()))
        };
        if !place.changed {
            place.changed = true;
            self.changed.push(number as u32);
        }
    }
}

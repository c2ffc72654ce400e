//! LW: the least work left: to the worker at which service can start first; ties, and so all idle workers, at random.
//!
//! In a cluster of N single servers it is equivalent to a central queue with N servers (Kiefer and Wolfowitz, 1955).

use contract::Request;
use failure::Failure;
use random::streams::{Stream, Streams};

use super::cluster::{Cluster, Policy};
use super::models::Models;
use super::tournament::{OUT, Tournament};
use super::worker::WorkerModel;

pub(super) struct LeastWork<W> {
    streams: Streams,
    models: Models<W>,
    order: Order,
}

impl<W: WorkerModel> LeastWork<W> {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            streams: Streams::new(cluster.seed, "policy"),
            models: Models::new(cluster),
            order: Order::new(cluster.len(), cluster.seed),
        }
    }
}

impl<W: WorkerModel> Policy for LeastWork<W> {
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

/// Workers ordered by the time at which service of a new request can start.
struct Order {
    ties: Stream,
    /// Workers at which it can start at once.
    idle: Vec<u32>,
    positions: Vec<Position>,
    /// The other workers that are not full, by the time at which their earliest server is free; a random number breaks
    /// ties. Entries of the workers in `changed` are stale: while there is an idle worker, this order is not used, and
    /// most workers change again before it is.
    busy: Tournament,
    changed: Vec<u32>,
}

/// The position of one worker.
#[derive(Clone)]
struct Position {
    /// Its key in `busy`.
    key: u128,
    /// Its index in `idle`.
    idle: Option<u32>,
    /// Whether it is in `changed`.
    changed: bool,
}

impl Order {
    fn new(workers: usize, seed: u64) -> Self {
        Self {
            ties: Streams::new(seed, "policy ties").of(0),
            idle: (0..workers as u32).collect(),
            positions: (0..workers as u32)
                .map(|position| Position { key: OUT, idle: Some(position), changed: false })
                .collect(),
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
            let position = &mut self.positions[number as usize];
            position.changed = false;
            self.busy.set(number as usize, position.key);
        }
        if self.busy.least() < OUT {
            self.busy.winner() as u32
        } else {
            // All workers are full, so every one rejects the request.
            stream.below(self.positions.len() as u64) as u32
        }
    }

    /// A request entered worker `number`, or left it.
    #[inline]
    fn changed(&mut self, number: usize, worker: &impl WorkerModel) {
        if let Some(position) = self.positions[number].idle {
            self.idle.swap_remove(position as usize);
            if let Some(&moved) = self.idle.get(position as usize) {
                self.positions[moved as usize].idle = Some(position);
            }
        }
        let position = &mut self.positions[number];
        (position.idle, position.key) = if worker.is_idle() {
            self.idle.push(number as u32);
            (Some(self.idle.len() as u32 - 1), OUT)
        } else if worker.is_full() {
            (None, OUT)
        } else {
            (None, u128::from(worker.free_at()) << 64 | u128::from(self.ties.bits()))
        };
        if !position.changed {
            position.changed = true;
            self.changed.push(number as u32);
        }
    }
}

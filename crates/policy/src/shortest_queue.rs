//! JSQ: join the shortest queue, the smallest number in system of all workers (Winston, "Optimality of the shortest
//! line discipline", 1977); ties at random.

use std::collections::VecDeque;

use contract::Request;
use failure::Failure;
use random::streams::Streams;

use super::cluster::{Cluster, Policy};
use super::models::Models;
use super::worker::WorkerModel;

pub(super) struct ShortestQueue<W> {
    streams: Streams,
    models: Models<W>,
    queues: Queues,
}

impl<W: WorkerModel> ShortestQueue<W> {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            streams: Streams::new(cluster.seed, "policy"),
            models: Models::new(cluster),
            queues: Queues::new(cluster.len()),
        }
    }
}

impl<W: WorkerModel> Policy for ShortestQueue<W> {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        self.models.advance(request.arrival_ns, |number, worker| self.queues.changed(number, worker.in_system()));
        let shortest = self.queues.shortest();
        let mut stream = self.streams.of(request.id);
        let mut chosen = shortest[stream.below(shortest.len() as u64) as usize];
        if self.models.is_full(chosen as usize) {
            chosen = self.models.shortest_with_room(&mut stream).unwrap_or(chosen);
        }
        if let Some(worker) = self.models.admit(chosen as usize, request)? {
            self.queues.changed(chosen as usize, worker.in_system());
        }
        Ok(chosen)
    }
}

/// Workers by number in system. Each change is by one, so that the new shortest queue is one step away.
struct Queues {
    /// At index n the workers whose number in system is `fewest` + n, up to the largest number.
    by_number: VecDeque<Vec<u32>>,
    fewest: usize,
    /// Of each worker: its number in system, and its index in the list of workers with that number.
    place: Vec<(usize, usize)>,
    /// Empty lists, kept for their memory.
    spare: Vec<Vec<u32>>,
}

impl Queues {
    fn new(workers: usize) -> Self {
        Self {
            by_number: VecDeque::from([(0..workers as u32).collect()]),
            fewest: 0,
            place: (0..workers).map(|worker| (0, worker)).collect(),
            spare: Vec::new(),
        }
    }

    #[inline]
    fn shortest(&self) -> &[u32] {
        &self.by_number[0]
    }

    /// Worker `number` now has `new` requests, one more or one less than before.
    #[inline]
    fn changed(&mut self, number: usize, new: usize) {
        let (old, place) = self.place[number];
        let list = &mut self.by_number[old - self.fewest];
        list.swap_remove(place);
        if let Some(&moved) = list.get(place) {
            self.place[moved as usize].1 = place;
        }
        if new < self.fewest {
            self.fewest = new;
            self.by_number.push_front(self.spare.pop().unwrap_or_default());
        } else if new - self.fewest == self.by_number.len() {
            self.by_number.push_back(self.spare.pop().unwrap_or_default());
        }
        let list = &mut self.by_number[new - self.fewest];
        self.place[number] = (new, list.len());
        list.push(number as u32);
        // The old list may have been the first or the last one; the new one is beside it. Lists between may be empty.
        if self.by_number[0].is_empty() {
            self.spare.extend(self.by_number.pop_front());
            self.fewest += 1;
        } else if self.by_number.back().is_some_and(Vec::is_empty) {
            self.spare.extend(self.by_number.pop_back());
        }
    }
}

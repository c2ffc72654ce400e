//! JSQ: join the shortest queue, the fewest requests in the system of all workers (Winston, "Optimality of the shortest line
//! discipline", 1977); ties at random.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use trace::Request;
use trace::random::Streams;

use super::{Backlog, Policy};

pub(super) struct ShortestQueue {
    streams: Streams,
    /// The workers that have n in the system, for each n that some have.
    having: BTreeMap<usize, Vec<usize>>,
    /// Of each worker: how many it has, and its place among those who have as many.
    place: Vec<(usize, usize)>,
}

impl ShortestQueue {
    pub(super) fn new(workers: usize, seed: u64) -> Self {
        Self {
            streams: Streams::new(seed, "policy"),
            having: BTreeMap::from([(0, (0..workers).collect())]),
            place: (0..workers).map(|worker| (0, worker)).collect(),
        }
    }
}

impl Policy for ShortestQueue {
    fn choose(&mut self, request: &Request, _: &Backlog) -> usize {
        let shortest = self.having.first_key_value().map_or(&[][..], |(_, workers)| workers);
        shortest[self.streams.of(request.id).below(shortest.len() as u64) as usize]
    }

    fn changed(&mut self, worker: usize, backlog: &Backlog) {
        let (old, place) = self.place[worker];
        if let Entry::Occupied(mut workers) = self.having.entry(old) {
            workers.get_mut().swap_remove(place);
            if let Some(&moved) = workers.get().get(place) {
                self.place[moved].1 = place;
            }
            if workers.get().is_empty() {
                workers.remove();
            }
        }
        let new = backlog.in_system(worker);
        let workers = self.having.entry(new).or_default();
        self.place[worker] = (new, workers.len());
        workers.push(worker);
    }
}

//! JSQ: join the shortest queue, the fewest requests in the system of all workers (Winston, "Optimality of the shortest line
//! discipline", 1977); ties at random.

use trace::Request;
use trace::random::Streams;

use super::{Backlog, Policy};

pub(super) struct ShortestQueue {
    streams: Streams,
    /// The workers that have n in the system, for each n; a worker moves by one at a time.
    having: Vec<Vec<usize>>,
    /// Of each worker: how many it has, and its place among those who have as many.
    place: Vec<(usize, usize)>,
    /// The fewest that any has.
    fewest: usize,
}

impl ShortestQueue {
    pub(super) fn new(workers: usize, seed: u64) -> Self {
        Self {
            streams: Streams::new(seed, "policy"),
            having: vec![(0..workers).collect()],
            place: (0..workers).map(|worker| (0, worker)).collect(),
            fewest: 0,
        }
    }
}

impl Policy for ShortestQueue {
    fn choose(&mut self, request: &Request, _: &Backlog) -> usize {
        let shortest = &self.having[self.fewest];
        shortest[self.streams.of(request.id).below(shortest.len() as u64) as usize]
    }

    fn changed(&mut self, worker: usize, backlog: &Backlog) {
        let (old, place) = self.place[worker];
        let new = backlog.in_system(worker);
        self.having[old].swap_remove(place);
        if let Some(&moved) = self.having[old].get(place) {
            self.place[moved].1 = place;
        }
        if self.having.len() <= new {
            self.having.push(Vec::new());
        }
        self.place[worker] = (new, self.having[new].len());
        self.having[new].push(worker);
        if new < self.fewest || self.having[self.fewest].is_empty() {
            self.fewest = new;
        }
    }
}

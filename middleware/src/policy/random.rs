//! R: each request to a random worker.

use trace::Request;
use trace::random::Streams;

use super::{Backlog, Policy};

pub(super) struct Random {
    workers: u64,
    streams: Streams,
}

impl Random {
    pub(super) fn new(workers: usize, seed: u64) -> Self {
        Self { workers: workers as u64, streams: Streams::new(seed, "policy") }
    }
}

impl Policy for Random {
    fn choose(&mut self, request: &Request, _: &Backlog) -> usize {
        self.streams.of(request.id).below(self.workers) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_binomial() {
        let mut policy = Random::new(4, 1);
        let mut shares = [0u32; 4];
        for id in 0..100_000 {
            shares[policy.choose(&Request { id, ..Request::default() }, &Backlog::new(0, 1, 0))] += 1;
        }
        // Within five deviations (137 each) of a quarter.
        assert!(shares.iter().all(|&share| share.abs_diff(25_000) < 685), "{shares:?}");
    }
}

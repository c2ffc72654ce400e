//! R: each request to a random worker.

use contract::Request;
use failure::Failure;
use random::streams::Streams;

use super::cluster::{Cluster, Policy};

pub(super) struct Random {
    workers: u64,
    streams: Streams,
}

impl Random {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self { workers: cluster.len() as u64, streams: Streams::new(cluster.seed, "policy") }
    }
}

impl Policy for Random {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        Ok(self.streams.of(request.id).below(self.workers) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Balancer;
    use super::*;

    #[test]
    fn shares_are_binomial() {
        let mut balancer = Balancer::named("R", 4, 1, 0, 1);
        let mut shares = [0u32; 4];
        for id in 0..100_000 {
            shares[balancer.assign(&Request { id, ..Request::default() }).unwrap()] += 1;
        }
        // Within five standard deviations (137 each) of a quarter.
        assert!(shares.iter().all(|&share| share.abs_diff(25_000) < 685), "{shares:?}");
    }
}

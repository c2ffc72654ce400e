//! HASH: the block's hash modulo WORKERS, so that all requests of a block go to one worker.

use contract::Request;
use failure::Failure;
use random::streams::hash;

use super::cluster::{Cluster, Policy};

pub(super) struct Hash {
    workers: u64,
}

impl Hash {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self { workers: cluster.len() as u64 }
    }
}

impl Policy for Hash {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        Ok((hash(request.block) % self.workers) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Balancer;
    use super::*;

    #[test]
    fn each_block_has_one_worker_and_blocks_are_spread() {
        let mut balancer = Balancer::named("HASH", 8, 1, 0, 1);
        let mut assign = |block| balancer.assign(&Request { block, ..Request::default() }).unwrap();
        let mut shares = [0u32; 8];
        for block in 0..80_000 {
            let worker = assign(block);
            assert_eq!(worker, assign(block));
            shares[worker] += 1;
        }
        assert!(shares.iter().all(|&share| share.abs_diff(10_000) < 470), "{shares:?}");
    }
}

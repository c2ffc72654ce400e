//! RR: to the workers in turn.

use contract::Request;
use failure::Failure;

use super::cluster::{Cluster, Policy};

pub(super) struct RoundRobin {
    workers: u32,
    next: u32,
}

impl RoundRobin {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self { workers: cluster.len() as u32, next: 0 }
    }
}

impl Policy for RoundRobin {
    #[inline]
    fn assign(&mut self, _: &Request) -> Result<u32, Failure> {
        let worker = self.next;
        self.next = if worker + 1 == self.workers { 0 } else { worker + 1 };
        Ok(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Balancer;
    use super::*;

    #[test]
    fn workers_get_requests_in_turn() {
        let mut balancer = Balancer::named("RR", 3, 1, 0, 1);
        let mut workers = Vec::new();
        // The order continues from block to block.
        balancer.assign_all(&[Request::default(); 5], &mut workers).unwrap();
        assert_eq!(workers, [0, 1, 2, 0, 1]);
        balancer.assign_all(&[Request::default(); 2], &mut workers).unwrap();
        assert_eq!(workers, [2, 0]);
    }
}

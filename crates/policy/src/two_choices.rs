//! TC: of two distinct workers, sampled at random, to the one with the smaller number in system (Mitzenmacher, "The
//! power of two choices in randomized load balancing", 2001).

use std::hint::select_unpredictable;

use contract::Request;
use failure::Failure;
use random::streams::Streams;

use super::cluster::{Cluster, Policy};
use super::models::too_many;
use super::worker::WorkerModel;

pub(super) struct TwoChoices<W> {
    streams: Streams,
    /// Each worker's model as it was when the worker was last sampled; the others are not updated.
    workers: Vec<W>,
    /// Requests in all models. Some of them may have left workers that were not sampled lately.
    in_system: usize,
}

impl<W: WorkerModel> TwoChoices<W> {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            streams: Streams::new(cluster.seed, "policy"),
            workers: cluster.workers.iter().map(W::new).collect(),
            in_system: 0,
        }
    }

    /// Advances worker `number` to `now` \[ns\] and returns its number in system.
    #[inline]
    fn advance(&mut self, number: usize, now: u64) -> usize {
        let worker = &mut self.workers[number];
        let before = worker.in_system();
        worker.advance(now);
        self.in_system -= before - worker.in_system();
        worker.in_system()
    }

    /// Advances all workers; the limit is exceeded only if too many requests remain.
    #[cold]
    fn recount(&mut self, now: u64) -> Result<(), Failure> {
        for number in 0..self.workers.len() {
            self.advance(number, now);
        }
        if self.in_system > super::cluster::MAX_IN_SYSTEM { Err(too_many()) } else { Ok(()) }
    }
}

impl<W: WorkerModel> Policy for TwoChoices<W> {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        let mut stream = self.streams.of(request.id);
        let workers = self.workers.len() as u64;
        let first = stream.below(workers) as usize;
        let mut second = stream.below(workers - 1) as usize;
        second += usize::from(second >= first && workers > 1);
        let (at_first, at_second) = (self.advance(first, request.arrival_ns), self.advance(second, request.arrival_ns));
        // The pair is sampled in random order, so that the first one of a tie is a random one. Without the hint, the
        // compiler generates a jump, which can't be predicted.
        let chosen = select_unpredictable(at_second < at_first, second, first);
        if self.workers[chosen].admit(request) {
            self.in_system += 1;
            if self.in_system > super::cluster::MAX_IN_SYSTEM {
                self.recount(request.arrival_ns)?;
            }
        }
        Ok(chosen as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Balancer;
    use super::super::worker::FifoWorker;
    use super::*;

    /// How often each of `workers` is chosen at `arrival_ns`, after one request of demand 10 was assigned at 0.
    fn shares(workers: usize, arrival_ns: u64) -> Vec<u32> {
        let mut shares = vec![0; workers];
        for seed in 0..2000 {
            let mut balancer = Balancer::named("TC", workers, 1, 0, seed);
            let busy = balancer.assign(&Request { service_ns: 10, ..Request::default() }).unwrap();
            let chosen = balancer.assign(&Request { id: 1, arrival_ns, ..Request::default() }).unwrap();
            // Counted from the busy one.
            shares[(chosen + workers - busy) % workers] += 1;
        }
        shares
    }

    #[test]
    fn the_idle_worker_of_a_pair_is_chosen() {
        assert_eq!(shares(2, 9), [0, 2000]);
        // At 10 the departure comes before the arrival: a tie, broken at random.
        assert!(shares(2, 10)[0].abs_diff(1000) < 112, "{:?}", shares(2, 10));
        assert_eq!(shares(1, 0), [2000]);
    }

    #[test]
    fn a_recount_keeps_requests_that_have_not_left() {
        let mut policy = TwoChoices::<FifoWorker>::new(&Cluster::alike(50, 2, 0, 1));
        for id in 0..1000 {
            policy.assign(&Request { id, service_ns: 10, ..Request::default() }).unwrap();
        }
        policy.assign(&Request { id: 1000, arrival_ns: 500, service_ns: 10, ..Request::default() }).unwrap();
        // Two workers were advanced, of about 20 requests each.
        assert!(policy.in_system > 900, "{}", policy.in_system);
        policy.recount(500).unwrap();
        assert_eq!(policy.in_system, 1);
    }

    #[test]
    fn pairs_are_distinct_and_all_are_sampled() {
        let shares = shares(3, 9);
        assert_eq!(shares[0], 0, "every pair contains an idle worker");
        assert!(shares[1].abs_diff(1000) < 112, "{shares:?}");
    }
}

//! TC: of two distinct workers, drawn at random, to the one with fewer requests in the system (Mitzenmacher, "The power of
//! two choices in randomized load balancing", 2001).

use trace::Request;
use trace::random::Streams;

use super::{Backlog, Policy};

pub(super) struct TwoChoices {
    workers: u64,
    streams: Streams,
}

impl TwoChoices {
    pub(super) fn new(workers: usize, seed: u64) -> Self {
        Self { workers: workers as u64, streams: Streams::new(seed, "policy") }
    }
}

impl Policy for TwoChoices {
    fn choose(&mut self, request: &Request, backlog: &Backlog) -> usize {
        let mut stream = self.streams.of(request.id);
        let first = stream.below(self.workers);
        if self.workers == 1 {
            return 0;
        }
        let mut second = stream.below(self.workers - 1);
        second += u64::from(second >= first);
        // The pair is drawn in random order, so that the first one of a tie is a random one.
        if backlog.in_system(second as usize) < backlog.in_system(first as usize) {
            second as usize
        } else {
            first as usize
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Balancer;
    use super::*;

    /// How often each of `workers` is chosen at `arrival_ns`, after one request of demand 10 went somewhere at 0.
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
    fn the_busy_one_of_a_pair_is_spared() {
        assert_eq!(shares(2, 9), [0, 2000]);
        // At 10 the departure comes before the arrival: a tie, broken at random.
        assert!(shares(2, 10)[0].abs_diff(1000) < 112, "{:?}", shares(2, 10));
        assert_eq!(shares(1, 0), [2000]);
    }

    #[test]
    fn pairs_are_distinct_and_all_are_drawn() {
        let shares = shares(3, 9);
        assert_eq!(shares[0], 0, "a pair always holds an idle one");
        assert!(shares[1].abs_diff(1000) < 112, "{shares:?}");
    }
}

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
    fn choose(&mut self, request: &Request, backlog: &mut Backlog) -> usize {
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
    use super::*;

    #[test]
    fn the_busy_one_of_a_pair_is_spared() {
        let mut backlog = Backlog::new(2, 1, 0);
        backlog.admit(0, &Request { service_ns: 10, ..Request::default() }).unwrap();
        let mut policy = TwoChoices::new(2, 1);
        let choose = |policy: &mut TwoChoices, backlog: &mut Backlog| -> usize {
            (0..1000).map(|id| policy.choose(&Request { id, ..Request::default() }, backlog)).sum()
        };
        assert_eq!(choose(&mut policy, &mut backlog), 1000);
        // At 10 the departure comes before the arrival: a tie, broken at random.
        backlog.advance(10);
        assert!((400..600).contains(&choose(&mut policy, &mut backlog)));
        assert_eq!(TwoChoices::new(1, 1).choose(&Request::default(), &mut Backlog::new(1, 1, 0)), 0);
    }

    #[test]
    fn pairs_are_distinct_and_all_are_drawn() {
        let mut backlog = Backlog::new(3, 1, 0);
        backlog.admit(0, &Request { service_ns: 10, ..Request::default() }).unwrap();
        let mut policy = TwoChoices::new(3, 1);
        let mut shares = [0u32; 3];
        for id in 0..9000 {
            shares[policy.choose(&Request { id, ..Request::default() }, &mut backlog)] += 1;
        }
        assert_eq!(shares[0], 0, "a pair always holds an idle one");
        assert!(shares[1].abs_diff(4500) < 240, "{shares:?}");
    }
}

//! POWER:D and TC: of D workers, sampled at random, to the one with the smallest number in system (Mitzenmacher, "The
//! power of two choices in randomized load balancing", 2001). TC is POWER:2.

use std::hint::select_unpredictable;

use contract::Request;
use failure::Failure;
use random::streams::{Stream, Streams};

use super::cluster::{Cluster, Policy};
use super::models::too_many;
use super::worker::WorkerModel;

/// The form of POWER, in help and errors.
pub(super) const FORM: &str = "POWER:D[,replacement]";

/// Upper limit of D. JSQ is the policy that looks at all workers.
const MOST: u32 = 4096;

/// How workers are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sampling {
    /// How many workers: D.
    pub(super) number: u32,
    /// Whether a worker may be sampled more than once.
    pub(super) replacement: bool,
}

impl Sampling {
    /// The sampling of TC.
    pub(super) const TWO: Self = Self { number: 2, replacement: false };

    /// The sampling that `values` describe, which follow POWER and a colon.
    ///
    /// # Errors
    /// The rule that they break.
    pub(super) fn parse(values: &str) -> Result<Self, String> {
        let (number, replacement) = match values.split_once(',') {
            Some((number, word)) if word.eq_ignore_ascii_case("replacement") => (number, true),
            Some((_, word)) => {
                let word = failure::printable(word.as_bytes(), 40);
                return Err(format!("is not {FORM}: after D only the word replacement may follow, not {word}"));
            }
            None => (values, false),
        };
        let is_integer = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|number| is_integer && (1..=MOST).contains(number));
        let number = number.ok_or_else(|| format!("is not {FORM}: D must be an integer from 1 to {MOST}"))?;
        Ok(Self { number, replacement })
    }
}

/// POWER:D, and TC if `PAIR`: then the compiler knows that two workers are sampled, without replacement.
pub(super) struct Choices<W, const PAIR: bool> {
    streams: Streams,
    /// How many workers are sampled.
    number: usize,
    replacement: bool,
    /// Each worker's model as it was when the worker was last sampled; the others are not updated.
    workers: Vec<W>,
    /// Requests in all models. Some of them may have left workers that were not sampled lately.
    in_system: usize,
    /// The workers that were sampled for one request, in ascending order; kept for its memory.
    sampled: Vec<usize>,
}

impl<W: WorkerModel, const PAIR: bool> Choices<W, PAIR> {
    pub(super) fn new(cluster: &Cluster, sampling: Sampling) -> Self {
        let Sampling { number, replacement } = sampling;
        Self {
            streams: Streams::new(cluster.seed, "policy"),
            number: if replacement { number as usize } else { cluster.len().min(number as usize) },
            replacement,
            workers: cluster.workers.iter().map(W::new).collect(),
            in_system: 0,
            sampled: Vec::new(),
        }
    }

    /// Samples a worker after the `earlier` ones, which are in ascending order. Returns its place among them too.
    #[inline]
    fn sample(&self, stream: &mut Stream, earlier: &[usize]) -> (usize, usize) {
        if !PAIR && self.replacement {
            return (stream.below(self.workers.len() as u64) as usize, 0);
        }
        // Its number among the workers that are left; each earlier one that is not above it moves it up by one. No jump,
        // because it can't be predicted.
        let mut worker = stream.below((self.workers.len() - earlier.len()) as u64) as usize;
        let mut place = 0;
        for &earlier in earlier {
            let is_above = usize::from(worker >= earlier);
            (worker, place) = (worker + is_above, place + is_above);
        }
        (worker, place)
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

impl<W: WorkerModel, const PAIR: bool> Policy for Choices<W, PAIR> {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        let mut stream = self.streams.of(request.id);
        let (first, _) = self.sample(&mut stream, &[]);
        let (mut chosen, mut fewest) = (first, self.advance(first, request.arrival_ns));
        // The order of sampling is random, so that the first one of a tie is a random one. Without the hint, the compiler
        // generates a jump, which can't be predicted.
        let fewer = |worker, at_worker, chosen, fewest| {
            select_unpredictable(at_worker < fewest, (worker, at_worker), (chosen, fewest))
        };
        if PAIR {
            let (second, _) = self.sample(&mut stream, &[first]);
            let in_system = self.advance(second, request.arrival_ns);
            (chosen, _) = fewer(second, in_system, chosen, fewest);
        } else {
            let mut sampled = std::mem::take(&mut self.sampled);
            sampled.clear();
            sampled.push(first);
            for _ in 1..self.number {
                let (worker, place) = self.sample(&mut stream, &sampled);
                if !self.replacement {
                    sampled.insert(place, worker);
                }
                let in_system = self.advance(worker, request.arrival_ns);
                (chosen, fewest) = fewer(worker, in_system, chosen, fewest);
            }
            self.sampled = sampled;
        }
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
        let mut policy = Choices::<FifoWorker, true>::new(&Cluster::alike(50, 2, 0, 1), Sampling::TWO);
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

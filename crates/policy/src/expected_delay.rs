//! SED: shortest expected delay. To the worker at which the requests in the system and the new one, divided by its
//! servers' speed, are the least (Whitt, "Deciding which queue to join: some counterexamples", 1986; the `sed` scheduler
//! of Linux Virtual Server, for single servers); ties at random.

use contract::Request;
use failure::Failure;
use random::streams::{Stream, Streams};

use super::cluster::{Cluster, Policy};
use super::models::Models;
use super::tournament::{OUT, Tournament};
use super::worker::WorkerModel;

/// Bits of the random number that breaks a tie, the low ones of a key.
const TIE_BITS: u32 = 32;

/// Bits after the binary point of an expected delay.
const FRACTION_BITS: u32 = 52;

pub(super) struct ExpectedDelay<W> {
    streams: Streams,
    models: Models<W>,
    order: Order,
}

impl<W: WorkerModel> ExpectedDelay<W> {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self { streams: Streams::new(cluster.seed, "policy"), models: Models::new(cluster), order: Order::new(cluster) }
    }
}

impl<W: WorkerModel> Policy for ExpectedDelay<W> {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        self.models.advance(request.arrival_ns, |number, worker| self.order.changed(number, worker));
        let chosen = if self.order.workers.least() < OUT {
            self.order.workers.winner()
        } else {
            // All workers are full, so every one rejects the request.
            self.streams.of(request.id).below(self.order.rates.len() as u64) as usize
        };
        if let Some(worker) = self.models.admit(chosen, request)? {
            self.order.changed(chosen, worker);
        }
        Ok(chosen as u32)
    }
}

/// Workers ordered by expected delay.
struct Order {
    ties: Stream,
    rates: Vec<Rate>,
    /// The workers that are not full, by expected delay; a random number breaks ties.
    workers: Tournament,
}

impl Order {
    fn new(cluster: &Cluster) -> Self {
        let rate = |member: &super::Member| Rate {
            servers: u64::from(member.model.servers),
            numerator: u64::from(member.model.servers) * member.weight.numerator(),
            denominator: member.weight.denominator(),
        };
        let mut order = Self {
            ties: Streams::new(cluster.seed, "policy ties").of(0),
            rates: cluster.workers.iter().map(rate).collect(),
            workers: Tournament::new(cluster.len()),
        };
        (0..cluster.len()).for_each(|number| order.set(number, 0));
        order
    }

    /// Worker `number` has `in_system` requests, and is not full.
    #[inline]
    fn set(&mut self, number: usize, in_system: usize) {
        let tie = self.ties.bits() >> (u64::BITS - TIE_BITS);
        self.workers.set(number, self.rates[number].delay(in_system) << TIE_BITS | u128::from(tie));
    }

    /// A request entered worker `number`, or left it.
    #[inline]
    fn changed(&mut self, number: usize, worker: &impl WorkerModel) {
        if worker.is_full() {
            self.workers.set(number, OUT);
        } else {
            self.set(number, worker.in_system());
        }
    }
}

/// The service rate of a worker, in units of that of a server of weight 1: numerator / denominator.
struct Rate {
    servers: u64,
    numerator: u64,
    denominator: u64,
}

impl Rate {
    /// The expected delay of a new request at a worker with `in_system` requests, in units of 2⁻⁵² mean demands, rounded
    /// down: below 2⁹⁶, because numbers in system and denominators are below 2²⁴ and 2²⁰.
    #[inline]
    fn delay(&self, in_system: usize) -> u128 {
        let requests = (in_system as u64 + 1).max(self.servers);
        (u128::from(requests * self.denominator) << FRACTION_BITS) / u128::from(self.numerator)
    }
}

#[cfg(test)]
mod tests {
    use sim_wasm::Speed;

    use super::super::worker::FifoWorker;
    use super::*;

    /// How often each worker, by its servers and weight, gets the request that arrives when `assigned` others are there.
    fn shares(workers: &[(u32, &str)], assigned: usize) -> Vec<u32> {
        let mut shares = vec![0; workers.len()];
        for seed in 0..2000 {
            let mut cluster = Cluster::alike(workers.len(), 1, 0, seed);
            for (member, &(servers, weight)) in cluster.workers.iter_mut().zip(workers) {
                (member.model.servers, member.weight) = (servers, Speed::parse(weight).unwrap());
            }
            let mut policy = ExpectedDelay::<FifoWorker>::new(&cluster);
            let last = (0..=assigned as u64).map(|id| Request { id, service_ns: 10, ..Request::default() });
            let last = last.map(|request| policy.assign(&request).unwrap()).last().unwrap();
            shares[last as usize] += 1;
        }
        shares
    }

    #[test]
    fn the_least_expected_delay_is_chosen() {
        // 1/3 and 1/1, then 2/3 and 1/1, then 3/3 and 1/1: a tie.
        let workers = [(1, "3"), (1, "1")];
        assert_eq!([shares(&workers, 0), shares(&workers, 1)], [[2000, 0], [2000, 0]]);
        assert!(shares(&workers, 2)[0].abs_diff(1000) < 112, "{:?}", shares(&workers, 2));
        // Two servers of weight 1 are as good as one until both are busy; then 3/2 is less than 2/1.
        let workers = [(2, "1"), (1, "1")];
        assert!(shares(&workers, 0)[0].abs_diff(1000) < 112);
        assert_eq!(shares(&workers, 3), [2000, 0]);
        // Exactly equal fractions tie: 1/(1/3) and 1/(1/3) of 2 servers.
        assert!(shares(&[(1, "1/3"), (2, "1/3"), (1, "1/4")], 0)[0].abs_diff(1000) < 112);
    }

    #[test]
    fn the_longest_delay_leaves_room_for_the_tie() {
        let slowest = Rate { servers: 1, numerator: 1, denominator: Speed::MAX };
        assert!(slowest.delay(super::super::MAX_IN_SYSTEM) < 1 << (u128::BITS - TIE_BITS));
        // The smallest difference that there is between two delays of one request: not lost.
        let rate = |numerator| Rate { servers: 1, numerator, denominator: 1 };
        assert!(rate(Speed::MAX).delay(0) < rate(Speed::MAX - 1).delay(0));
    }
}

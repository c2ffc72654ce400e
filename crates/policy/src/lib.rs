//! Load-balancing policies: each assigns requests to workers.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

mod cluster;
mod hash;
mod least_work;
mod models;
mod random;
mod round_robin;
mod shortest_queue;
mod tournament;
mod two_choices;
mod worker;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use contract::Request;
use failure::Failure;

use cluster::Cluster;
pub use cluster::{MAX_IN_SYSTEM, Policy};

/// One policy in the list of policies.
#[derive(Clone, Copy)]
pub struct PolicySpec {
    /// Its name in BALANCER and in reports.
    pub name: &'static str,
    /// The name that other load balancers use; BALANCER accepts it too.
    pub alias: &'static str,
    /// The worker that gets a request, in a few words for help.
    pub summary: &'static str,
    /// Whether it looks at the state of workers, which costs a model of every worker.
    pub sees_state: bool,
    /// Whether it uses the block that a request addresses.
    pub sees_block: bool,
    /// The constructor.
    new: fn(Cluster) -> Box<dyn Policy>,
}

impl PolicySpec {
    const fn new(
        name: &'static str,
        alias: &'static str,
        summary: &'static str,
        new: fn(Cluster) -> Box<dyn Policy>,
    ) -> Self {
        Self { name, alias, summary, sees_state: false, sees_block: false, new }
    }

    const fn seeing_state(self) -> Self {
        Self { sees_state: true, ..self }
    }

    const fn seeing_block(self) -> Self {
        Self { sees_block: true, ..self }
    }
}

/// All policies.
pub const POLICIES: [PolicySpec; 6] = [
    PolicySpec::new("R", "random", "a random worker", |cluster| Box::new(random::Random::new(cluster))),
    PolicySpec::new("RR", "round_robin", "one worker after the other", |cluster| {
        Box::new(round_robin::RoundRobin::new(cluster))
    }),
    PolicySpec::new("TC", "p2c", "of two random workers, the one with fewer requests", |cluster| {
        Box::new(two_choices::TwoChoices::new(cluster))
    })
    .seeing_state(),
    PolicySpec::new("JSQ", "least_conn", "the worker with the fewest requests", |cluster| {
        Box::new(shortest_queue::ShortestQueue::new(cluster))
    })
    .seeing_state(),
    PolicySpec::new("LW", "lwl", "the worker that could start it first", |cluster| {
        Box::new(least_work::LeastWork::new(cluster))
    })
    .seeing_state(),
    PolicySpec::new("HASH", "hash", "the worker that the hash of its block names", |cluster| {
        Box::new(hash::Hash::new(cluster))
    })
    .seeing_block(),
];

/// A policy with its state.
pub struct Balancer(Box<dyn Policy>);

impl Balancer {
    /// The policy `spec` over `workers` workers, each with `servers` servers and the capacity `capacity` (0 = no
    /// limit).
    pub fn new(spec: PolicySpec, workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        Self((spec.new)(Cluster { workers, servers, capacity, seed }))
    }

    /// Assigns each of `requests` to a worker, from 0, replacing the contents of `workers`.
    ///
    /// # Errors
    /// [`Failure::Limit`] if more requests are modelled than the limit.
    pub fn assign_all(&mut self, requests: &[Request], workers: &mut Vec<u32>) -> Result<(), Failure> {
        self.0.assign_all(requests, workers)
    }
}

/// Assigns requests, replacing the contents of the list of workers.
#[cfg(feature = "testing")]
pub type Assign = Box<dyn FnMut(&[Request], &mut Vec<u32>) -> Result<(), Failure>>;

/// One policy alone, for `bench/`. None if there is no policy of this name.
#[cfg(feature = "testing")]
pub fn assigner(balancer: &str, workers: usize) -> Option<Assign> {
    let spec = POLICIES.into_iter().find(|spec| spec.name == balancer)?;
    let mut balancer = Balancer::new(spec, workers, 1, 0, 1);
    Some(Box::new(move |requests, assigned| balancer.assign_all(requests, assigned)))
}

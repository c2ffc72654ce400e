//! Load-balancing policies: each assigns requests to workers.
//!
//! Start with [`POLICIES`], the list of all policies, and [`Balancer`], which applies one of them to the requests of a
//! trace in order of arrival. A policy that uses the state of workers sees a model of each worker (SERVERS, CAPACITY,
//! first in, first out), which is fed with the true demands \[ns\]; docs/policies.md defines each policy. Sources: two
//! choices are those of Mitzenmacher (2001), the shortest queue is that of Winston (1977), and least work left over
//! single servers equals one central queue (Kiefer and Wolfowitz, 1955).
//!
//! ```
//! use contract::Request;
//! use policy::{Balancer, Cluster, POLICIES};
//!
//! let jsq = POLICIES.into_iter().find(|spec| spec.name == "JSQ").expect("JSQ is in the list");
//! let (workers, servers, capacity, seed) = (2, 1, 0, 1);
//! let mut balancer = Balancer::new(jsq, &Cluster::alike(workers, servers, capacity, seed));
//!
//! let requests = [0, 1].map(|id| Request { id, arrival_ns: id, service_ns: 10, ..Request::default() });
//! let mut assigned = Vec::new();
//! balancer.assign_all(&requests, &mut assigned)?;
//! assert_ne!(assigned[0], assigned[1]); // The second request goes to the worker that is idle.
//! # Ok::<(), failure::Failure>(())
//! ```

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

pub use cluster::{Cluster, MAX_IN_SYSTEM, Member, Policy};
use worker::FifoWorker;

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
    new: fn(&Cluster) -> Box<dyn Policy>,
}

impl PolicySpec {
    const fn new(
        name: &'static str,
        alias: &'static str,
        summary: &'static str,
        new: fn(&Cluster) -> Box<dyn Policy>,
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
        Box::new(two_choices::TwoChoices::<FifoWorker>::new(cluster))
    })
    .seeing_state(),
    PolicySpec::new("JSQ", "least_conn", "the worker with the fewest requests", |cluster| {
        Box::new(shortest_queue::ShortestQueue::<FifoWorker>::new(cluster))
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
    /// The policy `spec` over `cluster`.
    pub fn new(spec: PolicySpec, cluster: &Cluster) -> Self {
        Self((spec.new)(cluster))
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
    let mut balancer = Balancer::new(spec, &Cluster::alike(workers, 1, 0, 1));
    Some(Box::new(move |requests, assigned| balancer.assign_all(requests, assigned)))
}

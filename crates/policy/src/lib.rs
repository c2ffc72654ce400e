//! Load-balancing policies: each assigns requests to workers.
//!
//! Start with [`PolicySpec`], one of the [`POLICIES`] with its parameters, and [`Balancer`], which applies it to the
//! requests of a trace in order of arrival. A policy that uses the state of workers sees a model of each worker, which is
//! fed with the true demands \[ns\]; docs/policies.md defines each policy. Sources: two choices are those of Mitzenmacher
//! (2001), the shortest queue is that of Winston (1977), least work left over single servers equals one central queue
//! (Kiefer and Wolfowitz, 1955), size intervals are those of Harchol-Balter, Crovella and Murta (1999).
//!
//! ```
//! use contract::Request;
//! use policy::{Balancer, Cluster, PolicySpec};
//!
//! let jsq = PolicySpec::named("JSQ").expect("JSQ is in the list");
//! let (workers, servers, capacity, seed) = (2, 1, 0, 1);
//! let mut balancer = Balancer::new(&jsq, &Cluster::alike(workers, servers, capacity, seed))?;
//!
//! let requests = [0, 1].map(|id| Request { id, arrival_ns: id, service_ns: 10, ..Request::default() });
//! let mut assigned = Vec::new();
//! balancer.assign_all(&requests, &mut assigned)?;
//! assert_ne!(assigned[0], assigned[1]); // The second request goes to the worker that is idle.
//! # Ok::<(), failure::Failure>(())
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

mod choices;
mod cluster;
mod expected_delay;
mod hash;
mod least_unfinished;
mod least_work;
mod models;
mod random;
mod round_robin;
mod shortest_queue;
mod size_interval;
mod sizes;
mod spec;
mod tournament;
mod weighted_round_robin;
mod worker;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

use contract::Request;
use failure::Failure;

pub use cluster::{Cluster, MAX_IN_SYSTEM, Member, Policy};
pub use sizes::Sizes;
pub use spec::{POLICIES, PolicyForm, PolicySpec};

/// A policy with its state.
pub struct Balancer(Box<dyn Policy>);

impl Balancer {
    /// The policy `spec` over `cluster`, at its start.
    ///
    /// # Errors
    /// If the policy can't balance over this cluster, or is not fitted to a trace and must be.
    pub fn new(spec: &PolicySpec, cluster: &Cluster) -> Result<Self, Failure> {
        spec.start(cluster).map(Self).map_err(|rule| Failure::usage(format!("BALANCER={spec} {rule}")))
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

/// One policy alone, for `bench/`, fitted to `requests` if it needs to be. None if there is no policy of this name.
#[cfg(feature = "testing")]
pub fn assigner(balancer: &str, workers: usize, requests: &[Request]) -> Option<Assign> {
    let cluster = Cluster::alike(workers, 1, 0, 1);
    let mut sizes = Sizes::default();
    sizes.add(requests);
    let spec = PolicySpec::named(balancer)?.fitted(&sizes, &cluster);
    let mut balancer = Balancer::new(&spec, &cluster).ok()?;
    Some(Box::new(move |requests, assigned| balancer.assign_all(requests, assigned)))
}

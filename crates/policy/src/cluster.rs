//! The interface of policies, and the cluster that they balance over.

use contract::Request;
use failure::Failure;
use sim_wasm::{Discipline, Model, Speed};

/// Upper limit of the number in system, over all modelled workers. In an overloaded run this number grows without
/// bound.
pub const MAX_IN_SYSTEM: usize = 16_000_000;

/// Assigns each request to a worker.
pub trait Policy: Send {
    /// The worker, from 0, that gets `request`. Requests come in order of arrival.
    ///
    /// # Errors
    /// [`Failure::Limit`] if more requests are modelled than the limit.
    fn assign(&mut self, request: &Request) -> Result<u32, Failure>;

    /// Assigns each of `requests`, replacing the contents of `workers`. This method is compiled for each policy, so
    /// that there is one virtual call for each block and not for each request.
    ///
    /// # Errors
    /// As [`Policy::assign`].
    fn assign_all(&mut self, requests: &[Request], workers: &mut Vec<u32>) -> Result<(), Failure> {
        workers.clear();
        workers.resize(requests.len(), 0);
        for (request, worker) in requests.iter().zip(workers) {
            *worker = self.assign(request)?;
        }
        Ok(())
    }
}

/// The cluster that a policy balances over, and the seed of the policy.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// Its workers, at least one.
    pub workers: Vec<Member>,
    /// SEED.
    pub seed: u64,
}

/// A worker of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// The queue model that policies see, without DELAY.
    pub model: Model,
    /// Its speed: a request needs demand / speed of its server time.
    pub speed: Speed,
    /// Its weight, for the policies that use weights.
    pub weight: Speed,
}

impl Cluster {
    /// `workers` workers that are alike, each with `servers` servers and room for `capacity` requests (0 = no limit),
    /// first in, first out.
    pub fn alike(workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        let member = |worker| Member {
            model: Model { servers, capacity, seed, worker, ..Model::default() },
            speed: Speed::ONE,
            weight: Speed::ONE,
        };
        Self { workers: (1..).take(workers).map(member).collect(), seed }
    }

    /// Number of workers.
    pub(crate) fn len(&self) -> usize {
        self.workers.len()
    }

    /// Whether the recursion of first in, first out is the model of each worker.
    pub(crate) fn is_fifo(&self) -> bool {
        self.serves_in_order() && self.workers.iter().all(|member| member.model.patience.is_endless())
    }

    /// Whether each worker serves requests in the order of arrival.
    pub(crate) fn serves_in_order(&self) -> bool {
        self.workers.iter().all(|member| member.model.discipline == Discipline::Fifo)
    }
}

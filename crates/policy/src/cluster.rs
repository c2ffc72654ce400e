//! The interface of policies, and the cluster that they balance over.

use contract::Request;
use failure::Failure;

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
#[derive(Clone, Copy)]
pub(crate) struct Cluster {
    /// Workers, at least 1.
    pub(crate) workers: usize,
    /// SERVERS of each.
    pub(crate) servers: u32,
    /// CAPACITY of each, 0 = no limit.
    pub(crate) capacity: u64,
    /// SEED.
    pub(crate) seed: u64,
}

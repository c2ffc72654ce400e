//! What every policy is, and what it is given.

use contract::Request;
use failure::Failure;

/// Requests that the policies' model of all workers holds: an overloaded run's number in system grows without end.
pub const MAX_IN_SYSTEM: usize = 16_000_000;

/// The rule that gives each request to a worker.
pub trait Policy: Send {
    /// The worker, from 0, that gets `request`. Requests come in order of arrival.
    ///
    /// # Errors
    /// [`Failure::Limit`] where the modelled requests passes its limit.
    fn assign(&mut self, request: &Request) -> Result<u32, Failure>;

    /// The worker of each of `requests`, into `workers`, whose old ones go. Compiled for each policy, so that it is a block
    /// that goes through the virtual call and not a request.
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

/// What a policy stands in front of, and its randomness.
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

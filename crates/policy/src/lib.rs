//! Policies: which worker gets a request.

mod backlog;
mod hash;
mod least_work;
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

/// Requests that the policies' model of all workers holds: an overloaded run's backlog grows without end.
pub const BACKLOG: usize = 16_000_000;

/// The rule that gives each request to a worker.
pub trait Policy: Send {
    /// The worker, from 0, that gets `request`. Requests come in order of arrival.
    ///
    /// # Errors
    /// [`Failure::Limit`] where the modelled backlog passes its limit.
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
struct Front {
    /// Workers, at least 1.
    workers: usize,
    /// SERVERS of each.
    servers: u32,
    /// CAPACITY of each, 0 = no limit.
    capacity: u64,
    /// SEED.
    seed: u64,
}

/// One policy in the list of policies.
#[derive(Clone, Copy)]
pub struct Row {
    /// Its name in BALANCER.
    pub name: &'static str,
    /// Whether it looks at the backlog, which costs a model of every worker.
    pub sees_backlog: bool,
    /// Whether it looks at the block that a request addresses.
    pub sees_block: bool,
    /// Makes it.
    new: fn(Front) -> Box<dyn Policy>,
}

impl Row {
    const fn new(name: &'static str, new: fn(Front) -> Box<dyn Policy>) -> Self {
        Self { name, sees_backlog: false, sees_block: false, new }
    }

    const fn seeing_backlog(self) -> Self {
        Self { sees_backlog: true, ..self }
    }

    const fn seeing_block(self) -> Self {
        Self { sees_block: true, ..self }
    }
}

/// The list of policies.
pub const POLICIES: [Row; 6] = [
    Row::new("R", |front| Box::new(random::Random::new(front))),
    Row::new("RR", |front| Box::new(round_robin::RoundRobin::new(front))),
    Row::new("TC", |front| Box::new(two_choices::TwoChoices::new(front))).seeing_backlog(),
    Row::new("JSQ", |front| Box::new(shortest_queue::ShortestQueue::new(front))).seeing_backlog(),
    Row::new("LW", |front| Box::new(least_work::LeastWork::new(front))).seeing_backlog(),
    Row::new("HASH", |front| Box::new(hash::Hash::new(front))).seeing_block(),
];

/// A policy at work.
pub struct Balancer(Box<dyn Policy>);

impl Balancer {
    /// `row`'s policy over `workers`, each of `servers` servers and `capacity` (0 = no limit).
    pub fn new(row: Row, workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        Self((row.new)(Front { workers, servers, capacity, seed }))
    }

    /// The worker, from 0, of each of `requests`, into `workers`, whose old ones go.
    ///
    /// # Errors
    /// [`Failure::Limit`] where the modelled backlog passes its limit.
    pub fn assign_all(&mut self, requests: &[Request], workers: &mut Vec<u32>) -> Result<(), Failure> {
        self.0.assign_all(requests, workers)
    }
}

/// Puts the workers, from 0, that get requests into a list whose old ones go.
#[doc(hidden)]
pub type Assign = Box<dyn FnMut(&[Request], &mut Vec<u32>) -> Result<(), Failure>>;

/// One policy alone, so that `bench/` can measure it. None where there is none of this name.
#[doc(hidden)]
pub fn assigner(balancer: &str, workers: usize) -> Option<Assign> {
    let row = POLICIES.into_iter().find(|row| row.name == balancer)?;
    let mut balancer = Balancer::new(row, workers, 1, 0, 1);
    Some(Box::new(move |requests, assigned| balancer.assign_all(requests, assigned)))
}

//! Policies: which worker gets a request.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

mod backlog;
mod front;
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

use front::Front;
pub use front::{BACKLOG, Policy};

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
#[cfg(feature = "testing")]
pub type Assign = Box<dyn FnMut(&[Request], &mut Vec<u32>) -> Result<(), Failure>>;

/// One policy alone, so that `bench/` can measure it. None where there is none of this name.
#[cfg(feature = "testing")]
pub fn assigner(balancer: &str, workers: usize) -> Option<Assign> {
    let row = POLICIES.into_iter().find(|row| row.name == balancer)?;
    let mut balancer = Balancer::new(row, workers, 1, 0, 1);
    Some(Box::new(move |requests, assigned| balancer.assign_all(requests, assigned)))
}

//! Policies: which worker gets a request.

mod backlog;
mod hash;
mod least_work;
mod random;
mod round_robin;
mod shortest_queue;
mod two_choices;

#[cfg(test)]
mod tests;

use trace::{Failure, Request};

use backlog::Backlog;

/// The rule that gives each request to a worker.
pub(crate) trait Policy: Send {
    /// The worker, from 0, that gets `request`. Requests come in order of arrival; `backlog` is of this moment, and has no
    /// workers unless [`Row::sees_backlog`].
    fn choose(&mut self, request: &Request, backlog: &Backlog) -> usize;

    /// A request entered `worker`, or left it.
    fn changed(&mut self, _worker: usize, _backlog: &Backlog) {}
}

/// One policy in the list of policies.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Its name in BALANCER.
    pub(crate) name: &'static str,
    /// Whether it looks at the backlog, which costs a model of every worker.
    pub(crate) sees_backlog: bool,
    /// Whether it looks at the block that a request addresses.
    pub(crate) sees_block: bool,
    /// Makes it, for a number of workers and a seed.
    new: fn(usize, u64) -> Box<dyn Policy>,
}

impl Row {
    const fn new(name: &'static str, new: fn(usize, u64) -> Box<dyn Policy>) -> Self {
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
pub(crate) const POLICIES: [Row; 6] = [
    Row::new("R", |workers, seed| Box::new(random::Random::new(workers, seed))),
    Row::new("RR", |workers, _| Box::new(round_robin::RoundRobin::new(workers))),
    Row::new("TC", |workers, seed| Box::new(two_choices::TwoChoices::new(workers, seed))).seeing_backlog(),
    Row::new("JSQ", |workers, seed| Box::new(shortest_queue::ShortestQueue::new(workers, seed))).seeing_backlog(),
    Row::new("LW", |workers, seed| Box::new(least_work::LeastWork::new(workers, seed))).seeing_backlog(),
    Row::new("HASH", |workers, _| Box::new(hash::Hash::new(workers))).seeing_block(),
];

/// A policy at work, with the backlog that it sees.
pub(crate) struct Balancer {
    policy: Box<dyn Policy>,
    sees_backlog: bool,
    backlog: Backlog,
}

impl Balancer {
    /// `row`'s policy over `workers`, each of `servers` servers and `capacity` (0 = no limit).
    pub(crate) fn new(row: Row, workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        let seen = if row.sees_backlog { workers } else { 0 };
        Self {
            policy: (row.new)(workers, seed),
            sees_backlog: row.sees_backlog,
            backlog: Backlog::new(seen, servers, capacity),
        }
    }

    /// The worker, from 0, that gets `request`.
    ///
    /// # Errors
    /// [`Failure::Limit`] where the modelled backlog passes its limit.
    #[inline]
    pub(crate) fn assign(&mut self, request: &Request) -> Result<usize, Failure> {
        if !self.sees_backlog {
            return Ok(self.policy.choose(request, &self.backlog));
        }
        self.backlog.advance(request.arrival_ns, &mut *self.policy);
        let worker = self.policy.choose(request, &self.backlog);
        self.backlog.admit(worker, request, &mut *self.policy)?;
        Ok(worker)
    }
}

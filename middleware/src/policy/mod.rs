//! Policies: which worker gets a request.

mod backlog;
mod random;
mod round_robin;
mod two_choices;

use trace::{Failure, Request};

use backlog::Backlog;

/// The rule that gives each request to a worker.
pub(crate) trait Policy: Send {
    /// The worker, from 0, that gets `request`. Requests come in order of arrival; `backlog` is of this moment, and empty
    /// unless [`Row::sees_backlog`].
    fn choose(&mut self, request: &Request, backlog: &mut Backlog) -> usize;
}

/// One policy in the list of policies.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Its name in BALANCER.
    pub(crate) name: &'static str,
    /// Whether it looks at the backlog, which costs a model of every worker.
    pub(crate) sees_backlog: bool,
    /// Makes it, for a number of workers and a seed.
    new: fn(usize, u64) -> Box<dyn Policy>,
}

/// The list of policies.
pub(crate) const POLICIES: [Row; 3] = [
    Row { name: "R", sees_backlog: false, new: |workers, seed| Box::new(random::Random::new(workers, seed)) },
    Row { name: "RR", sees_backlog: false, new: |workers, _| Box::new(round_robin::RoundRobin::new(workers)) },
    Row { name: "TC", sees_backlog: true, new: |workers, seed| Box::new(two_choices::TwoChoices::new(workers, seed)) },
];

/// A policy at work, with the backlog that it sees.
pub(crate) struct Balancer {
    policy: Box<dyn Policy>,
    backlog: Option<Backlog>,
    unseen: Backlog,
}

impl Balancer {
    /// `row`'s policy over `workers`, each of `servers` servers and `capacity` (0 = no limit).
    pub(crate) fn new(row: Row, workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        Self {
            policy: (row.new)(workers, seed),
            backlog: row.sees_backlog.then(|| Backlog::new(workers, servers, capacity)),
            unseen: Backlog::new(0, 1, 0),
        }
    }

    /// The worker, from 0, that gets `request`.
    ///
    /// # Errors
    /// [`Failure::Limit`] where the modelled backlog passes [`backlog::LIMIT`].
    #[inline]
    pub(crate) fn assign(&mut self, request: &Request) -> Result<usize, Failure> {
        match &mut self.backlog {
            None => Ok(self.policy.choose(request, &mut self.unseen)),
            Some(backlog) => {
                backlog.advance(request.arrival_ns);
                let worker = self.policy.choose(request, backlog);
                backlog.admit(worker, request)?;
                Ok(worker)
            }
        }
    }
}

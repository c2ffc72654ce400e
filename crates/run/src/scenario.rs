//! A scenario: one run, as a value.

use std::ops::Range;

use policy::{Balancer, PolicySpec};
use sandbox::{Job, Module};

/// One run: a module, the workers, and the policy that distributes requests to them.
#[derive(Clone)]
pub struct Scenario {
    /// The simulator.
    pub module: Module,
    /// The task of each worker, with the number of the first worker.
    pub job: Job,
    /// The policy; None: one worker gets every request.
    pub policy: Option<PolicySpec>,
}

impl Scenario {
    /// The numbers of the workers.
    pub fn workers(&self) -> Range<u32> {
        match self.policy {
            Some(_) => 1..self.job.workers + 1,
            None => self.job.worker..self.job.worker + 1,
        }
    }

    /// The policy at its start; None if there is none.
    pub(crate) fn balancer(&self) -> Option<Balancer> {
        let model = &self.job.model;
        let workers = self.workers().len();
        self.policy.map(|spec| Balancer::new(spec, workers, model.servers, model.capacity, model.seed))
    }
}

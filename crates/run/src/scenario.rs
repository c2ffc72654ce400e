//! A scenario: one run, as a value.

use std::ops::Range;

use policy::{Cluster, Member, PolicySpec};
use sandbox::{Job, Model, Module};
use sim_wasm::Speed;

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

    /// The workers, as the policy sees them.
    pub(crate) fn cluster(&self) -> Cluster {
        cluster(&self.job.model, self.workers().len())
    }
}

/// The cluster of `workers` workers of this `model`, as policies see it.
pub(crate) fn cluster(model: &Model, workers: usize) -> Cluster {
    let member = |worker| Member {
        model: sim_wasm::Model { delay: 0, ..model.queue(worker) },
        speed: Speed::ONE,
        weight: Speed::ONE,
    };
    Cluster { workers: (1..).take(workers).map(member).collect(), seed: model.seed }
}

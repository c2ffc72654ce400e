//! A scenario: one run, as a value.

use contract::Capabilities;
use failure::Failure;
use measure::provenance::SettingsUsed;
use measure::{Criterion, PerWorker};
use policy::{Cluster, Member, PolicySpec};
use sandbox::{Job, Module, honours};
use sim_wasm::Speed;

use crate::load::Load;
use crate::objective::Objective;

/// One run: a module, the workers, and the policy that distributes requests to them.
#[derive(Clone)]
pub struct Scenario {
    /// The simulator.
    pub module: Module,
    /// The workers, in the order of their numbers; at least one.
    pub workers: Vec<Worker>,
    /// The policy; None: there is one worker, which gets every request.
    pub policy: Option<PolicySpec>,
    /// How fast requests arrive.
    pub load: Load,
}

/// A worker of a scenario.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Its task. Jobs of a scenario differ in their number, SERVERS, CAPACITY and limits.
    pub job: Job,
    /// Its speed: demands are divided by it before they reach the simulator.
    pub speed: Speed,
    /// Its weight, for the policies that use weights.
    pub weight: Speed,
}

impl Worker {
    /// With the speed and the weight of all others.
    pub fn new(job: Job) -> Self {
        Self { job, speed: Speed::ONE, weight: Speed::ONE }
    }
}

impl Scenario {
    /// The job of the first worker, for what all workers have in common.
    pub fn first(&self) -> &Job {
        &self.workers[0].job
    }

    /// The same scenario without windows of time.
    #[must_use]
    pub fn without_windows(mut self) -> Self {
        self.workers.iter_mut().for_each(|worker| worker.job.windows = false);
        self
    }

    /// The same scenario with `seed` for all that is random in it.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.workers.iter_mut().for_each(|worker| worker.job.model.seed = seed);
        self
    }

    /// Counts what `objectives` ask for, with their limits multiplied by each of `scales`.
    pub fn count(&mut self, objectives: &[Objective], scales: &[f64]) {
        let criteria: Vec<Criterion> = objectives.iter().map(|objective| objective.criterion(scales)).collect();
        self.workers.iter_mut().for_each(|worker| worker.job.criteria.clone_from(&criteria));
    }

    /// Requests that arrive before `end_ns` are the warm-up.
    pub fn set_warm_up(&mut self, end_ns: u64) {
        self.workers.iter_mut().for_each(|worker| worker.job.warmup_ns = end_ns);
    }

    /// Sets the capabilities that the preflight found.
    pub fn set_capabilities(&mut self, capabilities: Capabilities) {
        self.workers.iter_mut().for_each(|worker| worker.job.capabilities = Some(capabilities));
    }

    /// Checks the capabilities of the module against the settings of all workers.
    ///
    /// # Errors
    /// As [`honours`]; [`Failure::Usage`] if demands are to be divided by a speed, and the module decides them itself.
    pub fn honours(&self, capabilities: Capabilities) -> Result<(), Failure> {
        self.workers.iter().try_for_each(|worker| honours(capabilities, &worker.job))?;
        if capabilities.has(Capabilities::OWN_DEMANDS) && self.workers.iter().any(|worker| worker.speed != Speed::ONE) {
            return Err(Failure::usage(format!(
                "SPEEDS={}: the module decides demands itself (capability bit {} is set), so speeds have no effect on \
                 them: leave SPEEDS out",
                speeds(&self.workers),
                Capabilities::OWN_DEMANDS.0
            )));
        }
        Ok(())
    }

    /// The workers, as the policy sees them.
    pub(crate) fn cluster(&self) -> Cluster {
        cluster(&self.workers)
    }

    /// The settings that take part, for a report; ST and SERVICE only if a demand was `sampled`.
    pub(crate) fn used(&self, sampled: bool) -> SettingsUsed {
        let models = || self.workers.iter().map(|worker| &worker.job.model);
        let speeds = speeds(&self.workers);
        let weighted = self.policy.as_ref().is_some_and(|policy| policy.form().sees_weights);
        let weights = PerWorker::of_each(self.workers.iter().map(|worker| worker.weight));
        SettingsUsed {
            balancer: self.policy.as_ref().map(ToString::to_string),
            capacity: PerWorker::of_each(models().map(|model| model.capacity)),
            servers: PerWorker::of_each(models().map(|model| model.servers)),
            weights: (weighted && weights != speeds).then_some(weights),
            speeds: (speeds != PerWorker::All(Speed::ONE)).then_some(speeds),
            ..self.first().used(sampled)
        }
    }
}

/// The speeds of `workers`.
pub(crate) fn speeds(workers: &[Worker]) -> PerWorker<Speed> {
    PerWorker::of_each(workers.iter().map(|worker| worker.speed))
}

/// `workers` as policies see them; at least one.
pub(crate) fn cluster(workers: &[Worker]) -> Cluster {
    let member = |worker: &Worker| {
        let Worker { job, speed, weight } = worker;
        Member { model: sim_wasm::Model { delay: 0, ..job.queue() }, speed: *speed, weight: *weight }
    };
    Cluster { workers: workers.iter().map(member).collect(), seed: workers[0].job.model.seed }
}

/// The capacity of `workers`: the demands that they can serve together in a unit of time, which is the number of servers
/// if all speeds are 1.
pub fn capacity(workers: &[Worker]) -> f64 {
    workers.iter().map(|worker| f64::from(worker.job.model.servers) * worker.speed.as_f64()).sum()
}

//! A trial: a scenario, and what its replications so far have measured.

use failure::{Failure, Limit};
use measure::interval::Part;
use measure::run_report::measured;
use measure::{Batches, Counted, Measured, Metric, Randomness, RunSums};

use crate::notes::OfferedLoad;
use crate::plan::Execution;
use crate::scenario::Scenario;

/// A scenario and its measurements.
pub struct Trial {
    /// The scenario, with the seed of the first replication.
    pub scenario: Scenario,
    /// The number of its trace in the study.
    pub source: usize,
    /// All replications together.
    pub sums: RunSums,
    /// What each replication contributes.
    pub replications: Vec<Replication>,
    /// Batches of the first replication, or the reason why there are none.
    pub batches: Result<Batches, String>,
    /// What is random in it.
    pub randomness: Randomness,
    /// The load of the first replication.
    pub load: OfferedLoad,
    /// Why it has no more replications.
    pub failure: Option<TrialFailure>,
}

/// Why a trial has failed.
#[derive(Debug)]
pub enum TrialFailure {
    /// Its queue passed the limit of requests in the system.
    Overloaded(Failure),
    /// Anything else.
    Other(anyhow::Error),
}

/// What one replication contributes.
#[derive(Debug)]
pub struct Replication {
    /// To each metric of the study.
    pub parts: Vec<Part>,
    /// To each criterion.
    pub counted: Vec<Counted>,
}

impl Trial {
    /// Of `scenario`, before its first replication.
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            source: 0,
            sums: RunSums::default(),
            replications: Vec::new(),
            batches: Err("it has not run".to_owned()),
            randomness: Randomness::default(),
            load: OfferedLoad::default(),
            failure: None,
        }
    }

    /// The servers of each worker.
    pub fn servers(&self) -> Vec<u32> {
        self.scenario.workers.iter().map(|worker| worker.job.model.servers).collect()
    }

    /// Whether its figures are exact for this trace: one replication is enough.
    pub fn is_exact(&self) -> bool {
        !self.replications.is_empty() && !self.randomness.any()
    }

    /// Adds the next replication.
    pub(super) fn add(&mut self, result: anyhow::Result<Execution>, metrics: &[Metric], randomness: Randomness) {
        match result {
            Ok(execution) => self.add_measured(&execution, metrics, randomness),
            Err(error) => self.failure = Some(TrialFailure::Other(error)),
        }
    }

    /// Of a run that was made in these `executions`, whose figures count as exact: they are judged as they were measured.
    pub fn of_run<'a>(
        scenario: Scenario,
        executions: impl IntoIterator<Item = &'a Execution>,
        metrics: &[Metric],
    ) -> Self {
        let mut trial = Self::new(scenario);
        for execution in executions {
            trial.add_measured(execution, metrics, Randomness::default());
        }
        trial
    }

    fn add_measured(&mut self, execution: &Execution, metrics: &[Metric], randomness: Randomness) {
        if let Err((worker, failure)) = execution.first_failure() {
            self.failure = Some(match failure {
                Failure::Limit { limit: Limit::UnansweredRequests, .. } => TrialFailure::Overloaded(failure),
                failure => TrialFailure::Other(anyhow::Error::from(failure).context(format!("worker {worker}"))),
            });
            return;
        }
        let workers: Vec<&Measured> = measured(&execution.outcomes).collect();
        let (servers, delay) = (self.servers(), self.scenario.first().model.delay);
        if self.replications.is_empty() {
            self.load = execution.load;
            self.randomness = randomness;
            if delay == 0 {
                self.batches = Batches::of_run(&workers, &servers, randomness);
            }
        }
        let sums = RunSums::of_run(&workers, &servers, delay);
        let counted = (0..self.scenario.first().criteria.len()).map(|criterion| {
            let mut all = Counted::default();
            workers.iter().filter_map(|worker| worker.counted.get(criterion)).for_each(|counted| all.add(counted));
            all
        });
        let parts = metrics.iter().map(|&metric| sums.part(metric)).collect();
        self.replications.push(Replication { parts, counted: counted.collect() });
        self.sums.add(&sums);
    }
}

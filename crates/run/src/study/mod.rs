//! Studies: trials of many scenarios over one trace, in as many replications as a decision takes.
//!
//! [`Study::run`] makes replications. Trials of one replication share one reading of the trace, and the same random numbers
//! (common random numbers), so that their differences vary less than they do.

pub mod candidate;
pub mod comparison;
pub mod comparison_report;
pub mod judgement;
pub mod plan_report;
pub mod sizing;
mod survey;
mod trial;

use cli::reporter::Reporter;
use failure::Failure;
use measure::Metric;

use crate::executor::Executor;
use crate::objective::Objective;
use crate::plan::Plan;
use crate::precision;
use crate::randomness::randomness;
use crate::replications::{Numbered, seed_of};
use crate::source::Source;

pub use survey::Survey;
pub use trial::{Replication, Trial, TrialFailure};

/// The confidence of the decisions of a study: all its intervals hold at once with this probability at least, by Bonferroni's
/// inequality.
pub const CONFIDENCE: f64 = 0.95;

/// Upper limit of replications unless the user gives one.
pub const MOST: u32 = 320;

/// Trials over one trace, or several.
pub struct Study<'a> {
    /// Of the first replication, one for each trace.
    plans: Vec<Plan>,
    metrics: Vec<Metric>,
    most: u32,
    executor: &'a dyn Executor,
    reporter: &'a dyn Reporter,
}

impl<'a> Study<'a> {
    /// Over the traces `sources`, for decisions on `metrics`, with at most `most` replications of each trial.
    pub fn new(
        sources: Vec<Source>,
        metrics: Vec<Metric>,
        most: u32,
        executor: &'a dyn Executor,
        reporter: &'a dyn Reporter,
    ) -> Self {
        Self { plans: sources.into_iter().map(Plan::open).collect(), metrics, most, executor, reporter }
    }

    /// The trace with this number. Its properties are complete after the first [`Study::run`].
    pub fn source(&self, number: usize) -> &Source {
        self.plans[number].source()
    }

    /// Reads the first trace for a first time.
    ///
    /// # Errors
    /// If it can't be read to its end, or has no request.
    pub fn survey(&mut self, survey: &mut Survey, objectives: &[Objective]) -> anyhow::Result<()> {
        self.plans[0].survey(self.reporter, |requests| survey.add(requests, objectives))?;
        survey.end(self.plans[0].source());
        Ok(())
    }

    /// The numbers of replications at which a decision may be taken: the first alone, where batches give intervals, then 10,
    /// 20, 40, … up to the limit.
    pub fn looks(&self) -> Vec<u32> {
        let further = (self.most > 1).then(|| precision::looks(self.most));
        [1].into_iter().chain(further.into_iter().flatten()).collect()
    }

    /// Makes replications of `trials` until each has `number`, has failed, or is exact.
    ///
    /// # Errors
    /// If a trace can't be read to its end, or the executor can't be used at all. [`Failure::Usage`] if a trace must be
    /// read again with other random numbers, and can't. The failure of a trial is in it.
    pub fn run(&mut self, trials: &mut [&mut Trial], number: u32) -> anyhow::Result<()> {
        for replication in 0..number {
            for source in 0..self.plans.len() {
                let is_due = |trial: &Trial| {
                    let is_next = trial.replications.len() == replication as usize && trial.failure.is_none();
                    trial.source == source && is_next && !trial.is_exact()
                };
                let mut due: Vec<&mut &mut Trial> = trials.iter_mut().filter(|trial| is_due(trial)).collect();
                if !due.is_empty() {
                    self.replicate(source, &mut due, replication, number)?;
                }
            }
        }
        Ok(())
    }

    /// Makes this replication, of `number`, of `trials` over the trace number `source`.
    fn replicate(
        &mut self,
        source: usize,
        trials: &mut [&mut &mut Trial],
        replication: u32,
        number: u32,
    ) -> anyhow::Result<()> {
        let scenarios = trials.iter().map(|trial| trial.scenario.clone());
        let numbered = Numbered { reporter: self.reporter, replication, number };
        let mut other;
        let (plan, results) = if replication == 0 {
            let plan = &mut self.plans[source];
            let results = plan.execute_also(scenarios.collect(), self.executor, &numbered)?;
            (&*plan, results)
        } else {
            let first = self.plans[source].source();
            check_repeatable(first)?;
            let seed = |seed: u64| seed_of(seed, replication);
            let scenarios = scenarios.map(|scenario| {
                let own = scenario.first().model.seed;
                scenario.with_seed(seed(own)).without_windows()
            });
            other = Plan::new(first.with_seed_of(seed)?, scenarios.collect());
            let results = other.execute(self.executor, Vec::new(), &numbered)?;
            (&other, results)
        };
        for (trial, result) in trials.iter_mut().zip(results) {
            let randomness = randomness(&trial.scenario, plan.source());
            trial.add(result, &self.metrics, randomness);
        }
        Ok(())
    }
}

fn check_repeatable(source: &Source) -> Result<(), Failure> {
    if source.is_repeatable() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "something is random, so that replications are needed, each of which reads the trace; {} can be read only once: write \
         it to a file, and name that, or give --max-replications 1",
        source.trace()
    )))
}

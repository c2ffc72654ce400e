//! Replications: independent runs of one scenario, each with random numbers of its own.

use cli::reporter::{Progress, Reporter, Unit};
use failure::Failure;
use random::streams::Streams;

use crate::executor::{Executor, Files};
use crate::plan::{Execution, Plan};
use crate::randomness::randomness;

/// Upper limit of the replications of a run.
pub const MOST: u32 = 1000;

/// Upper limit of replications times workers: the histograms of each are held in memory until the report, some 100 KB.
const OUTCOMES: u64 = 16_384;

/// SEED of replication number `replication` of a run with the seed `seed`: the first one, number 0, has the run's.
pub fn seed_of(seed: u64, replication: u32) -> u64 {
    match replication {
        0 => seed,
        _ => Streams::new(seed, "replication").of(replication.into()).bits(),
    }
}

/// Runs the scenario of `first` `number` times, one run after the other, with `files` for the first one; stops at a run with
/// a worker that failed, which is the last one of the result.
///
/// # Errors
/// As [`Plan::execute_one`]. [`Failure::Usage`] if there is more than one replication, and the trace comes from a pipe,
/// nothing is random, or the outcomes do not fit in memory.
pub fn execute(
    first: &mut Plan,
    number: u32,
    executor: &dyn Executor,
    files: Files<'_>,
    reporter: &dyn Reporter,
) -> anyhow::Result<Vec<Execution>> {
    check(first, number)?;
    let mut executions = vec![first.execute_one(executor, files, &Numbered { reporter, replication: 0, number })?];
    execute_more(first, &mut executions, number, executor, reporter)?;
    Ok(executions)
}

/// Adds to the `executions` of `first`, one at least, until there are `number`, or one has a worker that failed.
///
/// # Errors
/// As [`execute`].
pub fn execute_more(
    first: &Plan,
    executions: &mut Vec<Execution>,
    number: u32,
    executor: &dyn Executor,
    reporter: &dyn Reporter,
) -> anyhow::Result<()> {
    check(first, number)?;
    for replication in executions.len() as u32..number {
        if executions.last().is_some_and(|last| last.first_failure().is_err()) {
            break;
        }
        let scenario = &first.scenarios()[0];
        if replication == 1 && !randomness(scenario, first.source()).any() {
            return Err(nothing_random(scenario.policy.as_ref().map_or("-", |policy| policy.form().name)).into());
        }
        let seed = seed_of(scenario.first().model.seed, replication);
        let mut next =
            Plan::new(first.source().with_seed(seed)?, vec![scenario.clone().with_seed(seed).without_windows()]);
        let numbered = Numbered { reporter, replication, number };
        // Windows of the first one are in the report.
        executions.push(next.execute_one(executor, Files::default(), &numbered)?);
    }
    Ok(())
}

/// The largest number of replications of `workers` workers, at least one, whose outcomes fit in memory.
pub fn most(workers: usize) -> u32 {
    (OUTCOMES / workers.max(1) as u64).clamp(1, MOST.into()) as u32
}

/// Whether the scenario of `plan` can be run `number` times.
fn check(plan: &Plan, number: u32) -> Result<(), Failure> {
    if number > 1 && !plan.source().is_repeatable() {
        return Err(Failure::usage(format!(
            "each replication reads the trace, and {} can be read only once: write it to a file, and name that",
            plan.source().trace()
        )));
    }
    let workers = plan.scenarios()[0].workers.len();
    if number > most(workers) {
        return Err(Failure::usage(format!(
            "--replications {number}: with {workers} workers at most {} are possible, because the measurements of each worker \
             in each replication are held in memory",
            most(workers)
        )));
    }
    Ok(())
}

fn nothing_random(policy: &str) -> Failure {
    Failure::usage(format!(
        "--replications and --until-precision: nothing is random: the trace gives arrivals and demands, and {policy} is deterministic, so each \
         replication would be the same: leave them out"
    ))
}

/// A reporter that names the replication, if there is more than one.
pub struct Numbered<'a> {
    /// Where the reports go.
    pub reporter: &'a dyn Reporter,
    /// The number of the replication, the first is 0.
    pub replication: u32,
    /// Number of all replications.
    pub number: u32,
}

impl Numbered<'_> {
    fn named(&self, text: &str) -> String {
        match self.number {
            1 => text.to_owned(),
            number => format!("replication {} of {number}: {text}", self.replication + 1),
        }
    }
}

impl Reporter for Numbered<'_> {
    fn note(&self, text: &str) {
        self.reporter.note(&self.named(text));
    }

    fn warn(&self, text: &str) {
        self.reporter.warn(&self.named(text));
    }

    fn begin(&self, doing: &str, unit: Unit, length: Option<u64>) -> Box<dyn Progress> {
        self.reporter.begin(&self.named(doing), unit, length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::reporter::Recording;

    #[test]
    fn seeds_are_those_of_the_documentation() {
        let documented = [1, 0xdf1a_5b42_58b1_31a3, 0x7d3b_619a_c10c_301d, 0x61ae_b036_3992_93cd];
        assert_eq!([seed_of(1, 0), seed_of(1, 1), seed_of(1, 2), seed_of(42, 999)], documented);
    }

    #[test]
    fn one_replication_is_not_named() {
        let lines = |number| {
            let recording = Recording::default();
            let numbered = Numbered { reporter: &recording, replication: 0, number };
            drop(numbered.begin("simulating", Unit::Bytes, None));
            numbered.note("late");
            [recording.works(), recording.lines()].concat()
        };
        assert_eq!(lines(1), ["simulating", "note: late"]);
        assert_eq!(lines(10), ["replication 1 of 10: simulating", "note: replication 1 of 10: late"]);
    }
}

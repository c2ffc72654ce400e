//! Jobs: shared by executors that do not use threads. The shards of a scenario are files. Each worker is a job that is
//! tried on slots until it has an outcome that belongs to the attempt and is possible.

mod attempt;
mod outcome;
mod queue;
mod stages;

use std::cell::RefCell;
use std::fs;
use std::future::pending;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use cli::output::{OutFile, Unfinished};
use cli::reporter::Reporter;
use futures_util::future::join_all;
use measure::Outcome;
use measure::schema::to_json;
use sandbox::{Job, Module};

use super::interface::Workers;
use crate::completions::Parts;
use crate::job::JobFile;
use crate::scenario::Scenario;
use crate::shard_files::{ShardFiles, Shards};
use attempt::attempt;
use failure::Failure;
use queue::{Next, Queue};
pub(super) use stages::Stage;
use stages::Stages;

/// A quarter of the pause before the second attempt; the pause is four times as long before each further one.
pub(super) const PAUSE: Duration = Duration::from_millis(50);

/// Where a run folder keeps each outcome as it comes, until the run has its report.
pub const OUTCOMES: &str = "outcomes";

/// What the jobs of a scenario are made of.
pub(super) struct Work<'a> {
    pub(super) module: &'a Module,
    /// The folder with the shards; None: the module runs on an empty shard.
    pub(super) shards: Option<&'a Path>,
    pub(super) completions: Option<&'a Parts>,
    /// The run folder, which keeps each outcome when it arrives.
    pub(super) folder: Option<&'a Path>,
    pub(super) reporter: &'a dyn Reporter,
}

impl Work<'_> {
    /// The shard of `worker`.
    pub(super) fn shard(&self, worker: u32) -> Option<PathBuf> {
        self.shards.map(|shards| shards.join(format!("{worker}.req")))
    }

    /// Number of its requests.
    pub(super) fn requests(&self, worker: u32) -> std::io::Result<u64> {
        let length = self.shard(worker).map_or(Ok(0), |shard| shard.metadata().map(|metadata| metadata.len()))?;
        Ok((length / contract::Request::LEN as u64).saturating_sub(1))
    }
}

/// The end of a job.
pub(super) enum Ended {
    /// The host exited with `code` and left this file; None: it left none.
    Exited { code: i64, outcome: Option<Vec<u8>> },
    /// The slot stopped it at a limit.
    Stopped(Failure),
}

/// Runs one job at a time, for example a container.
pub(super) trait Slot {
    /// Its name in warnings.
    fn name(&self) -> String;

    /// Runs `job`, whose shard holds `requests` requests, and waits for its end. It reports each stage to `reached`.
    ///
    /// # Errors
    /// For faults of the infrastructure, after which the job may be tried elsewhere.
    async fn run(
        &self,
        work: &Work<'_>,
        job: &JobFile,
        requests: u64,
        reached: &dyn Fn(Stage),
    ) -> anyhow::Result<Ended>;

    /// Copies the completions of the job that ended, of at most `most` bytes, to `target`; false if there are none.
    ///
    /// # Errors
    /// As [`Slot::run`].
    async fn completions(&self, target: &Path, most: u64) -> anyhow::Result<bool>;

    /// The end of the last job's standard error, as one line; empty if it is not available.
    async fn stderr(&self) -> String;

    /// Called when the outcome of the job is complete.
    fn done(&self);

    /// Stops the job that runs here. Returns whether the slot can be used again.
    async fn free(&self) -> bool;

    /// Whether the program is about to end, so that no job may be started.
    fn is_ending(&self) -> bool;
}

/// Tries the workers with these `jobs`, which are in the order of their numbers from 1, on `slots` until each has its
/// outcome.
///
/// # Errors
/// If no usable slot is left.
pub(super) async fn dispatch<S: Slot>(slots: &[S], work: &Work<'_>, jobs: &[Job]) -> Result<Vec<Outcome>, Failure> {
    let workers = jobs.len() as u32;
    let queue = RefCell::new(Queue::new(workers, slots.len()));
    let stages = Stages::new(work.shards.is_some().then_some(work.reporter), workers, slots.len());
    join_all(slots.iter().enumerate().map(|(number, slot)| serve(number, slot, work, jobs, &queue, &stages))).await;
    if slots.iter().any(Slot::is_ending) {
        // The thread of the signal ends the program after all jobs have stopped.
        pending::<()>().await;
    }
    queue.into_inner().outcomes()
}

/// Tries workers on `slot` until all have their outcomes, or it can't be used any more.
async fn serve<S: Slot>(
    number: usize,
    slot: &S,
    work: &Work<'_>,
    jobs: &[Job],
    queue: &RefCell<Queue>,
    stages: &Stages<'_>,
) {
    while !slot.is_ending() {
        let next = queue.borrow_mut().next(number);
        let tried = match next {
            Next::Try(tried) => tried,
            Next::Done => return,
            Next::Wait => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let worker = tried.worker;
        let job = jobs[worker as usize - 1].clone();
        let result = attempt(slot, work, job, &|stage| stages.reached(worker, stage)).await;
        if slot.is_ending() {
            slot.done();
            return;
        }
        match result {
            Ok(outcome) => {
                slot.done();
                if let Err(error) = work.folder.map_or(Ok(()), |folder| keep_outcome(folder, worker, &outcome)) {
                    work.reporter.warn(&format!("the outcome of worker {worker} is not kept: {error:#}"));
                }
                queue.borrow_mut().ended(worker, outcome);
                stages.reached(worker, Stage::Done);
            }
            Err(fault) => {
                // After a fault, the job must have ended before the slot is used again, by this run or the next one.
                let usable = slot.free().await;
                slot.done();
                let offered = work.requests(worker).unwrap_or(0);
                let attempts = queue.borrow_mut().failed(tried, number, offered, &fault, fault.is_final());
                if let Some(attempts) = attempts {
                    work.reporter.warn(&format!("worker {worker}, {}: {fault}; tried again", slot.name()));
                    tokio::time::sleep(PAUSE * 4u32.pow(attempts as u32)).await;
                }
                if !usable {
                    queue.borrow_mut().gone();
                    return;
                }
            }
        }
    }
}

fn keep_outcome(folder: &Path, worker: u32, outcome: &Outcome) -> anyhow::Result<()> {
    let outcomes = folder.join(OUTCOMES);
    fs::create_dir_all(&outcomes).with_context(|| outcomes.display().to_string())?;
    OutFile::create(&outcomes.join(format!("{worker}.json")))?.finish_with(&to_json(outcome)?)
}

/// An executor that runs jobs.
pub(super) trait Serve {
    /// Runs the workers with these `jobs`, which are in the order of their numbers from 1.
    ///
    /// # Errors
    /// If the executor fails; a worker's failure is in its outcome.
    fn serve(&self, work: &Work<'_>, jobs: &[Job]) -> anyhow::Result<Vec<Outcome>>;
}

/// Workers whose shards are written before any of them starts: a job needs its whole shard, and may be tried again.
pub(super) struct Spooled<'a, E> {
    executor: &'a E,
    scenario: &'a Scenario,
    completions: Option<&'a Parts>,
    folder: Option<&'a Path>,
    reporter: &'a dyn Reporter,
    spool: Unfinished,
    files: ShardFiles,
}

impl<'a, E: Serve> Spooled<'a, E> {
    /// The workers of `scenario` on `executor`. Until then the shards are in the run folder, or in the system's
    /// temporary folder.
    ///
    /// # Errors
    /// If their files can't be made.
    pub(super) fn start(
        executor: &'a E,
        scenario: &'a Scenario,
        completions: Option<&'a Parts>,
        folder: Option<&'a Path>,
        reporter: &'a dyn Reporter,
    ) -> anyhow::Result<Self> {
        let beside = folder.map_or_else(std::env::temp_dir, Path::to_owned).join("spool");
        let spool = Unfinished::folder_beside(&beside)?;
        let files = ShardFiles::create(spool.path(), scenario.workers.len(), true)?;
        Ok(Self { executor, scenario, completions, folder, reporter, spool, files })
    }
}

impl<E: Serve> Workers for Spooled<'_, E> {
    fn shards(&mut self) -> &mut dyn Shards {
        &mut self.files
    }

    fn finish(self: Box<Self>) -> anyhow::Result<Vec<Outcome>> {
        let Self { executor, scenario, completions, folder, reporter, spool, files } = *self;
        files.finish()?;
        let jobs: Vec<Job> = scenario.workers.iter().map(|worker| worker.job.clone()).collect();
        let work = Work { module: &scenario.module, shards: Some(spool.path()), completions, folder, reporter };
        executor.serve(&work, &jobs)
    }
}

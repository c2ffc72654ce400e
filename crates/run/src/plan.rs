//! A plan: one or many scenarios over one reading of a trace.
//!
//! A scenario is a value, and so is its result. The trace is read once for as many scenarios as fit the machine
//! together; if there are more, it is read again for the next ones.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use cli::reporter::Reporter;
use contract::Request;
use failure::Failure;
use measure::Outcome;
use policy::{PolicySpec, Sizes};
use sandbox::{limits, panicked};

use crate::executor::{Executor, Files, Workers};
use crate::lane::Lane;
use crate::notes::OfferedLoad;
use crate::reading::Readings;
use crate::scenario::Scenario;
use crate::source::Source;

/// Blocks of requests that a scenario may lag behind the reading.
const BEHIND: usize = 2;

/// The result of a scenario.
pub struct Execution {
    /// The outcome of each worker, in the order of their numbers.
    pub outcomes: Vec<Outcome>,
    /// The load that the trace offers to the workers.
    pub load: OfferedLoad,
    /// The policy, fitted to the trace; None if there is none.
    pub policy: Option<PolicySpec>,
}

/// Scenarios over one trace.
pub struct Plan {
    readings: Readings,
    scenarios: Vec<Scenario>,
    /// Whether the trace may be read again after the last scenario.
    read_again: bool,
}

impl Plan {
    /// `scenarios` over the trace `source`.
    pub fn new(source: Source, scenarios: Vec<Scenario>) -> Self {
        Self { readings: Readings::new(source), scenarios, read_again: false }
    }

    /// Over the trace `source`, for scenarios that are not all known yet: [`Plan::execute_also`] makes their runs.
    pub(crate) fn open(source: Source) -> Self {
        Self { readings: Readings::new(source), scenarios: Vec::new(), read_again: true }
    }

    /// Reads the trace for a first time, and passes its requests to `each`.
    ///
    /// # Errors
    /// If it can't be read to its end, or has no request.
    pub(crate) fn survey(
        &mut self,
        reporter: &dyn Reporter,
        mut each: impl FnMut(&[Request]) + Send,
    ) -> anyhow::Result<()> {
        let (unit, length) = self.readings.length();
        let progress = reporter.begin("reading the trace", unit, length);
        self.readings.read(true, |requests, position| {
            progress.reached(position);
            each(requests);
            Ok(())
        })?;
        drop(progress);
        Ok(self.readings.source().expect_requests()?)
    }

    /// Makes the runs of `scenarios` on `executor`, instead of those before.
    ///
    /// # Errors
    /// As [`Plan::execute`].
    pub(crate) fn execute_also(
        &mut self,
        scenarios: Vec<Scenario>,
        executor: &dyn Executor,
        reporter: &dyn Reporter,
    ) -> anyhow::Result<Vec<anyhow::Result<Execution>>> {
        self.scenarios = scenarios;
        self.execute(executor, Vec::new(), reporter)
    }

    /// The trace. Its properties are complete after [`Plan::execute`].
    pub fn source(&self) -> &Source {
        self.readings.source()
    }

    /// The scenarios.
    pub fn scenarios(&self) -> &[Scenario] {
        &self.scenarios
    }

    /// Requests of all scenarios that arrive before `end_ns` are the warm-up.
    pub(crate) fn set_warm_up(&mut self, end_ns: u64) {
        self.scenarios.iter_mut().for_each(|scenario| scenario.set_warm_up(end_ns));
    }

    /// Makes all runs on `executor`, with `files` for each. A scenario that fails does not affect the others.
    ///
    /// # Errors
    /// If the trace can't be read to its end, or the executor can't be used at all. The result of each scenario
    /// contains its own failure.
    pub fn execute(
        &mut self,
        executor: &dyn Executor,
        mut files: Vec<Files<'_>>,
        reporter: &dyn Reporter,
    ) -> anyhow::Result<Vec<anyhow::Result<Execution>>> {
        files.resize_with(self.scenarios.len(), Files::default);
        let policies = self.scenarios.iter().filter_map(|scenario| scenario.policy.as_ref());
        let sizes = self.readings.sizes(policies, reporter)?;
        let mut executions = Vec::new();
        while executions.len() < self.scenarios.len() {
            let wave = wave(&self.scenarios, executions.len());
            let files = files.drain(..wave.len()).collect();
            let again = self.read_again || wave.end < self.scenarios.len();
            let scenarios = &self.scenarios[wave];
            executions.extend(execute(&mut self.readings, again, scenarios, &sizes, files, executor, reporter)?);
        }
        Ok(executions)
    }

    /// Makes the run of a plan of one scenario.
    ///
    /// # Errors
    /// As [`Plan::execute`], and the scenario's own failure.
    pub fn execute_one(
        &mut self,
        executor: &dyn Executor,
        files: Files<'_>,
        reporter: &dyn Reporter,
    ) -> anyhow::Result<Execution> {
        let mut executions = self.execute(executor, vec![files], reporter)?;
        executions.pop().unwrap_or_else(|| Err(Failure::usage("the plan has no scenario").into()))
    }
}

/// Workers of several scenarios that run together: the measurements of each are in memory until all of them have ended.
const WORKERS_OF_WAVE: usize = 256;

/// The scenarios, from number `first`, whose workers and limits fit the machine together; at least one.
fn wave(scenarios: &[Scenario], first: usize) -> Range<usize> {
    let (mut workers, mut memory) = (0, 0usize);
    let fit = scenarios[first..].iter().take_while(|scenario| {
        workers += scenario.workers.len();
        let own = scenario.workers.iter().map(|worker| worker.job.limits.memory);
        memory = own.fold(memory, usize::saturating_add);
        workers <= WORKERS_OF_WAVE && memory <= limits::RUN_MEMORY
    });
    first..first + fit.count().max(1)
}

fn execute(
    readings: &mut Readings,
    again: bool,
    scenarios: &[Scenario],
    sizes: &Sizes,
    files: Vec<Files<'_>>,
    executor: &dyn Executor,
    reporter: &dyn Reporter,
) -> anyhow::Result<Vec<anyhow::Result<Execution>>> {
    let (unit, length) = readings.length();
    let progress = reporter.begin(executor.doing(), unit, length);
    let (mut lanes, mut started) = (Vec::new(), Vec::new());
    for (scenario, files) in scenarios.iter().zip(files) {
        let Files { completions, folder, kept } = files;
        let mut lane = Lane::new(scenario, sizes, kept);
        // A scenario without workers has failed before its start.
        started.push(match lane.failed {
            None => executor.start(scenario, completions, folder).map_err(|error| lane.failed = Some(error)).ok(),
            Some(_) => None,
        });
        lanes.push(lane);
    }
    if started.iter().all(Option::is_none) {
        return Ok(lanes.into_iter().filter_map(|lane| Some(Err(lane.failed?))).collect());
    }
    if let ([lane], [Some(workers)]) = (&mut lanes[..], &mut started[..]) {
        // With one scenario, no block is copied for another thread.
        let shards = workers.shards();
        let read = readings.read(again, |requests, position| {
            progress.reached(position);
            if lane.failed.is_none() {
                lane.failed = lane.take(requests, shards).err();
            }
            // If there is no other reading, the rest of the trace is not needed.
            anyhow::ensure!(again || lane.failed.is_none(), "the scenario has failed");
            Ok(())
        });
        if lane.failed.is_none() {
            read?;
        }
    } else {
        std::thread::scope(|scope| {
            let mut blocks = Vec::new();
            for (lane, workers) in lanes.iter_mut().zip(&mut started) {
                let Some(workers) = workers else { continue };
                let (block, received) = sync_channel(BEHIND);
                let shards = workers.shards();
                let thread = std::thread::Builder::new().name("policy".to_owned());
                let follow = move || lane.follow(&received, shards);
                thread.spawn_scoped(scope, follow).map_err(|error| cli::program::no_thread("a policy", &error))?;
                blocks.push(block);
            }
            readings.read(again, |requests, position| {
                progress.reached(position);
                let shared: Arc<[Request]> = requests.into();
                for block in &blocks {
                    // A scenario whose thread has ended has failed.
                    let _ = block.send(shared.clone());
                }
                Ok(())
            })
        })?;
    }
    drop(progress);
    if scenarios.iter().any(|scenario| scenario.policy.is_some()) {
        // There is no request to balance.
        readings.source().expect_requests()?;
    }
    let end = |(lane, workers): (Lane<'_>, Option<Box<dyn Workers + '_>>)| match (lane.failed, workers) {
        (None, Some(workers)) => Ok(Execution { outcomes: workers.finish()?, load: lane.load, policy: lane.policy }),
        (failed, _) => Err(failed.unwrap_or_else(|| panicked().into())),
    };
    Ok(lanes.into_iter().zip(started).map(end).collect())
}

impl Execution {
    /// Number of requests.
    pub fn requests(&self) -> u64 {
        self.load.requests()
    }

    /// The numbers of the workers that did not fail.
    pub fn served(&self) -> impl Iterator<Item = u32> {
        (1..).zip(&self.outcomes).filter(|(_, outcome)| outcome.result.is_ok()).map(|(worker, _)| worker)
    }

    /// The failure of the lowest worker that failed, with its number.
    ///
    /// # Errors
    /// If one failed.
    pub fn first_failure(&self) -> Result<(), (u32, Failure)> {
        measure::run_report::first_failure(&self.outcomes)
    }
}

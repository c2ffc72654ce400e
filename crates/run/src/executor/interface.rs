//! The interface of executors.

use std::path::Path;

use contract::Capabilities;
use measure::Outcome;

use crate::completions::Parts;
use crate::run_file::Preflight;
use crate::scenario::Scenario;
use crate::shard_files::{ShardFiles, Shards};

/// The files of a scenario.
#[derive(Default)]
pub struct Files<'a> {
    /// The completions, if they are requested.
    pub completions: Option<&'a Parts>,
    /// A folder for intermediate files, if there is one.
    pub folder: Option<&'a Path>,
    /// The shards, if they are kept.
    pub kept: Option<&'a mut ShardFiles>,
}

/// Runs hosts.
pub trait Executor {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Its activity while the trace is read.
    fn doing(&self) -> &'static str;

    /// Runs the module of `scenario` once on an empty shard, as its first worker and where hosts run, unless the result of
    /// an earlier run is available. Checks the capabilities of the module against the settings of all workers, and
    /// returns them.
    ///
    /// # Errors
    /// As [`sandbox::preflight`] and [`Scenario::honours`], or if the executor fails.
    fn preflight(&self, scenario: &Scenario) -> anyhow::Result<Capabilities>;

    /// Prepares the workers of `scenario` for their requests.
    ///
    /// # Errors
    /// If the executor fails.
    fn start<'a>(
        &'a self,
        scenario: &'a Scenario,
        completions: Option<&'a Parts>,
        folder: Option<&'a Path>,
    ) -> anyhow::Result<Box<dyn Workers + 'a>>;

    /// Keeps the reports of `run`, which are in `folder`, where its hosts ran too.
    ///
    /// # Errors
    /// If the executor fails.
    fn keep(&self, _run: &str, _folder: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    /// The result of the preflight that `run.json` keeps, for later runs.
    fn remembered(&self) -> Option<Preflight> {
        None
    }
}

/// The workers of a scenario. If they are dropped before [`Workers::finish`], they end without an outcome.
pub trait Workers {
    /// Receives their requests.
    fn shards(&mut self) -> &mut dyn Shards;

    /// Waits for the end after the last request: the outcome of each worker, in the order of their numbers.
    ///
    /// # Errors
    /// If the executor fails; a worker's failure is in its outcome.
    fn finish(self: Box<Self>) -> anyhow::Result<Vec<Outcome>>;
}

//! What an executor is to the rest.

use std::path::Path;

use contract::Capabilities;
use measure::Outcome;
use sandbox::{Job, Module};

use crate::completions::Parts;
use crate::run_file::Preflight;
use crate::scenario::Scenario;
use crate::shard_files::{ShardFiles, Shards};

/// Where the files of a scenario go.
#[derive(Default)]
pub struct Files<'a> {
    /// What became of each request, if it is wanted.
    pub completions: Option<&'a Parts>,
    /// A folder for what is needed on the way, if there is one.
    pub folder: Option<&'a Path>,
    /// The shards, if they are kept.
    pub kept: Option<&'a mut ShardFiles>,
}

/// Runs hosts somewhere.
pub trait Executor {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What it does while the trace is read.
    fn doing(&self) -> &'static str;

    /// Runs `module` once on an empty shard, where hosts run, unless that is remembered of an earlier run; checks the capabilities of
    /// the module against the settings of `job`, and returns them.
    ///
    /// # Errors
    /// As [`sandbox::preflight`], or where the executor fails.
    fn preflight(&self, module: &Module, job: &Job) -> anyhow::Result<Capabilities>;

    /// Makes the workers of `scenario` ready to get their requests.
    ///
    /// # Errors
    /// Where the executor fails.
    fn start<'a>(
        &'a self,
        scenario: &'a Scenario,
        completions: Option<&'a Parts>,
        folder: Option<&'a Path>,
    ) -> anyhow::Result<Box<dyn Workers + 'a>>;

    /// Keeps the reports of `run`, which are in `folder`, where its hosts ran too.
    ///
    /// # Errors
    /// Where the executor fails.
    fn keep(&self, _run: &str, _folder: &Path) -> anyhow::Result<()> {
        Ok(())
    }

    /// What `run.json` remembers of the preflight, for following runs.
    fn remembered(&self) -> Option<Preflight> {
        None
    }
}

/// The workers of a scenario. Dropped before their end they end without an outcome.
pub trait Workers {
    /// Where their requests go.
    fn shards(&mut self) -> &mut dyn Shards;

    /// The trace has ended: what came of each worker, in the order of their numbers.
    ///
    /// # Errors
    /// Where the executor fails; a worker's failure is in its outcome.
    fn finish(self: Box<Self>) -> anyhow::Result<Vec<Outcome>>;
}

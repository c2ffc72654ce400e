//! `run.json`: everything that repeats a run, and what its report leaves out.

use std::collections::BTreeMap;
use std::path::Path;

use cli::settings::Sources;
use contract::Capabilities;
use measure::schema::{Report, SCHEMA};
use serde::{Deserialize, Serialize};

/// Where run folders are.
pub const RUNS: &str = "runs";

/// The file that a run folder has from its start.
pub const RUN: &str = "run.json";

/// The file that a run folder has from its end.
pub const REPORT: &str = "report.json";

/// What `run.json` holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunFile {
    /// Version of the file's schema: [`measure::schema::SCHEMA`].
    pub schema: u32,
    /// The name of the run's folder.
    pub run: String,
    /// Version of Queuebox.
    pub queuebox: String,
    /// Name of the executor.
    pub executor: String,
    /// Path of the module.
    pub module: String,
    /// The command line.
    pub arguments: Vec<String>,
    /// Every setting that the run reads and that is not empty.
    pub settings: BTreeMap<String, String>,
    /// Those of them that the environment set: notes depend on it.
    pub environment: BTreeMap<String, String>,
    /// Its duration; None until it has ended.
    pub seconds: Option<f64>,
    /// The result of the preflight, for later runs; None with an executor that does not keep it.
    pub preflight: Option<Preflight>,
}

impl RunFile {
    /// For a run that starts now; the name is that of its folder.
    pub fn new(module: &Path, executor: &str, sources: &Sources, preflight: Option<Preflight>) -> Self {
        Self {
            schema: SCHEMA,
            run: String::new(),
            queuebox: env!("CARGO_PKG_VERSION").to_owned(),
            executor: executor.to_owned(),
            module: module.display().to_string(),
            arguments: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
            settings: sources.texts().clone(),
            environment: sources.environment(),
            seconds: None,
            preflight,
        }
    }
}

impl Report for RunFile {}

/// The result of a module on an empty shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preflight {
    /// A hash of the module, the image and the settings.
    pub inputs: String,
    /// The capabilities in the header of its completions.
    pub capabilities: Capabilities,
}

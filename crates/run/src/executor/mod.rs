//! Executors: where hosts run.

mod docker;
mod local;

use std::path::Path;
use std::sync::Arc;

use cli::reporter::Reporter;
use cli::settings::Settings;
use contract::Says;
use failure::Failure;
use measure::Outcome;
use measure::run_report::RunReport;
use sandbox::{GiveUp, Job, Module};

use crate::completions::Parts;
use crate::plan::Scenario;
use crate::run_file::Preflight;
use crate::run_folder::RunFolder;
use crate::shard_files::{ShardFiles, Shards};
use docker::{Address, Docker};

pub use local::Local;

/// The settings that say which engine.
pub const KEYS: &[&str] = &["ENGINE", "SERVER_IP", "SERVER_PORT", "API_VERSION", "INSECURE_TCP"];

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

    /// Runs `module` once on an empty shard, where hosts run, unless that is remembered of an earlier run; holds what the module
    /// says of itself against the settings of `job`, and gives it.
    ///
    /// # Errors
    /// As [`sandbox::preflight`], or where the executor fails.
    fn preflight(&self, module: &Module, job: &Job) -> anyhow::Result<Says>;

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

    /// Keeps the reports in `folder` where its hosts ran too.
    ///
    /// # Errors
    /// Where the executor fails.
    fn keep(&self, _folder: &RunFolder) -> anyhow::Result<()> {
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

/// What ENGINE asks for.
#[derive(Clone, Copy)]
enum Asked {
    Auto,
    Local,
    Docker,
}

impl Asked {
    fn from_settings(settings: &Settings) -> Result<Self, Failure> {
        settings.choice("ENGINE", &[("auto", Self::Auto), ("local", Self::Local), ("docker", Self::Docker)])
    }
}

/// What there is to run hosts on.
enum Found {
    Threads,
    Docker {
        docker: Docker,
        host: String,
        /// It was asked for, or named by an address.
        required: bool,
    },
    /// No Docker engine answers, and threads do as well.
    Instead {
        why: String,
    },
}

/// Looks for what ENGINE and the addresses name.
///
/// # Errors
/// Where an engine that is asked for, or named by an address, does not answer.
fn find(settings: &Settings, reporter: &Arc<dyn Reporter>) -> Result<Found, Failure> {
    let asked = Asked::from_settings(settings)?;
    if let Asked::Local = asked {
        return Ok(Found::Threads);
    }
    let address = Address::from_settings(settings)?;
    let (host, required) = (address.host.clone(), address.named || matches!(asked, Asked::Docker));
    match Docker::connect(address, reporter.clone()) {
        Ok(docker) => Ok(Found::Docker { docker, host, required }),
        Err(failure) if required => Err(failure),
        Err(failure) => Ok(Found::Instead { why: failure.to_string() }),
    }
}

/// The executor that ENGINE asks for; `auto` takes Docker where it answers and has workers, and reports in one line what it took
/// and why.
///
/// # Errors
/// Where an engine that is asked for, or named by an address, does not answer or has no workers.
pub fn choose(
    settings: &Settings,
    reporter: &Arc<dyn Reporter>,
    give_up: GiveUp,
) -> Result<Box<dyn Executor>, Failure> {
    let why = match find(settings, reporter)? {
        Found::Threads => return Ok(Box::new(Local::new(give_up))),
        Found::Docker { docker, host, .. } if docker.workers() > 0 => {
            reporter.note(&format!("engine: docker, {} containers at {host}", docker.workers()));
            return Ok(Box::new(docker));
        }
        Found::Docker { host, required: true, .. } => {
            return Err(Failure::Engine(format!("{host}: there are no workers; make workers WORKERS=N makes them")));
        }
        Found::Docker { host, .. } => format!("the Docker engine at {host} has no workers; make run makes them"),
        Found::Instead { why } => why,
    };
    reporter.note(&format!("engine: local, threads of this process ({why})"));
    Ok(Box::new(Local::new(give_up)))
}

/// For make: `local`; or `docker`, the address of the engine that answers, how many workers it needs, and `auto` where threads
/// would do as well.
///
/// # Errors
/// As [`find`].
pub fn which(settings: &Settings, reporter: &Arc<dyn Reporter>) -> Result<String, Failure> {
    match find(settings, reporter)? {
        Found::Docker { host, required, .. } => {
            let workers = settings.count("WORKERS", 1..=crate::setup::WORKERS)?;
            Ok(format!("docker {host} {workers} {}", if required { "docker" } else { "auto" }))
        }
        Found::Threads | Found::Instead { .. } => Ok("local".to_owned()),
    }
}

/// The report of `run`, or of the last one, from where the workers of the Docker engine keep it; None where there is no such
/// engine or run.
///
/// # Errors
/// As [`find`].
pub fn kept_report(
    settings: &Settings,
    run: Option<&str>,
    reporter: &Arc<dyn Reporter>,
) -> anyhow::Result<Option<RunReport>> {
    match find(settings, reporter)? {
        Found::Docker { docker, .. } => docker.kept_report(run),
        Found::Threads | Found::Instead { .. } => Ok(None),
    }
}

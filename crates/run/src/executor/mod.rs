//! Executors: they run the hosts.

mod docker;
mod interface;
mod jobs;
mod local;

use std::sync::Arc;

use cli::reporter::Reporter;
use cli::settings::Settings;
use failure::Failure;
use measure::run_report::RunReport;
use sandbox::GiveUp;

use docker::{Address, Docker};

pub use interface::{Executor, Files, Workers};
pub use local::Local;

/// The settings that select the executor.
pub const KEYS: &[&str] = &["EXECUTOR", "SERVER_IP", "SERVER_PORT", "API_VERSION", "INSECURE_TCP"];

/// The value of EXECUTOR.
#[derive(Clone, Copy)]
enum Asked {
    Auto,
    Local,
    Docker,
}

impl Asked {
    fn from_settings(settings: &Settings) -> Result<Self, Failure> {
        settings.choice("EXECUTOR", &[("auto", Self::Auto), ("local", Self::Local), ("docker", Self::Docker)])
    }
}

/// An available executor.
enum Found {
    Threads,
    Docker {
        docker: Box<Docker>,
        host: String,
        /// Whether it was requested, or named by an address.
        required: bool,
    },
    /// No Docker engine responds, and threads are a substitute.
    Instead {
        why: String,
    },
}

/// Looks for the executor that EXECUTOR and the addresses name.
///
/// # Errors
/// If an engine that is requested, or named by an address, does not respond.
fn find(settings: &Settings, reporter: &Arc<dyn Reporter>) -> Result<Found, Failure> {
    let asked = Asked::from_settings(settings)?;
    if let Asked::Local = asked {
        return Ok(Found::Threads);
    }
    let address = Address::from_settings(settings)?;
    let (host, required) = (address.host.clone(), address.named || matches!(asked, Asked::Docker));
    match Docker::connect(address, reporter.clone()) {
        Ok(docker) => Ok(Found::Docker { docker: Box::new(docker), host, required }),
        Err(failure) if required => Err(failure),
        Err(failure) => Ok(Found::Instead { why: failure.to_string() }),
    }
}

/// The executor that EXECUTOR selects. `auto` selects Docker if it responds and has workers. A note reports the choice
/// and its reason.
///
/// # Errors
/// If an engine that is requested, or named by an address, does not respond or has no workers.
pub fn choose(
    settings: &Settings,
    reporter: &Arc<dyn Reporter>,
    give_up: GiveUp,
) -> Result<Box<dyn Executor>, Failure> {
    let why = match find(settings, reporter)? {
        Found::Threads => return Ok(Box::new(Local::new(give_up))),
        Found::Docker { docker, host, .. } if docker.workers() > 0 => {
            reporter.note(&format!("executor: docker, {} containers at {host}", docker.workers()));
            return Ok(docker);
        }
        Found::Docker { host, required: true, .. } => {
            return Err(Failure::executor(format!("{host}: there are no workers; make workers WORKERS=N makes them")));
        }
        Found::Docker { host, .. } => format!("the Docker engine at {host} has no workers; make run makes them"),
        Found::Instead { why } => why,
    };
    reporter.note(&format!("executor: local, threads of this process ({why})"));
    Ok(Box::new(Local::new(give_up)))
}

/// For make: `local`; or `docker`, the address of the engine, the number of workers that it needs, and `auto` if
/// threads are a substitute.
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

/// The report of `run`, or of the last one, from the volume of the Docker engine; None if there is no such engine or
/// run.
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

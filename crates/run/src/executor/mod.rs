//! Executors: they run the hosts.

mod docker;
mod interface;
mod jobs;
mod local;
mod settings;

use std::sync::Arc;

use cli::reporter::Reporter;
use failure::Failure;
use measure::AnyReport;
use sandbox::GiveUp;

use docker::{Address, Docker};
use settings::Asked;

use cli::settings::Setting;

pub use interface::{Executor, Files, Workers};
pub use jobs::OUTCOMES;
pub use local::Local;
pub use settings::ExecutorSettings;

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
fn find(settings: &ExecutorSettings, reporter: &Arc<dyn Reporter>) -> Result<Found, Failure> {
    let asked = settings.executor.get()?;
    if let Asked::Local = asked {
        return Ok(Found::Threads);
    }
    let address = match Address::from_settings(&settings.docker) {
        Ok(address) => address,
        // Of the Docker client's configuration, which may be left over.
        Err(failure @ Failure::Executor { .. }) if !matches!(asked, Asked::Docker) => {
            return Ok(Found::Instead { why: failure.to_string() });
        }
        Err(failure) => return Err(failure),
    };
    let (host, required) = (address.host.clone(), address.named || matches!(asked, Asked::Docker));
    match Docker::connect(address, reporter.clone()) {
        Ok(docker) => Ok(Found::Docker { docker: Box::new(docker), host, required }),
        Err(failure) if required => Err(failure),
        Err(failure) => Ok(Found::Instead { why: failure.to_string() }),
    }
}

/// The executor of `workers` workers that EXECUTOR asks for; `auto` takes Docker where it answers and has workers, and reports in one line what it took
/// and why.
///
/// # Errors
/// If an engine that is requested, or named by an address, does not respond or has no workers.
pub fn choose(
    settings: &ExecutorSettings,
    workers: usize,
    reporter: &Arc<dyn Reporter>,
    give_up: GiveUp,
) -> Result<Box<dyn Executor>, Failure> {
    let why = match find(settings, reporter)? {
        Found::Threads => return Ok(Box::new(Local::new(give_up))),
        Found::Docker { docker, host, .. } if docker.workers() > 0 => {
            reporter.note(&format!(
                "executor: docker, {} of {} containers at {host}",
                docker.used(workers),
                docker.workers()
            ));
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

/// The executor of a study, which makes many runs: threads of this process, unless EXECUTOR or an address asks for another one. Of
/// several runs, none has more than `workers` workers.
///
/// # Errors
/// As [`choose`].
pub fn choose_for_many(
    settings: &ExecutorSettings,
    workers: usize,
    reporter: &Arc<dyn Reporter>,
    give_up: GiveUp,
) -> Result<Box<dyn Executor>, Failure> {
    let is_named = || Address::from_settings(&settings.docker).is_ok_and(|address| address.named);
    if matches!(settings.executor.get()?, Asked::Auto) && !is_named() {
        return Ok(Box::new(Local::new(give_up)));
    }
    choose(settings, workers, reporter, give_up)
}

/// For make: `local`; or `docker`, the address of the engine that answers, how many workers it needs, `auto` where threads
/// would do as well, and with TLS the folder of certificates.
///
/// # Errors
/// As [`find`].
pub fn which(
    settings: &ExecutorSettings,
    workers: &Setting<u32>,
    reporter: &Arc<dyn Reporter>,
) -> Result<String, Failure> {
    match find(settings, reporter)? {
        Found::Docker { host, required, docker } => {
            let workers = workers.get()?;
            let certificates = docker.certificates().map_or(String::new(), |folder| format!(" {}", folder.display()));
            Ok(format!("docker {host} {workers} {}{certificates}", if required { "docker" } else { "auto" }))
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
    settings: &ExecutorSettings,
    run: Option<&str>,
    reporter: &Arc<dyn Reporter>,
) -> anyhow::Result<Option<AnyReport>> {
    match find(settings, reporter)? {
        Found::Docker { docker, .. } => docker.kept_report(run),
        Found::Threads | Found::Instead { .. } => Ok(None),
    }
}

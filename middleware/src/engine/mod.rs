//! Engines: where hosts run.

mod docker;
mod local;

use host::completions::Parts;
use host::{Job, Module, Outcome};
use serde_json::Value;
use trace::settings::Settings;
use trace::{Failure, Request, Says, program};

use crate::partition::{Partition, Shards};
use crate::run_folder::RunFolder;
use crate::shard_files::ShardFiles;
use docker::{Address, Docker};
use local::Local;

/// The settings that say which engine.
pub const KEYS: &[&str] = &["ENGINE", "SERVER_IP", "SERVER_PORT", "API_VERSION", "INSECURE_TCP"];

/// What an engine is to run: a host for each worker, all of one module.
pub(crate) struct Hosts<'a> {
    /// The simulator's module.
    pub(crate) module: &'a Module,
    /// What each worker is to do; `worker` is set by the engine.
    pub(crate) job: &'a Job,
    /// Where workers put their completions, if they are wanted.
    pub(crate) completions: Option<&'a Parts>,
    /// Where shards are kept, if they are.
    pub(crate) shards: Option<&'a mut ShardFiles>,
    /// The run's folder.
    pub(crate) folder: &'a RunFolder,
}

/// Runs hosts somewhere.
pub(crate) trait Engine {
    /// Its name.
    fn name(&self) -> &'static str;

    /// Runs `module` once on an empty shard, where hosts run, unless that is remembered of an earlier run; holds what the module
    /// says of itself against the settings of `job`, and gives it.
    ///
    /// # Errors
    /// As [`host::preflight`], or where the engine fails.
    fn preflight(&self, module: &Module, job: &Job) -> anyhow::Result<Says>;

    /// Takes the whole partitioned trace and gives back what came of each worker, in the order of their numbers.
    ///
    /// # Errors
    /// Where the trace can't be read to its end or the engine fails; a worker's failure is in its outcome.
    fn run(&self, hosts: Hosts<'_>, partition: &mut Partition) -> anyhow::Result<Vec<Outcome>>;

    /// Keeps the reports in `folder` where its hosts ran too.
    ///
    /// # Errors
    /// Where the engine fails.
    fn keep(&self, _folder: &RunFolder) -> anyhow::Result<()> {
        Ok(())
    }

    /// What `run.json` remembers of the preflight, for following runs.
    fn remembered(&self) -> Option<Value> {
        None
    }
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

/// The engine that ENGINE asks for; `auto` takes Docker where it answers and has workers, and says in one line what it took
/// and why.
///
/// # Errors
/// Where an engine that is asked for, or named by an address, does not answer or has no workers.
pub(crate) fn choose(settings: &Settings) -> Result<Box<dyn Engine>, Failure> {
    let why = match Asked::from_settings(settings)? {
        Asked::Local => return Ok(Box::<Local>::default()),
        asked => {
            let address = Address::from_settings(settings)?;
            let (host, named) = (address.host.clone(), address.named);
            match Docker::connect(address) {
                Ok(docker) if docker.workers() > 0 => {
                    program::note(&format!("engine: docker, {} containers at {host}", docker.workers()));
                    return Ok(Box::new(docker));
                }
                Ok(_) if named || matches!(asked, Asked::Docker) => {
                    return Err(Failure::Engine(format!(
                        "{host}: there are no workers; make workers WORKERS=N makes them"
                    )));
                }
                Ok(_) => format!("the Docker engine at {host} has no workers; make run makes them"),
                Err(failure) if named || matches!(asked, Asked::Docker) => return Err(failure),
                Err(failure) => failure.to_string(),
            }
        }
    };
    program::note(&format!("engine: local, threads of this process ({why})"));
    Ok(Box::<Local>::default())
}

/// For make: `local`; or `docker`, the address of the engine that answers, how many workers it needs, and `auto` where threads
/// would do as well.
///
/// # Errors
/// Where an engine that is asked for, or named by an address, does not answer.
pub fn which(settings: &Settings) -> Result<String, Failure> {
    let asked = Asked::from_settings(settings)?;
    if matches!(asked, Asked::Local) {
        return Ok("local".to_owned());
    }
    let address = Address::from_settings(settings)?;
    let (host, named) = (address.host.clone(), address.named);
    match Docker::connect(address) {
        Ok(_) => {
            let asked = if named || matches!(asked, Asked::Docker) { "docker" } else { "auto" };
            Ok(format!("docker {host} {} {asked}", settings.count("WORKERS", 1..=crate::setup::WORKERS)?))
        }
        Err(failure) if named || matches!(asked, Asked::Docker) => Err(failure),
        Err(_) => Ok("local".to_owned()),
    }
}

/// The plain report of `run`, or of the last one, from where the workers of the Docker engine keep it; None where there is no
/// such engine or run.
///
/// # Errors
/// Where the engine that is named does not answer.
pub fn kept_report(settings: &Settings, run: Option<&str>) -> anyhow::Result<Option<String>> {
    if matches!(Asked::from_settings(settings)?, Asked::Local) {
        return Ok(None);
    }
    let address = Address::from_settings(settings)?;
    let named = address.named;
    match Docker::connect(address) {
        Ok(docker) => docker.kept_report(run),
        Err(failure) if named => Err(failure.into()),
        Err(_) => Ok(None),
    }
}

/// Shards that go to two places.
struct Both<'a, S: Shards>(&'a mut S, Option<&'a mut ShardFiles>);

impl<S: Shards> Shards for Both<'_, S> {
    fn send(&mut self, requests: &[Request], workers: &[u32]) -> anyhow::Result<()> {
        self.0.send(requests, workers)?;
        match &mut self.1 {
            None => Ok(()),
            Some(kept) => kept.send(requests, workers),
        }
    }
}

//! The Docker engine: workers are containers that compose has made; the Docker Engine API alone wakes them, gives them their work and
//! fetches what came of it.

mod archive;
mod attempt;
mod call;
mod connect;
mod logs;
mod outcome;
mod pool;
mod queue;
mod reason;
mod results;
mod running;
mod wire;
mod work;

use std::cell::{OnceCell, RefCell};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::completions::Parts;
use anyhow::Context as _;
use bollard::Docker as Api;
use cli::reporter::Reporter;
use contract::Capabilities;
use failure::Failure;
use futures_util::future::join_all;
use measure::Outcome;
use measure::run_report::RunReport;
use sandbox::{Job, Module, honours};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::interface::{Executor, Workers};
use crate::job::VERSION;
use crate::run_file::Preflight;
use crate::run_folder::RunFolder;
use crate::runs;
use crate::scenario::Scenario;
use crate::shard_files::{ShardFiles, Shards};
use attempt::attempt;
use call::{CALL, PAUSE, lock, within};
use pool::{Container, Lock, NotStopped, containers, stop};
use queue::{Next, Queue};
use running::Running;
use work::Work;

pub(crate) use connect::Address;

/// How long an engine may be away before its containers are abandoned.
const AWAY: Duration = Duration::from_secs(30);

/// Most containers that are used: each holds a connection or two. More workers are served in turns.
const AT_ONCE: usize = 64;

/// An engine that answered.
pub(crate) struct Docker {
    address: Address,
    runtime: Runtime,
    api: Api,
    containers: Vec<Container>,
    held: OnceCell<Held>,
    /// The preflight: the hash of its inputs, and the capabilities of the module.
    preflight: RefCell<Option<(String, Capabilities)>>,
    reporter: Arc<dyn Reporter>,
}

/// The containers, while they are this run's alone.
struct Held {
    containers: Vec<Container>,
    running: Running,
    _lock: Lock,
}

impl Docker {
    /// Connects to the engine at `address` and looks for workers there.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(crate) fn connect(address: Address, reporter: Arc<dyn Reporter>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let api = runtime.block_on(address.connect())?;
        let engine = runtime.block_on(within(CALL, &address.host, api.version()))?.arch.unwrap_or_default();
        let ours = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        if engine != ours {
            let text = format!("{}: its machine is {engine}, these programs and their image are {ours}", address.host);
            return Err(Failure::executor(text));
        }
        let containers = runtime.block_on(containers(&api, "worker"))?;
        Ok(Self { address, runtime, api, containers, held: OnceCell::new(), preflight: RefCell::default(), reporter })
    }

    /// The report of a run on the volume, or of its last one; None where there is none.
    pub(crate) fn kept_report(&self, run: Option<&str>) -> anyhow::Result<Option<RunReport>> {
        self.runtime.block_on(results::report(&self.api, run))
    }

    /// How many workers compose has made there.
    pub(crate) fn workers(&self) -> usize {
        self.containers.len()
    }

    fn first(&self) -> Result<&Container, Failure> {
        self.containers.first().ok_or_else(|| Failure::executor("there are no workers"))
    }

    /// The containers, which are this run's from the first call on.
    fn hold(&self) -> anyhow::Result<&Held> {
        if let Some(held) = self.held.get() {
            return Ok(held);
        }
        let running = Running::watch(&self.address);
        let (lock, containers) = self.runtime.block_on(Lock::take(&self.api, &self.first()?.image, &*self.reporter))?;
        Ok(self.held.get_or_init(|| Held { containers, running, _lock: lock }))
    }

    /// Runs `workers` workers of `module`.
    fn serve(
        &self,
        module: &Module,
        job: &Job,
        workers: u32,
        shards: Option<&Path>,
        completions: Option<&Parts>,
    ) -> anyhow::Result<Vec<Outcome>> {
        let Held { containers, running, .. } = self.hold()?;
        let containers = &containers[..containers.len().min(AT_ONCE).min(job.workers as usize)];
        let processors = self.runtime.block_on(within(CALL, "info", self.api.info()))?.ncpu.unwrap_or(1).max(1);
        let turns = (containers.len() as i64 + processors - 1) / processors;
        let work = Work { module, shards, running, turns: turns as u32, completions, reporter: &*self.reporter };
        self.runtime.block_on(dispatch(&self.api, containers, &work, job, workers))
    }
}

impl Executor for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn doing(&self) -> &'static str {
        "partitioning"
    }

    fn preflight(&self, module: &Module, job: &Job) -> anyhow::Result<Capabilities> {
        let alone = Job { worker: 1, verify: false, capabilities: None, ..job.clone() };
        // The image holds the sandbox.
        let inputs =
            json!({ "version": VERSION, "module": module.sha256(), "image": self.first()?.image, "job": alone })
                .to_string();
        let inputs = blake3::hash(inputs.as_bytes()).to_hex().to_string();
        let capabilities = match runs::preflight(&inputs) {
            Some(capabilities) => capabilities,
            None => {
                let outcome = self.serve(module, &alone, 1, None, None)?.pop().context("no outcome")?;
                match outcome.result {
                    // It was not run.
                    Err(failure @ (Failure::Module { .. } | Failure::Executor { .. })) => return Err(failure.into()),
                    result => result.context("on an empty shard")?.capabilities,
                }
            }
        };
        self.preflight.replace(Some((inputs, capabilities)));
        honours(capabilities, job)?;
        Ok(capabilities)
    }

    fn start<'a>(
        &'a self,
        scenario: &'a Scenario,
        completions: Option<&'a Parts>,
        folder: Option<&'a Path>,
    ) -> anyhow::Result<Box<dyn Workers + 'a>> {
        self.hold()?;
        // Shards are whole before a worker begins: a tar needs their sizes, and an attempt may be made again.
        let mut spool = tempfile::Builder::new();
        let spool = spool.prefix("spool-");
        let spool = folder.map_or_else(|| spool.tempdir(), |folder| spool.tempdir_in(folder))?;
        let files = ShardFiles::create(spool.path(), scenario.job.workers as usize, true)?;
        Ok(Box::new(Spooled { docker: self, scenario, completions, spool, files }))
    }

    fn keep(&self, folder: &RunFolder) -> anyhow::Result<()> {
        self.runtime.block_on(results::keep(&self.api, folder, &*self.reporter))
    }

    fn remembered(&self) -> Option<Preflight> {
        let preflight = self.preflight.borrow();
        preflight
            .as_ref()
            .map(|(inputs, capabilities)| Preflight { inputs: inputs.clone(), capabilities: *capabilities })
    }
}

/// Workers whose shards are written before one begins.
struct Spooled<'a> {
    docker: &'a Docker,
    scenario: &'a Scenario,
    completions: Option<&'a Parts>,
    spool: TempDir,
    files: ShardFiles,
}

impl Workers for Spooled<'_> {
    fn shards(&mut self) -> &mut dyn Shards {
        &mut self.files
    }

    fn finish(self: Box<Self>) -> anyhow::Result<Vec<Outcome>> {
        let Self { docker, scenario, completions, spool, files } = *self;
        files.finish()?;
        docker.serve(&scenario.module, &scenario.job, scenario.job.workers, Some(spool.path()), completions)
    }
}

/// Gives workers 1 to `workers` to containers until each has its outcome.
async fn dispatch(
    api: &Api,
    containers: &[Container],
    work: &Work<'_>,
    job: &Job,
    workers: u32,
) -> anyhow::Result<Vec<Outcome>> {
    let queue = Mutex::new(Queue::new(workers, containers.len()));
    join_all(containers.iter().map(|container| serve(api, container, work, job, &queue))).await;
    if work.running.is_ending() {
        // The signal's thread ends the program, as soon as the containers have ended.
        std::future::pending::<()>().await;
    }
    Ok(queue.into_inner().unwrap_or_else(PoisonError::into_inner).outcomes()?)
}

/// Tries workers on `container` until all have their outcomes, or it can't be used any more.
async fn serve(api: &Api, container: &Container, work: &Work<'_>, job: &Job, queue: &Mutex<Queue>) {
    let running = work.running;
    while !running.is_ending() {
        let next = lock(queue).next(container.number);
        let tried = match next {
            Next::Try(tried) => tried,
            Next::Done => return,
            Next::Wait => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let worker = tried.worker;
        running.add(&container.id);
        let result = attempt(api, container, work, Job { worker, ..job.clone() }).await;
        if running.is_ending() {
            running.remove(&container.id);
            return;
        }
        match result {
            Ok(outcome) => {
                running.remove(&container.id);
                lock(queue).ended(worker, outcome);
            }
            Err(fault) => {
                // Whatever happened to it, it must have ended to be used again, here or by the next run.
                let usable = stop_patiently(api, &container.id).await;
                running.remove(&container.id);
                let offered = work.requests(worker).unwrap_or(0);
                let attempts = lock(queue).failed(tried, container.number, offered, &fault, fault.is_final());
                if let Some(attempts) = attempts {
                    work.reporter
                        .warn(&format!("worker {worker}, container {}: {fault}; tried again", container.number));
                    tokio::time::sleep(PAUSE * 4u32.pow(attempts as u32)).await;
                }
                if !usable {
                    lock(queue).gone();
                    return;
                }
            }
        }
    }
}

/// Stops a container, also where its engine is away for a while. Returns whether it can be used again.
async fn stop_patiently(api: &Api, id: &str) -> bool {
    let began = Instant::now();
    loop {
        match stop(api, id).await {
            Ok(()) => return true,
            Err(NotStopped::Gone) => return false,
            Err(NotStopped::Unknown(_)) if began.elapsed() < AWAY => tokio::time::sleep(PAUSE * 10).await,
            Err(NotStopped::Unknown(_)) => return false,
        }
    }
}

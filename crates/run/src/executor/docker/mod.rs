//! The Docker executor: workers are containers that compose has created. This program starts them, sends their jobs and
//! receives their outcomes through the Docker Engine API alone.

mod archive;
mod call;
mod connect;
mod context;
mod logs;
mod pool;
mod reason;
mod results;
mod running;
mod slot;
mod wire;

use std::cell::{OnceCell, RefCell};
use std::path::Path;
use std::sync::Arc;

use crate::completions::Parts;
use anyhow::Context as _;
use bollard::Docker as Api;
use cli::reporter::Reporter;
use contract::Capabilities;
use failure::Failure;
use measure::{AnyReport, Outcome};
use sandbox::Job;
use serde_json::json;
use tokio::runtime::Runtime;

use super::interface::{Executor, Workers};
use super::jobs::{Serve, Spooled, Work, dispatch};
use crate::job::VERSION;
use crate::run_file::Preflight;
use crate::runs;
use crate::scenario::Scenario;
use call::{CALL, within};
use pool::{Container, Lock, containers};
use running::Running;
use slot::ContainerSlot;

pub(crate) use connect::Address;

/// The largest number of containers that are used: each has a connection or two. Further workers run afterwards.
const AT_ONCE: usize = 64;

/// An engine that has responded.
pub(crate) struct Docker {
    address: Address,
    runtime: Runtime,
    api: Api,
    containers: Vec<Container>,
    held: OnceCell<Held>,
    /// The result of the preflight: the hash of its inputs, and the capabilities of the module.
    preflight: RefCell<Option<(String, Capabilities)>>,
    reporter: Arc<dyn Reporter>,
}

/// The containers while this run has exclusive use of them.
struct Held {
    containers: Vec<Container>,
    running: Running,
    _lock: Lock,
}

impl Docker {
    /// Connects to the engine at `address` and lists its workers.
    ///
    /// # Errors
    /// If it does not respond.
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

    /// The report of the run `run` on the volume, or of the last one; None if there is none.
    pub(crate) fn kept_report(&self, run: Option<&str>) -> anyhow::Result<Option<AnyReport>> {
        self.runtime.block_on(results::report(&self.api, run))
    }

    /// Number of workers that compose has created there.
    pub(crate) fn workers(&self) -> usize {
        self.containers.len()
    }

    /// The folder of certificates, over TLS.
    pub(crate) fn certificates(&self) -> Option<&Path> {
        self.address.certificates.as_deref()
    }

    /// How many of them a run of `workers` workers uses.
    pub(crate) fn used(&self, workers: usize) -> usize {
        used(self.containers.len(), workers)
    }

    fn first(&self) -> Result<&Container, Failure> {
        self.containers.first().ok_or_else(|| Failure::executor("there are no workers"))
    }

    /// The containers; the first call reserves them for this run.
    fn hold(&self) -> anyhow::Result<&Held> {
        if let Some(held) = self.held.get() {
            return Ok(held);
        }
        let running = Running::watch(&self.address);
        let (lock, containers) = self.runtime.block_on(Lock::take(&self.api, &self.first()?.image, &*self.reporter))?;
        Ok(self.held.get_or_init(|| Held { containers, running, _lock: lock }))
    }
}

/// How many of `containers` a run of `workers` workers uses.
fn used(containers: usize, workers: usize) -> usize {
    containers.min(AT_ONCE).min(workers)
}

impl Serve for Docker {
    fn serve(&self, work: &Work<'_>, jobs: &[Job]) -> anyhow::Result<Vec<Outcome>> {
        let Held { containers, running, .. } = self.hold()?;
        let containers = &containers[..used(containers.len(), jobs.len())];
        let processors = self.runtime.block_on(within(CALL, "info", self.api.info()))?.ncpu.unwrap_or(1).max(1);
        let turns = (containers.len() as i64 + processors - 1) / processors;
        let slot = |container| ContainerSlot::new(&self.api, container, running, turns as u32);
        let slots: Vec<_> = containers.iter().map(slot).collect();
        Ok(self.runtime.block_on(dispatch(&slots, work, jobs))?)
    }
}

impl Executor for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn doing(&self) -> &'static str {
        "partitioning"
    }

    fn preflight(&self, scenario: &Scenario) -> anyhow::Result<Capabilities> {
        let module = &scenario.module;
        let alone = Job { verify: false, capabilities: None, criteria: Vec::new(), ..scenario.first().clone() };
        // The image contains the sandbox.
        let inputs =
            json!({ "version": VERSION, "module": module.sha256(), "image": self.first()?.image, "job": alone })
                .to_string();
        let inputs = blake3::hash(inputs.as_bytes()).to_hex().to_string();
        let capabilities = match runs::preflight(&inputs) {
            Some(capabilities) => capabilities,
            None => {
                let work = Work { module, shards: None, completions: None, folder: None, reporter: &*self.reporter };
                let outcome = self.serve(&work, std::slice::from_ref(&alone))?.pop().context("no outcome")?;
                match outcome.result {
                    // The module was not run.
                    Err(failure @ (Failure::Module { .. } | Failure::Executor { .. })) => return Err(failure.into()),
                    result => result.context("on an empty shard")?.capabilities,
                }
            }
        };
        self.preflight.replace(Some((inputs, capabilities)));
        scenario.honours(capabilities)?;
        Ok(capabilities)
    }

    fn start<'a>(
        &'a self,
        scenario: &'a Scenario,
        completions: Option<&'a Parts>,
        folder: Option<&'a Path>,
    ) -> anyhow::Result<Box<dyn Workers + 'a>> {
        self.hold()?;
        Ok(Box::new(Spooled::start(self, scenario, completions, folder, &*self.reporter)?))
    }

    fn keep(&self, run: &str, folder: &Path) -> anyhow::Result<()> {
        self.runtime.block_on(results::keep(&self.api, run, folder, &*self.reporter))
    }

    fn remembered(&self) -> Option<Preflight> {
        let preflight = self.preflight.borrow();
        preflight
            .as_ref()
            .map(|(inputs, capabilities)| Preflight { inputs: inputs.clone(), capabilities: *capabilities })
    }
}

//! One worker: runs a simulator over its shard, and measures it.

use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};

use anyhow::Context as _;
use cli::program;
use contract::Capabilities;
use failure::Failure;
use random::demand::Demands;
use random::streams::Streams;
use serde::{Deserialize, Serialize};
use sim_wasm::{Discipline, Patience};
use wasmtime_wasi::WasiCtxBuilder;

use crate::error_text::ErrorText;
use crate::ledger::{Closed, Completions, Ledger};
use crate::limits::{self, Limits};
use crate::meter::Time;
use crate::rules::Rules;
use crate::settings::{ModelSettings, ServerSettings, of_worker};
use crate::shard::{Empty, Shard};
use crate::simulator::Simulator;
use crate::streams::{Input, Output};
use crate::verify::{self, Verifier};
use crate::wasi::{self, Guest};
use measure::outcome::Outcome;
use measure::provenance::SettingsUsed;
use measure::{Criterion, Measurement, PerWorker};

/// The settings of the model, which every simulator gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// ST, or the mean of the demands, if SERVICE has its own \[ns\].
    pub st_ns: u64,
    /// SERVICE: the text of the distribution of the demands that the trace does not give.
    pub service: String,
    /// SERVERS of a worker.
    pub servers: u32,
    /// DISCIPLINE.
    pub discipline: String,
    /// CAPACITY: requests in the system at most; 0 = no limit.
    pub capacity: u64,
    /// DELAY: service starts until the simulation ends; 0 = the whole shard.
    pub delay: u64,
    /// PATIENCE.
    pub patience: Patience,
    /// SEED.
    pub seed: u64,
}

impl Model {
    /// The model of worker number `worker` of `workers` that settings describe, whose `demands` they also describe.
    ///
    /// # Errors
    /// If one of them breaks its rule, or is a list of another length.
    pub fn from_settings(
        settings: &ModelSettings,
        demands: &Demands,
        worker: u32,
        workers: u32,
    ) -> Result<Self, Failure> {
        let ModelSettings { demand: _, servers: ServerSettings { servers }, queue } = settings;
        let is_shared = queue.discipline.get()? == Discipline::Ps.name();
        if is_shared && !queue.patience.get()?.is_endless() {
            return Err(queue.patience.refuse(
                "is not defined under DISCIPLINE=ps, where every request is in service at once: leave one of them out",
            ));
        }
        Ok(Self {
            st_ns: demands.mean_ns,
            service: demands.distribution.name().to_owned(),
            servers: of_worker(servers, &servers.get()?, worker, workers)?,
            discipline: queue.discipline.get()?,
            capacity: of_worker(&queue.capacity, &queue.capacity.get()?, worker, workers)?,
            delay: queue.delay.get()?,
            patience: queue.patience.get()?,
            seed: demands.seed,
        })
    }

    /// The model with every setting at its default, except ST.
    pub fn of_defaults(st_ns: u64) -> Self {
        let (service, discipline) = ("exponential".to_owned(), "fifo".to_owned());
        Self { st_ns, service, servers: 1, discipline, capacity: 0, delay: 0, patience: Patience::ENDLESS, seed: 1 }
    }

    /// The default simulator's model of worker number `worker`. A word that the default simulator does not have counts
    /// as fifo.
    pub fn queue(&self, worker: u32) -> sim_wasm::Model {
        let discipline = Discipline::named(&self.discipline).unwrap_or(Discipline::Fifo);
        let Self { servers, capacity, delay, patience, seed, .. } = *self;
        sim_wasm::Model { discipline, servers, capacity, delay, patience, seed, worker }
    }

    /// The settings that the simulator must support because they are not at their default: name, value, capability.
    fn demanding(&self) -> Vec<(&'static str, String, Capabilities)> {
        let mut all = Vec::new();
        if self.servers != 1 {
            all.push(("SERVERS", self.servers.to_string(), Capabilities::SERVERS));
        }
        if self.discipline != "fifo" {
            all.push(("DISCIPLINE", self.discipline.clone(), Capabilities::DISCIPLINE));
        }
        if self.capacity != 0 {
            all.push(("CAPACITY", self.capacity.to_string(), Capabilities::CAPACITY));
        }
        if self.delay != 0 {
            all.push(("DELAY", self.delay.to_string(), Capabilities::DELAY));
        }
        if !self.patience.is_endless() {
            all.push(("PATIENCE", self.patience.to_string(), Capabilities::PATIENCE));
        }
        all
    }
}

/// The task of one worker.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Job {
    /// Its number, from 1.
    pub worker: u32,
    /// Number of workers.
    pub workers: u32,
    /// The settings of the model.
    pub model: Model,
    /// The simulator's arguments.
    pub arguments: Vec<String>,
    /// The limits of the simulator.
    pub limits: Limits,
    /// Whether each completion is compared with the native model's.
    pub verify: bool,
    /// Requests that arrive before this time are the warm-up, which is not measured \[ns\].
    pub warmup_ns: u64,
    /// Whether there are windows of time, which show what happened when; without them only sums are measured.
    pub windows: bool,
    /// The requests that are counted for objectives.
    pub criteria: Vec<Criterion>,
    /// The capabilities that [`preflight`] found.
    pub capabilities: Option<Capabilities>,
}

impl Job {
    /// For the only worker of a run, without arguments.
    pub fn alone(model: Model, limits: Limits) -> Self {
        Self {
            worker: 1,
            workers: 1,
            model,
            arguments: Vec::new(),
            limits,
            verify: false,
            warmup_ns: 0,
            windows: true,
            criteria: Vec::new(),
            capabilities: None,
        }
    }

    /// Upper limit of its windows.
    pub fn window_limit(&self) -> usize {
        if self.windows { measure::windows::limit(self.workers) } else { 1 }
    }

    /// The default simulator's model of this worker.
    pub fn queue(&self) -> sim_wasm::Model {
        self.model.queue(self.worker)
    }

    /// The settings that take part, for a report; ST and SERVICE only if a demand was `sampled`.
    pub fn used(&self, sampled: bool) -> SettingsUsed {
        let Model { st_ns, service, servers, discipline, capacity, delay, patience, seed } = &self.model;
        SettingsUsed {
            balancer: None,
            capacity: PerWorker::All(*capacity),
            delay: *delay,
            discipline: discipline.clone(),
            patience: (!patience.is_endless()).then(|| patience.to_string()),
            seed: *seed,
            servers: PerWorker::All(*servers),
            service: sampled.then(|| service.clone()),
            sim_args: self.arguments.join(" "),
            speeds: None,
            st_ns: sampled.then_some(*st_ns),
            st_per_reply_ns: None,
            st_per_size_ns: None,
            warmup_ns: (self.warmup_ns > 0).then_some(self.warmup_ns),
            weights: None,
            workers: self.workers,
            write_factor: None,
        }
    }
}

/// Runs `simulator` once on an empty shard and checks its capabilities against the settings of `job`.
///
/// # Errors
/// As [`honours`]; any failure of the run.
pub fn preflight(simulator: &Simulator, job: &Job) -> anyhow::Result<Capabilities> {
    let outcome = std::thread::scope(|scope| {
        spawn(scope, "preflight".to_owned(), || simulate(simulator, job, Box::new(Empty), None))?
            .join()
            .map_err(|_| panicked())
    })?;
    let capabilities = outcome.result.context("on an empty shard")?.capabilities;
    honours(capabilities, job)?;
    Ok(capabilities)
}

/// Checks the capabilities of a module against the settings of `job`.
///
/// # Errors
/// [`Failure::Usage`] if a setting is not at its default and the module does not support it, or its completions can't
/// be verified as requested.
pub fn honours(capabilities: Capabilities, job: &Job) -> Result<(), Failure> {
    for (setting, value, bit) in job.model.demanding() {
        if !capabilities.has(bit) {
            return Err(Failure::usage(format!(
                "{setting}={value}: the module does not support {setting} (capability bit {} is not set)",
                bit.0
            )));
        }
    }
    if job.verify { verify::check(capabilities, &job.model.discipline) } else { Ok(()) }
}

/// Runs `work`, which runs simulators, on a thread with a sufficient stack.
///
/// # Errors
/// If the system can't start a thread.
pub fn spawn<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    name: String,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, T>, Failure> {
    let thread = Builder::new().name(name.clone()).stack_size(limits::THREAD_STACK);
    thread.spawn_scoped(scope, work).map_err(|error| program::no_thread(&name, &error))
}

/// As [`spawn`], for work that borrows nothing.
///
/// # Errors
/// If the system can't start a thread.
pub fn start<T: Send + 'static>(
    name: String,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Failure> {
    let thread = Builder::new().name(name.clone()).stack_size(limits::THREAD_STACK);
    thread.spawn(work).map_err(|error| program::no_thread(&name, &error))
}

/// The failure after a panic of such a thread.
pub fn panicked() -> Failure {
    Failure::host("a worker's thread panicked, which is a fault of Queuebox")
}

/// Runs `simulator` over `shard` on this thread, which [`spawn`] made, and measures its completions, which also go to
/// `completions` in the order of ids. If it ends early, or fails, the rest of the shard is read and counted.
pub fn simulate(
    simulator: &Simulator,
    job: &Job,
    shard: Box<dyn Shard>,
    completions: Option<Box<dyn Completions>>,
) -> Outcome {
    let guest = Guest {
        wasi: context(job),
        memories: simulator.memories(&job.limits),
        input: Input::new(shard),
        output: Output::new(job.capabilities),
        error_text: ErrorText::default(),
        ledger: ledger(job, completions),
        random: Streams::new(job.model.seed, "simulator").of(u64::from(job.worker)),
        clock_ns: 0,
        time: Time::new(&job.limits),
        streams: wasi::StdStreams::new(),
    };
    let (guest, ended) = simulator.run(guest);
    let Guest { input, output, ledger, memories, error_text, .. } = guest;
    // The other workers may have its memory while the rest of its shard is read.
    drop(memories);
    let mut outcome = close(input, &output, ledger, ended);
    if let Err(Failure::Contract { rule, .. }) = &mut outcome.result {
        // Traps and exit codes have it already.
        rule.push_str(&error_text.in_error());
    }
    outcome.stderr = error_text.text();
    outcome
}

/// The ledger of the worker of `job`.
pub(crate) fn ledger(job: &Job, completions: Option<Box<dyn Completions>>) -> Ledger {
    let verifier = job.verify.then(|| Verifier::new(job.queue()));
    let measured = Measurement::new(job.workers, job.warmup_ns).counting(&job.criteria);
    let measured = if job.windows { measured } else { measured.in_one_window() };
    let rules = Rules::new(job.model.servers, job.model.delay, measured);
    Ledger::new(rules, job.limits.unanswered, verifier, completions)
}

/// Finalises the ledger of a simulator that `ended`: reads and counts the rest of its shard.
pub(crate) fn close(mut input: Input, output: &Output, ledger: Ledger, ended: Result<(), Failure>) -> Outcome {
    let mut offered = ledger.requests();
    let mut closed = ended.and_then(|()| output.end()).and_then(|()| ledger.close());
    loop {
        match input.unread() {
            Ok(None) => break,
            Ok(Some((records, length))) => {
                offered += (records.len() / length) as u64;
                closed = closed.and_then(|mut closed| closed.unread(records, length).map(|()| closed));
            }
            Err(failure) => {
                closed = closed.and(Err(failure));
                break;
            }
        }
    }
    let result = closed.and_then(Closed::result);
    Outcome { offered, result, stderr: String::new() }
}

/// The simulator's environment: arguments, the settings of the model, no files, no network.
fn context(job: &Job) -> wasmtime_wasi::p1::WasiP1Ctx {
    let Model { st_ns, service, servers, discipline, capacity, delay, patience, seed } = &job.model;
    WasiCtxBuilder::new()
        .arg("sim")
        .args(&job.arguments)
        .env("SIM_CONTRACT", contract::CONTRACT.to_string())
        .env("ST_NS", st_ns.to_string())
        .env("SERVICE", service)
        .env("SERVERS", servers.to_string())
        .env("DISCIPLINE", discipline)
        .env("CAPACITY", capacity.to_string())
        .env("DELAY", delay.to_string())
        .env("PATIENCE_NS", patience.mean_ns.to_string())
        .env("PATIENCE", patience.distribution())
        .env("WORKER", job.worker.to_string())
        .env("WORKERS", job.workers.to_string())
        .env("SEED", seed.to_string())
        .build_p1()
}

//! Shared by running and partitioning: the trace and the policy that the settings describe.

use std::path::{Path, PathBuf};

use cli::reporter::Reporter;
use cli::settings::Settings;
use failure::Failure;
use generator::Generation;
use sandbox::limits::LimitFlags;
use sandbox::{Job, Model, Module};
use trace::reader::ReadFlags;

use crate::scenario::Scenario;
use crate::source::Source;
use policy::{Balancer, POLICIES, PolicySpec};

/// The settings that both running and partitioning read, and `others`.
pub fn keys(others: &[&'static str]) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::new();
    for key in [Generation::KEYS, Model::KEYS, &["BALANCER", "WORKERS", "TRACE"], others].concat() {
        // Both the generator and the model use SEED.
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Upper limit of the workers of a run: each is a thread with its own memory, and systems map at most some ten thousand
/// of those.
pub const WORKERS: u64 = 4096;

/// How a trace is distributed to workers.
pub struct Balancing {
    /// The policy.
    pub policy: PolicySpec,
    /// Workers, at least 1.
    pub workers: usize,
    /// The model of each of them.
    pub model: Model,
}

impl Balancing {
    /// From the settings.
    ///
    /// # Errors
    /// If a setting is invalid.
    pub fn from_settings(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            policy: settings.choice(
                "BALANCER",
                &[POLICIES.map(|spec| (spec.name, spec)), POLICIES.map(|spec| (spec.alias, spec))].concat(),
            )?,
            workers: settings.count("WORKERS", 1..=WORKERS)? as usize,
            model: Model::from_settings(settings)?,
        })
    }

    /// The policy at its start.
    pub fn balancer(&self) -> Balancer {
        let Model { servers, capacity, seed, .. } = self.model;
        Balancer::new(self.policy, self.workers, servers, capacity, seed)
    }
}

impl Balancing {
    /// The scenario of `module` under this balancing, with the arguments of SIM_ARGS.
    pub fn scenario(&self, settings: &Settings, module: Module, limits: &LimitFlags, verify: bool) -> Scenario {
        let workers = self.workers as u32;
        let arguments = settings.text("SIM_ARGS").unwrap_or_default();
        let job = Job {
            worker: 1,
            workers,
            model: self.model.clone(),
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
            limits: limits.of_worker(workers, self.model.servers),
            verify,
            capabilities: None,
        };
        Scenario { module, job, policy: Some(self.policy) }
    }
}

/// The recorded trace that TRACE names, otherwise a generated one.
///
/// # Errors
/// If it can't be opened, or can't be generated with these settings.
pub fn source(
    settings: &Settings,
    flags: &ReadFlags,
    balancing: &Balancing,
    reporter: &dyn Reporter,
) -> Result<Source, Failure> {
    let Balancing { policy, model, .. } = balancing;
    let source = open(settings, flags, model, reporter)?;
    if policy.sees_block && !source.has_blocks() {
        return Err(settings.refuse("BALANCER", "needs a trace with the block that each request addresses"));
    }
    Ok(source)
}

fn open(settings: &Settings, flags: &ReadFlags, model: &Model, reporter: &dyn Reporter) -> Result<Source, Failure> {
    match settings.text("TRACE") {
        Some(path) => {
            let unused = Generation::KEYS.iter().filter(|&&key| key != "SEED" && settings.given(key));
            let unused: Vec<&str> = unused.copied().collect();
            if !unused.is_empty() {
                reporter.warn(&format!("a recorded trace is used, so {} changes nothing", unused.join(", ")));
            }
            Source::recorded(Path::new(path), flags, model.demands())
        }
        None if flags.trace_format.is_some() || flags.sort || flags.rebase => {
            Err(Failure::usage("--trace-format, --sort and --rebase are for recorded traces (--trace FILE)"))
        }
        None => Ok(Source::generated(Generation::from_settings(settings)?, model.demands())),
    }
}

/// Emits the warnings and notes on a trace, after it was read.
pub fn tell(settings: &Settings, source: &Source, reporter: &dyn Reporter) {
    source.remarks().iter().for_each(|remark| reporter.note(remark));
    let (sampled, requests) = source.sampled();
    crate::notes::warn_of_unused_service(settings, sampled, requests, reporter);
}

/// The module that MODULE names. If the default does not exist in this folder, it is the one that `make install` put
/// beside the programs.
///
/// If MODULE is empty.
pub fn module_path(settings: &Settings) -> Result<PathBuf, Failure> {
    let named = PathBuf::from(settings.text("MODULE").ok_or_else(|| settings.refuse("MODULE", "must name a module"))?);
    let installed = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../share/queuebox/sim.wasm")));
    match installed.filter(|installed| named == Path::new("sim.wasm") && !named.exists() && installed.exists()) {
        Some(installed) => Ok(installed),
        None => Ok(named),
    }
}

//! What running and partitioning need alike: the trace and the balancing that the settings ask for.

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

/// The settings that running and partitioning read alike, and `others`.
pub fn keys(others: &[&'static str]) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::new();
    for key in [Generation::KEYS, Model::KEYS, &["BALANCER", "WORKERS", "TRACE"], others].concat() {
        // SEED is the generator's and the model's.
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Most workers of a run: each is a thread with a memory of its own, and systems map no more than some ten thousand of those.
pub const WORKERS: u64 = 4096;

/// How a trace is balanced, and over what.
pub struct Balancing {
    /// The policy.
    pub policy: PolicySpec,
    /// Workers, at least 1.
    pub workers: usize,
    /// What each of them is.
    pub model: Model,
}

impl Balancing {
    /// As the settings say.
    ///
    /// # Errors
    /// Where one of them is not what it must be.
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

/// The recorded trace that TRACE names, else a generated one.
///
/// # Errors
/// Where it can't be opened, or can't be generated as the settings say.
pub fn source(
    settings: &Settings,
    flags: &ReadFlags,
    balancing: &Balancing,
    reporter: &dyn Reporter,
) -> Result<Source, Failure> {
    let Balancing { policy, model, .. } = balancing;
    let source = open(settings, flags, model, reporter)?;
    if policy.sees_block && !source.has_blocks() {
        return Err(settings.refuse("BALANCER", "needs a trace that says which block a request addresses"));
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

/// Tells the user what is odd about a trace, once it is read.
pub fn tell(settings: &Settings, source: &Source, reporter: &dyn Reporter) {
    source.remarks().iter().for_each(|remark| reporter.note(remark));
    let (sampled, requests) = source.sampled();
    crate::notes::warn_of_unused_service(settings, sampled, requests, reporter);
}

/// The module that MODULE names. Where the default is not in this folder, it is the one that `make install` put beside the
/// programs.
///
/// # Errors
/// Where MODULE is empty.
pub fn module_path(settings: &Settings) -> Result<PathBuf, Failure> {
    let named = PathBuf::from(settings.text("MODULE").ok_or_else(|| settings.refuse("MODULE", "must name a module"))?);
    let installed = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("../share/queuebox/sim.wasm")));
    match installed.filter(|installed| named == Path::new("sim.wasm") && !named.exists() && installed.exists()) {
        Some(installed) => Ok(installed),
        None => Ok(named),
    }
}

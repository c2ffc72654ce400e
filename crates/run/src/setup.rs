//! Shared by running and partitioning: the trace and the policy that the settings describe.

use std::path::{Path, PathBuf};

use failure::Failure;
use generator::Generation;
use random::demand::Demands;
use sandbox::limits::LimitFlags;
use sandbox::{Job, Model, Module};
use trace::reader::ReadFlags;

use crate::notes::Given;
use crate::scenario::{Scenario, cluster};
use crate::settings::{ModuleSettings, PartitionSettings};
use crate::source::Source;
use policy::{Cluster, PolicySpec};

/// How a trace is distributed to workers.
pub struct Balancing {
    /// The policy.
    pub policy: PolicySpec,
    /// Workers, at least 1.
    pub workers: usize,
    /// The model of each of them.
    pub model: Model,
    /// The demands that the trace does not give.
    pub demands: Demands,
}

impl Balancing {
    /// From the settings.
    ///
    /// # Errors
    /// If one of them breaks its rule, or the policy can't balance over these workers.
    pub fn from_settings(settings: &PartitionSettings) -> Result<Self, Failure> {
        let demands = settings.model.demand.demands(&settings.seed)?;
        let balancing = Self {
            policy: settings.balancer.balancer.get()?,
            workers: settings.workers.workers.get()? as usize,
            model: Model::from_settings(&settings.model, &demands)?,
            demands,
        };
        let refused = |rule: String| settings.balancer.balancer.refuse(&rule);
        balancing.policy.check(&balancing.cluster()).map_err(refused)?;
        Ok(balancing)
    }

    /// The workers, as the policy sees them.
    pub(crate) fn cluster(&self) -> Cluster {
        cluster(&self.model, self.workers)
    }
}

impl Balancing {
    /// The scenario of `module` under this balancing, with the arguments `sim_args`.
    pub fn scenario(&self, sim_args: &str, module: Module, limits: &LimitFlags, verify: bool) -> Scenario {
        let workers = self.workers as u32;
        let job = Job {
            worker: 1,
            workers,
            model: self.model.clone(),
            arguments: sim_args.split_whitespace().map(str::to_owned).collect(),
            limits: limits.of_worker(workers, self.model.servers),
            verify,
            capabilities: None,
        };
        Scenario { module, job, policy: Some(self.policy.clone()) }
    }
}

/// The recorded trace that TRACE names, otherwise a generated one.
///
/// # Errors
/// If it can't be opened, or can't be generated with these settings.
pub fn source(settings: &PartitionSettings, flags: &ReadFlags, balancing: &Balancing) -> Result<Source, Failure> {
    let Balancing { policy, demands, .. } = balancing;
    let given = Given::new(&settings.model.demand, Some(&settings.generator));
    let source = open(settings, flags, demands.clone())?.with_given(given);
    if policy.form().sees_block && !source.has_blocks() {
        return Err(settings.balancer.balancer.refuse("needs a trace with the block that each request addresses"));
    }
    Ok(source)
}

fn open(settings: &PartitionSettings, flags: &ReadFlags, demands: Demands) -> Result<Source, Failure> {
    match settings.trace.paths()? {
        paths if !paths.is_empty() => Source::recorded(&paths, flags, demands),
        _ if !flags.given().is_empty() => {
            let given = flags.given().iter().map(|(flag, _)| format!("--{flag}")).collect::<Vec<_>>().join(", ");
            Err(Failure::usage(format!("{given}: for recorded traces alone (--trace FILE)")))
        }
        _ => Ok(Source::generated(Generation::from_settings(&settings.generator, &settings.seed)?, demands)),
    }
}

/// The module that MODULE names. If the default is not in the current directory, it is the one beside the program, or the one that
/// `make install` put under its prefix.
///
/// # Errors
/// If MODULE is empty.
pub fn module_path(settings: &ModuleSettings) -> Result<PathBuf, Failure> {
    let program = std::env::current_exe().ok();
    Ok(module_near(PathBuf::from(settings.module.get()?), program.as_deref().and_then(Path::parent)))
}

fn module_near(named: PathBuf, program: Option<&Path>) -> PathBuf {
    if named != Path::new("sim.wasm") || named.exists() {
        return named;
    }
    let places = ["sim.wasm", "../share/queuebox/sim.wasm"].map(|place| program.map(|folder| folder.join(place)));
    places.into_iter().flatten().find(|place| place.exists()).unwrap_or(named)
}

//! Shared by running and partitioning: the trace and the policy that the settings describe.

use std::path::{Path, PathBuf};

use failure::Failure;
use generator::Generation;
use random::demand::Demands;
use sandbox::limits::{LimitFlags, Limits};
use sandbox::{Job, Model, Module};
use trace::reader::ReadFlags;

use crate::load::Load;
use crate::notes::{self, Given};
use crate::scenario::{Scenario, Worker, cluster};
use crate::settings::{ModuleSettings, PartitionSettings};
use crate::source::Source;
use policy::{Cluster, PolicySpec};

/// How a trace is distributed to workers.
pub struct Balancing {
    /// The policy.
    pub policy: PolicySpec,
    /// The workers, at least one; without arguments, and with the default limits.
    pub workers: Vec<Worker>,
    /// The demands that the trace does not give.
    pub demands: Demands,
}

impl Balancing {
    /// From the settings.
    ///
    /// # Errors
    /// If one of them breaks its rule, or the policy can't balance over these workers.
    pub fn from_settings(settings: &PartitionSettings) -> Result<Self, Failure> {
        Self::of_workers(settings, settings.workers.workers.get()?)
    }

    /// From the settings, with this number of `workers` instead of WORKERS.
    ///
    /// # Errors
    /// As [`Balancing::from_settings`].
    pub fn of_workers(settings: &PartitionSettings, workers: u32) -> Result<Self, Failure> {
        let PartitionSettings { balancer, model, seed, speeds, weights, .. } = settings;
        let demands = model.demand.demands(seed)?;
        let policy = balancer.balancer.get()?;
        let worker = |number: u32| {
            let model = Model::from_settings(model, &demands, number, workers)?;
            let job = Job { worker: number, workers, ..Job::alone(model, Limits::default()) };
            let speed = speeds.of_worker(number, workers)?;
            // WEIGHTS that the policy does not use are not looked at.
            let weight = if policy.form().sees_weights { weights.of_worker(number, workers)? } else { None };
            Ok(Worker { job, speed, weight: weight.unwrap_or(speed) })
        };
        let workers = (1..=workers).map(worker).collect::<Result<_, Failure>>()?;
        let balancing = Self { policy, workers, demands };
        balancing.policy.check(&balancing.cluster()).map_err(|rule: String| balancer.balancer.refuse(&rule))?;
        Ok(balancing)
    }

    /// The model of the first worker, for what all workers have in common.
    pub fn model(&self) -> &Model {
        &self.workers[0].job.model
    }

    /// The workers, as the policy sees them.
    pub(crate) fn cluster(&self) -> Cluster {
        cluster(&self.workers)
    }
}

impl Balancing {
    /// The scenario of `module` under this balancing, with the arguments `sim_args`.
    pub fn scenario(&self, sim_args: &str, module: Module, limits: &LimitFlags, verify: bool) -> Scenario {
        let arguments: Vec<String> = sim_args.split_whitespace().map(str::to_owned).collect();
        let mut workers = self.workers.clone();
        for Worker { job, .. } in &mut workers {
            job.arguments.clone_from(&arguments);
            job.limits = limits.of_worker(job.workers, job.model.servers);
            job.verify = verify;
        }
        Scenario { module, workers, policy: Some(self.policy.clone()), load: Load::ONE }
    }
}

/// The recorded trace that TRACE names, otherwise a generated one.
///
/// # Errors
/// If it can't be opened, or can't be generated with these settings.
pub fn source(settings: &PartitionSettings, flags: &ReadFlags, balancing: &Balancing) -> Result<Source, Failure> {
    let Balancing { policy, demands, .. } = balancing;
    let mut given = Given::new(&settings.model.demand, Some(&settings.generator));
    given.without_effect.extend(notes::of_weights(policy, settings.weights.weights.given().is_some()));
    let source = open(settings, flags, demands.clone())?.with_given(given);
    check_blocks(settings, policy, &source)?;
    Ok(source)
}

/// Checks that `source` has the blocks that `policy`, which `settings` describe, looks at.
///
/// # Errors
/// If it has none.
pub fn check_blocks(settings: &PartitionSettings, policy: &PolicySpec, source: &Source) -> Result<(), Failure> {
    if policy.form().sees_block && !source.has_blocks() {
        return Err(settings.balancer.balancer.refuse("needs a trace with the block that each request addresses"));
    }
    Ok(())
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

/// The files that a run of `settings` over `source` with the module `module` reads: no output may overwrite one of them.
///
/// # Errors
/// If a setting that names one breaks its rule.
pub fn inputs(settings: &PartitionSettings, source: &Source, module: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut inputs = settings.trace.paths()?;
    inputs.push(module.to_owned());
    inputs.extend(settings.model.demand.file());
    inputs.extend(source.settings_files().into_iter().map(Path::to_owned));
    Ok(inputs)
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

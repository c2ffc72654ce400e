//! A run without its outputs: from the flags to the report.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use cli::program;
use cli::reporter::Reporter;
use contract::Capabilities;
use failure::Failure;
use measure::run_report::RunReport;
use run::executor::{self, Executor, Files};
use run::objective;
use run::plan::{Execution, Plan};
use run::precision;
use run::replications;
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::study::judgement;
use sandbox::Module;

use super::RunFlags;

/// A run whose settings are checked, and whose module has run on an empty shard; no request is read.
pub(super) struct Prepared {
    pub(super) executor: Box<dyn Executor>,
    pub(super) plan: Plan,
    pub(super) capabilities: Capabilities,
    /// The path of the module.
    pub(super) module: PathBuf,
    /// Every file that it reads, aside from the settings file: no output may overwrite them.
    pub(super) inputs: Vec<PathBuf>,
    /// The numbers of replications after which it may end, one at least.
    looks: Vec<u32>,
}

/// The result of a run.
pub(super) struct Computed {
    /// Of each replication, one at least.
    pub(super) executions: Vec<Execution>,
    pub(super) report: RunReport,
}

impl Prepared {
    /// The run that `flags` describe.
    ///
    /// # Errors
    /// If a setting breaks its rule or the module does not support it, or if the executor, the module or the trace can't be used.
    pub(super) fn new(flags: &RunFlags, reporter: &Arc<dyn Reporter>) -> anyhow::Result<Self> {
        let RunSettings { partition: settings, module, arguments, executor } = &flags.settings;
        let looks = looks(flags, settings.workers.workers.get()?)?;
        objective::check(&flags.slo, &settings.model)?;
        let balancing = Balancing::from_settings(settings)?;
        let path = setup::module_path(module)?;
        let executor = executor::choose(executor, balancing.workers.len(), reporter, program::end)?;

        let module = Module::read(&path)?;
        reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
        let arguments = arguments.sim_args.get()?.unwrap_or_default();
        let mut scenario = balancing.scenario(&arguments, module, &flags.limits, flags.verify);
        let capabilities = executor.preflight(&scenario).with_context(|| path.display().to_string())?;
        scenario.set_capabilities(capabilities);
        scenario.count(&flags.slo, &[1.0]);

        let source = setup::source(settings, &flags.read, &balancing)?;
        let inputs = setup::inputs(settings, &source, &path)?;
        Ok(Self { executor, plan: Plan::new(source, vec![scenario]), capabilities, module: path, inputs, looks })
    }

    /// The number of replications that are certain.
    pub(super) fn replications(&self) -> u32 {
        self.looks[0]
    }

    /// Reads the trace, runs the workers with `files`, and makes the report, as often as `flags` ask for.
    ///
    /// # Errors
    /// If it can't be run whole; the failure of a worker is in the report.
    pub(super) fn compute(
        &mut self,
        flags: &RunFlags,
        files: Files<'_>,
        reporter: &dyn Reporter,
    ) -> anyhow::Result<Computed> {
        let percentiles = flags.outputs.percentiles.as_slice();
        let first = self.replications();
        let Self { executor, plan, looks, .. } = self;
        let executor = &**executor;
        let warm_up_ns = flags.outputs.warmup.apply(plan, executor, reporter)?;
        let mut executions = replications::execute(plan, first, executor, files, reporter)?;
        let mut reached = None;
        if let Some(precision) = &flags.until_precision {
            for &number in &*looks {
                replications::execute_more(plan, &mut executions, number, executor, reporter)?;
                let report = run::report::report(&plan.scenarios()[0], &executions, plan.source(), percentiles);
                reached = report.run.and_then(|run| precision.reached(&run));
                if reached.is_some_and(|share| share <= precision.share) {
                    break;
                }
            }
        }
        let scenario = &plan.scenarios()[0];
        let mut report = run::report::report(scenario, &executions, plan.source(), percentiles);
        if report.run.is_some() {
            report.objectives = judgement::judge_run(&flags.slo, scenario, &executions)?;
        }
        report.notes.extend(flags.outputs.warmup.note(warm_up_ns, &executions));
        let precision = flags.until_precision.as_ref();
        report.notes.extend(precision.map(|precision| precision.note(reached, executions.len())));
        Ok(Computed { executions, report })
    }
}

/// The numbers of replications after which the run may end: one, unless a precision is asked for.
///
/// # Errors
/// [`Failure::Usage`] if that precision can't be judged, or if an output is of one replication alone.
fn looks(flags: &RunFlags, workers: u32) -> Result<Vec<u32>, Failure> {
    let looks = match &flags.until_precision {
        None => vec![flags.replications.unwrap_or(1)],
        Some(precision) => {
            precision.check(flags.outputs.percentiles.as_slice())?;
            let possible = replications::most(workers as usize);
            let most = flags.replications.unwrap_or(precision::MOST).min(possible);
            if most < precision::FIRST {
                return Err(Failure::usage(format!(
                    "--until-precision {precision} needs {} replications at least, and {most} are possible: of {workers} workers \
                     {possible}, or as many as --replications gives",
                    precision::FIRST
                )));
            }
            precision::looks(most).collect()
        }
    };
    let replications = looks[0];
    if replications > 1 && flags.outputs.completions.is_some() {
        return Err(Failure::usage(format!(
            "--completions: a file has the completions of one replication, not of {replications}: leave out --completions, or \
             --replications and --until-precision"
        )));
    }
    Ok(looks)
}

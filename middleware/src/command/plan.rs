//! `middleware plan`: how many workers hold the objectives.

use std::sync::Arc;

use anyhow::Context as _;
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use failure::Failure;
use measure::plan_report::PlanReport;
use run::executor;
use run::load::Load;
use run::notes;
use run::objective::{self, Objective};
use run::run_file::RunFile;
use run::scenario::Scenario;
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::study::Study;
use run::study::plan_report::{About, report};
use run::study::sizing::{Found, Sizing};
use sandbox::Module;
use sandbox::limits::LimitFlags;
use trace::reader::ReadFlags;

use super::study::StudyFlags;

/// What `middleware plan` takes.
#[derive(Debug, clap::Args)]
pub struct PlanFlags {
    /// An objective, such as "p99 response < 50ms"; the flag may be given several times
    ///
    /// An objective is FIGURE [class=N|client=N] < VALUE, where FIGURE is [mean|pNN|max] response|delay, utilization, waited, rejected,
    /// abandoned, number in queue or number in system; or a joint share such as "99% (response < 50ms and delay < 10ms)".
    #[arg(long, value_name = "OBJECTIVE", required = true)]
    slo: Vec<Objective>,
    /// Cost of a worker, in any unit: the table has the cost of each number of workers.
    #[arg(long, value_name = "COST", value_parser = cost)]
    cost_per_worker: Option<f64>,
    /// Loads for each of which the number of workers is searched, such as 0.5,1,2: requests arrive that many times as fast.
    #[arg(long, value_name = "LIST", value_delimiter = ',', conflicts_with = "until_load")]
    load: Vec<Load>,
    /// Search the load at which WORKERS workers break an objective.
    #[arg(long)]
    until_load: bool,
    #[command(flatten)]
    study: StudyFlags,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    settings: RunSettings,
}

fn cost(text: &str) -> Result<f64, String> {
    cli::settings::form::number("a number above 0", |cost| cost > 0.0).parse(text)
}

/// Makes the plan.
///
/// # Errors
/// If it can't be made; [`Failure::Objective`] if no number of workers holds, after the report.
pub(crate) fn plan(flags: &PlanFlags, sources: &Sources) -> anyhow::Result<()> {
    let RunSettings { partition: settings, module, arguments, executor } = &flags.settings;
    let objectives = &flags.slo[..];
    objective::check(objectives, &settings.model)?;
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let asked = settings.workers.workers.get()?;
    let workers = if flags.until_load { asked } else { 1 };
    let warm_up_ns = flags.study.warm_up_ns()?;
    let balancing = Balancing::of_workers(settings, workers)?;
    let path = setup::module_path(module)?;
    let executor = executor::choose(executor, asked as usize, &reporter, program::end)?;
    let module = Module::read(&path)?;
    reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
    let arguments = arguments.sim_args.get()?.unwrap_or_default();
    let mut scenario = balancing.scenario(&arguments, module.clone(), &flags.limits, false);
    let capabilities = executor.preflight(&scenario).with_context(|| path.display().to_string())?;
    scenario.set_capabilities(capabilities);
    let scenario_of = |workers: u32| -> anyhow::Result<Scenario> {
        let balancing = Balancing::of_workers(settings, workers)?;
        let mut scenario = balancing.scenario(&arguments, module.clone(), &flags.limits, false);
        scenario.set_capabilities(capabilities);
        scenario.honours(capabilities)?;
        scenario.set_warm_up(warm_up_ns);
        Ok(scenario)
    };

    let source = setup::source(settings, &flags.read, &balancing)?;
    let run_file = RunFile::new(&path, executor.name(), sources, executor.remembered());
    let inputs = setup::inputs(settings, &source, &path)?;
    let inputs: Vec<_> = inputs.iter().map(|path| Some(path.as_path())).chain([sources.file()]).collect();
    let outputs = flags.study.open(run_file, &inputs, &*reporter)?;

    let study =
        Study::new(vec![source], Sizing::metrics(objectives), flags.study.max_replications, &*executor, &*reporter);
    let mut own_notes = Vec::new();
    if settings.workers.workers.given().is_some() && !flags.until_load {
        own_notes.push(format!("a plan chooses the number of workers, so WORKERS={asked} changes nothing"));
    }
    own_notes.extend((warm_up_ns > 0).then(|| notes::of_warm_up(warm_up_ns)));
    let about = About {
        objectives,
        cost_per_worker: flags.cost_per_worker,
        percentiles: flags.study.percentiles.as_slice(),
        scenario: &scenario,
        until_load: flags.until_load,
        notes: &own_notes,
    };
    let mut sizing = Sizing::surveyed(study, &scenario, objectives, &scenario_of)?;
    let loads = if flags.load.is_empty() { vec![Load::ONE] } else { flags.load.clone() };
    let mut found: Vec<(Load, Found)> = Vec::new();
    let of = |sizing: &Sizing<'_>, found: &[(Load, Found)], last: Option<(Load, &Found)>, interrupted: bool| {
        let found = found.iter().map(|(load, found)| (*load, found)).chain(last).collect::<Vec<_>>();
        report(sizing, &found, &about, interrupted)
    };
    if flags.until_load {
        found.push((Load::ONE, sizing.until_load(workers)?));
    } else {
        for load in loads {
            let mut answer = sizing.search(load, &mut |sizing, so_far| {
                outputs.keep_so_far(&of(sizing, &found, Some((load, so_far)), true))
            })?;
            if let Some(workers) = answer.workers {
                sizing.headroom(workers, load, &mut answer)?;
            }
            found.push((load, answer));
        }
    }
    let report = of(&sizing, &found, None, false);
    outputs.finish(&report, &*executor, &*reporter, report::plan::text)?;
    if let Some(failure) = sizing.failure {
        return Err(failure);
    }
    holds(&report, flags.until_load)
}

/// # Errors
/// [`Failure::Objective`] if at one of the loads no number of workers holds.
fn holds(report: &PlanReport, until_load: bool) -> anyhow::Result<()> {
    let Some(none) = report.answers.iter().find(|answer| answer.workers.is_none()) else { return Ok(()) };
    let objectives = report.objectives.join("; ");
    Err(Failure::objective(if until_load {
        format!("no load was found that these workers surely hold: {objectives}")
    } else {
        let at = if none.load == 1.0 { String::new() } else { format!(" at {} times the load", none.load) };
        format!("no number of workers surely holds{at}: {objectives}")
    })
    .into())
}

//! `middleware plan`: how many workers hold the objectives.

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use failure::Failure;
use measure::plan_report::PlanReport;
use run::executor::{self, Executor};
use run::load::Load;
use run::notes;
use run::objective::{self, Objective};
use run::run_file::RunFile;
use run::scenario::Scenario;
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::source::Source;
use run::study::Study;
use run::study::plan_report::{About, report};
use run::study::sizing::{Found, Sizing};
use sandbox::limits::LimitFlags;
use sandbox::{ModelSettings, Module};
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

/// The rule that a list of values for each worker breaks.
const ONE_VALUE: &str =
    "must have one value for all workers: a plan tries several numbers of workers (with --until-load it may be a list)";

/// Makes the plan.
///
/// # Errors
/// If it can't be made; [`Failure::Objective`] if no number of workers holds, after the report.
pub(crate) fn plan(flags: &PlanFlags, sources: &Sources) -> anyhow::Result<()> {
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let (prepared, source) = Prepared::new(flags, &reporter)?;
    let run_file = RunFile::new(&prepared.path, prepared.executor.name(), sources, prepared.executor.remembered());
    let inputs: Vec<_> = prepared.inputs.iter().map(PathBuf::as_path).map(Some).chain([sources.file()]).collect();
    let outputs = flags.study.open(run_file, &inputs, &*reporter)?;
    let Prepared { executor, .. } = &prepared;
    let (report, failure) = prepared.compute(flags, source, &*reporter, &|report| outputs.keep_so_far(report))?;
    outputs.finish(&report, &**executor, &*reporter, report::plan::text)?;
    failure.map_or(Ok(()), Err)?;
    holds(&report, flags.until_load)
}

/// The report of the plan that `flags` describe, which leaves no file and prints only notes and progress.
///
/// # Errors
/// If it can't be made.
pub(super) fn report_alone(flags: &PlanFlags, reporter: &Arc<dyn Reporter>) -> anyhow::Result<PlanReport> {
    let (prepared, source) = Prepared::new(flags, reporter)?;
    let (report, _) = prepared.compute(flags, source, &**reporter, &|_| Ok(()))?;
    Ok(report)
}

/// A plan whose settings are checked, and whose module has run on an empty shard; no request is read.
struct Prepared {
    executor: Box<dyn Executor>,
    /// The path of the module.
    path: PathBuf,
    /// Every file that it reads, aside from the settings file.
    inputs: Vec<PathBuf>,
    /// Of one worker; of WORKERS, if the load is searched.
    scenario: Scenario,
    /// WORKERS.
    workers: u32,
}

impl Prepared {
    fn new(flags: &PlanFlags, reporter: &Arc<dyn Reporter>) -> anyhow::Result<(Self, Source)> {
        let RunSettings { partition: settings, module, executor, .. } = &flags.settings;
        objective::check(&flags.slo, &settings.model)?;
        let workers = settings.workers.workers.get()?;
        let ModelSettings { servers, queue, .. } = &settings.model;
        let lists = [
            (settings.speeds.speeds.get()?.list().is_some(), settings.speeds.speeds.refuse(ONE_VALUE)),
            (servers.servers.get()?.list().is_some(), servers.servers.refuse(ONE_VALUE)),
            (queue.capacity.get()?.list().is_some(), queue.capacity.refuse(ONE_VALUE)),
        ];
        if let Some((_, refused)) = lists.into_iter().find(|(is_list, _)| *is_list && !flags.until_load) {
            return Err(refused.into());
        }
        if let Some(twice) = (1..flags.load.len()).find(|&place| flags.load[..place].contains(&flags.load[place])) {
            return Err(Failure::usage(format!("--load: {} is given twice", flags.load[twice])).into());
        }
        let balancing = Balancing::of_workers(settings, if flags.until_load { workers } else { 1 })?;
        let path = setup::module_path(module)?;
        let executor = executor::choose_for_many(executor, workers as usize, reporter, program::end)?;
        let module = Module::read(&path)?;
        reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
        let arguments = flags.settings.arguments.sim_args.get()?.unwrap_or_default();
        let mut scenario = balancing.scenario(&arguments, module, &flags.limits, false);
        scenario.set_warm_up(flags.study.warm_up_ns()?);
        let capabilities = executor.preflight(&scenario).with_context(|| path.display().to_string())?;
        scenario.set_capabilities(capabilities);
        let source = setup::source(settings, &flags.read, &balancing)?;
        let inputs = setup::inputs(settings, &source, &path)?;
        Ok((Self { executor, path, inputs, scenario, workers }, source))
    }

    /// The scenario of this number of workers.
    fn scenario_of(&self, flags: &PlanFlags, workers: u32) -> anyhow::Result<Scenario> {
        let first = self.scenario.first();
        let capabilities = first.capabilities.unwrap_or_default();
        let balancing = Balancing::of_workers(&flags.settings.partition, workers)?;
        let arguments = first.arguments.join(" ");
        let mut scenario = balancing.scenario(&arguments, self.scenario.module.clone(), &flags.limits, false);
        scenario.set_capabilities(capabilities);
        scenario.honours(capabilities)?;
        scenario.set_warm_up(flags.study.warm_up_ns()?);
        Ok(scenario)
    }

    /// The report, and the first failure of a simulator. What is found so far is passed to `keep`.
    fn compute(
        &self,
        flags: &PlanFlags,
        source: Source,
        reporter: &dyn Reporter,
        keep: &dyn Fn(&PlanReport) -> anyhow::Result<()>,
    ) -> anyhow::Result<(PlanReport, Option<anyhow::Error>)> {
        let (objectives, warm_up_ns) = (&flags.slo[..], flags.study.warm_up_ns()?);
        let mut notes = Vec::new();
        if flags.settings.partition.workers.workers.given().is_some() && !flags.until_load {
            notes.push(format!("a plan chooses the number of workers, so WORKERS={} changes nothing", self.workers));
        }
        notes.extend((warm_up_ns > 0).then(|| notes::of_warm_up(warm_up_ns)));
        let about = About {
            objectives,
            cost_per_worker: flags.cost_per_worker,
            percentiles: flags.study.percentiles.as_slice(),
            scenario: &self.scenario,
            until_load: flags.until_load,
            notes: &notes,
        };
        let (metrics, most) = (Sizing::metrics(objectives), flags.study.max_replications);
        let study = Study::new(vec![source], metrics, most, &*self.executor, reporter);
        let scenario_of = |workers: u32| self.scenario_of(flags, workers);
        let found: RefCell<Vec<(Load, Found)>> = RefCell::default();
        let loads = if flags.load.is_empty() { &[Load::ONE] } else { &flags.load[..] };
        let so_far = |sizing: &Sizing<'_>, last: &Found| {
            let found = found.borrow();
            let load = loads.get(found.len()).copied().unwrap_or(Load::ONE);
            keep(&report(sizing, &of(&found).into_iter().chain([(load, last)]).collect::<Vec<_>>(), &about, true))
        };
        let mut sizing = Sizing::surveyed(study, &self.scenario, objectives, &scenario_of)?.keeping(&so_far);
        if flags.until_load {
            let until = sizing.until_load(self.workers)?;
            found.borrow_mut().push((Load::ONE, until));
        }
        for &load in loads.iter().filter(|_| !flags.until_load) {
            let mut answer = sizing.search(load)?;
            if let Some(workers) = answer.workers {
                sizing.headroom(workers, load, &mut answer)?;
            }
            found.borrow_mut().push((load, answer));
        }
        let report = report(&sizing, &of(&found.borrow()), &about, false);
        Ok((report, sizing.failure))
    }
}

fn of(found: &[(Load, Found)]) -> Vec<(Load, &Found)> {
    found.iter().map(|(load, found)| (*load, found)).collect()
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

//! One whole run: generate or read, partition, simulate, collect, report.

use std::sync::Arc;

use anyhow::Context as _;
use cli::output;
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use cli::terminal;
use failure::Failure;
use measure::run_report::RunReport;
use measure::schema::to_json;
use report::table;
use run::executor::{self, Files};
use run::objective::{self, Objective};
use run::outputs::OutputFlags;
use run::plan::{Execution, Plan};
use run::precision::{self, Precision};
use run::replications::{self, Numbered};
use run::run_file::RunFile;
use run::run_folder::RunFolder;
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::study::judgement;
use sandbox::Module;
use sandbox::limits::LimitFlags;
use trace::reader::ReadFlags;

/// What `middleware run` takes.
#[derive(Debug, clap::Args)]
pub struct RunFlags {
    #[command(flatten)]
    outputs: OutputFlags,
    /// Check each completion against a native simulation of the same shards.
    #[arg(long)]
    verify: bool,
    /// Keep the module, the shards and the workers' reports in the run folder.
    #[arg(long)]
    keep: bool,
    /// Run the scenario this many times, 1 to 1000, with other random numbers each time
    ///
    /// The report is on all of them together. The first replication has SEED; the seeds of the others are derived from it.
    #[arg(long, value_name = "R", value_parser = clap::value_parser!(u32).range(1..=i64::from(replications::MOST)))]
    replications: Option<u32>,
    /// Repeat the run until the 95 % interval of a figure is narrow enough, such as 2%, or "2% of p99 response"
    ///
    /// The figure is [mean|pNN] response|delay, the mean response time unless given. It is looked at after 10, 20, 40, 80, 160
    /// and 320 replications; --replications is the upper limit.
    #[arg(long, value_name = "SHARE%")]
    until_precision: Option<Precision>,
    /// An objective, such as "p99 response < 50ms": the exit code is 99 if it does not hold; the flag may be given several times
    ///
    /// An objective is FIGURE [class=N|client=N] < VALUE, where FIGURE is [mean|pNN|max] response|delay, utilization, waited, rejected,
    /// abandoned, number in queue or number in system; or a joint share such as "99% (response < 50ms and delay < 10ms)".
    #[arg(long, value_name = "OBJECTIVE")]
    slo: Vec<Objective>,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    settings: RunSettings,
}

/// Runs it.
///
/// # Errors
/// If it can't be run whole. The failure of a worker comes last, after the report is written; then that of an objective.
pub(crate) fn run(flags: &RunFlags, sources: &Sources) -> anyhow::Result<()> {
    let RunSettings { partition: settings, module, arguments, executor } = &flags.settings;
    let percentiles = flags.outputs.percentiles.as_slice();
    let looks = looks(flags, settings.workers.workers.get()?)?;
    let replications = looks[0];
    if replications > 1 && flags.outputs.completions.is_some() {
        return Err(Failure::usage(format!(
            "--completions: a file has the completions of one replication, not of {replications}: leave out --completions, or --replications and \
             --until-precision"
        ))
        .into());
    }
    objective::check(&flags.slo, &settings.model)?;
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let balancing = Balancing::from_settings(settings)?;
    let path = setup::module_path(module)?;
    let executor = executor::choose(executor, balancing.workers.len(), &reporter, program::end)?;

    let module = Module::read(&path)?;
    reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
    let arguments = arguments.sim_args.get()?.unwrap_or_default();
    let mut scenario = balancing.scenario(&arguments, module, &flags.limits, flags.verify);
    let capabilities = executor.preflight(&scenario).with_context(|| path.display().to_string())?;
    scenario.set_capabilities(capabilities);
    scenario.count(&flags.slo, &[1.0]);

    let source = setup::source(settings, &flags.read, &balancing)?;
    let traces = settings.trace.paths()?;
    let mut inputs: Vec<_> = traces.iter().chain([&path]).map(|path| Some(path.as_path())).collect();
    let table = settings.model.demand.file();
    inputs.extend([sources.file(), table.as_deref()]);
    inputs.extend(source.settings_files().into_iter().map(Some));
    let outputs = flags.outputs.open(&inputs)?;
    let run_file = RunFile::new(&path, executor.name(), sources.texts().clone(), executor.remembered());
    let folder = unless_kept(flags, RunFolder::create(run_file), &*reporter)?;
    let keeping = folder.as_ref().filter(|_| flags.keep);
    let mut shards = keeping.map(|folder| folder.keep_shards(balancing.workers.len())).transpose()?;

    let mut plan = Plan::new(source, vec![scenario]);
    let warm_up_ns = flags.outputs.warmup.apply(&mut plan, &*executor, &*reporter)?;
    let completions = outputs.completions.as_ref();
    let files = Files { completions, folder: folder.as_ref().map(RunFolder::path), kept: shards.as_mut() };
    let mut executions = replications::execute(&mut plan, replications, &*executor, files, &*reporter)?;
    let mut reached = None;
    if let Some(precision) = &flags.until_precision {
        for &number in &looks {
            replications::execute_more(&plan, &mut executions, number, &*executor, &*reporter)?;
            let report = run::report::report(&plan.scenarios()[0], &executions, plan.source(), percentiles);
            reached = report.run.and_then(|run| precision.reached(&run));
            if reached.is_some_and(|share| share <= precision.share) {
                break;
            }
        }
    }

    let planned = replications.max(executions.len() as u32);
    for (replication, execution) in (0..).zip(&executions) {
        let numbered = Numbered { reporter: &*reporter, replication, number: planned };
        flags.outputs.show_stderr(&execution.outcomes, 1, &numbered);
    }
    let first = executions.first().context("a run has one replication at least")?;
    let scenario = &plan.scenarios()[0];
    let mut report = run::report::report(scenario, &executions, plan.source(), percentiles);
    report.notes.extend(flags.outputs.warmup.note(warm_up_ns, &executions));
    if report.run.is_some() {
        report.objectives = judgement::judge_run(&flags.slo, scenario, &executions)?;
    }
    let precision = flags.until_precision.as_ref();
    report.notes.extend(precision.map(|precision| precision.note(reached, executions.len())));
    let finish = |mut folder: RunFolder| {
        if let Some(shards) = shards {
            let evaluation = run::report::evaluation(scenario, plan.source(), percentiles);
            folder.keep_workers(shards, &scenario.module, &report, &first.outcomes, evaluation)?;
        }
        folder.finish(&report, &*executor, &*reporter)?;
        Ok(folder)
    };
    let finished = folder.map(finish).transpose();
    // Its lock is held until the end, so that no other run takes it for an old one.
    let folder = finished.or_else(|error| unless_kept(flags, Err(error), &*reporter));
    // Files are written even if standard output is closed or full.
    let printed = print(flags, &report, folder.as_ref().ok().and_then(Option::as_ref));
    let _folder = folder?;
    outputs.finish(&report, first.served(), capabilities)?;
    printed?;
    if flags.verify && report.run.is_some() {
        let requests: u64 = executions.iter().map(Execution::requests).sum();
        let discipline = &scenario.first().model.discipline;
        reporter.note(&format!(
            "--verify: all completions of {requests} requests agree with the native model of {discipline}"
        ));
    }
    (1..).zip(&executions).try_for_each(|(number, execution)| {
        let place = if planned > 1 { format!("replication {number}, ") } else { String::new() };
        let failed = |(worker, failure)| anyhow::Error::from(failure).context(format!("{place}worker {worker}"));
        execution.first_failure().map_err(failed)
    })?;
    Ok(objective::all_hold(&report.objectives)?)
}

/// The numbers of replications after which the run may end: one, unless a precision is asked for.
///
/// # Errors
/// [`Failure::Usage`] if that precision can't be judged.
fn looks(flags: &RunFlags, workers: u32) -> Result<Vec<u32>, Failure> {
    let Some(precision) = &flags.until_precision else {
        return Ok(vec![flags.replications.unwrap_or(1)]);
    };
    precision.check(flags.outputs.percentiles.as_slice())?;
    let possible = replications::most(workers as usize);
    let most = flags.replications.unwrap_or(precision::MOST).min(possible);
    if most < precision::FIRST {
        return Err(Failure::usage(format!(
            "--until-precision {precision} needs {} replications at least, and {most} are possible: of {workers} workers {possible}, \
             or as many as --replications gives",
            precision::FIRST
        )));
    }
    Ok(precision::looks(most).collect())
}

/// A run folder that can't be written costs no result: it is a warning, unless --keep asked for what is in it.
fn unless_kept(
    flags: &RunFlags,
    folder: anyhow::Result<RunFolder>,
    reporter: &dyn Reporter,
) -> anyhow::Result<Option<RunFolder>> {
    match folder {
        Ok(folder) => Ok(Some(folder)),
        Err(error) if flags.keep => Err(error),
        Err(error) => {
            reporter.warn(&format!("this run is not kept: {error:#}"));
            Ok(None)
        }
    }
}

/// Prints the report, and where it is kept.
fn print(flags: &RunFlags, report: &RunReport, folder: Option<&RunFolder>) -> anyhow::Result<()> {
    if flags.outputs.json {
        return Ok(output::print(&to_json(report)?)?);
    }
    let kept = folder.map(|folder| {
        format!(
            "The report is in {};\n`{} results` prints more columns and each worker.\n",
            folder.path().display(),
            program::name()
        )
    });
    Ok(output::print_tables(&format!("{}\n{}", table::table(report, terminal::width()), kept.unwrap_or_default()))?)
}

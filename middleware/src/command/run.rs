//! One whole run: generate or read, partition, simulate, collect, report.

mod computed;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use cli::output;
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use cli::terminal;
use measure::run_report::RunReport;
use measure::schema::to_json;
use report::table;
use run::executor::Files;
use run::objective::{self, Objective};
use run::outputs::OutputFlags;
use run::plan::Execution;
use run::precision::Precision;
use run::replications::{self, Numbered};
use run::run_file::RunFile;
use run::run_folder::RunFolder;
use run::settings::RunSettings;
use sandbox::limits::LimitFlags;
use trace::reader::ReadFlags;

use computed::{Computed, Prepared};

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
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let mut prepared = Prepared::new(flags, &reporter)?;
    let inputs = prepared.inputs.iter().map(PathBuf::as_path).map(Some).chain([sources.file()]);
    let outputs = flags.outputs.open(&inputs.collect::<Vec<_>>())?;
    let executor = &*prepared.executor;
    let run_file = RunFile::new(&prepared.module, executor.name(), sources, executor.remembered());
    let folder = unless_kept(flags, RunFolder::create(run_file), &*reporter)?;
    let keeping = folder.as_ref().filter(|_| flags.keep);
    let workers = prepared.plan.scenarios()[0].workers.len();
    let mut shards = keeping.map(|folder| folder.keep_shards(workers)).transpose()?;

    let completions = outputs.completions.as_ref();
    let files = Files { completions, folder: folder.as_ref().map(RunFolder::path), kept: shards.as_mut() };
    let Computed { executions, report } = prepared.compute(flags, files, &*reporter)?;

    let planned = prepared.replications().max(executions.len() as u32);
    for (replication, execution) in (0..).zip(&executions) {
        let numbered = Numbered { reporter: &*reporter, replication, number: planned };
        flags.outputs.show_stderr(&execution.outcomes, 1, &numbered);
    }
    let first = executions.first().context("a run has one replication at least")?;
    let (scenario, source) = (&prepared.plan.scenarios()[0], prepared.plan.source());
    let finish = |mut folder: RunFolder| {
        if let Some(shards) = shards {
            let evaluation = run::report::evaluation(scenario, source, flags.outputs.percentiles.as_slice());
            folder.keep_workers(shards, &scenario.module, &report, &first.outcomes, evaluation)?;
        }
        folder.finish(&report, &*prepared.executor, &*reporter)?;
        Ok(folder)
    };
    let finished = folder.map(finish).transpose();
    // Its lock is held until the end, so that no other run takes it for an old one.
    let folder = finished.or_else(|error| unless_kept(flags, Err(error), &*reporter));
    // Files are written even if standard output is closed or full.
    let printed = print(flags, &report, folder.as_ref().ok().and_then(Option::as_ref));
    let _folder = folder?;
    outputs.finish(&report, first.served(), prepared.capabilities)?;
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

/// The report of the run that `flags` describe, which leaves no file and prints only notes and progress.
///
/// # Errors
/// If it can't be run whole; the failure of a worker is in the report.
pub(super) fn report_alone(flags: &RunFlags, reporter: &Arc<dyn Reporter>) -> anyhow::Result<RunReport> {
    Ok(Prepared::new(flags, reporter)?.compute(flags, Files::default(), &**reporter)?.report)
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

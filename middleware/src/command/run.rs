//! One whole run: generate or read, partition, simulate, collect, report.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use cli::output::{self, TextTarget};
use cli::program;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use failure::Failure;
use measure::Outcome;
use measure::provenance::WorkerReport;
use measure::run_report::RunReport;
use measure::schema::SCHEMA;
use report::table;
use run::completions::Parts;
use run::executor::{self, Executor, Files};
use run::plan::Plan;
use run::run_file::RunFile;
use run::run_folder::{Finished, RunFolder};
use run::settings::RunSettings;
use run::setup::{self, Balancing};
use run::shard_files::ShardFiles;
use sandbox::Module;
use sandbox::limits::LimitFlags;
use trace::reader::ReadFlags;

/// What `middleware run` takes.
#[derive(Debug, clap::Args)]
pub struct RunFlags {
    /// Write the report as JSON to FILE too, or to stdout (-) instead of the table.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write what became of each request to FILE: CSV where its name ends in .csv, else records.
    #[arg(long, value_name = "FILE")]
    completions: Option<PathBuf>,
    /// Hold each answer against a native first-in first-out simulation of the same shards.
    #[arg(long)]
    verify: bool,
    /// Keep the module, the shards and the workers' reports in the run folder.
    #[arg(long)]
    keep: bool,
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
/// Where it can't be run whole; the failure of a worker comes last, after the report is written.
pub(crate) fn run(flags: &RunFlags, sources: &Sources) -> anyhow::Result<()> {
    let started = Instant::now();
    let RunSettings { partition: settings, module, arguments, executor } = &flags.settings;
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    let balancing = Balancing::from_settings(settings)?;
    let path = setup::module_path(module)?;
    let executor = executor::choose(executor, &reporter, program::end)?;

    let module = Module::read(&path)?;
    reporter.note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
    let mut scenario =
        balancing.scenario(&arguments.sim_args.get()?.unwrap_or_default(), module, &flags.limits, flags.verify);
    let capabilities =
        executor.preflight(&scenario.module, &scenario.job).with_context(|| path.display().to_string())?;
    scenario.job.capabilities = Some(capabilities);

    let source = setup::source(settings, &flags.read, &balancing, &*reporter)?;
    let (trace, outputs) = (settings.trace.trace.get()?, [flags.report.as_deref(), flags.completions.as_deref()]);
    output::distinct(&outputs, &[trace.as_deref().map(Path::new), Some(&path), sources.file()])?;
    let json = flags.report.as_deref().map(TextTarget::open).transpose()?;
    let folder = RunFolder::create()?;
    let parts = flags.completions.as_deref().map(Parts::new).transpose()?;
    let mut kept = flags.keep.then(|| keep_shards(&folder, balancing.workers)).transpose()?;

    let files = Files { completions: parts.as_ref(), folder: Some(folder.path()), kept: kept.as_mut() };
    let mut plan = Plan::new(source, vec![scenario]);
    let execution = plan.execute_one(&*executor, files, &*reporter)?;
    let scenario = &plan.scenarios()[0];

    setup::tell(&settings.model.demand, plan.source(), &*reporter);
    let report = run::report::report(scenario, &execution, plan.source());
    if let Some(kept) = kept {
        kept.finish()?;
        keep_rest(&folder, &scenario.module, &report, &execution.outcomes)?;
    }
    let repeat = repeat(sources, &folder, &path, &*executor, started);
    // Held to the end, so that no other run takes it for an old one.
    let _folder = publish(json, &report, folder, &*executor, &repeat, &*reporter)?;
    parts.map(|parts| parts.merge(execution.served(), capabilities)).transpose()?;
    if flags.verify && report.run.is_some() {
        reporter.note(&format!("--verify: all {} answers agree with first in, first out", execution.requests()));
    }
    execution
        .first_failure()
        .map_err(|(worker, failure)| anyhow::Error::from(failure).context(format!("worker {worker}")))
}

/// All that repeats the run, and what the report keeps out of itself.
fn repeat(sources: &Sources, folder: &RunFolder, module: &Path, executor: &dyn Executor, started: Instant) -> RunFile {
    RunFile {
        schema: SCHEMA,
        run: folder.name().to_owned(),
        queuebox: env!("CARGO_PKG_VERSION").to_owned(),
        executor: executor.name().to_owned(),
        module: module.display().to_string(),
        arguments: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
        settings: sources.texts().clone(),
        seconds: started.elapsed().as_secs_f64(),
        preflight: executor.remembered(),
    }
}

fn keep_shards(folder: &RunFolder, workers: usize) -> anyhow::Result<ShardFiles> {
    let shards = folder.path().join("shards");
    std::fs::create_dir(&shards).with_context(|| shards.display().to_string())?;
    ShardFiles::create(&shards, workers, true)
}

/// Keeps the module and what each worker reported.
fn keep_rest(folder: &RunFolder, module: &Module, report: &RunReport, outcomes: &[Outcome]) -> anyhow::Result<()> {
    let copy = folder.path().join("module.wasm");
    std::fs::write(&copy, module.bytes()).with_context(|| copy.display().to_string())?;
    let reports = folder.path().join("reports");
    std::fs::create_dir(&reports).with_context(|| reports.display().to_string())?;
    for (worker, outcome) in (1..).zip(outcomes) {
        if let Ok(measured) = &outcome.result {
            let whole = WorkerReport {
                provenance: report.provenance.clone(),
                notes: Vec::new(),
                worker,
                delay_reached: measured.delay_reached,
                tally: measured.tally.clone(),
            };
            folder.write(&format!("reports/{worker}.json"), &pretty(&whole)?)?;
        }
    }
    Ok(())
}

/// Writes the report where it was asked for, and to the run folder.
fn publish(
    target: Option<TextTarget>,
    report: &RunReport,
    folder: RunFolder,
    executor: &dyn Executor,
    repeat: &RunFile,
    reporter: &dyn Reporter,
) -> anyhow::Result<Finished> {
    let json = pretty(report)?;
    folder.write("run.json", &pretty(repeat)?)?;
    folder.write("report.json", &json)?;
    if let Err(error) = executor.keep(&folder) {
        reporter.warn(&format!("the workers' volume does not hold this run's report: {error:#}"));
    }
    let finished = folder.finish(reporter)?;
    let to_stdout = target.as_ref().is_some_and(TextTarget::is_stdout);
    if let Some(target) = target {
        target.write(&json)?;
    }
    if !to_stdout {
        output::print(&format!(
            "{}\nThe report is in {}; `make results` or `middleware results` prints all of it.\n",
            table::table(report),
            finished.path().display()
        ))?;
    }
    Ok(finished)
}

fn pretty(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| Failure::Host(error.to_string()))
}

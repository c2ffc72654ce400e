//! One whole run: generate or read, partition, simulate, collect, report.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use host::completions::Parts;
use host::limits::LimitFlags;
use host::report::{self, Provenance, WorkerReport};
use host::{Job, Model, Module, Outcome};
use serde_json::{Value, json};
use trace::output::{self, TextTarget};
use trace::reader::ReadFlags;
use trace::settings::Settings;
use trace::{Failure, Says, program};

use crate::engine::{self, Engine, Hosts};
use crate::partition::Partition;
use crate::report::{RunReport, first_failure, measured};
use crate::run_folder::{Finished, RunFolder};
use crate::setup::{self, Balancing};
use crate::shard_files::ShardFiles;
use crate::table;

/// What `middleware run` takes besides settings.
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
}

/// The settings that a run reads.
pub fn keys() -> Vec<&'static str> {
    setup::keys(&[&["MODULE", "SIM_ARGS"], engine::KEYS].concat())
}

/// Runs it.
///
/// # Errors
/// Where it can't be run whole; the failure of a worker comes last, after the report is written.
pub fn run(flags: &RunFlags, settings: &Settings) -> anyhow::Result<()> {
    let started = Instant::now();
    let balancing = Balancing::from_settings(settings)?;
    let path = host::module_path(settings)?;
    let engine = engine::choose(settings)?;

    let module = Module::read(&path)?;
    program::note(&format!("module: {} (SHA-256 {})", path.display(), &module.sha256()[..16]));
    let mut job = job(flags, settings, &balancing);
    let says = engine.preflight(&module, &job).with_context(|| path.display().to_string())?;
    job.says = Some(says);

    let source = setup::source(settings, &flags.read, &balancing)?;
    let mut partition = Partition::new(source, balancing.balancer());
    let trace = settings.text("TRACE").map(Path::new);
    output::distinct(
        &[flags.report.as_deref(), flags.completions.as_deref()],
        &[trace, Some(&path), settings.file()],
    )?;
    let json = flags.report.as_deref().map(TextTarget::open).transpose()?;
    let folder = RunFolder::create()?;
    let parts = flags.completions.as_deref().map(Parts::new).transpose()?;
    let mut shards = flags.keep.then(|| keep_shards(&folder, balancing.workers)).transpose()?;
    let hosts =
        Hosts { module: &module, job: &job, completions: parts.as_ref(), shards: shards.as_mut(), folder: &folder };
    let outcomes = engine.run(hosts, &mut partition)?;

    setup::tell(settings, partition.source());
    let report = collect(&partition, &module, &job, says, &balancing, &outcomes);
    let served = (1..).zip(&outcomes).filter(|(_, outcome)| outcome.result.is_ok()).map(|(worker, _)| worker);
    if let Some(shards) = shards {
        shards.finish()?;
        keep_rest(&folder, &module, &report, &outcomes)?;
    }
    let repeat = repeat(settings, &folder, &path, &*engine, started);
    // Held to the end, so that no other run takes it for an old one.
    let _folder = publish(json, &report, folder, &*engine, &repeat)?;
    parts.map(|parts| parts.merge(served, says)).transpose()?;
    if flags.verify && report.run.is_some() {
        program::note(&format!("--verify: all {} answers agree with first in, first out", partition.requests()));
    }
    first_failure(&outcomes)
        .map_err(|(worker, failure)| anyhow::Error::from(failure).context(format!("worker {worker}")))
}

/// What each worker is to do.
fn job(flags: &RunFlags, settings: &Settings, balancing: &Balancing) -> Job {
    let workers = balancing.workers as u32;
    Job {
        worker: 1,
        workers,
        model: balancing.model.clone(),
        arguments: settings.text("SIM_ARGS").unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
        limits: flags.limits.of_worker(workers, balancing.model.servers),
        verify: flags.verify,
        says: None,
    }
}

/// Puts what the workers measured, and what made it, into a report.
fn collect(
    partition: &Partition,
    module: &Module,
    job: &Job,
    says: Says,
    balancing: &Balancing,
    outcomes: &[Outcome],
) -> RunReport {
    let Model { servers, delay, .. } = job.model;
    let drawn = partition.source().drawn().0 > 0;
    let mut used = job.model.used(drawn);
    used.insert("WORKERS", json!(job.workers));
    used.insert("BALANCER", json!(balancing.policy.name));
    used.insert("SIM_ARGS", json!(job.arguments.join(" ")));
    let provenance = Provenance::new(module, says, partition.source().name(), used);
    let all_servers = u64::from(job.workers) * u64::from(servers);
    let offered = partition.source().offered(all_servers).or_else(|| partition.load().utilization(all_servers));
    let mut notes = report::notes(&job.model, drawn, offered, job.workers, &measured(outcomes).collect::<Vec<_>>());
    if partition.requests() < u64::from(job.workers) {
        notes.push(format!("there are more workers ({}) than requests ({})", job.workers, partition.requests()));
    }
    let is_model = says.has(Says::DISCIPLINE) && !says.has(Says::SHARED) && job.model.discipline == "fifo";
    if balancing.policy.sees_backlog && !is_model {
        notes.push(format!("the backlog that {} saw is a first-in first-out model's", balancing.policy.name));
    }
    RunReport::collect(provenance, notes, outcomes, servers, delay)
}

/// All that repeats the run, and what the report keeps out of itself.
fn repeat(settings: &Settings, folder: &RunFolder, module: &Path, engine: &dyn Engine, started: Instant) -> Value {
    let values: serde_json::Map<String, Value> =
        keys().iter().filter_map(|key| Some(((*key).to_owned(), settings.text(key)?.into()))).collect();
    json!({
        "run": folder.name(),
        "queuebox": env!("CARGO_PKG_VERSION"),
        "engine": engine.name(),
        "module": module,
        "arguments": std::env::args().collect::<Vec<_>>(),
        "settings": values,
        "seconds": started.elapsed().as_secs_f64(),
        "preflight": engine.remembered(),
    })
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
                provenance: &report.provenance,
                notes: &[],
                worker,
                delay_reached: measured.delay_reached,
                tally: &measured.tally,
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
    engine: &dyn Engine,
    repeat: &Value,
) -> anyhow::Result<Finished> {
    let json = pretty(report)?;
    folder.write("run.json", &pretty(repeat)?)?;
    folder.write("report.json", &json)?;
    folder.write("report.txt", &table::plain(report))?;
    if let Err(error) = engine.keep(&folder) {
        program::warn(&format!("the workers' volume does not hold this run's report: {error:#}"));
    }
    let finished = folder.finish()?;
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

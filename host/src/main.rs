//! `host --module sim.wasm trace.csv`: one worker, the whole trace.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use host::completions::Parts;
use host::limits::{self, LimitFlags};
use host::measure::Figures;
use host::report::{self, Load, Provenance, WorkerReport};
use host::shard::pipe;
use host::{Job, Measured, Model, Outcome, Simulator, panicked, preflight, simulate, spawn};
use trace::output::{self, TextTarget};
use trace::reader::{ReadFlags, TraceReader};
use trace::settings::{self, Settings};
use trace::{Failure, printable, program};

/// Run a simulator in a sandbox over a trace, and print what its requests waited.
///
/// The simulator is a WebAssembly module (WASI preview 1) that turns requests into completions; FORMAT.md tells how to
/// write one. It gets no files, no network and no time, within limits that `host limits` lists.
#[derive(Parser)]
#[command(name = "host", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Example: host --module sim.wasm trace.csv\n\n\
    Exit codes: 0 done, 1 the host failed, 2 usage or settings, 3 bad trace, 4 not a simulator, 5 the simulator failed, \
    6 a limit, 7 contract broken, 130 interrupted, 141 stdout closed")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The trace: CSV, records, a known format, or - for stdin.
    #[arg(required = true)]
    trace: Option<PathBuf>,
    /// Write the worker's report as JSON to FILE, or to stdout (-) instead of the text.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Write what became of each request to FILE: CSV where its name ends in .csv, else records.
    #[arg(long, value_name = "FILE")]
    completions: Option<PathBuf>,
    /// Hold each answer against a native first-in first-out simulation of the same shard.
    #[arg(long)]
    verify: bool,
    /// The number that the simulator is told it has.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    worker: u32,
    /// How many workers the simulator is told there are.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    workers: u32,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    limits: LimitFlags,
    /// Arguments for the simulator.
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Tell what a module breaks of the contract: run built-in shards through it, with every setting that it honours.
    Check {
        /// The module.
        module: PathBuf,
    },
    /// Run one worker: the job FILE, over the module and the shard beside it; what a worker's container does.
    Job {
        /// The job.
        file: PathBuf,
    },
    /// Remove the oldest runs of a folder; the newest 20 stay. What the container of the volume `shared` does.
    #[command(hide = true)]
    Tidy {
        /// The folder of runs.
        folder: PathBuf,
    },
    /// Keep a container alive while stdin is open: a lock that ends with who holds it.
    #[command(hide = true)]
    Hold,
    /// Print every limit of the sandbox, its default and its flag.
    Limits,
}

/// Pieces of the shard between the thread that reads the trace and the simulator's.
const PIECE: usize = 1 << 18;

fn main() -> ExitCode {
    let keys: Vec<&'static str> = [Model::KEYS, &["MODULE"]].concat();
    let matches = settings::add_flags(Cli::command(), &keys).get_matches();
    program::main(|| {
        let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        match cli.command {
            Some(Command::Job { file }) => host::job::run(&file),
            Some(Command::Tidy { folder }) => Ok(tidy(&folder)?),
            Some(Command::Hold) => Ok(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).map(drop)?),
            Some(Command::Check { module }) => host::check(&Simulator::load(&module)?, &shown(&module)),
            Some(Command::Limits) => Ok(output::print(&limits::table())?),
            None => run(&cli, &Settings::resolve(&matches, &keys)?),
        }
    })
}

/// Removes the oldest folders in `runs`, whose names begin with the time of their start.
fn tidy(runs: &Path) -> std::io::Result<()> {
    const KEPT: usize = 20;
    let mut names =
        std::fs::read_dir(runs)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()?;
    names.sort();
    names.iter().rev().skip(KEPT).try_for_each(|old| std::fs::remove_dir_all(runs.join(old)))
}

/// A path for the terminal.
fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes(), 1000)
}

fn run(cli: &Cli, settings: &Settings) -> anyhow::Result<()> {
    settings.tell();
    let model = Model::from_settings(settings)?;
    if cli.worker > cli.workers {
        return Err(Failure::Usage(format!("--worker {} is more than --workers {}", cli.worker, cli.workers)).into());
    }
    let module = host::module_path(settings)?;
    let simulator = Simulator::load(&module)?;
    let mut job = Job {
        worker: cli.worker,
        workers: cli.workers,
        limits: cli.limits.of_worker(1, model.servers),
        model,
        arguments: cli.arguments.clone(),
        verify: cli.verify,
        says: None,
    };
    let says = preflight(&simulator, &job).with_context(|| module.display().to_string())?;
    job.says = Some(says);

    let path = cli.trace.as_deref().unwrap_or(Path::new("-"));
    output::distinct(
        &[cli.report.as_deref(), cli.completions.as_deref()],
        &[Some(path), Some(&module), settings.file()],
    )?;
    let report = cli.report.as_deref().map(TextTarget::open).transpose()?;
    let mut reader = TraceReader::open(path, &cli.read, job.model.demands())?;
    let parts = cli.completions.as_deref().map(Parts::new).transpose()?;
    let mut load = Load::default();
    let outcome = serve(&simulator, &job, &mut reader, &mut load, parts.as_ref())?;
    reader.remarks().iter().for_each(|remark| program::note(remark));
    let measured = outcome.result.with_context(|| format!("worker {}", job.worker))?;
    if let Some(parts) = parts {
        parts.merge(std::iter::once(job.worker), says)?;
    }

    let summary = reader.summary();
    report::warn_of_unused_service(settings, summary.drawn, summary.requests);
    let drawn = summary.drawn > 0;
    let notes = report::notes(&job.model, drawn, load.utilization(job.model.servers.into()), 1, &[&measured]);
    notes.iter().for_each(|note| program::note(note));
    let mut used = job.model.used(drawn);
    used.insert("WORKERS", job.workers.into());
    used.insert("SIM_ARGS", job.arguments.join(" ").into());
    let provenance = Provenance::new(simulator.module(), says, report::recorded(&summary, &cli.read), used);
    let Measured { tally, delay_reached, .. } = &measured;
    let to_stdout = report.as_ref().is_some_and(TextTarget::is_stdout);
    let head = format!("Module {} (SHA-256 {})", shown(&module), &simulator.module().sha256()[..16]);
    if let Some(target) = report {
        let whole = WorkerReport {
            provenance: &provenance,
            notes: &notes,
            worker: job.worker,
            delay_reached: *delay_reached,
            tally,
        };
        target.write(&(serde_json::to_string_pretty(&whole)? + "\n"))?;
    }
    if !to_stdout {
        output::print(&format!("{head}\n\n{}", Figures::of_worker(tally, job.model.servers).to_text()))?;
    }
    Ok(())
}

/// Reads the trace while the simulator runs on a thread of its own.
fn serve(
    simulator: &Simulator,
    job: &Job,
    reader: &mut TraceReader,
    load: &mut Load,
    parts: Option<&Parts>,
) -> anyhow::Result<Outcome> {
    let (mut feeder, fed) = pipe(PIECE);
    let completions = parts.map(|parts| parts.part(job.worker));
    std::thread::scope(|scope| {
        let run = || simulate(simulator, job, Box::new(fed), completions);
        let worker = spawn(scope, format!("worker {}", job.worker), run)?;
        reader.read(|requests, _| {
            load.add(requests);
            requests.iter().for_each(|request| feeder.send(request));
            Ok::<_, Failure>(())
        })?;
        feeder.finish();
        Ok(worker.join().map_err(|_| panicked())?)
    })
}

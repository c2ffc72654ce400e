//! The command `host --module sim.wasm trace.csv`: one worker, the whole trace.

mod check;
mod limits_table;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use check::CheckFlags;
use clap::Subcommand;
use cli::output;
use cli::program;
use cli::reporter::Terminal;
use cli::settings::{SeedSettings, Sources};
use cli::terminal;
use failure::{Failure, printable};
use measure::schema::to_json;
use measure::worker_report::WorkerReport;
use report::{intervals, table};
use run::executor::{Executor as _, Files, Local};
use run::load::Load;
use run::notes::Given;
use run::outputs::OutputFlags;
use run::plan::Plan;
use run::retention::remove_old;
use run::scenario::{Scenario, Worker};
use run::settings::ModuleSettings;
use run::setup;
use run::source::Source;
use sandbox::limits::LimitFlags;
use sandbox::{Job, Model, ModelSettings, Module};
use trace::reader::ReadFlags;

/// Run a simulator in a sandbox over a trace, and report waiting and response times.
///
/// The simulator is a WebAssembly module (WASI preview 1) that turns requests into completions; docs/tutorial-simulator.md describes how
/// to write one. It gets no files, no network and no time, within limits that `host limits` lists.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Example: host --module sim.wasm trace.csv\n\n\
    Exit codes: 0 done, 1 the host failed, 2 usage or settings, 3 bad trace, 4 not a simulator, 5 the simulator failed, \
    6 a limit, 7 contract broken, 130 interrupted, 141 stdout closed")]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The trace: CSV, records, a known format, or - for stdin; several are merged by arrival.
    #[arg(value_name = "TRACE", required = true, value_hint = clap::ValueHint::FilePath)]
    traces: Vec<PathBuf>,
    #[command(flatten)]
    outputs: OutputFlags,
    /// Check each completion against a native simulation of the same shard.
    #[arg(long)]
    verify: bool,
    /// Worker index passed to the simulator.
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    worker: u32,
    /// Number of workers passed to the simulator.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    workers: u32,
    /// Arguments for the simulator.
    #[arg(last = true)]
    arguments: Vec<String>,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    limits: LimitFlags,
    #[command(flatten)]
    model: ModelSettings,
    #[command(flatten)]
    seed: SeedSettings,
    #[command(flatten)]
    module: ModuleSettings,
}

#[derive(Subcommand)]
enum Command {
    /// Check a module against the contract: run built-in shards through it, with every setting that it supports.
    Check(CheckFlags),
    /// Run one worker: the job FILE, over the module and the shard beside it; what a worker's container does.
    Job {
        /// The job.
        file: PathBuf,
    },
    /// Remove old runs of a folder, by the rule for `runs/`. What the container of the volume `shared` does.
    #[command(hide = true)]
    Tidy {
        /// The folder of runs.
        folder: PathBuf,
    },
    /// Keep a container alive while stdin is open: a lock that ends with its holder.
    #[command(hide = true)]
    Hold,
    /// Print every limit of the sandbox, its default and its flag.
    Limits,
}

impl Arguments {
    /// Does what they ask for.
    ///
    /// # Errors
    /// As the subcommand does; without one, if the trace can't be simulated whole.
    pub fn run(&self, sources: &Sources) -> anyhow::Result<()> {
        match &self.command {
            Some(Command::Job { file }) => run::job::run(file, &Terminal, program::end),
            Some(Command::Tidy { folder }) => tidy(folder),
            Some(Command::Hold) => Ok(std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink()).map(drop)?),
            Some(Command::Check(flags)) => check::check(flags),
            Some(Command::Limits) => Ok(output::print(&limits_table::table(terminal::width()))?),
            None => simulate(self, sources),
        }
    }
}

/// Removes old runs, and notes which.
fn tidy(runs: &Path) -> anyhow::Result<()> {
    let removed = remove_old(runs);
    removed.note().iter().for_each(|note| program::note(note));
    anyhow::ensure!(removed.failures.is_empty(), removed.failures.join("; "));
    Ok(())
}

/// A path for the terminal.
fn shown(path: &Path) -> String {
    printable(path.as_os_str().as_encoded_bytes(), 1000)
}

fn simulate(cli: &Arguments, sources: &Sources) -> anyhow::Result<()> {
    let demands = cli.model.demand.demands(&cli.seed)?;
    if cli.worker > cli.workers {
        return Err(Failure::usage(format!("--worker {} is more than --workers {}", cli.worker, cli.workers)).into());
    }
    let model = Model::from_settings(&cli.model, &demands, cli.worker, cli.workers)?;
    let path = setup::module_path(&cli.module)?;
    let executor = Local::new(program::end);
    let job = Job {
        worker: cli.worker,
        workers: cli.workers,
        limits: cli.limits.of_worker(1, model.servers),
        model,
        arguments: cli.arguments.clone(),
        verify: cli.verify,
        warmup_ns: 0,
        windows: true,
        criteria: Vec::new(),
        capabilities: None,
    };
    let mut scenario =
        Scenario { module: Module::read(&path)?, workers: vec![Worker::new(job)], policy: None, load: Load::ONE };
    let capabilities = executor.preflight(&scenario).with_context(|| path.display().to_string())?;
    scenario.set_capabilities(capabilities);

    let table = cli.model.demand.file();
    let inputs = cli.traces.iter().chain([&path]).chain(&table).map(|path| Some(path.as_path()));
    let outputs = cli.outputs.open(&inputs.chain([sources.file()]).collect::<Vec<_>>())?;
    let source = Source::recorded(&cli.traces, &cli.read, demands)?;
    let source = source.with_given(Given::new(&cli.model.demand, None));
    let files = Files { completions: outputs.completions.as_ref(), ..Files::default() };
    let mut plan = Plan::new(source, vec![scenario]);
    let warm_up_ns = cli.outputs.warmup.apply(&mut plan, &executor, &Terminal)?;
    let execution = plan.execute_one(&executor, files, &Terminal)?;

    let scenario = &plan.scenarios()[0];
    let percentiles = cli.outputs.percentiles.as_slice();
    let mut report = run::report::report(scenario, std::slice::from_ref(&execution), plan.source(), percentiles);
    report.notes.extend(cli.outputs.warmup.note(warm_up_ns, std::slice::from_ref(&execution)));
    let evaluation = run::report::evaluation(scenario, plan.source(), percentiles);
    cli.outputs.show_stderr(&execution.outcomes, cli.worker, &Terminal);
    let outcome = execution.outcomes.into_iter().next().context("the plan has one worker")?;
    if outcome.result.is_err() {
        // There will be no report, and a note may explain the failure.
        report.notes.iter().for_each(|note| program::note(note));
    }
    let measured = outcome.result.with_context(|| format!("worker {}", cli.worker))?;
    let report = WorkerReport::new(report.provenance, report.notes, cli.worker, &measured, evaluation);
    let text = if cli.outputs.json {
        to_json(&report)?
    } else {
        let head = format!("Module {} (SHA-256 {})", shown(&path), &scenario.module.sha256()[..16]);
        let figures = report.figures.to_text();
        let width = terminal::width();
        let classes =
            if report.classes.is_empty() { String::new() } else { table::classes(&report.classes, width) + "\n" };
        let reason = intervals::none(&report.figures, width);
        format!("{head}\n\n{figures}{classes}{reason}{}", table::notes(&report.notes, width))
    };
    // Files are written even if standard output is closed or full.
    let printed = output::print(&text);
    outputs.finish(&report, std::iter::once(report.worker), capabilities)?;
    if cli.verify {
        let model = &scenario.first().model.discipline;
        let completions = report.tally.counts.offered;
        program::note(&format!(
            "--verify: all completions of {completions} requests agree with the native model of {model}"
        ));
    }
    Ok(printed?)
}

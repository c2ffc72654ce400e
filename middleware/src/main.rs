//! `middleware run`: a whole run, from the trace to the report.

mod command;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use cli::reporter::{Reporter, Terminal};
use cli::settings::{self, Settings};
use cli::{output, program};
use command::describe::{self, DescribeFlags};
use command::partition::{self, SplitFlags};
use command::run::{self as run_command, RunFlags};
use command::{results, runs};
use run::executor;

/// Partition a trace of requests over workers by a load-balancing policy, and tell what the requests wait at each.
#[derive(Parser)]
#[command(name = "middleware", version)]
#[command(
    after_help = "Examples:\n  middleware run --workers 8 --balancer TC\n  middleware run --trace trace.csv --module mine.wasm\n\n\
    Exit codes: 0 done, 1 the middleware failed, 2 usage or settings, 3 bad trace, 4 not a simulator, 5 the simulator \
    failed, 6 a limit, 7 contract broken, 8 executor, 130 interrupted, 141 stdout closed. Where workers fail it is the \
    lowest one's, and the report is written all the same"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A whole run: generate or read a trace, partition it, simulate every worker, report.
    Run(RunFlags),
    /// Partition a trace into a folder of shards, and no more.
    Partition(SplitFlags),
    /// Tell what a trace is like: rate, interarrival times, sizes, blocks, offered load.
    Describe(DescribeFlags),
    /// Print which executor a run would take: local, or docker, its address and how many workers it needs.
    Executor,
    /// List the runs in runs/, the last one last.
    Runs,
    /// Print the report of a run again, per worker.
    Results {
        /// A run's name, or as much of its beginning as names it alone, or its folder; the last one by default.
        run: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let (run_keys, split_keys, describe_keys) = (run_command::keys(), partition::keys(), describe::keys());
    let executor_keys = [executor::KEYS, &["WORKERS"]].concat();
    let command = Cli::command()
        .mut_subcommand("results", |results| settings::add_flags(results, executor::KEYS))
        .mut_subcommand("executor", |executor| settings::add_flags(executor, &executor_keys))
        .mut_subcommand("run", |run| settings::add_flags(run, &run_keys))
        .mut_subcommand("partition", |split| settings::add_flags(split, &split_keys))
        .mut_subcommand("describe", |describe| settings::add_flags(describe, &describe_keys));
    let matches = command.get_matches();
    let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
    program::main(|| {
        let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let settings = |keys: &[&'static str]| {
            let (_, matches) = matches.subcommand().unwrap_or(("", &matches));
            let settings = Settings::resolve(matches, keys)?;
            settings.tell();
            anyhow::Ok(settings)
        };
        match cli.command {
            Command::Run(flags) => run_command::run(&flags, &settings(&run_keys)?),
            Command::Partition(flags) => partition::split(&flags, &settings(&split_keys)?),
            Command::Describe(flags) => describe::describe(&flags, &settings(&describe_keys)?),
            Command::Executor => Ok(output::print(&(executor::which(&settings(&executor_keys)?, &reporter)? + "\n"))?),
            Command::Runs => runs::runs(),
            Command::Results { run } => results::results(run.as_deref(), &settings(executor::KEYS)?, &reporter),
        }
    })
}

//! The commands of `middleware`: whole runs, and the commands around them.

mod command;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use cli::output;
use cli::reporter::{Reporter, Terminal};
use cli::settings::Sources;
use run::executor::{self, ExecutorSettings};
use run::settings::WorkerSettings;

use command::compare::{self, CompareFlags};
use command::convert::{self, ConvertFlags};
use command::describe::{self, DescribeFlags};
use command::partition::{self, SplitFlags};
use command::plan::{self, PlanFlags};
use command::run::{self as run_command, RunFlags};
use command::{rerun, results, runs};

/// The exit codes, for help.
pub const EXIT_CODES: &str = "\
    Exit codes: 0 done, 1 the program failed, 2 usage or settings, 3 bad trace, 4 not a simulator, 5 the simulator \
    failed, 6 a limit, 7 contract broken, 8 executor, 99 an objective does not hold, 130 interrupted, 141 stdout closed. If \
    workers fail it is the lowest one's, and the report is written all the same";

/// A command with its arguments.
#[derive(Subcommand)]
pub enum Command {
    /// A whole run: generate or read a trace, partition it, simulate every worker, report.
    Run(Box<RunFlags>),
    /// Find the least number of workers that holds objectives, such as p99 response < 50ms.
    Plan(Box<PlanFlags>),
    /// Compare policies, numbers of workers or other settings over one trace, and mark what is surely the best.
    Compare(Box<CompareFlags>),
    /// Partition a trace into a folder of shards, without simulating them.
    Partition(Box<SplitFlags>),
    /// Summarise a trace: rate, interarrival times, sizes, blocks, offered load.
    Describe(Box<DescribeFlags>),
    /// Write a trace in another format; the reading flags select and change its requests.
    Convert(Box<ConvertFlags>),
    /// Print the executor that make prepares for a run: local, or docker, its address and how many workers it needs.
    Executor {
        /// What chooses it.
        #[command(flatten)]
        settings: ExecutorSettings,
        /// How many workers a run would have.
        #[command(flatten)]
        workers: WorkerSettings,
    },
    /// List the runs in runs/, the last one last.
    Runs,
    /// Print the report of a run again, per worker.
    Results {
        /// A run's name, or as much of its beginning as names it alone, or its folder; the last one by default.
        run: Option<PathBuf>,
        /// Where a run may be kept that is not here.
        #[command(flatten)]
        settings: ExecutorSettings,
    },
    /// Repeat a run, and check that its report has the same bytes.
    ///
    /// The arguments and the settings are those of the run's run.json. Nothing is written.
    Rerun {
        /// A run's name, or as much of its beginning as names it alone, or its folder; the last one by default.
        run: Option<PathBuf>,
    },
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// As the command does.
    pub fn run(&self, sources: &Sources) -> anyhow::Result<()> {
        let reporter: Arc<dyn Reporter> = Arc::new(Terminal);
        match self {
            Command::Run(flags) => run_command::run(flags, sources),
            Command::Plan(flags) => plan::plan(flags, sources),
            Command::Compare(flags) => compare::compare(flags, sources),
            Command::Partition(flags) => partition::split(flags, sources),
            Command::Describe(flags) => describe::describe(flags, sources),
            Command::Convert(flags) => convert::convert(flags, sources),
            Command::Executor { settings, workers } => {
                Ok(output::print(&(executor::which(settings, &workers.workers, &reporter)? + "\n"))?)
            }
            Command::Runs => runs::runs(),
            Command::Results { run, settings } => results::results(run.as_deref(), settings, &reporter),
            Command::Rerun { run } => rerun::rerun(run.as_deref(), &reporter),
        }
    }
}

//! The program `middleware`: a whole run, from the trace to the report.

use std::process::ExitCode;

use clap::Parser;
use cli::{program, settings};
use middleware::{Command, EXIT_CODES};

/// Partition a trace of requests over workers by a load-balancing policy, and report how long requests wait at each.
#[derive(Parser)]
#[command(name = "middleware", version)]
#[command(after_help = format!(
    "Examples:\n  middleware run --workers 8 --balancer TC\n  middleware run --trace trace.csv --module mine.wasm\n\n{EXIT_CODES}"
))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    program::main(|| {
        let (Arguments { command }, sources) = settings::parse()?;
        command.run(&sources)
    })
}

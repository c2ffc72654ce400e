//! The program `queuebox`, which `make install` installs. It has all commands, and writes shell completions and man pages.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use cli::{program, settings};

/// Predict how long requests wait: split a trace over workers by a load-balancing policy, and simulate each worker.
#[derive(Parser)]
#[command(name = "queuebox", version)]
#[command(after_help = format!(
    "Examples:\n  queuebox run --workers 8 --balancer TC\n  queuebox run --trace trace.csv --module mine.wasm\n\n{}",
    middleware::EXIT_CODES
))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, and clap takes no box of a flattened one")]
enum Command {
    #[command(flatten)]
    Middleware(middleware::Command),
    Host(Box<host::Arguments>),
    Tracegen(Box<tracegen::Arguments>),
    /// Print the completion script of a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write man pages, one for each command.
    Man {
        /// The folder to write to, which must exist.
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    program::main(|| {
        let (Arguments { command }, sources) = settings::parse()?;
        match command {
            Command::Middleware(command) => command.run(&sources),
            Command::Host(arguments) => arguments.run(&sources),
            Command::Tracegen(arguments) => tracegen::run(&arguments, &sources),
            Command::Completions { shell } => completions(shell),
            Command::Man { folder } => man_pages(&folder),
        }
    })
}

fn completions(shell: Shell) -> anyhow::Result<()> {
    // To memory first: the generator panics if it can't write.
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut settings::command::<Arguments>(), "queuebox", &mut text);
    Ok(std::io::stdout().write_all(&text)?)
}

fn man_pages(folder: &Path) -> anyhow::Result<()> {
    clap_mangen::generate_to(settings::command::<Arguments>(), folder).with_context(|| folder.display().to_string())
}

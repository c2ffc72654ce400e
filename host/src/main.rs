//! The program `host`: one worker, the whole trace.

use std::process::ExitCode;

use clap::Parser;
use cli::{program, settings};
use host::Arguments;

#[derive(Parser)]
#[command(name = "host", version)]
struct Host {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    program::main(|| {
        let (Host { arguments }, sources) = settings::parse()?;
        arguments.run(&sources)
    })
}

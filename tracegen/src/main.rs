//! The program `tracegen`.

use std::process::ExitCode;

use clap::Parser;
use cli::{program, settings};
use tracegen::Arguments;

#[derive(Parser)]
#[command(name = "tracegen", version)]
struct Tracegen {
    #[command(flatten)]
    arguments: Arguments,
}

fn main() -> ExitCode {
    program::main(|| {
        let (Tracegen { arguments }, sources) = settings::parse()?;
        tracegen::run(&arguments, &sources)
    })
}

//! Runs one WebAssembly command in the project's own sandbox: `run_wasm FILE [ARGUMENT]…`. It is cargo's runner for the
//! unit tests of the crates that are built for WebAssembly (`make test-wasm`).

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use sandbox::limits::Limits;
use sandbox::{Simulator, command};
use wasmtime_wasi::WasiCtxBuilder;

/// CPU time for all tests of a crate.
const TIME: Duration = Duration::from_secs(300);
/// Memory of one crate's tests [bytes]: the test of the limit of modelled requests fills 300 MiB.
const MEMORY: usize = 1 << 30;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next().map(PathBuf::from) else {
        eprintln!("run_wasm: no FILE; usage: run_wasm FILE [ARGUMENT]...");
        return ExitCode::from(2);
    };
    let mut context = WasiCtxBuilder::new();
    context.arg(file.to_string_lossy()).args(&arguments.collect::<Vec<_>>());
    let context = context.build_p1();
    let limits = Limits { memory: MEMORY, cpu_time: TIME, ..Limits::default() };
    let ended = Simulator::load(&file, cli::program::end).and_then(|command| {
        std::thread::scope(|scope| {
            let thread = sandbox::spawn(scope, "command".to_owned(), || command::run(&command, context, &limits))?;
            thread.join().map_err(|_| failure::Failure::host("its thread panicked"))
        })
    });
    let exit = ended.and_then(|ended| {
        std::io::stdout().write_all(&ended.stdout)?;
        if !ended.error_text.is_empty() {
            eprintln!("{}", ended.error_text);
        }
        ended.exit
    });
    match exit {
        Ok(code) => ExitCode::from(code.min(255) as u8),
        Err(failure) => {
            eprintln!("run_wasm: {}: {failure}", file.display());
            ExitCode::from(failure.exit_code())
        }
    }
}

//! Maps the traps and exit codes of simulators to failures.

use failure::{Failure, Limit, printable};
use wasmtime::{FrameInfo, Trap, WasmBacktrace};

use crate::limits;
use crate::wasi::{Exit, Guest};

/// The exit code of a simulator that does not support a setting.
const REFUSED_SETTING: u32 = 64;
/// The exit code of a simulator whose input breaks the contract.
pub(crate) const REFUSED_INPUT: u32 = 65;

/// The result of a simulator that ended with `error`.
pub(crate) fn result_of(error: &wasmtime::Error, guest: &Guest) -> Result<(), Failure> {
    let stderr = || guest.error_text.in_error();
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Err(failure.clone());
    }
    if let Some(Exit(code)) = error.downcast_ref::<Exit>() {
        return match *code {
            0 => Ok(()),
            REFUSED_SETTING => {
                Err(Failure::usage(format!("the simulator does not support a setting (exit code 64){}", stderr())))
            }
            REFUSED_INPUT => {
                let message = format!("the simulator rejected its input (exit code 65){}", stderr());
                Err(Failure::Exit { code: REFUSED_INPUT, message })
            }
            code => {
                Err(Failure::Exit { code, message: format!("the simulator failed with exit code {code}{}", stderr()) })
            }
        };
    }
    let place = error.downcast_ref::<WasmBacktrace>().map_or(String::new(), place);
    match error.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => Err(Failure::limit(
            Limit::Stack,
            format!("the simulator used more than {} MiB{place}", limits::STACK as u64 / limits::MIB),
        )),
        Some(trap) => {
            let trap = trap.to_string();
            let trap = trap.trim_start_matches("wasm trap: ");
            Err(Failure::trap(format!("the simulator trapped: {trap}{place}{}", stderr())))
        }
        // An error of the system, such as no memory to map.
        None if error.is::<std::io::Error>() || error.is::<rustix::io::Errno>() => Err(host_failed(error)),
        None => Err(Failure::trap(format!(
            "the simulator trapped: {}{place}{}",
            printable(error.root_cause().to_string().as_bytes(), 300),
            stderr()
        ))),
    }
}

/// The innermost functions that ran, by the names in the module.
fn place(trace: &WasmBacktrace) -> String {
    const CALLERS: usize = 4;
    let name = |frame: &FrameInfo| match frame.func_name() {
        Some(name) => printable(format!("{:#}", rustc_demangle::demangle(name)).as_bytes(), 100),
        None => format!("function {}", frame.func_index()),
    };
    let names: Vec<String> = trace.frames().iter().take(1 + CALLERS).map(name).collect();
    match &names[..] {
        [] => String::new(),
        [inner] => format!(" in {inner}"),
        [inner, callers @ ..] => format!(" in {inner} (called by {})", callers.join(", ")),
    }
}

/// The failure of the host itself.
pub(crate) fn host_failed(error: &wasmtime::Error) -> Failure {
    Failure::host(printable(format!("the sandbox can't be set up: {error:#}").as_bytes(), 500))
}

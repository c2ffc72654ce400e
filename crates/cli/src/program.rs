//! What all programs share: start, messages on stderr, exit.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread::Builder;

use rustix::process::{Resource, getrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::output;
use crate::terminal::{self, say};
use failure::Failure;

/// Runs a program: its error is printed as one line and becomes the exit code, a signal leaves nothing half written.
///
/// Exit codes: those of [`Failure`]; 1 for any other error; 128 + n on signal n (130 on Ctrl-C); 141, quietly, where
/// standard output was closed.
pub fn main(run: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    let ended = match check_memory(NEEDED) {
        Ok(()) => {
            if let Err(error) = exit_cleanly_on_signals() {
                warn(&format!("signals can't be caught ({error}): Ctrl-C may leave a partial file"));
            }
            run()
        }
        Err(failure) => Err(failure.into()),
    };
    while ENDING.load(Ordering::SeqCst) {
        // A signal came: its thread removes what is unfinished and ends the program.
        std::thread::park();
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit_code(&error);
            if code != 141 {
                say_error(&error);
            }
            ExitCode::from(code)
        }
    }
}

/// What any program needs besides what it has mapped at its start: buffers, and threads with their stacks \[bytes\].
const NEEDED: u64 = 256 << 20;

/// The name that the program was called by.
pub fn name() -> String {
    let path = std::env::args_os().next().map(std::path::PathBuf::from);
    path.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "middleware".to_owned())
}

/// Ends the program now, from any thread, as [`main`] does with an error.
pub fn end(failure: &Failure) -> ! {
    terminal::remove_bars();
    say("error", &failure.to_string());
    let _unfinished = output::remove_unfinished();
    std::process::exit(failure.exit_code().into());
}

/// Prints an error. That of a trace may have several lines, which the reader wrote: a wrong row on each.
fn say_error(error: &anyhow::Error) {
    let text = format!("{error:#}");
    let is_trace = error.chain().any(|cause| matches!(cause.downcast_ref(), Some(Failure::Trace { .. })));
    if is_trace { terminal::say_lines("error", text.split('\n')) } else { say("error", &text) }
}

/// The exit code of `error`.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit_code();
        }
        if cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            return 141;
        }
    }
    1
}

/// A signal came.
static ENDING: AtomicBool = AtomicBool::new(false);

/// What is to be done before a signal ends the program.
static ON_SIGNAL: Mutex<Vec<Box<dyn FnOnce() + Send>>> = Mutex::new(Vec::new());

/// Has `end` run before a signal ends the program.
pub fn on_signal(end: impl FnOnce() + Send + 'static) {
    ON_SIGNAL.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(end));
}

/// What is left of the run if a signal ends the program now.
static LEFT: Mutex<Option<String>> = Mutex::new(None);

/// Sets what a signal that ends the program is to report on stderr as left of the run; None: nothing.
pub fn on_signal_report(left: Option<String>) {
    *LEFT.lock().unwrap_or_else(PoisonError::into_inner) = left;
}

/// What is wrong where the system starts no thread for `what`.
pub fn no_thread(what: &str, error: &io::Error) -> Failure {
    Failure::host(format!(
        "no thread could be started for {what}: {error}; raise the limits of processes and of memory (ulimit -u, ulimit \
         -v), or take fewer workers"
    ))
}

/// Holds `bytes` against what this process may still map: beyond it the system ends the process, or it ends itself.
///
/// # Errors
/// If it is less.
pub fn check_memory(bytes: u64) -> Result<(), Failure> {
    let Some(limit) = getrlimit(Resource::As).current else { return Ok(()) };
    let used = memory("VmSize:").unwrap_or(0);
    if used.saturating_add(bytes) <= limit {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    Err(Failure::host(format!(
        "the limit of memory (ulimit -v) is {} MiB of addresses, {} MiB are taken, and {} MiB more are needed",
        limit >> 20,
        mib(used),
        mib(bytes)
    )))
}

/// Prints one line of warning on stderr.
pub fn warn(text: &str) {
    say("warning", text);
}

/// Prints one line of information on stderr, unless the program is quiet.
pub fn note(text: &str) {
    if !terminal::is_quiet() {
        say("note", text);
    }
}

fn exit_cleanly_on_signals() -> io::Result<()> {
    let (caught, catch) = channel::<Signals>();
    // The thread comes first: signals that are caught and that nothing waits for would be lost.
    Builder::new().name("signals".into()).spawn(move || {
        let Ok(mut signals) = catch.recv() else { return };
        for signal in signals.forever() {
            if ENDING.swap(true, Ordering::SeqCst) {
                // A second signal ends the program at once.
                std::process::exit(128 + signal);
            }
            // On another thread, so that a second signal is seen; on this one if none can be started.
            if Builder::new().spawn(move || end_on(signal)).is_err() {
                end_on(signal);
            }
        }
    })?;
    let signals = Signals::new([SIGINT, SIGTERM])?;
    if !hang_up_is_ignored() {
        signals.add_signal(SIGHUP)?;
    }
    let _ = caught.send(signals);
    Ok(())
}

fn end_on(signal: i32) -> ! {
    let ends = std::mem::take(&mut *ON_SIGNAL.lock().unwrap_or_else(PoisonError::into_inner));
    // One that panics must not keep the program from its end.
    let _ = catch_unwind(AssertUnwindSafe(|| ends.into_iter().for_each(|end| end())));
    // Held until the end, so that nothing new is begun.
    let _unfinished = output::remove_unfinished();
    terminal::remove_bars();
    say("interrupted", LEFT.lock().unwrap_or_else(PoisonError::into_inner).as_deref().unwrap_or("nothing was written"));
    std::process::exit(128 + signal)
}

/// Whether the program was started with hang-ups ignored (nohup); known only on Linux.
fn hang_up_is_ignored() -> bool {
    let mask = status("SigIgn:").and_then(|mask| u64::from_str_radix(&mask, 16).ok());
    mask.is_some_and(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}

/// Memory of this process that Linux gives under `name`, as `VmRSS:` \[bytes\].
pub fn memory(name: &str) -> Option<u64> {
    Some(status(name)?.strip_suffix(" kB")?.parse::<u64>().ok()? << 10)
}

/// The value that Linux reports of this process under `name`.
fn status(name: &str) -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use failure::Limit;

    #[test]
    fn an_error_keeps_its_exit_code_under_context() {
        let limit = anyhow::Error::from(Failure::limit(Limit::Memory, "9")).context("worker 3");
        assert_eq!(exit_code(&limit), 6);
        let closed = Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe)).context("stdout").unwrap_err();
        assert_eq!(exit_code(&closed), 141);
        assert_eq!(exit_code(&anyhow::anyhow!("other")), 1);
    }
}

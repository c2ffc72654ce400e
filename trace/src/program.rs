//! The habits that all programs share: how they start, what they say on stderr, how they end.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::{Failure, output, printable};

/// Runs a program: its error is printed as one line and becomes the exit code, a signal leaves nothing half written.
///
/// Exit codes: those of [`Failure`]; 1 for any other error; 128 + n on signal n (130 on Ctrl-C); 141, quietly, where
/// standard output was closed.
pub fn main(run: impl FnOnce() -> anyhow::Result<()>) -> ExitCode {
    if let Err(error) = exit_cleanly_on_signals() {
        warn(&format!("signals can't be caught ({error}): Ctrl-C may leave a partial file"));
    }
    let ended = run();
    while ENDING.load(Ordering::SeqCst) {
        // A signal came: its thread removes what is unfinished and ends the program.
        std::thread::park();
    }
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let code = exit_code(&error);
            if code != 141 {
                say("error", &format!("{error:#}"));
            }
            ExitCode::from(code)
        }
    }
}

/// Ends the program now, from any thread, as [`main`] does with an error.
pub fn end(failure: &Failure) -> ! {
    say("error", &failure.to_string());
    let _unfinished = output::remove_unfinished();
    std::process::exit(failure.exit_code().into());
}

/// The exit code that `error` stands for.
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

/// Has `end` run, on another thread, before a signal ends the program.
pub fn on_signal(end: impl FnOnce() + Send + 'static) {
    ON_SIGNAL.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(end));
}

/// Prints one line of warning on stderr.
pub fn warn(text: &str) {
    say("warning", text);
}

/// Prints one line of information on stderr.
pub fn note(text: &str) {
    say("note", text);
}

/// Characters of one line on stderr.
const LINE: usize = 4000;

fn say(kind: &str, text: &str) {
    // Where stderr is closed nobody can be told.
    let _ = writeln!(io::stderr().lock(), "{kind}: {}", printable(text.as_bytes(), LINE));
}

fn exit_cleanly_on_signals() -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    if !hang_up_is_ignored() {
        signals.add_signal(SIGHUP)?;
    }
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        for signal in signals.forever() {
            if ENDING.swap(true, Ordering::SeqCst) {
                // Who asks twice does not want to wait.
                std::process::exit(128 + signal);
            }
            std::thread::spawn(move || {
                let ends = std::mem::take(&mut *ON_SIGNAL.lock().unwrap_or_else(PoisonError::into_inner));
                // On a thread of their own: one that panics must not keep the program from its end.
                let _ = std::thread::spawn(move || ends.into_iter().for_each(|end| end())).join();
                // Held until the end, so that nothing new is begun.
                let _unfinished = output::remove_unfinished();
                std::process::exit(128 + signal);
            });
        }
    })?;
    Ok(())
}

/// Whether whoever started the program had it ignore a hang-up (nohup); known on Linux alone.
fn hang_up_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn an_error_keeps_its_exit_code_under_context() {
        let limit = anyhow::Error::from(Failure::Limit("memory".into())).context("worker 3");
        assert_eq!(exit_code(&limit), 6);
        let closed = Err::<(), _>(io::Error::from(io::ErrorKind::BrokenPipe)).context("stdout").unwrap_err();
        assert_eq!(exit_code(&closed), 141);
        assert_eq!(exit_code(&anyhow::anyhow!("other")), 1);
    }
}

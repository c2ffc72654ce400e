//! Runs commands of WASI preview 1 that are not simulators in the simulators' sandbox, so that tests can run a
//! conformance suite in it, whose cases need files. No program of Queuebox does this; `worker.rs` defines the rights of
//! a simulator.

use failure::Failure;
use measure::Measurement;
use random::streams::Streams;
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::error_text::ErrorText;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::meter::Time;
use crate::rules::Rules;
use crate::shard::Empty;
use crate::simulator::Simulator;
use crate::streams::{Input, Output};
use crate::wasi::{self, Guest};

/// The end of a command, and its output.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code, or the failure that ended it without one.
    pub exit: Result<u32, Failure>,
    /// All of stdout.
    pub stdout: Vec<u8>,
    /// The first and the last part of stderr, as one printable line.
    pub error_text: String,
}

/// Runs `command` with the arguments, environment and folders of `context`. Its stdin holds the header of an empty
/// shard.
pub fn run(command: &Simulator, context: WasiP1Ctx, limits: &Limits) -> Ended {
    let guest = Guest {
        wasi: context,
        memories: command.memories(limits),
        input: Input::new(Box::new(Empty)),
        output: Output::plain(),
        error_text: ErrorText::default(),
        ledger: Ledger::new(Rules::new(1, 0, Measurement::new(1, 0)), limits.unanswered, None, None),
        random: Streams::new(1, "simulator").of(1),
        clock_ns: 0,
        time: Time::new(limits),
        streams: wasi::StdStreams::beside_files(),
    };
    let (guest, exit) = command.run_command(guest);
    Ended { exit, stdout: guest.output.into_plain(), error_text: guest.error_text.line() }
}

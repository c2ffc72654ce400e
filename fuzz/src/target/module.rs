//! Modules, generated and corrupted, loaded and run over a small shard: every end belongs to a class, keeps the limits,
//! and is repeatable.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

use contract::Request;
use failure::{Class, Failure, Limit};
use measure::Outcome;
use random::streams::Stream;
use rustix::time::{ClockId, clock_gettime};
use sandbox::limits::CPU_TIME_PER_REQUEST;
use sandbox::{Job, Simulator, preflight, simulate, spawn};
use wasmparser::{Parser, Payload};

use super::input::Input;
use super::requests::{CPU_TIME, OneChunk, job};
use super::{calls, check_words, smith};
use crate::End;
use crate::edit::{edit, once_in, pick};

/// The delay with which a time limit may take effect: the time is checked every 10 ms, and host calls may last longer.
const LATER: Duration = Duration::from_millis(1_000);
/// Requests of the shard.
const REQUESTS: u64 = 40;

/// Simulators to corrupt, the default one first.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    const GUESTS: &[&str] = &[
        include_str!("../../../tests/guests/fifo.wat"),
        include_str!("../../../tests/guests/fifo.wat"),
        include_str!("../../../tests/guests/chance.wat"),
        include_str!("../../../tests/guests/environment.wat"),
        include_str!("../../../tests/guests/files.wat"),
    ];
    let guests = GUESTS.iter().map(|text| wat::parse_str(text).expect("a guest of the tests"));
    let path = std::env::var_os("QUEUEBOX_SIM")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../bin/sim.wasm"), PathBuf::from);
    let default = std::fs::read(&path).unwrap_or_else(|error| {
        panic!("{}: {error}: `make all` builds the simulator, QUEUEBOX_SIM is its path", path.display())
    });
    std::iter::once(default).chain(guests).collect()
});

/// Bytes from which `wasm-smith` makes a module, a module with host calls, or a corrupted simulator.
pub(super) fn make(random: &mut Stream) -> Vec<u8> {
    match random.below(4) {
        0 => {}
        1 => return calls::make(random),
        _ => {
            let len = 1 << (7 + random.below(5));
            return (0..len).map(|_| random.bits() as u8).collect();
        }
    }
    // The default simulator takes ten times as long to compile as all others.
    let seed = if once_in(random, 12) { 0 } else { 1 + random.below(SEEDS.len() as u64 - 1) as usize };
    let mut module = SEEDS[seed].clone();
    for _ in 0..random.below(5) {
        tamper(random, &mut module);
    }
    if once_in(random, 4) {
        let edits = 1 + random.below(2);
        edit(&mut module, random, edits, &[b"\0asm", b"_start", b"memory", b"\xff\xff\xff\xff\x0f"]);
    }
    module
}

/// Replaces an instruction by another one, or its number by another number, mostly valid ones.
fn tamper(random: &mut Stream, module: &mut [u8]) {
    /// Instructions of the same types: comparisons and arithmetic of i32 and i64.
    const ALIKE: [(u8, u8); 6] = [(0x46, 0x4f), (0x51, 0x5a), (0x67, 0x69), (0x6a, 0x78), (0x79, 0x7b), (0x7c, 0x8a)];
    let places = instructions(module);
    if places.is_empty() {
        return;
    }
    let at = pick(random, &places);
    let code = module[at];
    let number = match code {
        // Loads and stores: the offset, after the alignment.
        0x28..=0x3e => at + 2,
        // Branches, calls, variables, constants.
        0x0c | 0x0d | 0x10 | 0x20..=0x24 | 0x41 | 0x42 => at + 1,
        _ => {
            let alike = ALIKE.into_iter().find(|(first, last)| (*first..=*last).contains(&code));
            module[at] = match alike {
                Some((first, last)) => first + random.below(u64::from(last - first) + 1) as u8,
                None => random.below(2) as u8,
            };
            return;
        }
    };
    // Only numbers of one byte.
    if let Some(number) = module.get_mut(number).filter(|number| **number < 0x80) {
        *number = if once_in(random, 2) { random.below(0x80) as u8 } else { (*number ^ 1) & 0x7f };
    }
}

/// Offsets of the instructions of `module`.
fn instructions(module: &[u8]) -> Vec<usize> {
    let bodies = Parser::new(0).parse_all(module).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::CodeSectionEntry(body) => body.get_operators_reader().ok(),
        _ => None,
    });
    let mut places = Vec::new();
    for mut body in bodies {
        while !body.eof() {
            places.push(body.original_position());
            if body.read().is_err() {
                break;
            }
        }
    }
    places
}

pub(super) fn run(bytes: &[u8]) -> Result<End, String> {
    let module = if bytes.starts_with(b"\0asm") {
        Cow::Borrowed(bytes)
    } else {
        match smith::module(bytes) {
            Ok(module) => Cow::Owned(module),
            // Too few bytes.
            Err(_) => return Ok("no module"),
        }
    };
    Input::with(&module, |input| {
        let simulator = match Simulator::load(Path::new(&input.name()), cli::program::end) {
            Ok(simulator) => simulator,
            Err(failure) => {
                return check(&failure).map(|class| if class == Class::Module.name() { "refused" } else { class });
            }
        };
        let mut job = job();
        job.capabilities = match preflight(&simulator, &job) {
            Ok(capabilities) => Some(capabilities),
            Err(error) => {
                let failure =
                    error.downcast_ref::<Failure>().ok_or_else(|| format!("an error of no class: {error}"))?;
                check(failure)?;
                None
            }
        };
        let first = one(&simulator, &job)?;
        // Only the CPU time may differ.
        let timed = |outcome: &Outcome| {
            outcome.result.as_ref().is_err_and(|failure| failure.passed_limit() == Some(Limit::CpuTime))
        };
        if !timed(&first) {
            let second = one(&simulator, &job)?;
            if first.result != second.result && !timed(&second) {
                return Err(format!("first {:?}, then {:?}", first.result.err(), second.result.err()));
            }
        }
        match first.result {
            Err(failure) => check(&failure),
            Ok(_) => Ok("done"),
        }
    })
}

/// One run over the shard.
fn one(simulator: &Simulator, job: &Job) -> Result<Outcome, String> {
    let requests: Vec<Request> = (0..REQUESTS)
        .map(|id| Request { id, arrival_ns: 700 * id, service_ns: 300 * (id % 4), ..Request::default() })
        .collect();
    let (outcome, took) = std::thread::scope(|scope| {
        let work = || {
            let outcome = simulate(simulator, job, OneChunk::new(&requests, Request::LEN), None);
            // The thread is new, so all of its time is the simulator's.
            let time = clock_gettime(ClockId::ThreadCPUTime);
            (outcome, Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
        };
        let thread = spawn(scope, "simulator".to_owned(), work).map_err(|failure| failure.to_string())?;
        thread.join().map_err(|_| "its thread panicked; the message is above".to_owned())
    })?;
    let allowed = CPU_TIME + CPU_TIME_PER_REQUEST * REQUESTS as u32 + LATER;
    if took > allowed {
        return Err(format!("it took {took:?} of CPU time"));
    }
    if outcome.offered != REQUESTS {
        return Err(format!("{} of {REQUESTS} requests are counted", outcome.offered));
    }
    match &outcome.result {
        Ok(measured) if measured.tally.counts.completed != REQUESTS => {
            let counts = measured.tally.counts;
            let sum = counts.completed + counts.rejected + counts.abandoned;
            if sum == REQUESTS { Ok(outcome) } else { Err(format!("the ends do not add up: {counts:?}")) }
        }
        _ => Ok(outcome),
    }
}

/// The class of a failure, if a module can cause it.
fn check(failure: &Failure) -> Result<End, String> {
    check_words(failure)?;
    match failure {
        Failure::Module { .. }
        | Failure::Trap { .. }
        | Failure::Exit { .. }
        | Failure::Limit { .. }
        | Failure::Contract { .. }
        | Failure::Usage { .. } => Ok(failure.class().name()),
        Failure::Host { .. } | Failure::Trace { .. } | Failure::Executor { .. } | Failure::Objective { .. } => {
            Err(format!("a module caused class {}: {failure}", failure.class()))
        }
    }
}

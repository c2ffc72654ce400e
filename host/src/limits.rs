//! Every limit of the sandbox, with its default and its reason: the one place to change one.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::MIB;

/// What one worker's simulator may use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// Linear memory of all the module's memories together \[bytes\].
    pub memory: usize,
    /// Processor time of its thread, before what the records read allow.
    pub processor_time: Duration,
    /// Requests read and not yet answered, of one worker.
    pub unanswered: usize,
}

/// More processor time for every request read: 200 times what the default simulator takes.
pub const PROCESSOR_TIME_A_REQUEST: Duration = Duration::from_micros(2);
/// Elements of all the module's tables together.
pub const TABLE_ELEMENTS: usize = 1_000_000;
/// Stack of the module \[bytes\].
pub const STACK: usize = 1 << 20;
/// Native stack of a thread that runs a simulator, above the simulator's own \[bytes\].
pub const THREAD_STACK: usize = 4 << 20;
/// Memory of all simulators of a run together \[bytes\]; one that may use more by its own limit may.
pub const RUN_MEMORY: usize = 8 << 30;
/// Time to compile a module, which nothing can interrupt but the end of the process.
pub const COMPILE_TIME: Duration = Duration::from_secs(60);
/// Bytes that a simulator may write to stderr.
pub const ERROR_TEXT: u64 = 64 * MIB;
/// Bytes of stderr that are kept from its beginning, and as many from its end.
pub const ERROR_TEXT_KEPT: usize = 2048;
/// Random bytes of one call.
pub const RANDOM_BYTES: usize = 64 * MIB as usize;
/// A module's file \[bytes\].
pub const MODULE: u64 = 64 * MIB;
/// How often a running simulator's processor time is looked at.
pub const TICK: Duration = Duration::from_millis(10);
/// Requests that the policies' model of all workers holds: an overloaded run's backlog grows without end.
pub const BACKLOG: usize = 16_000_000;
/// The last arrival of a shard plus all its demands must stay below this \[ns\].
pub const LATEST_NS: u64 = 1 << 62;

const MEMORY_DEFAULT: u64 = 256;
const TIME_DEFAULT: u64 = 30;
const UNANSWERED_DEFAULT: u64 = 1_000_000;
/// However many workers share the limit, each may have read a few pieces.
const UNANSWERED_LEAST: u64 = 8192;

/// The flags that set limits, the same for every program that runs simulators.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitFlags {
    /// Memory of one simulator [MiB].
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=65536))]
    limit_memory: u64,
    /// Processor time of one simulator, besides 2 µs for every request that it reads [s].
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    limit_time: u64,
    /// Requests of a run that are read and not yet answered, divided among its workers (8192 each at least).
    #[arg(long, value_name = "N", default_value_t = UNANSWERED_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    limit_unanswered: u64,
}

impl LimitFlags {
    /// The limits of each of `workers` simulators, of `servers` servers each.
    pub fn of_worker(&self, workers: u32, servers: u32) -> Limits {
        // A few pieces may be read, and with DELAY each server holds an answer back.
        let least = (UNANSWERED_LEAST + u64::from(servers)).min(self.limit_unanswered);
        Limits {
            memory: (self.limit_memory * MIB) as usize,
            processor_time: Duration::from_secs(self.limit_time),
            unanswered: (self.limit_unanswered / u64::from(workers.max(1))).max(least) as usize,
        }
    }
}

/// The table that `host limits` prints.
pub fn table() -> String {
    let rows: [(&str, String, &str, &str); 14] = [
        ("memory", format!("{MEMORY_DEFAULT} MiB"), "--limit-memory", "what a simulator may allocate"),
        ("memory of a run", format!("{} GiB", RUN_MEMORY >> 30), "-", "of all its simulators together"),
        ("time to compile", format!("{} s", COMPILE_TIME.as_secs()), "-", "ends the process: nothing is lost by then"),
        (
            "processor time",
            format!("{TIME_DEFAULT} s + {} µs a request read", PROCESSOR_TIME_A_REQUEST.as_micros()),
            "--limit-time",
            "ends an endless loop; waiting for input is free",
        ),
        (
            "unanswered requests",
            format!("{UNANSWERED_DEFAULT} a run, at least {UNANSWERED_LEAST} a worker"),
            "--limit-unanswered",
            "what the host must remember",
        ),
        ("table elements", TABLE_ELEMENTS.to_string(), "-", "a table takes the host's memory too"),
        ("stack", format!("{} MiB", STACK as u64 / MIB), "-", "ends a recursion without end"),
        ("output", "32 bytes x (1 + requests read)".to_owned(), "-", "an answer to nothing breaks the contract"),
        (
            "error text",
            format!("{} MiB, {} KiB kept", ERROR_TEXT / MIB, 2 * ERROR_TEXT_KEPT / 1024),
            "-",
            "ends a flood",
        ),
        ("random bytes of a call", format!("{} MiB", RANDOM_BYTES as u64 / MIB), "-", "a call can't be interrupted"),
        ("module file", format!("{} MiB", MODULE / MIB), "-", "it is read and compiled whole"),
        ("line of a trace", format!("{} KiB", trace::reader::LINE_LIMIT / 1024), "-", "a row is held whole"),
        ("modelled backlog", format!("{} million requests", BACKLOG / 1_000_000), "-", "policies that see it hold it"),
        (
            "requests to sort",
            format!("{} million", trace::reader::SORT_LIMIT / 1_000_000),
            "-",
            "--sort holds the whole trace",
        ),
    ];
    let mut text = format!("{:<24}{:<38}{:<20}{}\n", "limit", "default", "flag", "why");
    for (name, default, flag, reason) in rows {
        text += &format!("{name:<24}{default:<38}{flag:<20}{reason}\n");
    }
    text
}

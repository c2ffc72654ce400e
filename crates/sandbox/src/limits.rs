//! Every limit of the sandbox, with its default and its reason. Limits are changed only here.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A mebibyte \[bytes\].
pub(crate) const MIB: u64 = 1 << 20;

/// The limits of one worker's simulator.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Limits {
    /// Linear memory of all the module's memories together \[bytes\].
    pub memory: usize,
    /// CPU time of its thread, in addition to that for the requests read.
    pub cpu_time: Duration,
    /// Outstanding requests of one worker.
    pub unanswered: usize,
}

/// Additional CPU time for every request read: 200 times what the default simulator takes.
pub const CPU_TIME_PER_REQUEST: Duration = Duration::from_micros(2);
/// Elements of all the module's tables together, and of its segments for them.
pub const TABLE_ELEMENTS: usize = 1_000_000;
/// Host memory of one table element \[bytes\].
pub const TABLE_ELEMENT: usize = 8;
/// Stack of the module \[bytes\].
pub const STACK: usize = 1 << 20;
/// Native stack of a thread that runs a simulator, above the simulator's own \[bytes\].
pub const THREAD_STACK: usize = 4 << 20;
/// Memory of all simulators of a run together, including tables and instances \[bytes\]. A single simulator with a
/// larger limit of its own may exceed it.
pub const RUN_MEMORY: usize = 8 << 30;
/// CPU time of the process while a module is compiled; compilation can be interrupted only by ending the process.
/// Ordinary code of 10 MiB takes less; nested loops of 100 KB can take minutes.
pub const COMPILE_TIME: Duration = Duration::from_secs(10);
/// Growth of the process during compilation \[bytes\].
pub const COMPILE_MEMORY: usize = 1 << 30;
/// Functions of a module, including imported ones: each takes 6 KiB and 40 µs to compile, however small.
pub const FUNCTIONS: u64 = 50_000;
/// Bytes of one function's body: straight-line code of 256 KiB takes up to 700 MB to compile. The output of rustc is
/// rarely above 100 KB.
pub const FUNCTION_BODY: u64 = 256 << 10;
/// Entries of one section of a module (types, imports, globals, exports, segments).
pub const ENTRIES: u64 = 50_000;
/// Bytes that a simulator may write to stderr.
pub const ERROR_TEXT: u64 = 64 * MIB;
/// Bytes of stderr that are kept of its beginning, and as many of its end.
pub const ERROR_TEXT_KEPT: usize = 2048;
/// Random bytes of one call.
pub const RANDOM_BYTES: usize = 64 * MIB as usize;
/// Iovecs of one call, as on Linux.
pub const VECTORS: u32 = 1024;
/// The smallest work that is counted for a call, and for each of its iovecs: the number of bytes that are copied in the
/// same time.
pub(crate) const CALL_BYTES: usize = 4 << 10;
pub(crate) const IOVEC_BYTES: usize = 128;
/// Subscriptions of one call of poll_oneoff; there are three descriptors and four clocks.
pub const EVENTS: usize = 1024;
/// A module's file \[bytes\].
pub const MODULE: u64 = 64 * MIB;
/// A module's file, if it is text \[bytes\]: translating it takes up to 90 times its size of memory.
pub const MODULE_TEXT: u64 = 4 * MIB;
/// Interval at which the CPU time of running simulators is checked.
pub const TICK: Duration = Duration::from_millis(10);
/// Upper limit of the last arrival of a shard plus all its demands \[ns\].
pub const LATEST_NS: u64 = 1 << 62;

/// The default of --limit-memory \[MiB\].
pub const MEMORY_DEFAULT: u64 = 256;
/// The default of --limit-time \[s\].
pub const TIME_DEFAULT: u64 = 30;
/// The default of --limit-unanswered.
pub const UNANSWERED_DEFAULT: u64 = 1_000_000;
/// The smallest limit of one worker: each may have read a few chunks, however many workers share the limit.
pub const UNANSWERED_MIN: u64 = 8192;

/// The default of `host check`'s --limit-time \[s\]: its largest shard takes the default simulator a tenth of a second.
pub const CHECK_TIME_DEFAULT: u64 = 2;

impl Default for Limits {
    /// For the only worker of a run, without flags.
    fn default() -> Self {
        Self {
            memory: (MEMORY_DEFAULT * MIB) as usize,
            cpu_time: Duration::from_secs(TIME_DEFAULT),
            unanswered: UNANSWERED_DEFAULT as usize,
        }
    }
}

/// The flags that set limits, the same for every program that runs simulators.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitFlags {
    /// Memory of one simulator [MiB].
    #[arg(long, value_name = "MIB", default_value_t = MEMORY_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=65536))]
    limit_memory: u64,
    /// CPU time of one simulator, besides 2 µs for every request that it reads [s].
    #[arg(long, value_name = "SECONDS", default_value_t = TIME_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    limit_time: u64,
    /// Outstanding requests of a run (read and not completed), divided among its workers (8192 each at least).
    #[arg(long, value_name = "N", default_value_t = UNANSWERED_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    limit_unanswered: u64,
}

impl LimitFlags {
    /// The limits of each of `workers` simulators, with `servers` servers each.
    pub fn of_worker(&self, workers: u32, servers: u32) -> Limits {
        // A few chunks may be read, and with DELAY each server holds a completion back.
        let least = (UNANSWERED_MIN + u64::from(servers)).min(self.limit_unanswered);
        Limits {
            memory: (self.limit_memory * MIB) as usize,
            cpu_time: Duration::from_secs(self.limit_time),
            unanswered: (self.limit_unanswered / u64::from(workers.max(1))).max(least) as usize,
        }
    }
}

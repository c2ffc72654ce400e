//! The sandbox: runs one simulator over one shard within limits, checks its completions and measures them.

pub mod command;
mod inspect;
mod ledger;
pub mod limits;
mod meter;
mod module;
pub mod native;
mod rules;
pub mod shard;
mod simulator;
mod streams;
mod verdict;
pub mod verify;
mod wasi;
mod worker;

pub use ledger::Completions;
pub use module::Module;
#[doc(hidden)]
pub use simulator::config;
pub use simulator::{GiveUp, Simulator};
pub use worker::{Job, Model, honours, panicked, preflight, simulate, spawn, start};

/// A mebibyte \[bytes\].
const MIB: u64 = 1 << 20;

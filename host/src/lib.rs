//! The host: a sandbox that runs one simulator over one shard, checks its answers and measures them.

mod check;
pub mod command;
pub mod completions;
mod inspect;
pub mod job;
mod ledger;
pub mod limits;
pub mod measure;
mod meter;
mod module;
pub mod native;
pub mod report;
mod rules;
mod sandbox;
pub mod shard;
mod streams;
mod verdict;
mod verify;
mod wasi;
mod worker;

pub use check::check;
pub use ledger::Completions;
pub use module::Module;
pub use sandbox::Simulator;
#[doc(hidden)]
pub use sandbox::config;
pub use worker::{Job, Measured, Model, Outcome, honours, module_path, panicked, preflight, simulate, spawn};

/// A mebibyte \[bytes\].
const MIB: u64 = 1 << 20;

//! The sandbox: runs one simulator over one shard within limits, checks its completions and measures them.

#[cfg(feature = "testing")]
pub mod command;
mod error_text;
mod exit;
mod imports;
mod inspect;
mod ledger;
pub mod limits;
mod meter;
mod module;
#[cfg(feature = "testing")]
pub mod native;
mod rules;
mod settings;
pub mod shard;
mod simulator;
mod streams;
mod text;
pub mod verify;
mod wasi;
mod worker;

pub use ledger::Completions;
pub use module::Module;
pub use settings::{ModelSettings, QueueSettings, ServerSettings};
#[cfg(feature = "testing")]
pub use simulator::config;
pub use simulator::{GiveUp, Simulator};
pub use worker::{Job, Model, honours, panicked, preflight, simulate, spawn, start};

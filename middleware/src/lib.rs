//! The middleware: splits a trace over workers by a policy, runs a host for each, collects what they measured.

pub mod describe;
pub mod engine;
mod partition;
mod policy;
mod report;
pub mod run;
pub mod run_folder;
mod setup;
mod shard_files;
mod source;
pub mod split;
mod table;

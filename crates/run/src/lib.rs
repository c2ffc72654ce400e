//! Runs: a policy distributes a trace to workers, an executor runs a host for each worker, and their measurements are
//! collected.

pub mod completions;
pub mod executor;
pub mod job;
pub mod notes;
pub mod outputs;
pub mod partition;
pub mod plan;
mod reading;
pub mod report;
pub mod retention;
pub mod run_file;
pub mod run_folder;
pub mod runs;
pub mod scenario;
pub mod settings;
pub mod setup;
pub mod shard_files;
pub mod source;

//! The outcome of a worker.

use contract::Capabilities;
use failure::Failure;
use serde::{Deserialize, Serialize};

use crate::Tally;

/// The outcome of one worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests of its shard, with or without a completion.
    pub offered: u64,
    /// The measurements, or the failure.
    pub result: Result<Measured, Failure>,
    /// The first and the last part of what the simulator wrote to stderr; not fit for a terminal.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub stderr: String,
}

impl Outcome {
    /// Of a worker with `offered` requests that ended with `failure`.
    pub fn failed(offered: u64, failure: Failure) -> Self {
        Self { offered, result: Err(failure), stderr: String::new() }
    }
}

/// The measurements of one worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The integers.
    pub tally: Tally,
    /// Whether the DELAY-th service start was reached.
    pub delay_reached: bool,
    /// The capabilities of the simulator.
    pub capabilities: Capabilities,
}

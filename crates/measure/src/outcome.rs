//! What came of a worker.

use contract::Capabilities;
use failure::Failure;
use serde::{Deserialize, Serialize};

use crate::Tally;

/// What came of one worker.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Requests of its shard, answered or not.
    pub offered: u64,
    /// What was measured, or why not.
    pub result: Result<Measured, Failure>,
}

/// What was measured of one worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measured {
    /// The integers.
    pub tally: Tally,
    /// Whether the DELAY-th entry into service was reached.
    pub delay_reached: bool,
    /// The capabilities of the simulator.
    pub capabilities: Capabilities,
}

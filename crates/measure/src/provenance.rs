//! What made a report: all that repeats a run.

use std::collections::BTreeMap;

use contract::Says;
use serde::Serialize;
use serde_json::{Value, json};

use crate::Tally;

/// The settings that took part, by name.
pub type SettingsUsed = BTreeMap<&'static str, Value>;

/// What made a report: version, module, trace, settings. The same again gives the same report.
#[derive(Debug, Clone, Serialize)]
pub struct Provenance {
    /// Version of Queuebox.
    pub queuebox: &'static str,
    /// Version of the simulator contract.
    pub contract: u32,
    /// Significant digits of percentiles; all else is exact.
    pub significant_digits: u32,
    /// The module: SHA-256, and the bits that it says of itself.
    pub module: Value,
    /// The trace: the BLAKE3 of its bytes and how it was read, or the settings that generated it.
    pub trace: Value,
    /// The settings that took part.
    pub settings: SettingsUsed,
}

impl Provenance {
    /// Of a run of the module with this SHA-256 over `trace`.
    pub fn new(sha256: &str, says: Says, trace: Value, settings: SettingsUsed) -> Self {
        Self {
            queuebox: env!("CARGO_PKG_VERSION"),
            contract: contract::CONTRACT,
            significant_digits: 3,
            module: json!({ "sha256": sha256, "says": says.0 }),
            trace,
            settings,
        }
    }
}

/// A worker's own report, in integers alone.
#[derive(Debug, Serialize)]
pub struct WorkerReport<'a> {
    /// What made it.
    #[serde(flatten)]
    pub provenance: &'a Provenance,
    /// What is odd about the run.
    pub notes: &'a [String],
    /// Its number, from 1.
    pub worker: u32,
    /// Whether the DELAY-th entry into service was reached.
    pub delay_reached: bool,
    /// What was measured.
    pub tally: &'a Tally,
}

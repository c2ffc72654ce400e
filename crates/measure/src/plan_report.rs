//! The report of `plan`: how many workers hold the objectives.

use serde::{Deserialize, Serialize};

use crate::Figures;
use crate::judged::{Judged, Verdict};
use crate::provenance::Provenance;
use crate::schema::Report;

/// The content of the `report.json` of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanReport {
    /// The provenance of the count that is the first answer, or of the first count that was tried.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// What kind of report it is.
    pub kind: PlanKind,
    /// Notes on the trace, and on how the answers were found.
    pub notes: Vec<String>,
    /// The objectives.
    pub objectives: Vec<String>,
    /// The probability, at least, that all intervals of one count contain their true values.
    pub confidence: f64,
    /// Cost of a worker, in the user's unit; absent if it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_worker: Option<f64>,
    /// Whether the load was searched that a given number of workers holds.
    #[serde(default, skip_serializing_if = "is_false")]
    pub until_load: bool,
    /// Whether it was ended before all answers were found.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interrupted: bool,
    /// The answer for each load.
    pub answers: Vec<Answer>,
}

/// `"plan"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(missing_docs, reason = "it has one value")]
pub enum PlanKind {
    #[serde(rename = "plan")]
    Plan,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// How many workers hold the objectives at a load, or up to which load a number of workers does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Answer {
    /// How many times as fast as in the trace requests arrive.
    pub load: f64,
    /// The demands that arrive in a unit of time, in workers; absent if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<f64>,
    /// The least number of workers that surely holds all objectives; absent if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<u32>,
    /// The cost of these workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Smaller numbers of workers that may hold them too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub too_close: Vec<u32>,
    /// Larger numbers of workers that do not surely hold them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails_above: Vec<u32>,
    /// Why no number of workers holds them, if that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_because: Option<String>,
    /// The largest load that these workers surely hold, as far as was searched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds_to_load: Option<f64>,
    /// The smallest load that was tried and does not surely hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at_load: Option<f64>,
    /// What was tried, in rising order of workers and load.
    pub tried: Vec<Tried>,
}

/// A number of workers at a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tried {
    /// The number of workers.
    pub workers: u32,
    /// The load.
    pub load: f64,
    /// Whether all objectives hold.
    pub verdict: Verdict,
    /// Why, if nothing was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of replications.
    pub replications: u32,
    /// Cost of these workers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Each objective.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<Judged>,
    /// The figures of all replications together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Box<Figures>>,
}

impl Report for PlanReport {}

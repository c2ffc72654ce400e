//! The report of `compare`: figures of scenarios over one trace, and which differences between them are real.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Figures;
use crate::judged::Unit;
use crate::provenance::Provenance;
use crate::run_report::RowError;
use crate::schema::Report;
#[cfg(test)]
use crate::schema::SCHEMA;

/// The content of the `report.json` of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    /// Version of the report's schema.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    pub schema: u32,
    /// What kind of report it is.
    pub kind: ComparisonKind,
    /// Version of Queuebox.
    pub queuebox: String,
    /// Notes on the trace, and on the combinations.
    pub notes: Vec<String>,
    /// The figure that is compared.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// The settings that vary, in the order in which they were given, with their values. Combinations that differ in the first
    /// one alone are a group.
    pub vary: Vec<Varied>,
    /// The probability, at least, that all marks and differences are right together.
    pub confidence: f64,
    /// Differences below this share of the lowest value count as none.
    pub least_difference: f64,
    /// Whether it was ended before all replications were made.
    #[serde(default, skip_serializing_if = "is_false")]
    pub interrupted: bool,
    /// The combinations, group by group.
    pub combinations: Vec<Combination>,
}

/// `"comparison"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(missing_docs, reason = "it has one value")]
pub enum ComparisonKind {
    #[serde(rename = "comparison")]
    Comparison,
}

/// A setting that varies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Varied {
    /// Its name.
    pub setting: String,
    /// Its values.
    pub values: Vec<String>,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A combination of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Combination {
    /// The settings that vary, and its values.
    pub values: BTreeMap<String, String>,
    /// The number of its group, from 0.
    pub group: u32,
    /// Its provenance; absent if it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Box<Provenance>>,
    /// Number of replications.
    pub replications: u32,
    /// The figure; absent if it is undefined, or if it has failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The half-width of its 95 % interval; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// The difference to the lowest value of its group; absent for that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// Whether its value is the lowest of its group, and the difference to each other one is real.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_best: bool,
    /// All figures, of all replications together, without intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Box<Figures>>,
    /// Its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RowError>,
}

/// The difference to the lowest value of a group.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// The number of the combination with that value, from 0.
    pub to: u32,
    /// Value − lowest value.
    pub value: f64,
    /// The half-width of its interval, which is one of all pairs and all looks at them; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// What is known of it.
    pub known: Known,
}

/// What is known of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// It is real: its interval does not contain 0, and it is not negligible.
    Real,
    /// It is negligible: its whole interval is below the least difference that counts.
    Negligible,
    /// Neither is sure.
    Open,
}

impl Report for Comparison {}

impl Comparison {
    /// The combinations of each group.
    pub fn groups(&self) -> Vec<Vec<&Combination>> {
        let number = self.combinations.iter().map(|one| one.group + 1).max().unwrap_or(0);
        (0..number).map(|group| self.combinations.iter().filter(|one| one.group == group).collect()).collect()
    }
}

//! The report of a run: the figures of each worker, and of all of them together.

use crate::provenance::Provenance;
use crate::schema::Report;
use crate::{Figures, Tally};
use crate::{Measured, Outcome};
use failure::{Class, Failure, Limit, printable};
use serde::{Deserialize, Serialize};

/// Upper limit of the characters of a failure's message.
const MESSAGE: usize = 2000;

/// The contents of `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunReport {
    /// Its provenance.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Notes on the run.
    pub notes: Vec<String>,
    /// How evenly the policy distributed requests and work; absent if a worker failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// One row for each worker.
    pub workers: Vec<WorkerRow>,
    /// The whole run; absent if a worker failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run: Option<Figures>,
}

/// The largest share of a worker divided by the mean share; `null` if the total is zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Imbalance {
    /// Of requests.
    pub requests: Option<f64>,
    /// Of work: the sum of the requests' demands.
    pub work: Option<f64>,
}

impl Imbalance {
    fn of(tallies: &[&Tally]) -> Self {
        let over_mean = |share: fn(&Tally) -> u128| {
            let shares = || tallies.iter().map(|tally| share(tally));
            let (largest, sum) = (shares().max()?, shares().sum::<u128>());
            (sum > 0).then(|| largest as f64 * tallies.len() as f64 / sum as f64)
        };
        Self {
            requests: over_mean(|tally| u128::from(tally.counts.offered)),
            work: over_mean(|tally| tally.demand_sum_ns),
        }
    }
}

/// The outcome of one worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkerRow {
    /// Its number, from 1.
    pub worker: u32,
    /// Its figures or its failure.
    #[serde(flatten)]
    pub result: RowResult,
}

/// The figures of a worker, or its failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
#[allow(missing_docs, reason = "the names are enough")]
pub enum RowResult {
    Measured(Box<Figures>),
    Failed { offered: u64, error: RowError },
}

/// The failure of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RowError {
    /// The class of the failure.
    #[cfg_attr(test, schemars(schema_with = "crate::schema::tests::class"))]
    pub class: Class,
    /// The limit that was exceeded; present if the class is `limit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(schema_with = "crate::schema::tests::limit"))]
    pub limit: Option<Limit>,
    /// The message, in one line.
    pub message: String,
}

impl Report for RunReport {}

impl RunReport {
    /// Merges the outcomes of the workers, which are in the order of their numbers and have `servers` servers each and
    /// DELAY `delay`.
    pub fn collect(provenance: Provenance, notes: Vec<String>, outcomes: &[Outcome], servers: u32, delay: u64) -> Self {
        let tallies: Vec<&Tally> = measured(outcomes).map(|worker| &worker.tally).collect();
        let run = (tallies.len() == outcomes.len()).then(|| Figures::of_run(&tallies, servers, delay));
        let row = |(worker, outcome): (u32, &Outcome)| WorkerRow {
            worker,
            result: match &outcome.result {
                Ok(measured) => RowResult::Measured(Box::new(Figures::of_worker(&measured.tally, servers))),
                Err(failure) => RowResult::Failed {
                    offered: outcome.offered,
                    error: RowError {
                        class: failure.class(),
                        limit: failure.passed_limit(),
                        message: printable(failure.to_string().as_bytes(), MESSAGE),
                    },
                },
            },
        };
        let imbalance = run.is_some().then(|| Imbalance::of(&tallies));
        Self { provenance, notes, imbalance, workers: (1..).zip(outcomes).map(row).collect(), run }
    }
}

/// The measurements of the workers that did not fail.
pub fn measured(outcomes: &[Outcome]) -> impl Iterator<Item = &Measured> {
    outcomes.iter().filter_map(|outcome| outcome.result.as_ref().ok())
}

/// The failure of the lowest worker that failed, with its number.
///
/// # Errors
/// If a worker failed.
pub fn first_failure(outcomes: &[Outcome]) -> Result<(), (u32, Failure)> {
    let failed =
        (1..).zip(outcomes).find_map(|(worker, outcome)| Some((worker, outcome.result.as_ref().err()?.clone())));
    failed.map_or(Ok(()), Err)
}

//! The report of one worker.

use contract::Capabilities;
use serde::{Deserialize, Serialize};

use crate::classes::ClassRow;
use crate::evaluation::{Evaluated, evaluate};
use crate::over_time::OverTime;
use crate::provenance::Provenance;
use crate::schema::Report;
use crate::{Evaluation, Figures, Measured, Tally};

/// The report of one worker: integers, which merge exactly, and the figures that are computed from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WorkerReport {
    /// Its provenance.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Notes on the run.
    pub notes: Vec<String>,
    /// Its number, from 1.
    pub worker: u32,
    /// Whether the DELAY-th service start was reached.
    pub delay_reached: bool,
    /// The measurements.
    pub tally: Tally,
    /// The figures.
    pub figures: Figures,
    /// The figures of each class, in rising order; absent if all requests have class 0, or if there are more than 64 classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassRow>,
    /// The worker over time; absent without requests and with DELAY.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_time: Option<OverTime>,
}

impl WorkerReport {
    /// Of worker number `worker`, which measured `measured`.
    pub fn new(
        provenance: Provenance,
        notes: Vec<String>,
        worker: u32,
        measured: &Measured,
        evaluation: Evaluation<'_>,
    ) -> Self {
        let servers = provenance.settings.servers.of(1).copied().unwrap_or(1);
        let shared = provenance.module.capabilities.has(Capabilities::SHARED);
        let delay = provenance.settings.delay;
        let Evaluated { figures, classes, over_time } =
            evaluate(&[vec![measured]], &[servers], delay, shared, true, evaluation);
        let Measured { tally, delay_reached, .. } = measured;
        let (delay_reached, tally) = (*delay_reached, tally.clone());
        Self { provenance, notes, worker, delay_reached, tally, figures, classes, over_time }
    }
}

impl Report for WorkerReport {}

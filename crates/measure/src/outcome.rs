//! The outcome of a worker.

use std::collections::BTreeMap;

use contract::Capabilities;
use failure::Failure;
use serde::{Deserialize, Serialize};

use crate::measurement::{CLASSES, Source, WINDOWS_OF_CLASS};
use crate::{Counted, Course, Criterion, Tally, Windows, windows};

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
    /// The sums of the run.
    pub tally: Tally,
    /// What happened when.
    pub windows: Windows,
    /// The same of each class; empty if all requests have class 0, None if there are too many classes.
    pub classes: Option<BTreeMap<u16, Course>>,
    /// What was counted for each criterion of the job.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub counted: Vec<Counted>,
    /// Whether the DELAY-th service start was reached.
    pub delay_reached: bool,
    /// The capabilities of the simulator.
    pub capabilities: Capabilities,
}

impl Measured {
    /// Checks measurements from outside, in at most `windows` windows, against the rules that hold for every shard of `offered`
    /// requests, a warm-up until `warm_up_ns` and the job's `criteria`.
    ///
    /// # Errors
    /// The rule that they break.
    pub fn check(
        &self,
        offered: u64,
        windows: usize,
        warm_up_ns: u64,
        criteria: &[Criterion],
    ) -> Result<(), &'static str> {
        let tallies = self.classes.iter().flatten().map(|(_, course)| &course.tally).chain([&self.tally]);
        if !tallies.map(|tally| tally.from_ns).all(|from_ns| from_ns == warm_up_ns) {
            return Err("it has another warm-up");
        }
        if self.counted.len() != criteria.len() {
            return Err("it was not measured for the objectives of its job");
        }
        self.counted.iter().zip(criteria).try_for_each(|(counted, criterion)| counted.check(criterion, offered))?;
        self.tally.check(offered)?;
        self.windows.check(&self.tally, windows)?;
        let Some(classes) = &self.classes else { return Ok(()) };
        for course in classes.values() {
            course.check(course.tally.counts.offered, WINDOWS_OF_CLASS.min(windows))?;
        }
        let of_classes: u128 = classes.values().map(|class| u128::from(class.tally.counts.offered)).sum();
        if classes.len() > CLASSES || !(classes.is_empty() || of_classes == u128::from(offered)) {
            return Err("its classes contradict its counts");
        }
        Ok(())
    }

    pub(crate) fn source(&self) -> Source<'_> {
        Source { tally: &self.tally, windows: &self.windows }
    }

    /// Whether there are classes above 0.
    pub(crate) fn has_classes(&self) -> bool {
        self.classes.as_ref().is_none_or(|classes| !classes.is_empty())
    }

    /// Of a worker of which only the sums are known, without capabilities.
    pub fn of_sums(tally: Tally) -> Self {
        let (windows, classes) = (Windows::new(windows::limit(1)), Some(BTreeMap::new()));
        let (counted, capabilities) = (Vec::new(), Capabilities::default());
        Self { tally, windows, classes, counted, delay_reached: false, capabilities }
    }
}

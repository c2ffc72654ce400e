//! A candidate of a plan: a number of workers at a load.

use contract::Capabilities;
use measure::Metric;
use measure::judged::{Judged, Verdict};

use super::Trial;
use crate::load::Load;

/// A number of workers at a load, and what is known of it.
pub struct Candidate {
    /// The number of workers.
    pub workers: u32,
    /// The load.
    pub load: Load,
    /// Its measurements; None if it was not run.
    pub trial: Option<Trial>,
    /// Why it fails, if it was not measured.
    pub reason: Option<String>,
    /// The objectives.
    pub judged: Vec<Judged>,
    /// Whether more replications can't change the verdict.
    pub(super) is_final: bool,
}

impl Candidate {
    /// Whether all objectives hold.
    pub fn verdict(&self) -> Verdict {
        match self.reason {
            Some(_) => Verdict::Fails,
            None if self.judged.is_empty() => Verdict::TooClose,
            None => Verdict::of_all(self.judged.iter().map(|judged| judged.verdict)),
        }
    }

    /// Whether no request waited, so that more workers change nothing. Where service is shared or interrupted, requests wait
    /// in service too, so that this is not known.
    pub(super) fn is_idle(&self) -> bool {
        let is_shared =
            |trial: &Trial| trial.scenario.first().capabilities.unwrap_or_default().has(Capabilities::SHARED);
        if self.trial.as_ref().is_none_or(is_shared) {
            return false;
        }
        let sums = self.trial.as_ref().map(|trial| trial.sums.part(Metric::Waited));
        sums.is_some_and(|part| part.denominator > 0.0 && part.numerator == 0.0)
    }
}

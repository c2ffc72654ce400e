//! The report of a search for the number of workers.

use measure::Percentile;
use measure::judged::Verdict;
use measure::plan_report::{Answer, PlanKind, PlanReport, Tried};

use super::CONFIDENCE;
use super::candidate::Candidate;
use super::sizing::{EACH_TO, Found, Sizing};
use crate::load::Load;
use crate::notes;
use crate::objective::Objective;
use crate::report::provenance;
use crate::scenario::{Scenario, capacity};

/// What a report has besides what was found.
pub struct About<'a> {
    /// The objectives.
    pub objectives: &'a [Objective],
    /// Cost of a worker.
    pub cost_per_worker: Option<f64>,
    /// The percentiles, which rise.
    pub percentiles: &'a [Percentile],
    /// A scenario, for what all of them have in common.
    pub scenario: &'a Scenario,
    /// Whether the load is searched that a given number of workers holds.
    pub until_load: bool,
    /// Notes on what the user asked for.
    pub notes: &'a [String],
}

/// The report of what `sizing` has `found` for each load; `interrupted` if it has not ended.
pub fn report(sizing: &Sizing<'_>, found: &[(Load, &Found)], about: &About<'_>, interrupted: bool) -> PlanReport {
    let About { objectives, cost_per_worker, scenario, .. } = *about;
    let (source, load) = (sizing.study.source(0), sizing.survey.load());
    let first = found.iter().find_map(|(load, found)| {
        let workers = found.workers.or(found.counts.first().copied())?;
        Some(&sizing.candidate(workers, *load)?.trial.as_ref()?.scenario)
    });
    let capabilities = scenario.first().capabilities.unwrap_or_default();
    // A doubt about the load is about the least number of workers that may hold.
    let workers = sizing.survey.least_workers(1.0);
    let capacity = capacity(&scenario.workers[..1]) * f64::from(workers);
    let mut notes = source.notes(load, capacity, capabilities);
    notes.extend(notes::of_plan(scenario, &source.sampled(), load));
    notes.extend(about.notes.iter().cloned());
    notes.extend(of_certainty(sizing));
    if sizing.survey.leaves_out() && !about.until_load {
        notes.push("numbers of workers below the offered load are not tried: if such traffic went on, they would be overloaded".to_owned());
    }
    if found.iter().any(|(_, found)| found.counts.last().is_some_and(|&last| last > EACH_TO)) {
        notes.push(format!("above {EACH_TO} workers, sixteen numbers in each octave are tried"));
    }
    if sizing.candidates.iter().any(|candidate| candidate.load != Load::ONE) {
        notes.push(
            "under another load all arrivals of the trace come that much faster, bursts and pauses too".to_owned(),
        );
    }
    PlanReport {
        kind: PlanKind::Plan,
        provenance: provenance(first.unwrap_or(scenario), source, 1),
        notes,
        objectives: objectives.iter().map(ToString::to_string).collect(),
        confidence: CONFIDENCE,
        cost_per_worker,
        until_load: about.until_load,
        interrupted,
        answers: found.iter().map(|(load, found)| answer(sizing, *load, found, about)).collect(),
    }
}

/// The note on how sure verdicts are; none if nothing was run.
fn of_certainty(sizing: &Sizing<'_>) -> Option<String> {
    let trials = sizing.candidates.iter().filter_map(|candidate| candidate.trial.as_ref());
    let mut randomness = trials.filter(|trial| !trial.replications.is_empty()).map(|trial| trial.randomness.any());
    let certainty = match (randomness.clone().next(), randomness.any(|any| any)) {
        (None, _) => return None,
        (_, true) => format!("each verdict is right with a probability of {:.0} % at least", 100.0 * CONFIDENCE),
        (_, false) => "nothing is random, so that verdicts are exact for this trace alone".to_owned(),
    };
    Some(format!("{certainty}; a request that is rejected or abandoned misses every limit of a time"))
}

fn answer(sizing: &Sizing<'_>, load: Load, found: &Found, about: &About<'_>) -> Answer {
    let verdict = |workers: u32| sizing.candidate(workers, load).map(Candidate::verdict);
    let counts = |is: &dyn Fn(u32, Option<Verdict>) -> bool| -> Vec<u32> {
        found.counts.iter().copied().filter(|&workers| is(workers, verdict(workers))).collect()
    };
    let least = found.workers.unwrap_or(u32::MAX);
    let is_here = |candidate: &&Candidate| {
        let own = candidate.load == load && found.counts.contains(&candidate.workers);
        own || (found.loads.iter().any(Option::is_some) && found.workers == Some(candidate.workers))
    };
    let mut tried: Vec<&Candidate> = sizing.candidates.iter().filter(is_here).collect();
    tried.sort_by_key(|candidate| (candidate.workers, candidate.load));
    let cost = |workers: u32| about.cost_per_worker.map(|cost| cost * f64::from(workers));
    Answer {
        load: load.as_f64(),
        offered: sizing.survey.offered(load.as_f64()),
        workers: found.workers,
        cost: found.workers.and_then(cost),
        too_close: counts(&|workers, verdict| workers < least && verdict == Some(Verdict::TooClose)),
        fails_above: counts(&|workers, verdict| workers > least && verdict != Some(Verdict::Holds)),
        none_because: found.none_because.clone().filter(|_| found.workers.is_none()),
        holds_to_load: found.loads[0].map(Load::as_f64),
        broken_at_load: found.loads[1].map(Load::as_f64),
        tried: tried.into_iter().map(|candidate| self::tried(candidate, cost(candidate.workers), about)).collect(),
    }
}

fn tried(candidate: &Candidate, cost: Option<f64>, about: &About<'_>) -> Tried {
    let measured = candidate.trial.as_ref().filter(|trial| !trial.replications.is_empty());
    Tried {
        workers: candidate.workers,
        load: candidate.load.as_f64(),
        verdict: candidate.verdict(),
        reason: candidate.reason.clone(),
        replications: measured.map_or(0, |trial| trial.replications.len() as u32),
        cost,
        objectives: candidate.judged.clone(),
        figures: measured.map(|trial| Box::new(trial.sums.figures(about.percentiles))),
    }
}

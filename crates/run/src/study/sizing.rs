//! Sizing: how many workers hold the objectives, and up to which load.

use measure::Metric;
use measure::judged::{Judged, Verdict};

use super::candidate::Candidate;
use super::judgement::{SCALES, judge, metric};
use super::{CONFIDENCE, Study, Survey, Trial, TrialFailure};
use crate::load::Load;
use crate::objective::Objective;
use crate::scenario::Scenario;
use crate::settings::WORKERS;

/// Up to this number of workers, each number is tried; above, sixteen in each octave.
pub const EACH_TO: u32 = 64;

/// How many numbers of workers, or loads, are tried together over one reading of the trace.
const AT_ONCE: usize = 4;

/// Numbers that must hold in a row until the search ends: the answer, and two above.
const IN_A_ROW: usize = 3;

/// The precision of loads that are searched.
const LOAD_STEP: f64 = 0.01;

/// What was found for one load, or one number of workers.
#[derive(Debug, Default)]
pub struct Found {
    /// The least number of workers that surely holds.
    pub workers: Option<u32>,
    /// The numbers that were tried, in rising order.
    pub counts: Vec<u32>,
    /// Why no number holds.
    pub none_because: Option<String>,
    /// The largest load that surely holds, and the smallest one that does not, as far as was searched.
    pub loads: [Option<Load>; 2],
}

/// The search.
pub struct Sizing<'a> {
    /// The trials.
    pub study: Study<'a>,
    /// The trace.
    pub survey: Survey,
    /// Everything that was tried.
    pub candidates: Vec<Candidate>,
    /// The first failure of a simulator.
    pub failure: Option<anyhow::Error>,
    objectives: &'a [Objective],
    scenario_of: &'a dyn Fn(u32) -> anyhow::Result<Scenario>,
    keep: Option<&'a Keep<'a>>,
}

/// What is done with what is found so far.
pub type Keep<'a> = dyn Fn(&Sizing<'_>, &Found) -> anyhow::Result<()> + 'a;

impl<'a> Sizing<'a> {
    /// For `objectives` on workers that `scenario_of` makes, like those of `scenario`. Reads the trace for a first time.
    ///
    /// # Errors
    /// As [`Study::survey`].
    pub fn surveyed(
        mut study: Study<'a>,
        scenario: &Scenario,
        objectives: &'a [Objective],
        scenario_of: &'a dyn Fn(u32) -> anyhow::Result<Scenario>,
    ) -> anyhow::Result<Self> {
        let mut survey = Survey::new(scenario, objectives);
        study.survey(&mut survey, objectives)?;
        Ok(Self { study, survey, candidates: Vec::new(), failure: None, objectives, scenario_of, keep: None })
    }

    /// Which calls `keep` after each look at the replications.
    #[must_use]
    pub fn keeping(self, keep: &'a Keep<'a>) -> Self {
        Self { keep: Some(keep), ..self }
    }

    /// The metrics that the study of these objectives follows.
    pub fn metrics(objectives: &[Objective]) -> Vec<Metric> {
        objectives.iter().map(metric).collect()
    }

    /// What is known of `workers` at `load`.
    pub fn candidate(&self, workers: u32, load: Load) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| (candidate.workers, candidate.load) == (workers, load))
    }

    /// The least number of workers that holds at `load`.
    ///
    /// # Errors
    /// As [`Study::run`], or if an objective can't be judged.
    pub fn search(&mut self, load: Load) -> anyhow::Result<Found> {
        let mut found = Found { none_because: self.survey.none_holds(self.objectives), ..Found::default() };
        let mut counts = counts(self.survey.least_workers(load.as_f64()));
        while found.none_because.is_none() {
            let wave: Vec<u32> = counts.by_ref().take(AT_ONCE).collect();
            let Some(&last) = wave.last() else {
                let offered = self
                    .survey
                    .offered(load.as_f64())
                    .map_or(String::new(), |offered| format!(", and the load is that of {offered:.0} workers"));
                found.none_because = Some(format!("more than {WORKERS} workers are not tried{offered}"));
                break;
            };
            found.counts.extend(&wave);
            self.judge(&wave.iter().map(|&workers| (workers, load)).collect::<Vec<_>>(), u32::MAX, &found)?;
            let verdict = |&workers: &u32| self.candidate(workers, load).map(Candidate::verdict);
            let verdicts: Vec<_> = found.counts.iter().map(verdict).collect();
            found.workers = (0..).zip(&verdicts).find_map(|(place, verdict)| {
                (*verdict == Some(Verdict::Holds)).then(|| found.counts.get(place).copied())?
            });
            if verdicts.windows(IN_A_ROW).any(|row| row.iter().all(|&one| one == Some(Verdict::Holds))) {
                break;
            }
            let candidate = self.candidate(last, load);
            let is_idle = candidate.is_some_and(Candidate::is_idle);
            if is_idle && found.workers.is_none() {
                found.none_because = Some(match candidate.map(Candidate::verdict) {
                    Some(Verdict::TooClose) => format!(
                        "at {last} workers no request waits, and the requests are too few to be sure: give more of them, or more \
                         --max-replications"
                    ),
                    _ => format!("at {last} workers no request waits, and more change nothing"),
                });
            }
            let all_failed = wave.iter().all(|&workers| {
                self.candidate(workers, load)
                    .and_then(|candidate| candidate.trial.as_ref())
                    .is_some_and(|trial| matches!(trial.failure, Some(TrialFailure::Other(_))))
            });
            if is_idle || all_failed {
                break;
            }
        }
        Ok(found)
    }

    /// Up to which load `workers`, which hold at `from`, do so surely: without more replications than that took, so that it is
    /// fast. Sets the loads of `found`.
    ///
    /// # Errors
    /// As [`Sizing::search`].
    pub fn headroom(&mut self, workers: u32, from: Load, found: &mut Found) -> anyhow::Result<()> {
        let trial = self.candidate(workers, from).and_then(|candidate| candidate.trial.as_ref());
        let Some(trial) = trial else { return Ok(()) };
        let most = trial.replications.len() as u32;
        found.loads = self.bracket(workers, from, most, found)?;
        Ok(())
    }

    /// Up to which load `workers` hold, judged with as many replications as it takes.
    ///
    /// # Errors
    /// As [`Sizing::search`].
    pub fn until_load(&mut self, workers: u32) -> anyhow::Result<Found> {
        let none_because = self.survey.none_holds(self.objectives);
        let mut found = Found { none_because, counts: vec![workers], ..Found::default() };
        if found.none_because.is_none() {
            found.loads = self.bracket(workers, Load::ONE, u32::MAX, &found)?;
            found.workers = found.loads[0].map(|_| workers);
        }
        Ok(found)
    }

    /// The largest load that surely holds and the smallest that does not, searched from `from`.
    fn bracket(&mut self, workers: u32, from: Load, most: u32, found: &Found) -> anyhow::Result<[Option<Load>; 2]> {
        self.judge(&[(workers, from)], most, found)?;
        let holds = |sizing: &Self, load: Load| {
            sizing.candidate(workers, load).is_some_and(|candidate| candidate.verdict() == Verdict::Holds)
        };
        let saturation = self.survey.saturation(workers);
        let [mut low, mut high] = if holds(self, from) { [Some(from), None] } else { [None, Some(from)] };
        if let (Some(limit), None) = (saturation, high) {
            high = Some(Load::nearest(limit)).filter(|&limit| limit > from);
        }
        let mut factor = 2.0;
        while low.is_none() || high.is_none() {
            let from = low.or(high).map_or(1.0, Load::as_f64);
            let next = Load::nearest(if low.is_none() { from / factor } else { from * factor });
            if Some(next) == low || Some(next) == high {
                break;
            }
            self.judge(&[(workers, next)], most, found)?;
            if holds(self, next) {
                low = Some(next)
            } else {
                high = Some(next)
            }
            factor = if factor < 8.0 { factor * 2.0 } else { factor };
        }
        while let (Some(below), Some(above)) = (low, high) {
            let (from, to) = (below.as_f64(), above.as_f64());
            if to / from < 1.0 + LOAD_STEP {
                break;
            }
            let between = |place: usize| from + (to - from) * (place + 1) as f64 / (AT_ONCE + 1) as f64;
            let loads: Vec<Load> = (0..AT_ONCE).map(|place| Load::rounded(between(place))).collect();
            if loads.contains(&below) || loads.contains(&above) {
                break;
            }
            self.judge(&loads.iter().map(|&load| (workers, load)).collect::<Vec<_>>(), most, found)?;
            for load in loads {
                if !holds(self, load) {
                    high = Some(load);
                    break;
                }
                low = Some(load);
            }
        }
        Ok([low, high])
    }

    /// Judges each of `wanted` with at most `most` replications, until its verdict is final.
    fn judge(&mut self, wanted: &[(u32, Load)], most: u32, found: &Found) -> anyhow::Result<()> {
        for &(workers, load) in wanted {
            if self.candidate(workers, load).is_none() {
                let candidate = self.new_candidate(workers, load)?;
                self.candidates.push(candidate);
            }
        }
        let looks = self.study.looks();
        let level = 1.0 - (1.0 - CONFIDENCE) / looks.len() as f64;
        for &look in looks.iter().filter(|&&look| look <= most) {
            let mut due: Vec<&mut Candidate> = self
                .candidates
                .iter_mut()
                .filter(|one| !one.is_final && wanted.contains(&(one.workers, one.load)))
                .collect();
            let mut trials: Vec<&mut Trial> = due.iter_mut().filter_map(|one| one.trial.as_mut()).collect();
            if trials.is_empty() {
                break;
            }
            self.study.run(&mut trials, look)?;
            for candidate in due {
                let Some(trial) = &mut candidate.trial else { continue };
                match &mut trial.failure {
                    None => {
                        let judgements = judge(self.objectives, trial, level)?;
                        let fails = |judged: &Judged| judged.verdict == Verdict::Fails;
                        candidate.is_final = judgements.iter().all(|one| one.is_final)
                            || judgements.iter().any(|one| one.is_final && fails(&one.judged));
                        candidate.judged = judgements.into_iter().map(|one| one.judged).collect();
                    }
                    Some(TrialFailure::Overloaded(_)) => {
                        candidate.reason =
                            Some("overloaded: its queue passed the limit (--limit-unanswered)".to_owned());
                        candidate.is_final = true;
                    }
                    Some(TrialFailure::Other(error)) => {
                        candidate.reason = Some(format!("failed: {error:#}"));
                        candidate.is_final = true;
                        let workers = candidate.workers;
                        let context = format!("with {workers} workers");
                        let taken = std::mem::replace(error, anyhow::anyhow!("{context}"));
                        self.failure.get_or_insert(taken.context(context));
                    }
                }
            }
            if let Some(keep) = self.keep {
                keep(self, found)?;
            }
        }
        Ok(())
    }

    fn new_candidate(&self, workers: u32, load: Load) -> anyhow::Result<Candidate> {
        let mut candidate = Candidate { workers, load, trial: None, reason: None, judged: Vec::new(), is_final: false };
        if self.survey.overloads(workers, load.as_f64()) {
            let offered = self.survey.offered(load.as_f64()).unwrap_or_default();
            candidate.reason = Some(format!("overloaded: the load is that of {offered:.2} workers"));
            candidate.is_final = true;
            return Ok(candidate);
        }
        let mut scenario = Scenario { load, ..(self.scenario_of)(workers)? };
        scenario.count(self.objectives, &SCALES);
        Ok(Candidate { trial: Some(Trial::new(scenario)), ..candidate })
    }
}

/// The numbers of workers to try from `least` on: each up to [`EACH_TO`], then sixteen in each octave.
fn counts(least: u32) -> impl Iterator<Item = u32> {
    let step = |count: u32| if count < EACH_TO { 1 } else { 1 << (count.ilog2() - EACH_TO.ilog2() + 2) };
    let next = move |&count: &u32| Some((count / step(count) + 1) * step(count));
    std::iter::successors(Some(least), next).take_while(|&count| u64::from(count) <= WORKERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_64_every_sixteenth_of_an_octave_is_tried() {
        assert_eq!(
            counts(1).take(70).collect::<Vec<_>>()[..],
            [(1..=64).collect(), vec![68, 72, 76, 80, 84, 88]].concat()[..]
        );
        assert_eq!(counts(126).take(4).collect::<Vec<_>>(), [126, 128, 136, 144]);
        assert_eq!(counts(1).last(), Some(4096));
    }
}

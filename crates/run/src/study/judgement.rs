//! Judges objectives on the replications of a trial.

use failure::Failure;
use measure::criterion::TimeLimits;
use measure::interval::{LEVEL, Part, half_width};
use measure::judged::{Judged, Unit, Verdict};
use measure::metric::{Metric, Times};
use measure::{Counted, Selection, student};

use super::Trial;
use crate::objective::{Objective, Target};
use crate::plan::Execution;
use crate::precision;
use crate::scenario::Scenario;

/// The scales of an objective's limits that are counted: the limits, and those 5 % below and above. If a trial is surely
/// between the latter, it is too close to call, and more replications are not worth their time.
pub const SCALES: [f64; 3] = [1.0, BELOW, ABOVE];
const BELOW: f64 = 0.95;
const ABOVE: f64 = 1.05;

/// The fewest requests that decide a share: those that may miss it, if none does, and those that do, if too many do.
const FEWEST: f64 = 20.0;

/// An objective on a trial: what is known so far. The verdict is None if more replications may change it.
pub struct Judgement {
    /// With the verdict that it has if there are no more.
    pub judged: Judged,
    /// Whether that is final.
    pub is_final: bool,
}

/// Judges `objectives` on `trial`, whose study has these `metrics` (one for each objective) and decides with intervals at
/// this `level`.
///
/// # Errors
/// [`Failure::Usage`] if no request of the trace is in an objective's selection.
pub fn judge(objectives: &[Objective], trial: &Trial, level: f64) -> Result<Vec<Judgement>, Failure> {
    (0..).zip(objectives).map(|(place, objective)| judge_one(objective, place, trial, level)).collect()
}

/// The objectives of a run, which was made in these `executions`: what was measured decides, without intervals.
///
/// # Errors
/// As [`judge`].
pub fn judge_run(
    objectives: &[Objective],
    scenario: &Scenario,
    executions: &[Execution],
) -> Result<Vec<Judged>, Failure> {
    let metrics: Vec<Metric> = objectives.iter().map(metric).collect();
    let trial = Trial::of_run(scenario.clone(), executions, &metrics);
    Ok(judge(objectives, &trial, LEVEL)?.into_iter().map(|judgement| judgement.judged).collect())
}

/// The metric that a study of `objective` must follow.
pub fn metric(objective: &Objective) -> Metric {
    match objective.target {
        Target::Share { metric, .. } => metric.unwrap_or(Metric::Waited),
        Target::Figure { metric, .. } => metric,
    }
}

fn judge_one(objective: &Objective, place: usize, trial: &Trial, level: f64) -> Result<Judgement, Failure> {
    let all = trial.replications.iter().fold(Counted::default(), |mut all, replication| {
        all.add(&replication.counted[place]);
        all
    });
    if all.arrived == 0 {
        let which = match objective.selection {
            Selection::All => "there is no request".to_owned(),
            Selection::Class(class) => format!("no request has class {class}"),
            Selection::Client(client) => format!("no request is of client {client}"),
        };
        return Err(Failure::usage(format!("--slo {objective}: {which}, so it can't be judged")));
    }
    let subject = Subject { objective, place, trial, all, level };
    Ok(match objective.target {
        Target::Share { share, limits, metric } => subject.share(share, limits, metric),
        Target::Figure { metric, below } => subject.figure(metric, below),
    })
}

/// An objective, a trial, and what was counted of it.
struct Subject<'a> {
    objective: &'a Objective,
    place: usize,
    trial: &'a Trial,
    all: Counted,
    level: f64,
}

impl Subject<'_> {
    /// More than `share` of the requests must be completed within `limits`.
    fn share(&self, share: u32, limits: TimeLimits, metric: Option<Metric>) -> Judgement {
        let Self { all, trial, .. } = self;
        let (arrived, allowed) = (all.arrived as f64, Target::allowed(share));
        let missed = |scale: usize| (all.arrived - all.met[scale]) as f64 / arrived;
        let width = |scale: usize| self.share_width(scale, limits, allowed);
        let of_all = metric.filter(|_| self.objective.selection == Selection::All);
        let judged = Judged {
            unit: Unit::Ns,
            estimate: of_all.and_then(|metric| quotient(trial.sums.part(metric))),
            missed: Some(missed(0)),
            missed_half_width: width(0).filter(|_| self.is_random()).map(|width| width.around),
            allowed: Some(allowed),
            ..self.judged()
        };
        if trial.is_exact() || (allowed == 0.0 && missed(0) > 0.0) {
            return settled(judged, Target::is_met(share, all.met[0], all.arrived));
        }
        if allowed == 0.0 {
            // Longer runs might have a longer time: enough that there is none in several.
            let is_final = trial.replications.len() as u32 >= precision::FIRST;
            return Judgement { judged: Judged { verdict: verdict_if(is_final), ..judged }, is_final };
        }
        let Some(half_width) = width(0) else { return open(judged) };
        if missed(0) + half_width.at_limit < allowed && arrived * allowed >= FEWEST {
            return settled(judged, true);
        }
        if missed(0) - half_width.around >= allowed && arrived * missed(0) >= FEWEST {
            return settled(judged, false);
        }
        let surely_above = width(1).is_some_and(|width| missed(1) - width.around > allowed);
        let surely_below = width(2).is_some_and(|width| missed(2) + width.at_limit < allowed);
        Judgement { judged, is_final: surely_above && surely_below }
    }

    /// The figure `metric` must be below a value.
    fn figure(&self, metric: Metric, below: f64) -> Judgement {
        let Self { trial, .. } = self;
        let parts: Vec<Part> = (0..trial.replications.len()).map(|number| self.part(metric, number)).collect();
        let sum = parts.iter().fold(Part::default(), |sum, part| Part {
            numerator: sum.numerator + part.numerator,
            denominator: sum.denominator + part.denominator,
        });
        let estimate = quotient(sum);
        let width = self.figure_width(metric, &parts, below, sum);
        let unit = if metric.is_time() {
            Unit::Ns
        } else if metric.is_share() {
            Unit::Share
        } else {
            Unit::Number
        };
        let half_width = width.filter(|_| self.is_random()).map(|width| width.around);
        let judged = Judged { unit, estimate, half_width, ..self.judged() };
        let Some(value) = estimate else { return open(judged) };
        if trial.is_exact() {
            return settled(judged, value < below);
        }
        let Some(width) = width else { return open(judged) };
        let is_enough = !is_count(metric) || sum.denominator * below >= FEWEST;
        if value + width.at_limit < below && is_enough {
            return settled(judged, true);
        }
        if value - width.around >= below {
            return settled(judged, false);
        }
        Judgement { judged, is_final: value - width.around > BELOW * below && value + width.around < ABOVE * below }
    }

    /// The objective, undecided.
    fn judged(&self) -> Judged {
        Judged {
            objective: self.objective.to_string(),
            verdict: Verdict::TooClose,
            unit: Unit::Number,
            estimate: None,
            half_width: None,
            missed: None,
            missed_half_width: None,
            allowed: None,
        }
    }

    fn is_random(&self) -> bool {
        self.trial.randomness.any()
    }

    /// What replication `number` contributes to `metric`.
    fn part(&self, metric: Metric, number: usize) -> Part {
        let replication = &self.trial.replications[number];
        let Counted { arrived, started, completed, waited, rejected, abandoned, delay_sum_ns, response_sum_ns, .. } =
            replication.counted[self.place];
        let (numerator, denominator) = match metric {
            Metric::Mean(Times::Delay) => (delay_sum_ns as f64, started),
            Metric::Mean(Times::Response) => (response_sum_ns as f64, completed),
            Metric::Waited => (waited as f64, started),
            Metric::Rejected => (rejected as f64, arrived),
            Metric::Abandoned => (abandoned as f64, arrived),
            _ => return replication.parts[self.place],
        };
        Part { numerator, denominator: denominator as f64 }
    }

    /// The half-width of the share of requests that miss the limits at this scale; None if there is none yet.
    fn share_width(&self, scale: usize, limits: TimeLimits, allowed: f64) -> Option<Width> {
        let Self { trial, all, place, level, .. } = self;
        if trial.is_exact() {
            return Some(Width::of(0.0));
        }
        if trial.replications.len() == 1 {
            if self.objective.selection != Selection::All || all.completed < all.arrived {
                return None;
            }
            let (times, limit_ns) = match limits {
                TimeLimits { delay_ns: Some(ns), response_ns: None } => (Times::Delay, ns),
                TimeLimits { delay_ns: None, response_ns: Some(ns) } => (Times::Response, ns),
                _ => return None,
            };
            let limit_ns = (limit_ns as f64 * SCALES[scale]) as u64;
            return trial.batches.as_ref().ok()?.share_over(times, limit_ns, allowed, *level).ok().map(Width::of);
        }
        let part = |counted: &Counted| Part {
            numerator: (counted.arrived - counted.met[scale]) as f64,
            denominator: counted.arrived as f64,
        };
        let parts: Vec<Part> = trial.replications.iter().map(|one| part(&one.counted[*place])).collect();
        let share = (all.arrived - all.met[scale]) as f64 / all.arrived as f64;
        let least = self.least_width(allowed, all.arrived as f64);
        Some(Width::of_share(half_width(&parts, *level)?, share, allowed, least))
    }

    /// The half-width of a figure over `parts`, which have this sum; None if there is none yet.
    fn figure_width(&self, metric: Metric, parts: &[Part], below: f64, sum: Part) -> Option<Width> {
        let Self { trial, level, .. } = self;
        if trial.is_exact() {
            return Some(Width::of(0.0));
        }
        let value = quotient(sum)?;
        if parts.len() == 1 {
            let batches = trial.batches.as_ref().ok().filter(|_| self.objective.selection == Selection::All)?;
            return Some(Width::of_mean(batches.half_width(metric, *level).ok()?, value, below));
        }
        let width = half_width(parts, *level)?;
        if is_count(metric) {
            let least = self.least_width(below.min(1.0), sum.denominator);
            return Some(Width::of_share(width, value, below, least));
        }
        Some(Width::of_mean(width, value, below))
    }

    /// The half-width that a share of independent requests has if it is exactly what is allowed: no share is known better, even
    /// if no request misses it.
    fn least_width(&self, allowed: f64, requests: f64) -> f64 {
        let freedom = (self.trial.replications.len() as u32).saturating_sub(1).max(1);
        student(1.0 - self.level, freedom) * (allowed * (1.0 - allowed) / requests).sqrt()
    }
}

/// The half-widths of an interval: around the value that was measured, and around one at the limit, if the value is below.
///
/// Requests that miss a limit come in groups, since a long queue delays many. If there are few groups, a small share comes with
/// a small variance, so that the interval around it is too narrow just when it is below the limit. The test whether a limit holds
/// takes the variance at the limit, as the score test does (Wilson, "Probable inference, the law of succession, and statistical
/// inference", 1927).
#[derive(Clone, Copy)]
struct Width {
    around: f64,
    at_limit: f64,
}

impl Width {
    /// The same around both.
    fn of(width: f64) -> Self {
        Self { around: width, at_limit: width }
    }

    /// Of a `share` with this `width`, but not below `least`: the variance of a number of groups is proportional to the number.
    fn of_share(width: f64, share: f64, limit: f64, least: f64) -> Self {
        let scale = if share > 0.0 { (limit / share).sqrt().max(1.0) } else { 1.0 };
        Self { around: width.max(least), at_limit: (width * scale).max(least) }
    }

    /// Of a `mean` with this `width`: in queues, standard deviations grow at least as fast as means.
    fn of_mean(width: f64, mean: f64, limit: f64) -> Self {
        let scale = if mean > 0.0 { (limit / mean).max(1.0) } else { 1.0 };
        Self { around: width, at_limit: width * scale }
    }
}

/// Whether it is a share of requests.
fn is_count(metric: Metric) -> bool {
    matches!(metric, Metric::Waited | Metric::Rejected | Metric::Abandoned)
}

fn quotient(part: Part) -> Option<f64> {
    (part.denominator > 0.0).then(|| part.numerator / part.denominator)
}

fn verdict_if(holds: bool) -> Verdict {
    if holds { Verdict::Holds } else { Verdict::TooClose }
}

fn settled(judged: Judged, holds: bool) -> Judgement {
    let verdict = if holds { Verdict::Holds } else { Verdict::Fails };
    Judgement { judged: Judged { verdict, ..judged }, is_final: true }
}

fn open(judged: Judged) -> Judgement {
    Judgement { judged, is_final: false }
}

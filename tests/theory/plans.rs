//! Plans against theory: the number of workers that `plan` answers, and the one that formulas give.
//!
//! Each plan has one objective, p99 of the response below x. LW before workers of one server is M/M/c; behind RR each of N
//! workers is E_N/M/1. Both have a closed P(response > x).

use std::time::{Duration, Instant};

use cli::reporter::Recording;
use measure::judged::Verdict;
use run::load::Load;
use run::objective::Objective;
use run::study::sizing::Sizing;
use run::study::{MOST, Study};

use super::decisions::{Bench, on_all_cores, settings, source};
use super::drawn::{Asked, Range};

/// The largest share of plans that may be wrong.
const WRONG: f64 = 0.01;

/// Below this share of x, p99 is not close to x.
const CLOSE: f64 = 0.95;

/// Makes the plan.
fn answer(asked: &Asked, bench: &Bench) -> Answer {
    let settings = settings(&asked.flags());
    let objectives = [asked.objective().parse::<Objective>().unwrap()];
    let reporter = Recording::default();
    let study = Study::new(vec![source(&settings)], Sizing::metrics(&objectives), MOST, &bench.executor, &reporter);
    let scenario_of = |workers: u32| Ok(bench.scenario(&settings, workers, asked.warm_up_ns));
    let scenario = bench.scenario(&settings, 1, asked.warm_up_ns);
    let mut sizing = Sizing::surveyed(study, &scenario, &objectives, &scenario_of).unwrap();
    let found = sizing.search(Load::ONE).unwrap();
    let verdict = |workers: u32| Some(sizing.candidate(workers, Load::ONE)?.verdict());
    let one_less = found.workers.and_then(|workers| verdict(workers - 1));
    let trials = sizing.candidates.iter().filter_map(|one| one.trial.as_ref());
    let replications: usize = trials.map(|trial| trial.replications.len()).sum();
    Answer { workers: found.workers, is_too_close: one_less == Some(Verdict::TooClose), replications }
}

/// What a plan answers.
#[derive(Clone, Copy, Debug)]
struct Answer {
    workers: Option<u32>,
    /// Whether one worker less is too close to call.
    is_too_close: bool,
    /// Of all numbers of workers together.
    replications: usize,
}

/// What is right or wrong about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Right,
    /// Right, and one less was too close to call.
    Close,
    /// There is none.
    None,
    /// It misses the objective by theory.
    Misses,
    /// One less holds by theory, and not closely.
    TooMany,
    /// One less holds closely by theory, which the output does not say.
    Unsaid,
}

impl Mark {
    fn of(answer: Answer, p99: impl Fn(u32) -> f64) -> Self {
        let Some(workers) = answer.workers else { return Mark::None };
        let one_less = if workers > 1 { p99(workers - 1) } else { f64::INFINITY };
        if p99(workers) >= 1.0 {
            Mark::Misses
        } else if one_less <= CLOSE {
            Mark::TooMany
        } else if one_less < 1.0 && !answer.is_too_close {
            Mark::Unsaid
        } else if one_less < 1.0 {
            Mark::Close
        } else {
            Mark::Right
        }
    }

    pub(super) fn is_wrong(self) -> bool {
        !matches!(self, Mark::Right | Mark::Close)
    }
}

/// The marks of many plans.
pub(super) struct Plans {
    /// In the order of their numbers, with what shows the plan.
    marks: Vec<(Mark, String)>,
    /// Simulated requests, those of several numbers of workers each.
    pub(super) requests: u64,
    pub(super) seconds: Duration,
    pub(super) seed: u64,
}

impl Plans {
    pub(super) fn of(seed: u64, range: Range) -> Self {
        let started = Instant::now();
        let marked = on_all_cores(range.plans, |bench, number| {
            let asked = Asked::draw(range, seed, number);
            let answer = answer(&asked, bench);
            let mark = Mark::of(answer, |workers| asked.p99(workers));
            let requests = asked.samples * answer.replications as u64;
            (mark, described(&asked, answer), requests)
        });
        let requests = marked.iter().map(|(_, _, requests)| requests).sum();
        let marks = marked.into_iter().map(|(mark, text, _)| (mark, text)).collect();
        Self { marks, requests, seconds: started.elapsed(), seed }
    }

    pub(super) fn plans(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn number(&self, mark: Mark) -> usize {
        self.marks.iter().filter(|(one, _)| *one == mark).count()
    }

    pub(super) fn wrong(&self) -> usize {
        self.marks.iter().filter(|(mark, _)| mark.is_wrong()).count()
    }

    /// How many may be wrong.
    pub(super) fn allowed(&self) -> usize {
        (WRONG * self.marks.len() as f64) as usize
    }

    /// Panics if too many are wrong.
    pub(super) fn check(&self) {
        assert!(self.wrong() <= self.allowed(), "{}", self.text());
    }

    /// The wrong ones.
    pub(super) fn text(&self) -> String {
        let mut wrong: Vec<&(Mark, String)> = self.marks.iter().filter(|(mark, _)| mark.is_wrong()).collect();
        wrong.sort();
        let lines: Vec<String> = wrong.iter().map(|(mark, text)| format!("{mark:?}: {text}")).collect();
        format!("seed {}: {} of {} plans are wrong:\n{}", self.seed, self.wrong(), self.plans(), lines.join("\n"))
    }
}

/// A plan, as the command that makes it, with its answer and theory.
fn described(asked: &Asked, answer: Answer) -> String {
    let around = answer.workers.unwrap_or(1);
    let theory =
        (around.saturating_sub(1).max(1)..=around + 1).map(|workers| format!("{workers}: {:.3}", asked.p99(workers)));
    format!(
        "middleware plan {} --warmup {}ns --slo '{}': {answer:?}; p99/x by theory {}",
        asked.flags(),
        asked.warm_up_ns,
        asked.objective(),
        theory.collect::<Vec<_>>().join(", ")
    )
}

#[test]
fn an_answer_is_marked_by_theory() {
    // p99 of 1 to 6 workers in parts of x.
    let p99 = |workers: u32| [f64::INFINITY, 2.0, 1.01, 0.97, 0.94, 0.8][workers as usize - 1];
    let mark = |workers, is_too_close| Mark::of(Answer { workers, is_too_close, replications: 1 }, p99);
    assert_eq!(mark(None, false), Mark::None);
    assert_eq!(mark(Some(3), true), Mark::Misses);
    assert_eq!((mark(Some(4), false), mark(Some(4), true)), (Mark::Right, Mark::Right));
    assert_eq!((mark(Some(5), false), mark(Some(5), true)), (Mark::Unsaid, Mark::Close));
    assert_eq!((mark(Some(6), false), mark(Some(6), true)), (Mark::TooMany, Mark::TooMany));
}

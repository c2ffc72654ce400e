//! Plans against theory: the number of workers that `plan` answers, and the one that formulas give.
//!
//! Each plan has one objective, p99 of the response below x. LW before workers of one server is M/M/c; behind RR each of N
//! workers is E_N/M/1. Both have a closed P(response > x).

use std::time::{Duration, Instant};

use cli::reporter::Recording;
use measure::judged::Verdict;
use random::streams::Streams;
use run::load::Load;
use run::objective::Objective;
use run::study::sizing::Sizing;
use run::study::{MOST, Study};

use super::decisions::{Bench, SERVICE_NS, on_all_cores, settings, source};
use super::formulas::{Mmc, erlang_arrivals, gim1_response_above, quantile};

/// The largest share of plans that may be wrong.
const WRONG: f64 = 0.01;

/// Below this share of x, p99 is not close to x.
const CLOSE: f64 = 0.95;

/// The share of requests above p99.
const ABOVE: f64 = 0.01;

/// The warm-up of a replication, in relaxation times. What is left of the empty start, e⁻³ of at most two relaxation times, lowers
/// the share above x by less than 0.1 / `MEASURED` of it. A difference of 5 % of p99 is one of 20 % of that share.
const WARM_UP: f64 = 3.0;

/// What a replication measures, in relaxation times. Exceedances of x come in clusters of about a quarter of one, whose number
/// varies, so the variance of their share in one replication is about 1/0.01 of its square for each relaxation time. In 320
/// replications of 60 the standard error is 7 %: a p99 of 0.94 x, with which 24 % fewer requests than allowed miss x, is found with 2.7
/// standard errors to each side.
const MEASURED: f64 = 60.0;

/// The fewest requests of a replication that are measured: 20 of them are above p99.
const LEAST: f64 = 2000.0;

/// What plans are drawn from.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) plans: u32,
    /// The offered load in workers is from 1.3 to this.
    largest_load: f64,
    /// x is from 1.05 to so many times the p99 of the service times.
    largest_limit: f64,
}

impl Range {
    /// `make truth`.
    pub(super) const FULL: Self = Self { plans: 500, largest_load: 8.0, largest_limit: 3.0 };
    /// `make test`.
    pub(super) const SHORT: Self = Self { plans: 100, largest_load: 4.0, largest_limit: 2.0 };
}

/// A plan that is made.
#[derive(Debug)]
struct Asked {
    is_rr: bool,
    /// The interarrival time \[ns\].
    gap_ns: u64,
    limit_ns: u64,
    seed: u64,
    samples: u64,
    warm_up_ns: u64,
}

impl Asked {
    /// Plan number `number` under `seed`.
    fn draw(range: Range, seed: u64, number: u32) -> Self {
        let mut stream = Streams::new(seed, "plans").of(u64::from(number));
        let is_rr = stream.unit() < 0.5;
        let load = 1.3 + (range.largest_load - 1.3) * stream.unit();
        let times = 1.05 + (range.largest_limit - 1.05) * stream.unit();
        let relaxation = relaxation(load, times);
        let (warm_up, measured) = (WARM_UP * relaxation, (MEASURED * relaxation).max(LEAST / load));
        let ns = |services: f64| (services * SERVICE_NS as f64).round() as u64;
        Self {
            is_rr,
            gap_ns: ns(1.0 / load),
            limit_ns: ns(times * -ABOVE.ln()),
            seed: stream.bits() >> 32,
            samples: (load * (warm_up + measured)).ceil() as u64,
            warm_up_ns: ns(warm_up),
        }
    }

    /// The flags of its settings.
    fn flags(&self) -> String {
        let Self { is_rr, gap_ns, seed, samples, .. } = self;
        let policy = if *is_rr { "RR" } else { "LW" };
        format!("--balancer {policy} --concurrency 1 --inter-arrival {gap_ns}ns --samples {samples} --seed {seed}")
    }

    fn objective(&self) -> String {
        format!("p99 response < {}ns", self.limit_ns)
    }

    /// p99 of the response with so many workers by theory, in parts of the limit; infinite, if they are overloaded.
    fn p99(&self, workers: u32) -> f64 {
        let rho = SERVICE_NS as f64 / self.gap_ns as f64 / f64::from(workers);
        if rho >= 1.0 {
            return f64::INFINITY;
        }
        let p99 = if self.is_rr {
            let sigma = erlang_arrivals(rho, workers);
            quantile(|x| gim1_response_above(sigma, x), ABOVE)
        } else {
            let system = Mmc::new(rho, workers);
            quantile(|x| system.response_above(x), ABOVE)
        };
        p99 * SERVICE_NS as f64 / self.limit_ns as f64
    }

    /// Makes the plan.
    fn answer(&self, bench: &Bench) -> Answer {
        let settings = settings(&self.flags());
        let objectives = [self.objective().parse::<Objective>().unwrap()];
        let reporter = Recording::default();
        let study = Study::new(vec![source(&settings)], Sizing::metrics(&objectives), MOST, &bench.executor, &reporter);
        let scenario_of = |workers: u32| Ok(bench.scenario(&settings, workers, self.warm_up_ns));
        let scenario = bench.scenario(&settings, 1, self.warm_up_ns);
        let mut sizing = Sizing::surveyed(study, &scenario, &objectives, &scenario_of).unwrap();
        let found = sizing.search(Load::ONE, &mut |_, _| Ok(())).unwrap();
        let verdict = |workers: u32| Some(sizing.candidate(workers, Load::ONE)?.verdict());
        let one_less = found.workers.and_then(|workers| verdict(workers - 1));
        let trials = sizing.candidates.iter().filter_map(|one| one.trial.as_ref());
        let replications: usize = trials.map(|trial| trial.replications.len()).sum();
        Answer { workers: found.workers, is_too_close: one_less == Some(Verdict::TooClose), replications }
    }
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

/// The relaxation time of the slowest system that holds x = `times` · p99 of the service times at the offered load `load`, in
/// service times: the spare capacity of M/M/c is c − a ≥ 1 / `times`, since responses decay at this rate, and its
/// relaxation time is (√c + √a)² / (c − a)² (Cohen, "The single server queue", 1982). A worker behind RR has less: E_N/M/1 with the
/// decay 1 / `times` has 8 · `times`² at most, by its diffusion approximation.
fn relaxation(load: f64, times: f64) -> f64 {
    4.0 * (load + 1.0 / times).max(2.0) * times * times
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
            let answer = asked.answer(bench);
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

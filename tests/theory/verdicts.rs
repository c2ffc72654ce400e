//! All points: simulated, and compared with theory at one family-wise level.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use random::streams::Streams;

use super::points::{Family, families};
use super::scenario::Scenario;
use super::simulate::replicate;
use super::student::{interval, quantile};

/// The probability that at least one point of a correct program is outside its interval is at most this (Bonferroni's
/// inequality).
pub(super) const LEVEL: f64 = 0.01;

/// How much is simulated.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Effort {
    pub(super) replications: u32,
    /// The most that is measured in all replications of a scenario \[millions of requests\]. The intervals of longer
    /// scenarios become wider by the square root of the ratio.
    pub(super) most_millions: f64,
}

impl Effort {
    /// `make truth`.
    pub(super) const FULL: Effort = Effort { replications: 40, most_millions: f64::INFINITY };
    /// `make test`.
    pub(super) const SHORT: Effort = Effort { replications: 20, most_millions: 0.6 };
}

/// A point with its interval.
pub(super) struct Verdict {
    pub(super) system: String,
    pub(super) figure: String,
    pub(super) theory: f64,
    pub(super) source: &'static str,
    pub(super) mean: f64,
    /// The half-width of its interval.
    pub(super) half: f64,
    /// The largest half-width that is allowed, as a share of theory's value.
    precision: f64,
    /// Requests that were measured \[millions\].
    millions: f64,
}

impl Verdict {
    /// Whether theory's value is inside the interval.
    pub(super) fn is_inside(&self) -> bool {
        (self.mean - self.theory).abs() <= self.half
    }

    pub(super) fn is_narrow(&self) -> bool {
        self.half <= self.precision * self.theory
    }

    pub(super) fn error(&self) -> f64 {
        self.mean / self.theory - 1.0
    }

    /// What is wrong; None if nothing is.
    pub(super) fn failure(&self) -> Option<String> {
        let Self { system, figure, theory, mean, half, precision, millions, .. } = self;
        let share = half / theory;
        if !self.is_inside() {
            Some(format!("{system}: {figure}: {mean:.6} ± {half:.6}, theory {theory:.6}"))
        } else if !self.is_narrow() {
            let needed = millions * (share / precision / 0.65).powi(2);
            Some(format!(
                "{system}: {figure}: a half-width of {:.2} %, {:.2} % are allowed: {needed:.1} million requests are needed",
                100.0 * share,
                100.0 * precision
            ))
        } else {
            None
        }
    }
}

/// The verdicts of one run.
pub(super) struct Outcome {
    pub(super) families: Vec<(&'static str, Vec<Verdict>)>,
    pub(super) seed: u64,
    pub(super) replications: u32,
    /// Student's quantile.
    pub(super) student: f64,
    /// Simulated requests, with those that were not measured.
    pub(super) requests: u64,
    pub(super) seconds: Duration,
    pub(super) threads: usize,
}

impl Outcome {
    pub(super) fn verdicts(&self) -> impl Iterator<Item = &Verdict> {
        self.families.iter().flat_map(|(_, verdicts)| verdicts)
    }

    /// Panics if a point is outside its interval, or an interval is too wide.
    pub(super) fn check(&self) {
        let failures: Vec<String> = self.verdicts().filter_map(Verdict::failure).collect();
        assert!(failures.is_empty(), "seed {}:\n{}", self.seed, failures.join("\n"));
    }
}

/// Simulates all points, on all cores, with the seed `seed`.
pub(super) fn simulate_all(seed: u64, effort: Effort) -> Outcome {
    let started = Instant::now();
    let families = families();
    let scenarios: Vec<(usize, &Scenario)> = families
        .iter()
        .enumerate()
        .flat_map(|(family, Family { scenarios, .. })| scenarios.iter().map(move |scenario| (family, scenario)))
        .collect();
    let only = std::env::var("ONLY").unwrap_or_default();
    let scenarios: Vec<(usize, &Scenario)> = scenarios.into_iter().filter(|(_, s)| s.name.contains(&only)).collect();
    let points: usize = scenarios.iter().map(|(_, scenario)| scenario.figures.len()).sum();
    let student = quantile(LEVEL / points as f64, effort.replications - 1);
    // The long ones first, so that all threads end at about the same time.
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    order.sort_by(|&a, &b| scenarios[b].1.millions.total_cmp(&scenarios[a].1.millions));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdicts = judge(scenarios[place].1, seed, effort, student);
                    done.lock().unwrap().push((place, verdicts));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by_key(|(place, _)| *place);
    let mut outcome = Outcome {
        families: families.iter().map(|family| (family.name, Vec::new())).collect(),
        seed,
        replications: effort.replications,
        student,
        requests: scenarios.iter().map(|(_, scenario)| requests(scenario, effort)).sum(),
        seconds: started.elapsed(),
        threads,
    };
    for (place, verdicts) in done {
        outcome.families[scenarios[place].0].1.extend(verdicts);
    }
    outcome
}

/// Requests to measure in each replication.
fn measured(scenario: &Scenario, effort: Effort) -> u64 {
    (scenario.millions.min(effort.most_millions) * 1e6 / f64::from(effort.replications)).ceil() as u64
}

/// Simulated requests of all replications.
fn requests(scenario: &Scenario, effort: Effort) -> u64 {
    (measured(scenario, effort) + scenario.unmeasured()) * u64::from(effort.replications)
}

fn judge(scenario: &Scenario, seed: u64, effort: Effort, student: f64) -> Vec<Verdict> {
    let seeds = Streams::new(seed, &scenario.name);
    let measured = measured(scenario, effort);
    let replications: Vec<Vec<f64>> = (0..effort.replications)
        .map(|number| replicate(scenario, seeds.of(number.into()).bits(), measured))
        .collect();
    let millions = scenario.millions.min(effort.most_millions);
    let verdict = |(place, &(figure, (theory, source))): (usize, &_)| {
        let values: Vec<f64> = replications.iter().map(|values| values[place]).collect();
        let (mean, half) = interval(&values, student);
        // Fewer replications have a larger quantile too.
        let shorter = (scenario.millions / millions).sqrt() * student / quantile(LEVEL / 250.0, 39);
        Verdict {
            system: scenario.name.clone(),
            figure: super::scenario::Figure::name(figure),
            theory,
            source,
            mean,
            half,
            precision: scenario.precision() * shorter.max(1.0),
            millions,
        }
    };
    let all: Vec<Verdict> = scenario.figures.iter().enumerate().map(verdict).collect();
    if std::env::var("PILOT").is_ok() {
        let need = all.iter().map(|v| millions * (v.half / v.theory / scenario.precision() / 0.65 * quantile(LEVEL / 250.0, 39) / student).powi(2)).fold(0.0, f64::max);
        println!("NEED {}\t{need:.2}", scenario.name);
    }
    all
}

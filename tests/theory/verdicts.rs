//! All points: simulated, and compared with theory at one family-wise level.

use std::cmp::Reverse;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use measure::student;
use random::streams::Streams;

use super::formulas::Known;
use super::points::{Family, families};
use super::scenario::{Figure, Scenario};
use super::simulate::replicate;
use super::student::interval;

/// The probability that at least one point of a correct program is outside its interval is at most this (Bonferroni's
/// inequality).
pub(super) const LEVEL: f64 = 0.01;

/// How much is simulated.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    pub(super) replications: u32,
    /// Replications of scenarios that programs simulate, each of which compiles the module.
    of_programs: u32,
    /// The most that is measured in all replications of a scenario \[millions of requests\]. Intervals become wider by the
    /// square root of the ratio.
    most_millions: f64,
}

impl Effort {
    /// `make truth`.
    pub(super) const FULL: Effort = Effort { replications: 40, of_programs: 40, most_millions: f64::INFINITY };
    /// `make test`.
    pub(super) const SHORT: Effort = Effort { replications: 20, of_programs: 12, most_millions: 1.0 };

    fn replications(self, scenario: &Scenario) -> u32 {
        if scenario.program.is_some() { self.of_programs } else { self.replications }
    }

    /// Requests to measure in all replications \[millions\].
    fn millions(self, scenario: &Scenario) -> f64 {
        millions(&scenario.name).min(self.most_millions)
    }

    /// Requests to measure in each replication.
    fn measured(self, scenario: &Scenario) -> u64 {
        (self.millions(scenario) * 1e6 / f64::from(self.replications(scenario))).ceil() as u64
    }

    /// Simulated requests of all replications.
    fn requests(self, scenario: &Scenario) -> u64 {
        (self.measured(scenario) + scenario.unmeasured()) * u64::from(self.replications(scenario))
    }
}

/// Times the listed length: the deviation that 40 replications show varies by 11 %, which must fail no run.
const SPARE: f64 = 1.4;

/// Requests to measure in all replications of a scenario in the full run \[millions\]. The list was measured: with these
/// numbers, the half-widths are two thirds of what is allowed. A new scenario starts at 1, and fails with the number that it
/// needs.
fn millions(name: &str) -> f64 {
    let mut lengths = lengths().filter(|(listed, _)| *listed == name);
    lengths.next().map_or(1.0, |(_, millions)| SPARE * millions)
}

/// Names of scenarios, and their lengths.
pub(super) fn lengths() -> impl Iterator<Item = (&'static str, f64)> {
    let line = |line: &'static str| {
        let (name, millions) = line.split_once('\t').unwrap();
        (name, millions.parse().unwrap())
    };
    include_str!("lengths.tsv").lines().map(line)
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
    /// Its length in the full run \[millions\].
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
                "{system}: {figure}: a half-width of {:.2} %, {:.2} % are allowed; in tests/theory/lengths.tsv it \
                 needs {needed:.1} million requests",
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
    let points: usize = scenarios.iter().map(|(_, scenario)| scenario.figures.len()).sum();
    // The long ones first, so that all threads end at about the same time.
    let mut order: Vec<usize> = (0..scenarios.len()).collect();
    order.sort_by_key(|&place| Reverse(effort.requests(scenarios[place].1)));
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::new());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(&place) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdicts = judge(scenarios[place].1, seed, effort, points);
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
        student: student(LEVEL / points as f64, effort.replications - 1),
        requests: scenarios.iter().map(|(_, scenario)| effort.requests(scenario)).sum(),
        seconds: started.elapsed(),
        threads,
    };
    for (place, verdicts) in done {
        outcome.families[scenarios[place].0].1.extend(verdicts);
    }
    outcome
}

/// The verdicts on one scenario of a run with `points` points in all.
fn judge(scenario: &Scenario, seed: u64, effort: Effort, points: usize) -> Vec<Verdict> {
    let seeds = Streams::new(seed, &scenario.name);
    let (number, measured) = (effort.replications(scenario), effort.measured(scenario));
    let replications: Vec<Vec<f64>> =
        (0..number).map(|number| replicate(scenario, seeds.of(number.into()).bits(), measured)).collect();
    let level = LEVEL / points as f64;
    let (student, of_full) = (student(level, number - 1), student(level, Effort::FULL.replications - 1));
    let (millions, full) = (effort.millions(scenario), Effort::FULL.millions(scenario));
    let precision = scenario.precision() * (full / millions).sqrt() * student / of_full;
    let verdict = |(place, &(figure, (theory, source))): (usize, &(Figure, Known))| {
        let values: Vec<f64> = replications.iter().map(|values| values[place]).collect();
        let (mean, half) = interval(&values, student);
        Verdict {
            system: scenario.name.clone(),
            figure: figure.name(),
            theory,
            source,
            mean,
            half,
            precision,
            millions: full,
        }
    };
    scenario.figures.iter().enumerate().map(verdict).collect()
}

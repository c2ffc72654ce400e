//! The coverage of the confidence intervals of reports: which share of them contains the value of theory.
//!
//! Runs of M/M/1 with different seeds are measured and evaluated as runs are (`measured`). Each gives intervals, or refuses
//! them. Intervals of a level of 95 % must contain theory's value in 95 of 100 runs, and be hardly wider than they need to be.

use std::cmp::Reverse;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use measure::interval::LEVEL;
use measure::{Figures, Measured, Randomness};
use random::exponential;
use random::streams::Streams;

use super::measured::{SERVICE_NS, figures, figures_of_replications, measure};
use super::mm1::{Figure, asymptotic};

/// The least share of intervals that must contain theory's value.
pub(super) const COVERED: f64 = 0.92;
/// The least share of runs of `LONG` that must give an interval.
pub(super) const GIVEN: f64 = 0.95;
/// The largest mean half-width of the mean delay of such a run, in asymptotic ones.
pub(super) const WIDEST: f64 = 1.3;
pub(super) const LONG: u64 = 1_000_000;

/// Both times are random, as in a generated trace.
const RANDOM: Randomness =
    Randomness { arrivals: true, demands: true, model: false, policy: false, rate_changes: false };

/// Runs of M/M/1 at one load.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) load: f64,
    /// Requests of a run, or of each replication.
    pub(super) requests: u64,
    /// 1: the intervals are those of batches of one run.
    pub(super) replications: u32,
    /// Runs with different seeds.
    pub(super) runs: u32,
}

impl Cell {
    fn figures(self) -> Vec<Figure> {
        if self.replications > 1 {
            return vec![Figure::Response, Figure::ResponsePercentile("99")];
        }
        let mut figures = vec![Figure::Delay, Figure::Response, Figure::InSystem, Figure::Utilization];
        if self.requests >= LONG {
            figures.extend(["50", "90", "99"].map(Figure::ResponsePercentile));
            figures.push(Figure::DelayPercentile("99"));
        }
        figures
    }

    /// Requests of a run, in all replications.
    fn all_requests(self) -> u64 {
        self.requests * u64::from(self.replications)
    }

    /// The figures of run number `run` under `seed`.
    fn run(self, seed: u64, run: u32) -> Figures {
        let seeds =
            Streams::new(seed, &format!("coverage of {} of {} at {}", self.replications, self.requests, self.load));
        let replication = |number: u32| -> Measured {
            let seed = seeds.of(u64::from(run) * u64::from(self.replications) + u64::from(number)).bits();
            let mut arrivals = Streams::new(seed, "interarrival").of(0);
            let mut demands = Streams::new(seed, "service").of(0);
            let (mean_ns, mut now) = ((SERVICE_NS as f64 / self.load).round() as u64, 0);
            measure(self.requests, |_| {
                now += exponential::sample_ns(&mut arrivals, mean_ns);
                (now, exponential::sample_ns(&mut demands, SERVICE_NS))
            })
        };
        match self.replications {
            1 => figures(&replication(0), RANDOM),
            number => figures_of_replications((0..number).map(replication).collect(), RANDOM),
        }
    }
}

/// What the intervals of one figure were, over the runs of a cell.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) cell: Cell,
    pub(super) figure: Figure,
    /// Runs with an interval.
    pub(super) given: u32,
    /// Of those, with theory's value inside.
    pub(super) covered: u32,
    /// Σ half-widths.
    half_widths: f64,
}

impl Row {
    fn add(&mut self, figures: &Figures) {
        if let Some((value, half)) = self.figure.of(figures) {
            let theory = self.figure.theory(self.cell.load);
            self.given += 1;
            self.covered += u32::from((value - theory).abs() <= half);
            self.half_widths += half;
        }
    }

    /// As a share of the runs.
    pub(super) fn given_share(&self) -> f64 {
        f64::from(self.given) / f64::from(self.cell.runs)
    }

    /// As a share of the intervals that were given; None without any.
    pub(super) fn covered_share(&self) -> Option<f64> {
        (self.given > 0).then(|| f64::from(self.covered) / f64::from(self.given))
    }

    /// The mean half-width of the mean delay of one run, in asymptotic ones.
    pub(super) fn width(&self) -> Option<f64> {
        let is_known = matches!(self.figure, Figure::Delay) && self.given > 0;
        is_known.then(|| {
            self.half_widths / f64::from(self.given) / asymptotic(self.cell.load, self.cell.all_requests() as f64)
        })
    }

    /// The least share that must be covered: where few intervals are given, chance may take 3 standard deviations.
    fn least(&self) -> f64 {
        COVERED.min(LEVEL - 3.0 * (LEVEL * (1.0 - LEVEL) / f64::from(self.given)).sqrt())
    }

    /// What is wrong, in a few words; None if nothing is.
    pub(super) fn failure(&self) -> Option<&'static str> {
        let must_give = self.cell.requests >= LONG || self.cell.replications > 1;
        if must_give && self.given_share() < GIVEN {
            Some("too few given")
        } else if self.covered_share().is_some_and(|share| share < self.least()) {
            Some("too few covered")
        } else if self.cell.requests >= LONG && self.width().is_some_and(|width| width > WIDEST) {
            Some("too wide")
        } else {
            None
        }
    }
}

/// The coverage of all cells.
pub(super) struct Coverage {
    pub(super) rows: Vec<Row>,
    /// Simulated requests.
    pub(super) requests: u64,
    pub(super) seconds: Duration,
    seed: u64,
}

impl Coverage {
    /// `make truth`. From an empty system, the delays of M/M/1 sum to λ·E\[V²\]/(2(1 − ρ)) = ρ²/(1 − ρ)³ service times less than in
    /// the steady state, where V is its work. At a load of 0.8 these are 80, so that the mean over 10,000 requests is 0.008
    /// too low: a ninth of the standard error over 40 replications. At 0.9 it would be a quarter, so replications are below.
    pub(super) fn full(seed: u64) -> Self {
        let lengths = [10_000, 100_000, LONG].into_iter();
        let one_run = lengths.flat_map(|requests| [0.5, 0.8, 0.9].map(|load| (load, requests, 1)));
        let repeated = [10, 40].into_iter().flat_map(|number| [0.5, 0.8].map(|load| (load, 10_000, number)));
        Self::of(seed, 1000, one_run.chain(repeated))
    }

    /// `make test`. At 0.9, runs of 10,000 must not have intervals, which would be too narrow.
    pub(super) fn short(seed: u64) -> Self {
        let cells = [
            (0.5, 10_000, 1),
            (0.8, 10_000, 1),
            (0.9, 10_000, 1),
            (0.5, 100_000, 1),
            (0.8, 100_000, 1),
            (0.5, 2_000, 10),
        ];
        Self::of(seed, 150, cells)
    }

    /// `runs` runs for each load, number of requests and number of replications, on all cores.
    fn of(seed: u64, runs: u32, cells: impl IntoIterator<Item = (f64, u64, u32)>) -> Self {
        let started = Instant::now();
        let cell = |(load, requests, replications)| Cell { load, requests, replications, runs };
        let cells: Vec<Cell> = cells.into_iter().map(cell).collect();
        let row = |cell: Cell| move |figure| Row { cell, figure, given: 0, covered: 0, half_widths: 0.0 };
        let empty: Vec<Vec<Row>> =
            cells.iter().map(|&cell| cell.figures().into_iter().map(row(cell)).collect()).collect();
        // The long ones first, so that all threads end at about the same time.
        let runs_of = |cell: usize| (0..runs).map(move |run| (cell, run));
        let mut order: Vec<(usize, u32)> = (0..cells.len()).flat_map(runs_of).collect();
        order.sort_by_key(|&(cell, _)| Reverse(cells[cell].all_requests()));
        let next = AtomicUsize::new(0);
        let all = Mutex::new(empty);
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(|| {
                    while let Some(&(cell, run)) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let figures = cells[cell].run(seed, run);
                        all.lock().unwrap()[cell].iter_mut().for_each(|row| row.add(&figures));
                    }
                });
            }
        });
        let rows = all.into_inner().unwrap().into_iter().flatten().collect();
        let requests = cells.iter().map(|cell| cell.all_requests() * u64::from(runs)).sum();
        Self { rows, requests, seconds: started.elapsed(), seed }
    }

    /// Panics if one of the rows misses what it must have.
    pub(super) fn check(&self) {
        let failure = |row: &Row| {
            let Row { cell: Cell { load, requests, replications, .. }, given, covered, .. } = row;
            let system = format!("M/M/1 at {load}, {replications} of {requests} requests: {}", row.figure.name());
            Some(format!("{system}: {}: {given} given, {covered} covered, width {:?}", row.failure()?, row.width()))
        };
        let failures: Vec<String> = self.rows.iter().filter_map(failure).collect();
        assert!(failures.is_empty(), "seed {}:\n{}", self.seed, failures.join("\n"));
    }
}

#[test]
fn a_row_fails_if_one_of_its_promises_is_broken() {
    let cell = |requests, replications| Cell { load: 0.5, requests, replications, runs: 1000 };
    let row = |cell: Cell, given, covered, width: f64| {
        let half_widths = f64::from(given) * width * asymptotic(0.5, cell.all_requests() as f64);
        Row { cell, figure: Figure::Delay, given, covered, half_widths }.failure()
    };
    let long = cell(LONG, 1);
    assert_eq!(row(long, 1000, 920, 1.29), None);
    assert_eq!(row(long, 1000, 919, 1.0), Some("too few covered"));
    assert_eq!(row(long, 1000, 950, 1.31), Some("too wide"));
    assert_eq!(row(long, 949, 949, 1.0), Some("too few given"));
    assert_eq!(row(cell(10_000, 10), 949, 949, 1.0), Some("too few given"));
    // Shorter runs may refuse, and be wider; of few intervals, chance may take some.
    let short = cell(10_000, 1);
    assert_eq!((row(short, 0, 0, 1.0), row(short, 100, 89, 1.4)), (None, None));
    assert_eq!(row(short, 100, 88, 1.0), Some("too few covered"));
}

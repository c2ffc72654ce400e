//! Comparisons of systems whose difference is known: R against HASH over uniform blocks, which makes no difference, and the same
//! with workers so much slower under HASH that their mean delay is 10 % longer.
//!
//! Behind both, each worker is an M/M/1.

use std::time::{Duration, Instant};

use cli::reporter::Recording;
use measure::metric::{Metric, Times};
use measure::theory::mg1_delay;
use random::streams::Streams;
use run::study::comparison::compare;
use run::study::{MOST, Study, Trial};

use super::decisions::{Bench, SERVICE_NS, on_all_cores, settings, source};

/// The utilization of a worker under R.
const UTILIZATION: f64 = 0.5;

/// The speed under HASH with which the mean delay is 10 % longer: with the service time s = 1/SLOWER, λs² / (1 − λs) is 1.1.
const SLOWER: &str = "0.969058";

const WORKERS: u32 = 2;

/// Requests of a replication. The asymptotic variance of the mean delay of M/M/1 is 29 of its square at this utilization (Whitt,
/// "Planning queueing simulations", 1989), so the difference of two independent ones has a standard error of 1 % in 320
/// replications: 10 % can be found. The empty start, which takes 2 mean delays from each worker's sum, is 0.2 % of it for both alike.
const SAMPLES: u64 = 2000;

/// What came of comparisons.
pub(super) struct Comparisons {
    /// Of equal systems, how many mark a best one.
    pub(super) marked: Seeds,
    /// Of systems that differ by 10 %, how many do not mark the better one.
    pub(super) missed: Seeds,
    /// Comparisons of each kind.
    pub(super) number: u32,
    /// Replications at most.
    most: u32,
    pub(super) seconds: Duration,
    pub(super) seed: u64,
    pub(super) allowed_marked: usize,
    pub(super) allowed_missed: usize,
}

/// The SEED of each comparison that counts.
type Seeds = Vec<u64>;

impl Comparisons {
    /// `make truth`: the promise is 5 % of marks, and 10 % missed. By chance, 20 of 400 may be marked, and more than 35 with a
    /// probability of 0.0005.
    pub(super) fn full(seed: u64) -> Self {
        Self::of(seed, 400, MOST, 35, 40)
    }

    /// `make test`, with a quarter of the replications, in which the standard error is 2 %. If 5 % mark a best one, more than 7 of 30
    /// do with a probability of 0.0001; if 10 % are missed, more than 9 of 30 are with a probability of 0.0005.
    pub(super) fn short(seed: u64) -> Self {
        Self::of(seed, 30, MOST / 4, 7, 9)
    }

    fn of(seed: u64, number: u32, most: u32, allowed_marked: usize, allowed_missed: usize) -> Self {
        let started = Instant::now();
        let streams = Streams::new(seed, "comparisons");
        let results = on_all_cores(2 * number, |bench, place| {
            let seed = streams.of(u64::from(place)).bits() >> 32;
            let is_equal = place < number;
            let best = best(bench, seed, if is_equal { "1" } else { SLOWER }, most);
            let counts = if is_equal { best.is_some() } else { best != Some(0) };
            counts.then_some((is_equal, seed))
        });
        let seeds = |of_equal: bool| {
            results.iter().flatten().filter(|(is_equal, _)| *is_equal == of_equal).map(|(_, seed)| *seed).collect()
        };
        let (marked, missed) = (seeds(true), seeds(false));
        Self { marked, missed, number, most, seconds: started.elapsed(), seed, allowed_marked, allowed_missed }
    }

    /// Panics if too many are wrong.
    pub(super) fn check(&self) {
        let is_held = self.marked.len() <= self.allowed_marked && self.missed.len() <= self.allowed_missed;
        assert!(is_held, "{}", self.text());
    }

    pub(super) fn text(&self) -> String {
        let Self { marked, missed, number, most, seed, .. } = self;
        format!(
            "seed {seed}: of {number} comparisons of equal systems {} mark a best one (SEED {marked:?}); of {number} with a \
             difference of 10 %, {} do not mark the better one (SEED {missed:?}). Without a difference: middleware compare --vary \
             BALANCER=R,HASH {} --max-replications {most}",
            marked.len(),
            missed.len(),
            flags("SEED")
        )
    }
}

/// The settings of a comparison with this SEED.
fn flags(seed: &str) -> String {
    let gap_ns = SERVICE_NS as f64 / UTILIZATION / f64::from(WORKERS);
    format!("--workers {WORKERS} --concurrency 1 --inter-arrival {gap_ns}ns --samples {SAMPLES} --seed {seed}")
}

/// The place of the trial that is marked as the best, R or HASH, where workers under HASH have this `speed`, in at most `most`
/// replications.
fn best(bench: &Bench, seed: u64, speed: &str, most: u32) -> Option<usize> {
    let of = |flags: &str| Trial::new(bench.scenario(&settings(flags), WORKERS, 0));
    let flags = flags(&seed.to_string());
    let mut trials = [of(&format!("{flags} --balancer R")), of(&format!("{flags} --balancer HASH --speeds {speed}"))];
    let reporter = Recording::default();
    let sources = vec![source(&settings(&flags))];
    let mut study = Study::new(sources, vec![Metric::Mean(Times::Delay)], most, &bench.executor, &reporter);
    let compared = compare(&mut study, &mut trials, &[vec![0, 1]], &mut |_, _, _| Ok(())).unwrap();
    assert!(compared.iter().all(|one| one.value.is_some()));
    compared.iter().position(|one| one.is_best)
}

#[test]
fn slower_workers_have_a_delay_that_is_10_per_cent_longer() {
    let service = 1.0 / SLOWER.parse::<f64>().unwrap();
    let delay = |service: f64| service * mg1_delay(UTILIZATION * service, 1.0);
    assert!((delay(service) / delay(1.0) - 1.1).abs() < 1e-5, "{}", delay(service));
}

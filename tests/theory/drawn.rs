//! The plans that are made to be marked (`plans`), drawn from a seed: their settings, their limits, and how long they simulate.

use random::streams::Streams;

use super::decisions::SERVICE_NS;
use super::formulas::{Mmc, erlang_arrivals, gim1_response_above, mmck, quantile};

/// The share of requests above p99.
const ABOVE: f64 = 0.01;

/// The warm-up of a replication, in relaxation times. An empty start takes the misses of at most 1.2 relaxation times from a
/// replication, of which e⁻³ are left after three: 0.1 % of the misses in `MEASURED`. A p99 that is 5 % lower has 20 % fewer misses.
const WARM_UP: f64 = 3.0;

/// What a replication measures, in relaxation times. The share of misses, 0.01, has a variance of at most 100 times its square in
/// one relaxation time, so a standard error of 7 % in 320 replications of 60. With a p99 of 0.94 x, 24 % fewer requests than are
/// allowed miss x, which is nearly always found: 2.7 standard errors are the interval.
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
pub(super) struct Asked {
    is_rr: bool,
    /// The interarrival time \[ns\].
    gap_ns: u64,
    limit_ns: u64,
    seed: u64,
    pub(super) samples: u64,
    pub(super) warm_up_ns: u64,
}

impl Asked {
    /// Plan number `number` under `seed`.
    pub(super) fn draw(range: Range, seed: u64, number: u32) -> Self {
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
    pub(super) fn flags(&self) -> String {
        let Self { is_rr, gap_ns, seed, samples, .. } = self;
        let policy = if *is_rr { "RR" } else { "LW" };
        format!("--balancer {policy} --concurrency 1 --inter-arrival {gap_ns}ns --samples {samples} --seed {seed}")
    }

    pub(super) fn objective(&self) -> String {
        format!("p99 response < {}ns", self.limit_ns)
    }

    /// p99 of the response with so many workers by theory, in parts of the limit; infinite, if they are overloaded.
    pub(super) fn p99(&self, workers: u32) -> f64 {
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
}

/// The relaxation time of the slowest system that holds x = `times` · p99 of the service times at the offered load `load`, in
/// service times: the spare capacity of M/M/c is c − a ≥ 1 / `times`, since responses decay at this rate, and its
/// relaxation time is (√c + √a)² / (c − a)² (Cohen, "The single server queue", 1982). A worker behind RR has less: E_N/M/1 with the
/// decay 1 / `times` has 8 · `times`² at most, by its diffusion approximation.
fn relaxation(load: f64, times: f64) -> f64 {
    4.0 * (load + 1.0 / times).max(2.0) * times * times
}

/// Misses are taken as the times at which a birth-death process, the number in system, is at least at a level. With the deviations
/// S(j) = Σ (f(i) − f)·p(i) over i ≤ j of the indicator f(i), its asymptotic variance is 2 Σ S(j)² / (λ·p(j)) (Whitt, "Asymptotic
/// formulas for Markov processes with applications to simulation", 1992), and the solution h of Poisson's equation has the
/// differences −S(j) / (λ·p(j)). h(0) is what an empty start adds.
#[test]
fn misses_vary_and_lack_at_the_start_as_lengths_assume() {
    for servers in [2, 4, 8] {
        for times in [1.05, 2.0, 3.0] {
            let load = f64::from(servers) - 1.0 / times;
            let shares = mmck(load, servers, (30.0 * times) as u32 * servers);
            // The lowest level with a share of at most 0.01.
            let above = |level: usize| shares[level..].iter().sum::<f64>();
            let level = (0..).find(|&level| above(level) <= ABOVE).unwrap();
            let share = above(level);
            let (mut deviation, mut variance, mut solution, mut start) = (0.0, 0.0, 0.0, 0.0);
            for (number, &p) in shares.iter().enumerate().take_while(|(_, p)| **p > 1e-10) {
                start -= solution * p;
                deviation += (f64::from(u8::from(number >= level)) - share) * p;
                variance += 2.0 * deviation * deviation / (load * p);
                solution -= deviation / (load * p);
            }
            let relaxation = relaxation(load, times);
            let [variance, start] = [variance / share / share, start / share].map(|one| one / relaxation);
            assert!(variance > 40.0 && variance < 100.0, "{servers}, {times}: {variance}");
            assert!(start < -0.7 && start > -1.2, "{servers}, {times}: {start}");
        }
    }
}

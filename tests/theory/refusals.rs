//! Runs that must not have intervals, because parts of them differ for another reason than chance, or because they are too
//! short: their reports have the reason.

use std::f64::consts::TAU;

use measure::interval::{Interval, Intervals};
use measure::{Figures, Measured, Randomness};
use random::demand::Demands;
use random::exponential;
use random::rate_curve::{CurveClock, RateCurve};
use random::streams::Streams;

use super::measured::{SERVICE_NS, figures, measure};
use super::service::Service;

/// A trace whose arrivals are not known to be random, and demands that are sampled.
const SAMPLED_DEMANDS: Randomness =
    Randomness { arrivals: false, demands: true, model: false, policy: false, rate_changes: false };

/// A run with lognormal demands, at the mean load `load`; the rate of arrivals is constant, or follows a day so many times.
fn run(seed: u64, requests: u64, load: f64, days: Option<u32>) -> Measured {
    const STEPS: u64 = 1440;
    let mean_ns = (SERVICE_NS as f64 / load).round() as u64;
    let curve = days.map(|days| {
        let step_ns = requests * mean_ns / u64::from(days) / STEPS;
        let rate = |step: u64| 1.0 + 0.8 * (TAU * (step as f64 + 0.5) / STEPS as f64).sin();
        let points: Vec<(u64, f64)> = (0..STEPS).map(|step| (step * step_ns, rate(step))).collect();
        RateCurve::new(&points, Some(STEPS * step_ns)).unwrap()
    });
    let mut arrivals = Streams::new(seed, "interarrival").of(0);
    let demands = Demands::new(SERVICE_NS, Service::Lognormal(1.5).setting(SERVICE_NS), seed);
    let (mut clock, mut operational) = (CurveClock::default(), 0);
    measure(requests, |id| {
        operational += u128::from(exponential::sample(&mut arrivals)) * u128::from(mean_ns);
        let time = curve.as_ref().map_or(operational, |curve| clock.time_of(curve, operational));
        ((time >> exponential::FRACTION_BITS) as u64, demands.sample(id))
    })
}

/// The reasons of the mean response and of the mean number in system; None if one has an interval.
fn reasons(figures: &Figures) -> Option<[String; 2]> {
    let reason = |interval: &Interval| match interval {
        Interval::Unknown { reason } => Some(reason.clone()),
        Interval::Known { .. } => None,
    };
    match &figures.intervals {
        Intervals::None { reason } => Some([reason.clone(), reason.clone()]),
        Intervals::Each(each) => {
            Some([reason(&each.average_response_time_ns)?, reason(&each.average_number_in_system)?])
        }
    }
}

/// `runs` runs with different seeds refuse both intervals for a reason with the words `words`.
fn all_are_refused(runs: u64, requests: u64, load: f64, days: Option<u32>, words: &str) {
    for seed in 0..runs {
        let reasons = reasons(&figures(&run(seed, requests, load, days), SAMPLED_DEMANDS));
        let is_reason = |reasons: &[String; 2]| reasons.iter().all(|reason| reason.contains(words));
        assert!(
            reasons.as_ref().is_some_and(is_reason),
            "seed {seed}, {requests} requests at {load}, days {days:?}: {reasons:?}"
        );
    }
}

/// At noon the load is 0.9. Demands vary so much that chance may hide the day in a run that is ten times shorter.
#[test]
fn a_rate_that_follows_a_day_gives_no_interval() {
    all_are_refused(20, 100_000, 0.5, Some(1), "not stationary");
    all_are_refused(20, 100_000, 0.5, Some(7), "not stationary");
}

#[test]
fn an_overloaded_queue_gives_no_interval() {
    all_are_refused(20, 100_000, 1.2, None, "overloaded");
}

#[test]
fn a_short_run_gives_no_interval() {
    all_are_refused(20, 200, 0.5, None, "too short");
    all_are_refused(20, 10_000, 0.9, None, "too short");
}

/// At a constant rate, the same demands give intervals: there is no other reason for the refusals. Some runs in a hundred
/// are refused by chance.
#[test]
fn a_constant_rate_gives_intervals() {
    for (runs, requests) in [(20, 100_000), (5, 1_000_000)] {
        let gives = |seed: &u64| reasons(&figures(&run(*seed, requests, 0.5, None), SAMPLED_DEMANDS)).is_none();
        let given = (0..runs).filter(gives).count() as u64;
        assert!(given >= runs - 1, "{requests} requests: {given} of {runs}");
    }
}

use proptest::prelude::*;

use super::*;
use crate::evaluation::evaluate;
use crate::{End, Evaluation, Kind, Measured, Measurement};

const ARRIVALS: Randomness =
    Randomness { arrivals: true, demands: true, model: false, policy: false, rate_changes: false };

/// Exponential samples with mean 1, not very random, from a counter.
fn samples(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let unit = ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64;
        -libm::log(1.0 - unit)
    }
}

/// A single server with mean service time 1 µs, and `number` requests; `rate(t)` is the rate of arrivals at time t \[1/µs\].
fn queue(number: u64, seed: u64, rate: impl Fn(f64) -> f64) -> Measured {
    let mut sample = samples(seed);
    let mut measurement = Measurement::new(1, 0);
    let (mut now, mut free) = (0.0, 0u64);
    for _ in 0..number {
        now += sample() / rate(now);
        let (arrival, service) = ((now * 1000.0) as u64, (sample() * 1000.0) as u64);
        let start = arrival.max(free);
        free = start + service;
        measurement.all.tally.counts.offered += 1;
        measurement.end(Kind::default(), arrival, End::Completed { start, finish: free, service });
    }
    measurement.close(free);
    let (course, classes, _) = measurement.finish();
    Measured { windows: course.windows, classes, ..Measured::of_sums(course.tally) }
}

fn figures(replications: &[Measured], randomness: Randomness) -> Figures {
    let evaluation = Evaluation { randomness, ..Evaluation::default() };
    let workers: Vec<Vec<&Measured>> = replications.iter().map(|measured| vec![measured]).collect();
    evaluate(&workers, &[1], 0, false, true, evaluation).figures
}

fn reason(figures: &Figures) -> String {
    match &figures.intervals {
        Intervals::None { reason } => reason.clone(),
        Intervals::Each(each) => match &each.average_response_time_ns {
            Interval::Unknown { reason } => reason.clone(),
            Interval::Known { .. } => "it has an interval".to_owned(),
        },
    }
}

#[test]
fn a_stationary_queue_has_intervals() {
    let figures = figures(&[queue(200_000, 1, |_| 0.5)], ARRIVALS);
    let each = figures.intervals.each().unwrap();
    let about = |interval: &Interval, expected: f64| {
        let half = interval.half_width().unwrap();
        // Its own error is about a sixth.
        assert!((0.5..2.0).contains(&(half / expected)), "{interval:?}, {expected}");
    };
    // Whitt ("Planning queueing simulations", 1989): the asymptotic variance of the delay, 29 squared service times a request.
    about(&each.average_delay_in_queue_ns, 1960.0 * (29.0f64 / 200_000.0).sqrt());
    // The busy time has the variance 2 · load a request.
    about(&each.server_utilization, 1.96 * (2.0 * 0.5 * 0.5 * 0.5f64 / 200_000.0).sqrt());
    let p90 = &each.response_time[&Percentile::DEFAULT[1]];
    assert!(matches!(p90, Interval::Known { method: Method::BatchMeans, n: 20, .. }), "{p90:?}");
    assert!(p90.half_width().unwrap() > each.average_response_time_ns.half_width().unwrap());
    let lost = &each.rejected_share;
    assert!(matches!(lost, Interval::Unknown { reason } if reason.contains("too few")), "{lost:?}");
}

#[test]
fn what_is_not_stationary_or_too_short_has_the_reason() {
    let why = |measured: Measured| reason(&figures(&[measured], ARRIVALS));
    assert_eq!(why(queue(200_000, 1, |_| 0.5)), "it has an interval");
    assert!(why(queue(200, 2, |_| 0.5)).contains("fewer than 1000 requests"));
    assert!(why(queue(10_000, 3, |_| 0.9)).contains("too short: it lasts"));
    assert!(why(queue(100_000, 4, |_| 1.2)).contains("overloaded"));
    let day = |days: f64| move |time: f64| 0.5 + 0.4 * libm::sin(time / 200_000.0 * days * std::f64::consts::TAU);
    for days in [1.0, 7.0, 20.0] {
        assert!(why(queue(100_000, 5, day(days))).contains("the rate of arrivals changes"), "{days}");
    }
}

#[test]
fn what_is_random_decides() {
    let measured = [queue(20_000, 1, |_| 0.5)];
    let why = |randomness| reason(&figures(&measured, randomness));
    let none = Randomness::default();
    assert!(why(none).contains("nothing is random"));
    assert!(why(Randomness { policy: true, ..none }).contains("--replications"));
    assert!(why(Randomness { model: true, ..none }).contains("--replications"));
    assert!(why(Randomness { rate_changes: true, ..ARRIVALS }).contains("ARRIVALS is not constant"));
    assert_eq!(why(Randomness { demands: true, ..none }), "it has an interval");
}

#[test]
fn replications_are_independent_observations() {
    let runs: Vec<Measured> = (0..8).map(|seed| queue(5000, seed, |_| 0.5)).collect();
    let all = figures(&runs, Randomness::default());
    let means: Vec<f64> =
        runs.iter().map(|run| figures(std::slice::from_ref(run), ARRIVALS).average_response_time_ns.unwrap()).collect();
    let mean = means.iter().sum::<f64>() / 8.0;
    let deviation = (means.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / 7.0).sqrt();
    let each = all.intervals.each().unwrap();
    let half = each.average_response_time_ns.half_width().unwrap();
    // Student's quantile for 7 degrees of freedom.
    assert!((half / (2.364_6 * deviation / 8f64.sqrt()) - 1.0).abs() < 0.001, "{half}");
    let p99 = &each.response_time[&Percentile::P99];
    assert!(matches!(p99, Interval::Known { method: Method::Replications, n: 8, .. }), "{p99:?}");
}

#[test]
fn a_run_drains_as_its_workers_do() {
    let drain = |time_ns, weight, is_overloaded| Drain { time_ns, weight, is_overloaded };
    let run = Drain::of_run(&[drain(10.0, 1.0, false), drain(40.0, 2.0, false), drain(f64::NAN, 0.0, true)]);
    assert_eq!((run.time_ns, run.is_overloaded), (30.0, false));
    assert!(Drain::of_run(&[drain(10.0, 1.0, false), drain(40.0, 2.0, true)]).is_overloaded);
    assert_eq!(Drain::of_run(&[]).time_ns, 0.0);
    // 10 in the system, mean service time 2, two servers that are busy 3/4 of the time: 20 / (2 · 1/4).
    let mut tally = Tally { end_ns: 100, service_sum_ns: 150, system_area_ns: 1000, started: 75, ..Tally::default() };
    assert_eq!(Drain::of_worker(&tally, 2, 100).time_ns, 40.0);
    // 25 lost requests of 2 ns relieve it by another quarter of its two servers.
    tally.counts.rejected = 25;
    assert_eq!(Drain::of_worker(&tally, 2, 100).time_ns, 20.0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 50, ..ProptestConfig::default() })]

    #[test]
    fn batches_have_all_cells_once(cells in 8usize..200, number in 1usize..20) {
        let number = number.min(cells);
        let measured = queue(cells as u64 * 40, 1, |_| 0.5);
        let cells = Cells::of(&measured.windows, 0);
        if cells.len() >= number {
            let batches = cells.batches(number);
            prop_assert_eq!(batches.len(), number);
            prop_assert_eq!(sum(&batches).arrived, sum(&cells.batches(1)).arrived);
        }
    }
}

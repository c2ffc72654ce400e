//! Interarrival times of the generator against their distributions.

use std::f64::consts::SQRT_2;

use random::distribution::Distribution;
use random::testing::{assert_follows, mean, variation};
use random::truncated_normal::TruncatedNormal;

use crate::testing::{interarrivals, trace};

/// Mean and variation are within 4 standard deviations of the expected values. The standard deviation of a sample's
/// variation is cv·√(k/n), with k below 3 for all distributions here.
fn assert_moments(what: &str, interarrivals: &[f64], cv: f64) {
    let n = interarrivals.len() as f64;
    let (mean, variation) = (mean(interarrivals), variation(interarrivals));
    assert!((mean - 1.0).abs() < 4.0 * cv / n.sqrt() + 1e-9, "{what}: mean {mean}");
    assert!((variation - cv).abs() < 4.0 * cv * (3.0 / n).sqrt() + 1e-9, "{what}: variation {variation}");
}

#[test]
fn uniform_interarrival_times() {
    let interarrivals = interarrivals(&[("DISTRIBUTION", "1")]);
    assert!(interarrivals.iter().all(|interarrival| (0.0..2.0).contains(interarrival)));
    assert_moments("uniform", &interarrivals, (1.0f64 / 3.0).sqrt());
    assert_follows("uniform", interarrivals, |x| x / 2.0);
}

#[test]
fn exponential_interarrival_times() {
    let interarrivals = interarrivals(&[("DISTRIBUTION", "2")]);
    assert_moments("exponential", &interarrivals, 1.0);
    assert_follows("exponential", interarrivals, |x| 1.0 - (-x).exp());
}

#[test]
fn deterministic_interarrival_times() {
    assert!(interarrivals(&[("DISTRIBUTION", "deterministic")]).iter().all(|&interarrival| interarrival == 1.0));
}

/// P(Z > z).
fn above(z: f64) -> f64 {
    libm::erfc(z / SQRT_2) / 2.0
}

#[test]
fn normal_interarrival_times() {
    for (stdev, cv) in [("0.4", 0.05), ("1.6", 0.2), ("4", 0.5), ("7.2", 0.9), ("7.92", 0.99)] {
        let what = format!("normal, variation {cv}");
        let distribution = TruncatedNormal::new(cv);
        let interarrivals = interarrivals(&[("DISTRIBUTION", "3"), ("MEAN", "8"), ("STDEV", stdev)]);
        assert_moments(&what, &interarrivals, cv);
        assert_follows(&what, interarrivals, |x| {
            1.0 - above(distribution.cut + x / distribution.scale) / above(distribution.cut)
        });
    }
}

#[test]
fn normal_interarrival_times_at_the_limits_of_variation() {
    assert!(
        interarrivals(&[("DISTRIBUTION", "normal"), ("STDEV", "0")]).iter().all(|&interarrival| interarrival == 1.0)
    );
    let interarrivals = interarrivals(&[("DISTRIBUTION", "normal"), ("MEAN", "8"), ("STDEV", "8")]);
    assert_follows("normal, variation 1", interarrivals, |x| 1.0 - (-x).exp());
    assert!(Distribution::normal(1.0 + f64::EPSILON).is_err());
}

#[test]
fn no_fraction_of_a_nanosecond_is_lost() {
    let n = 1_000_000u32;
    for (distribution, cv) in [("uniform", 0.58), ("poisson", 1.0), ("normal", 0.5)] {
        let trace = trace(&[("DISTRIBUTION", distribution), ("INTER_ARRIVAL", "1ns"), ("SAMPLES", &n.to_string())]);
        let (n, last) = (f64::from(n), trace[trace.len() - 1].arrival_ns as f64);
        assert!((last - n).abs() < 4.0 * cv * n.sqrt(), "{distribution}: {last}");
    }
}

#[test]
fn clients_start_at_independent_times() {
    let clients = 2000;
    let first = |distribution: &str| {
        let requests =
            trace(&[("DISTRIBUTION", distribution), ("CONCURRENCY", &clients.to_string()), ("SAMPLES", "100000")]);
        let mut first = vec![None; clients];
        for request in requests {
            first[request.client as usize].get_or_insert(request.arrival_ns as f64 / 1e7);
        }
        first.into_iter().map(|arrival| arrival.expect("every client arrived")).collect::<Vec<f64>>()
    };
    assert_follows("deterministic", first("deterministic"), |x| x);
    // The smaller one of two ordinary interarrival times.
    assert_follows("uniform", first("uniform"), |x| 1.0 - (1.0 - x / 2.0).powi(2));
    assert_follows("exponential", first("poisson"), |x| 1.0 - (-x).exp());
}

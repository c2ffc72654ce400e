//! Interarrival times as the generator makes them, against their distributions.

use std::f64::consts::SQRT_2;

use random::law::Law;
use random::testing::{assert_follows, mean, variation};
use random::truncated_normal::TruncatedNormal;

use crate::testing::{gaps, trace};

/// Mean and variation within 4 deviations of what they must be. A law's variation is that of its sample up to
/// √(k/n), with k below 3 for all laws here.
fn assert_moments(what: &str, gaps: &[f64], cv: f64) {
    let n = gaps.len() as f64;
    let (mean, variation) = (mean(gaps), variation(gaps));
    assert!((mean - 1.0).abs() < 4.0 * cv / n.sqrt() + 1e-9, "{what}: mean {mean}");
    assert!((variation - cv).abs() < 4.0 * cv * (3.0 / n).sqrt() + 1e-9, "{what}: variation {variation}");
}

#[test]
fn uniform_gaps() {
    let gaps = gaps(&[("DISTRIBUTION", "1")]);
    assert!(gaps.iter().all(|gap| (0.0..2.0).contains(gap)));
    assert_moments("uniform", &gaps, (1.0f64 / 3.0).sqrt());
    assert_follows("uniform", gaps, |x| x / 2.0);
}

#[test]
fn exponential_gaps() {
    let gaps = gaps(&[("DISTRIBUTION", "2")]);
    assert_moments("exponential", &gaps, 1.0);
    assert_follows("exponential", gaps, |x| 1.0 - (-x).exp());
}

#[test]
fn deterministic_gaps() {
    assert!(gaps(&[("DISTRIBUTION", "deterministic")]).iter().all(|&gap| gap == 1.0));
}

/// P(Z > z).
fn above(z: f64) -> f64 {
    libm::erfc(z / SQRT_2) / 2.0
}

#[test]
fn normal_gaps() {
    for (stdev, cv) in [("0.4", 0.05), ("1.6", 0.2), ("4", 0.5), ("7.2", 0.9), ("7.92", 0.99)] {
        let what = format!("normal, variation {cv}");
        let law = TruncatedNormal::new(cv);
        let gaps = gaps(&[("DISTRIBUTION", "3"), ("MEAN", "8"), ("STDEV", stdev)]);
        assert_moments(&what, &gaps, cv);
        assert_follows(&what, gaps, |x| 1.0 - above(law.cut + x / law.scale) / above(law.cut));
    }
}

#[test]
fn normal_gaps_at_the_limits_of_variation() {
    assert!(gaps(&[("DISTRIBUTION", "normal"), ("STDEV", "0")]).iter().all(|&gap| gap == 1.0));
    let gaps = gaps(&[("DISTRIBUTION", "normal"), ("MEAN", "8"), ("STDEV", "8")]);
    assert_follows("normal, variation 1", gaps, |x| 1.0 - (-x).exp());
    assert!(Law::normal(1.0 + f64::EPSILON).is_err());
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
fn clients_do_not_start_in_step() {
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
    // The smaller one of two ordinary gaps.
    assert_follows("uniform", first("uniform"), |x| 1.0 - (1.0 - x / 2.0).powi(2));
    assert_follows("exponential", first("poisson"), |x| 1.0 - (-x).exp());
}

//! Traces are stationary from their start: a client's first interarrival time follows the equilibrium distribution of its
//! distribution, whose density is P(X > x) where the mean is 1, and the rate from the first moment on is the one asked for.

use random::streams::Streams;

use crate::tail_tests::{Above, above, distribution};
use crate::testing::trace;
use random::distribution::Distribution;
use random::testing::assert_follows_within;
use random::truncated_normal::TruncatedNormal;
use random::{gamma::Gamma, lognormal::Lognormal, pareto::Pareto, weibull::Weibull};

/// The equilibrium distribution of the distribution that exceeds x with probability `above(x)`: ∫₀ˣ P(X > y) dy by the trapezoidal
/// rule over ln y. Beyond the last point it is 1.
fn equilibrium(above: Above) -> impl Fn(f64) -> f64 {
    let (start, end, steps) = (1e-13f64.ln(), 1e17f64.ln(), 140_000);
    let width = (end - start) / f64::from(steps);
    let (mut sum, mut last) = (1e-13, 1e-13);
    let mut distribution = vec![sum];
    for step in 1..=steps {
        let x = (start + f64::from(step) * width).exp();
        let density = if sum > 1.0 - 1e-12 { 0.0 } else { x * above(x) };
        sum += (last + density) * width / 2.0;
        last = density;
        distribution.push(sum);
    }
    move |x: f64| {
        let place = (x.max(1e-13).ln() - start) / width;
        let (low, part) = (place as usize, place.fract());
        if low + 1 >= distribution.len() {
            return 1.0;
        }
        (distribution[low] * (1.0 - part) + distribution[low + 1] * part).min(1.0)
    }
}

fn normal_above(cv: f64) -> Above {
    let distribution = TruncatedNormal::new(cv);
    let above = |z: f64| libm::erfc(z / std::f64::consts::SQRT_2);
    Box::new(move |x| above(distribution.cut + x / distribution.scale) / above(distribution.cut))
}

#[test]
fn first_interarrival_times_are_equilibrium_ones() {
    let mut distributions: Vec<(String, Distribution, Above)> = vec![
        ("uniform".to_owned(), Distribution::Uniform, Box::new(|x| (1.0 - x / 2.0).max(0.0))),
        ("deterministic".to_owned(), Distribution::Constant, Box::new(|x| f64::from(u8::from(x < 1.0)))),
        ("exponential".to_owned(), Distribution::Exponential, Box::new(|x| (-x).exp())),
    ];
    // The cut is above the normal distribution's mean from 0.756 on.
    for cv in [1e-9, 0.05, 0.5, 0.7, 0.7555, 0.7556, 0.8, 0.95, 0.99] {
        distributions.push((format!("normal, variation {cv}"), Distribution::normal(cv).unwrap(), normal_above(cv)));
    }
    let most =
        [("lognormal", Lognormal::MOST), ("gamma", Gamma::MOST), ("weibull", Weibull::MOST), ("pareto", Pareto::MOST)];
    for (family, most) in most {
        for cv in [1e-9, 0.05, 0.5, 0.9, 1.2, 2.0, most] {
            distributions.push((format!("{family}, variation {cv}"), distribution(family, cv), above(family, cv)));
        }
    }
    for (what, distribution, above) in distributions {
        let mut stream = Streams::new(16, "test").of(0);
        let samples: Vec<f64> =
            (0..200_000).map(|_| Distribution::in_means(distribution.sample_first(&mut stream))).collect();
        let equilibrium = equilibrium(above);
        assert_follows_within(&what, 1e-14, samples, equilibrium);
    }
}

/// Student's statistic of as many requests in the first `time_ns` as `expected` of each of `clients` in the mean: clients
/// are independent and alike, so that their counts tell how far their mean may be off.
fn deviations(arrivals: &[(u64, u32)], clients: usize, time_ns: u64, expected: f64) -> f64 {
    let mut counts = vec![0.0; clients];
    arrivals.iter().filter(|(ns, _)| *ns < time_ns).for_each(|(_, client)| counts[*client as usize] += 1.0);
    let n = clients as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / (n - 1.0);
    (mean - expected) / (variance / n).sqrt()
}

#[test]
fn the_rate_is_the_one_asked_for_from_the_first_moment_on() {
    // 36 counts of correct distributions all lie within 4.2 deviations but once in a thousand seeds.
    let cases = [
        ("uniform", "0"),
        ("poisson", "0"),
        ("deterministic", "0"),
        ("normal", "0.8"),
        ("normal", "4"),
        ("normal", "7.2"),
        ("lognormal", "4"),
        ("lognormal", "16"),
        ("lognormal", "64"),
        ("gamma", "4"),
        ("gamma", "16"),
        ("gamma", "64"),
        ("weibull", "4"),
        ("weibull", "16"),
        ("weibull", "64"),
        ("pareto", "2"),
        ("pareto", "8"),
        ("pareto", "20"),
    ];
    let (clients, gap_ns) = (50_000, 300_000_000);
    for (distribution, stdev) in cases {
        let requests = trace(&[
            ("DISTRIBUTION", distribution),
            ("STDEV", stdev),
            ("CONCURRENCY", &clients.to_string()),
            ("INTER_ARRIVAL", "300ms"),
            ("SAMPLES", "250000"),
        ]);
        let arrivals: Vec<_> = requests.iter().map(|request| (request.arrival_ns, request.client)).collect();
        assert!(arrivals.last().is_some_and(|(ns, _)| *ns > 1_000_000_000), "{distribution} {stdev}: too few requests");
        for time_ns in [gap_ns / 10, 1_000_000_000] {
            let expected = time_ns as f64 / gap_ns as f64;
            let off = deviations(&arrivals, clients, time_ns, expected);
            assert!(
                off.abs() < 4.2,
                "{distribution}, deviation {stdev}: the first {time_ns} ns are {off} deviations off"
            );
        }
    }
}

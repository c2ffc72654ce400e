//! Traces are stationary from their start. A client's first interarrival time follows the equilibrium distribution,
//! whose density is P(X > x) if the mean is 1, and the arrival rate is as requested from the first instant.

use random::streams::Streams;

use crate::tail_tests::{Above, above, distribution};
use crate::testing::trace;
use random::distribution::Distribution;
use random::testing::assert_follows_within;
use random::truncated_normal::TruncatedNormal;
use random::{gamma::Gamma, lognormal::Lognormal, pareto::Pareto, weibull::Weibull};

/// The equilibrium distribution of the distribution with P(X > x) = `above(x)`: ∫₀ˣ P(X > y) dy by the trapezoidal rule
/// over ln y. Beyond the last point it is 1.
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
fn first_interarrival_times_follow_the_equilibrium_distribution() {
    let mut distributions: Vec<(String, Distribution, Above)> = vec![
        ("uniform".to_owned(), Distribution::Uniform, Box::new(|x| (1.0 - x / 2.0).max(0.0))),
        ("deterministic".to_owned(), Distribution::Constant, Box::new(|x| f64::from(u8::from(x < 1.0)))),
        ("exponential".to_owned(), Distribution::Exponential, Box::new(|x| (-x).exp())),
    ];
    // From a variation of 0.756 on, the cut is above the mean of the normal distribution.
    for cv in [1e-9, 0.05, 0.5, 0.7, 0.7555, 0.7556, 0.8, 0.95, 0.99] {
        distributions.push((format!("normal, variation {cv}"), Distribution::normal(cv).unwrap(), normal_above(cv)));
    }
    let most = [
        ("lognormal", Lognormal::MAX_CV),
        ("gamma", Gamma::MAX_CV),
        ("weibull", Weibull::MAX_CV),
        ("pareto", Pareto::MAX_CV),
    ];
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

/// Student's t statistic of the number of arrivals in the first `time_ns`, if `expected` is its mean for each of
/// `clients`. Clients are independent and identically distributed, so their counts give the standard error.
fn deviations(arrivals: &[(u64, u32)], clients: usize, time_ns: u64, expected: f64) -> f64 {
    let mut counts = vec![0.0; clients];
    arrivals.iter().filter(|(ns, _)| *ns < time_ns).for_each(|(_, client)| counts[*client as usize] += 1.0);
    let n = clients as f64;
    let mean = counts.iter().sum::<f64>() / n;
    let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / (n - 1.0);
    (mean - expected) / (variance / n).sqrt()
}

#[test]
fn the_rate_is_as_requested_from_the_first_instant() {
    // For correct distributions, all 36 counts are within 4.2 standard deviations except for one seed in a thousand.
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
                "{distribution}, STDEV {stdev}: the first {time_ns} ns are {off} standard deviations off"
            );
        }
    }
}

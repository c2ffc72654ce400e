//! Bursts against theory: the variance of counts in windows, for all time scales.

use contract::Request;
use random::bounded_pareto::BoundedPareto;

use crate::testing::trace;

const CLIENTS: usize = 2000;

/// Of the counts in windows of `window_ns`, the first `windows` of the trace: mean square deviation from `mean`, and its
/// standard error. Clients are independent, so that their averages give it.
fn variance(requests: &[Request], window_ns: u64, windows: usize, mean: f64) -> (f64, f64) {
    let end_ns = window_ns * windows as u64;
    assert!(requests[requests.len() - 1].arrival_ns > end_ns, "too few requests");
    let mut counts = vec![0.0f64; CLIENTS * windows];
    for request in requests.iter().filter(|request| request.arrival_ns < end_ns) {
        counts[request.client as usize * windows + (request.arrival_ns / window_ns) as usize] += 1.0;
    }
    let square = |count: &f64| (count - mean) * (count - mean);
    let of_clients: Vec<f64> =
        counts.chunks(windows).map(|counts| counts.iter().map(square).sum::<f64>() / windows as f64).collect();
    let n = of_clients.len() as f64;
    let average = of_clients.iter().sum::<f64>() / n;
    let spread = of_clients.iter().map(|of| (of - average) * (of - average)).sum::<f64>() / (n - 1.0);
    (average, (spread / n).sqrt())
}

/// The requests of 2000 clients with a mean interarrival time of 10 ms, for about `seconds`.
fn requests(arrivals: &str, seconds: f64) -> Vec<Request> {
    let samples = (seconds * 100.0 * CLIENTS as f64).round().to_string();
    trace(&[("ARRIVALS", arrivals), ("CONCURRENCY", &CLIENTS.to_string()), ("SAMPLES", &samples)])
}

/// The rate is as requested from the first instant.
fn assert_rate(arrivals: &str, requests: &[Request]) {
    for window_ns in [1_000_000, 500_000_000] {
        let mut counts = vec![0.0f64; CLIENTS];
        let early = requests.iter().filter(|request| request.arrival_ns < window_ns);
        early.for_each(|request| counts[request.client as usize] += 1.0);
        let n = CLIENTS as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / (n - 1.0);
        let off = (mean - window_ns as f64 / 1e7) / (variance / n).sqrt();
        assert!(off.abs() < 4.2, "{arrivals}: the first {window_ns} ns are {off} standard deviations off");
    }
}

/// The index of dispersion of a Markov-modulated Poisson process with two states (Fischer, Meier-Hellstern 1993): 1 + 2λc²τ·(1
/// − τ/t·(1 − e^(−t/τ))), with the rate λ, the squared coefficient of variation c² of the rate, and 1/τ = 1/HIGH + 1/LOW.
#[test]
fn markov_modulated_processes_have_their_index_of_dispersion() {
    let cases = [
        ("mmpp:10,50ms,200ms", 10.0, 0.05, 0.2),
        ("mmpp:3,400ms,100ms", 3.0, 0.4, 0.1),
        ("mmpp:1,50ms,50ms", 1.0, 0.05, 0.05),
        ("onoff:30ms,90ms", f64::INFINITY, 0.03, 0.09),
    ];
    for (arrivals, ratio, high, low) in cases {
        let requests = requests(arrivals, 3.5);
        assert_rate(arrivals, &requests);
        let share = high / (high + low);
        let (low_rate, high_rate) = if f64::is_finite(ratio) {
            (1.0 / (1.0 - share + share * ratio), ratio / (1.0 - share + share * ratio))
        } else {
            (0.0, 1.0 / share)
        };
        let variation = share * (1.0 - share) * (high_rate - low_rate) * (high_rate - low_rate);
        let tau = high * low / (high + low);
        for (window, windows) in [(0.005, 600), (0.05, 60), (0.5, 6), (3.0, 1)] {
            let dispersion =
                1.0 + 2.0 * 100.0 * variation * tau * (1.0 - tau / window * (1.0 - f64::exp(-window / tau)));
            let mean = window * 100.0;
            let (measured, error) = variance(&requests, (window * 1e9) as u64, windows, mean);
            let off = (measured - dispersion * mean) / error;
            assert!(
                off.abs() < 4.0 && error < 0.1 * measured,
                "{arrivals}, {window} s: {measured}, {} ± {error}",
                dispersion * mean
            );
        }
    }
}

/// The autocovariance at 0, `step`, 2·`step` … of a process that is 1 and −1 for alternating periods of `periods`: the mean of
/// (−1)^(number of changes). It follows from two renewal equations, first for a time with a change at 0 and then for any
/// time, with the distribution of the rest of a period.
fn autocovariance(
    periods: &BoundedPareto,
    shortest: f64,
    longest: f64,
    tail: f64,
    step: f64,
    count: usize,
) -> Vec<f64> {
    let mean = periods.mean();
    let below = |x: f64| 1.0 - periods.above(x);
    let cut = (shortest / longest).powf(tail);
    let rest_below = |x: f64| {
        let power = |x: f64| shortest / (tail - 1.0) * (1.0 - (x / shortest).powf(1.0 - tail));
        if x < shortest { x / mean } else { (shortest + (power(x) - cut * (x - shortest)) / (1.0 - cut)) / mean }
    };
    let solve = |below: &dyn Fn(f64) -> f64, after: Option<&[f64]>| {
        let mass = |k: usize| below((k as f64 + 0.5) * step) - below(((k as f64 - 0.5) * step).max(0.0));
        let masses: Vec<f64> = (0..count).map(mass).collect();
        let mut solution: Vec<f64> = Vec::with_capacity(count);
        for at in 0..count {
            let past =
                |k: usize| after.map_or_else(|| if k == 0 { 0.0 } else { solution[at - k] }, |after| after[at - k]);
            let changed: f64 = (0..=at).map(|k| masses[k] * past(k)).sum();
            solution.push(1.0 - below(at as f64 * step) - changed);
        }
        solution
    };
    let from_a_change = solve(&below, None);
    solve(&rest_below, Some(&from_a_change))
}

#[test]
fn self_similar_sources_have_the_variance_of_their_renewal_process() {
    for hurst in [0.6, 0.75, 0.9] {
        let arrivals = format!("selfsimilar:{hurst},20ms,2000s");
        let requests = requests(&arrivals, 1.1);
        assert_rate(&arrivals, &requests);
        let tail = 3.0 - 2.0 * hurst;
        let step = 0.025;
        // In units of the shortest period.
        let covariance = autocovariance(&BoundedPareto::new(1.0, 1e5, tail), 1.0, 1e5, tail, step, 2100);
        for (window, windows) in [(0.01, 100), (0.1, 10), (1.0, 1)] {
            let scaled = window / 0.02;
            let within = covariance.iter().enumerate().map(|(k, value)| (scaled - k as f64 * step).max(0.0) * value);
            let integral = 2.0 * (within.sum::<f64>() - scaled / 2.0) * step * 0.02 * 0.02;
            let (mean, expected) = (window * 100.0, window * 100.0 + 1e4 * integral);
            let (measured, error) = variance(&requests, (window * 1e9) as u64, windows, mean);
            assert!(
                (measured - expected).abs() < 4.0 * error,
                "{arrivals}, {window} s: {measured}, {expected} ± {error}"
            );
            assert!(error < 0.1 * measured);
        }
    }
}

/// The variance of the number of requests grows as t^(2H) between a hundred times the shortest period and the longest. For H
/// near ½ it gets there later; the test above holds for every H.
#[test]
fn self_similar_sources_have_their_hurst_parameter() {
    for hurst in [0.75, 0.85, 0.95] {
        let requests = requests(&format!("selfsimilar:{hurst},1ms,1h"), 8.1);
        let burstiness = |window: f64, windows| {
            let mean = window * 100.0;
            variance(&requests, (window * 1e9) as u64, windows, mean).0 - mean
        };
        let slope = (burstiness(8.0, 1) / burstiness(0.125, 64)).ln() / 64f64.ln();
        assert!((slope / 2.0 - hurst).abs() < 0.04, "{hurst}: {}", slope / 2.0);
    }
}

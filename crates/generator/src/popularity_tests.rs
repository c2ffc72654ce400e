//! Tests of [`super`]: traces against the popularity of their blocks.

use crate::testing::{refusal, trace};
use random::testing::assert_counts;

#[test]
fn wrong_forms_are_refused_with_the_value() {
    for (popularity, rule) in [
        ("zip", "must be one of uniform, zipf:S, hotspot:REQUESTS,BLOCKS, sequential:RUN"),
        ("zipf", "is not zipf:S: it has 0 values instead of 1"),
        ("zipf:-1", "is not zipf:S: S=-1 must be a number from 0 to 100"),
        ("zipf:101", "is not zipf:S: S=101 must be a number from 0 to 100"),
        (
            "hotspot:0.8,0.2",
            "is not hotspot:REQUESTS,BLOCKS: REQUESTS=0.8 must be 0 or a number from 1 to 100: per cent is meant (80, not 0.8)",
        ),
        (
            "hotspot:80,100",
            "is not hotspot:REQUESTS,BLOCKS: BLOCKS=100 must be a number above 0 and below 100: per cent is meant",
        ),
        ("sequential:0.5", "is not sequential:RUN: RUN=0.5 must be a number of at least 1"),
    ] {
        assert_eq!(refusal(&[("POPULARITY", popularity)]), format!("flag: POPULARITY={popularity} {rule}"));
    }
}

/// The first blocks of requests of 5 blocks each in an array of 104, so that 100 are possible.
fn blocks(popularity: &str) -> Vec<u64> {
    let array = [("DISTRIBUTION", "deterministic"), ("SIZE", "5"), ("SAS", "104"), ("CONCURRENCY", "3")];
    trace(&[[("POPULARITY", popularity)].as_slice(), &array].concat()).iter().map(|request| request.block).collect()
}

#[test]
fn zipf_s_law() {
    for exponent in [0.0, 0.8, 1.0, 1.5] {
        let weights: Vec<f64> = (1..=100).map(|rank| f64::from(rank).powf(-exponent)).collect();
        let sum: f64 = weights.iter().sum();
        let probabilities: Vec<f64> = [0.0].into_iter().chain(weights.iter().map(|weight| weight / sum)).collect();
        assert_counts(&format!("zipf {exponent}"), &blocks(&format!("zipf:{exponent}")), &probabilities);
    }
}

#[test]
fn a_hot_spot() {
    let probability = |block| {
        if block == 0 {
            0.0
        } else if block <= 20 {
            0.8 / 20.0
        } else {
            0.2 / 80.0
        }
    };
    let probabilities: Vec<f64> = (0..=100).map(probability).collect();
    assert_counts("hot spot", &blocks("hotspot:80,20"), &probabilities);
}

#[test]
fn runs_are_geometric_and_each_client_has_its_own() {
    let requests =
        trace(&[("POPULARITY", "sequential:5"), ("SAS", "9007199254740992"), ("SIZE", "10"), ("CONCURRENCY", "3")]);
    let mut lengths = Vec::new();
    for client in 0..3 {
        let of_client: Vec<_> = requests.iter().filter(|request| request.client == client).collect();
        let mut length = 1;
        for pair in of_client.windows(2) {
            if pair[1].block == pair[0].block + u64::from(pair[0].size) {
                length += 1;
            } else {
                lengths.push(std::mem::replace(&mut length, 1));
            }
        }
    }
    let mut probabilities: Vec<f64> =
        (0..60).map(|length| if length == 0 { 0.0 } else { 0.2 * 0.8f64.powi(length - 1) }).collect();
    probabilities.extend([1e-6; 60]);
    assert_counts("runs", &lengths, &probabilities);
}

#[test]
fn a_run_ends_where_the_array_ends() {
    let requests = trace(&[("POPULARITY", "sequential:1000"), ("SAS", "100"), ("SIZE", "10"), ("SAMPLES", "10000")]);
    assert!(requests.iter().all(|request| request.block >= 1 && request.block + u64::from(request.size) - 1 <= 100));
    let continued = requests.windows(2).filter(|pair| pair[1].block == pair[0].block + u64::from(pair[0].size)).count();
    assert!((7000..9500).contains(&continued), "{continued}");
}

//! The test vectors of docs/generator.md.

use contract::Request;

use crate::testing::{file, trace};

/// Arrival, client, op, block, size.
type Sampled = (u64, u32, u8, u64, u32);

/// The first request and the hundredth.
fn first_and_hundredth(changes: &[(&str, &str)]) -> [Sampled; 2] {
    let trace = trace(&[changes, &[("SAMPLES", "100"), ("CONCURRENCY", "3")]].concat());
    [0, 99].map(|place: usize| {
        let Request { arrival_ns, client, op, block, size, .. } = trace[place];
        (arrival_ns, client, op, block, size)
    })
}

/// Samples are part of the format: another machine or compiler makes the same trace.
#[test]
fn the_first_requests_of_each_family() {
    for (distribution, stdev, sampled) in FAMILIES {
        let changes = [("DISTRIBUTION", distribution), ("STDEV", stdev)];
        assert_eq!(first_and_hundredth(&changes), sampled, "{distribution}, deviation {stdev}");
    }
}

#[test]
fn the_first_requests_of_each_other_form() {
    for (key, value, sampled) in FORMS {
        assert_eq!(first_and_hundredth(&[(key, value)]), sampled, "{key}={value}");
    }
    let (_file, path) = file("time_s,rate\n0,100\n5,20\n8,repeat\n");
    assert_eq!(first_and_hundredth(&[("ARRIVALS", &format!("rate:{path}"))]), RATES);
}

const FAMILIES: [(&str, &str, [Sampled; 2]); 12] = [
    ("uniform", "4", [(666135, 1, 0, 656952, 22), (306190862, 1, 0, 618547, 44)]),
    ("poisson", "4", [(658999, 0, 0, 325129, 62), (284057520, 2, 0, 366348, 61)]),
    ("normal", "4", [(189413, 0, 0, 325145, 11), (336336943, 2, 0, 123453, 5)]),
    ("deterministic", "4", [(3098674, 0, 0, 325128, 64), (333098674, 0, 0, 909635, 64)]),
    ("lognormal", "4", [(451885, 1, 0, 656961, 9), (325104769, 2, 0, 213696, 8)]),
    ("lognormal", "16", [(526023, 1, 0, 656962, 7), (425435787, 0, 0, 398067, 35)]),
    ("gamma", "4", [(1984549, 1, 0, 656961, 9), (317486098, 2, 0, 213697, 2)]),
    ("gamma", "16", [(3868316, 1, 0, 656966, 1), (382005512, 2, 1, 5167, 8)]),
    ("weibull", "4", [(2030656, 1, 0, 656963, 5), (304442350, 1, 0, 618565, 15)]),
    ("weibull", "16", [(3166762, 1, 0, 656966, 1), (258482976, 2, 0, 676325, 1)]),
    ("pareto", "4", [(2594166, 1, 0, 656963, 6), (310821945, 0, 1, 52684, 9)]),
    ("pareto", "16", [(2395300, 0, 0, 325148, 4), (297039504, 0, 0, 274308, 4)]),
];

const FORMS: [(&str, &str, [Sampled; 2]); 8] = [
    ("ARRIVALS", "mmpp:10,50ms,200ms", [(1845199, 0, 0, 325129, 62), (329540302, 2, 1, 734341, 64)]),
    ("ARRIVALS", "onoff:50ms,200ms", [(1588744, 1, 0, 656927, 60), (370124614, 2, 0, 234045, 50)]),
    ("ARRIVALS", "selfsimilar:0.8,10ms,1h", [(329499, 0, 0, 325129, 62), (481548280, 0, 0, 309352, 73)]),
    ("ARRIVALS", "daily:1.8,1s", [(3294035, 0, 0, 325129, 62), (374417783, 2, 0, 366348, 61)]),
    ("POPULARITY", "zipf:0.9", [(658999, 0, 0, 57629, 62), (284057520, 2, 0, 37575, 61)]),
    ("POPULARITY", "hotspot:80,20", [(658999, 0, 0, 46168, 62), (284057520, 2, 0, 15775, 61)]),
    ("POPULARITY", "sequential:5", [(658999, 0, 0, 325129, 62), (284057520, 2, 0, 224531, 61)]),
    ("SIZES", "table:8=70,64=20,256=10", [(658999, 0, 0, 325146, 8), (284057520, 2, 0, 366367, 8)]),
];

const RATES: [Sampled; 2] = [(1976999, 0, 0, 325129, 62), (852172560, 2, 0, 366348, 61)];

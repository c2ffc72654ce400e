//! Tests of [`super`]: what is accepted, and curves against their arrivals. Bursts are in `burst_tests`.

use std::f64::consts::TAU;

use crate::testing::{file, refusal, refusal_in, trace};
use random::testing::assert_follows;

#[test]
fn wrong_forms_are_refused_with_the_value() {
    for (arrivals, rule) in [
        (
            "bursts",
            "must be one of constant, mmpp:RATIO,HIGH,LOW, onoff:ON,OFF, selfsimilar:H,SHORTEST,LONGEST, daily:PEAK[,PERIOD], rate:FILE",
        ),
        ("mmpp:5,1s", "is not mmpp:RATIO,HIGH,LOW: it has 2 values instead of 3"),
        ("mmpp:0.5,1s,1s", "is not mmpp:RATIO,HIGH,LOW: RATIO=0.5 must be a number of at least 1"),
        (
            "mmpp:5,1x,1s",
            "is not mmpp:RATIO,HIGH,LOW: HIGH=1x must be a duration such as 250us, 3ms, 1.5s, 5m or 1h; a bare number is in milliseconds",
        ),
        ("onoff:1s,0", "is not onoff:ON,OFF: OFF=0 must be at least 1 ns"),
        ("selfsimilar:1,1ms,1s", "is not selfsimilar:H,SHORTEST,LONGEST: H=1 must be a number above 0.5 and below 1"),
        ("selfsimilar:0.8,1s,1s", "is not selfsimilar:H,SHORTEST,LONGEST: LONGEST must be above SHORTEST"),
        ("daily:2.1", "is not daily:PEAK[,PERIOD]: PEAK=2.1 must be a number from 1 to 2"),
        (
            "onoff:1us,2us",
            "has bursts that are more than 1000 times shorter than the mean interarrival time of 10000000 ns (INTER_ARRIVAL): they \
             would change nothing",
        ),
    ] {
        assert_eq!(refusal(&[("ARRIVALS", arrivals)]), format!("flag: ARRIVALS={arrivals} {rule}"));
    }
    assert!(
        refusal(&[("ARRIVALS", "rate:/no/file")])
            .starts_with("flag: ARRIVALS=rate:/no/file names a file that can't be read")
    );
}

#[test]
fn a_wrong_file_of_rates_is_refused_with_the_line() {
    for (text, error) in [
        (
            "time,rate\n0,1\n",
            "FILE:1: the header \"time,rate\" is not time_s,rate or time_ms,rate or time_us,rate or time_ns,rate",
        ),
        ("time_s,rate\n1,5\n", "FILE:2: time_s=1 must be 0 in the first row"),
        ("time_s,rate\n0,5\n-1,5\n", "FILE:3: time_s=-1 must be a decimal number of at least 0, and below 146 years"),
        (
            "time_s,rate\n0,5\n4611686019,5\n",
            "FILE:3: time_s=4611686019 must be a decimal number of at least 0, and below 146 years",
        ),
        ("time_ms,rate\n0,5\n7,6\n7,1\n", "FILE:4: time_ms=7 must be later than in the row before"),
        (
            "time_s,rate\n0,fast\n",
            "FILE:2: rate=fast must be a number of at least 0 [requests per second], or repeat in the last row",
        ),
        ("time_s,rate\n0,repeat\n", "FILE:2: there is no rate before the end"),
        ("time_s,rate\n0,1\n5,repeat\n6,1\n", "FILE:4: the row of the rate repeat must be the last"),
        ("time_s,rate\n0,0\n5,repeat\n", "FILE:3: all rates are 0"),
        (
            "time_s,rate\n0,1\n5,0\n",
            "FILE:3: the last rate is 0, and it would last for ever: the trace might never have its SAMPLES requests; end the file with a \
             row of the rate repeat",
        ),
        ("time_s,rate\n0,1000000000\n100000,1\n", "FILE:3: the rates give more than 10¹² requests"),
    ] {
        let (_file, path) = file(text);
        assert_eq!(refusal_in(&path, &[("ARRIVALS", &format!("rate:{path}"))]), error);
    }
}

/// Arrivals of a trace \[s\].
fn arrivals(changes: &[(&str, &str)]) -> Vec<f64> {
    trace(changes).iter().map(|request| request.arrival_ns as f64 / 1e9).collect()
}

#[test]
fn a_daily_curve_has_its_shape_and_its_mean() {
    for (peak, concurrency) in [("1.8", "1"), ("2", "40"), ("1", "3")] {
        let rate = 100.0 * concurrency.parse::<f64>().unwrap();
        let arrivals = arrivals(&[("ARRIVALS", &format!("daily:{peak},20s")), ("CONCURRENCY", concurrency)]);
        let last = arrivals[arrivals.len() - 1];
        let periods = (last / 20.0).floor();
        assert!(periods >= 1.0);
        // A Poisson process: the count of whole periods, and the places in them.
        let whole: Vec<f64> = arrivals.iter().copied().filter(|time| *time < periods * 20.0).collect();
        let expected = rate * 20.0 * periods;
        assert!((whole.len() as f64 - expected).abs() < 4.0 * expected.sqrt(), "{peak}: {} of {expected}", whole.len());
        let amplitude = peak.parse::<f64>().unwrap() - 1.0;
        let places = whole.iter().map(|time| (time / 20.0).fract()).collect();
        assert_follows(&format!("daily {peak}"), places, |x| x - amplitude * (TAU * x).sin() / TAU);
    }
}

/// Rates 0, 400, 100 and 0 requests per second, 4 seconds long.
const STEPS: &str = "time_ms,rate\n0,0\n500,400\n1500,100\n3500,0\n4000,repeat\n";

#[test]
fn each_step_of_a_file_has_its_rate_whatever_the_number_of_clients() {
    let (_file, path) = file(STEPS);
    let rates = format!("rate:{path}");
    for concurrency in ["1", "7", "500"] {
        let arrivals = arrivals(&[("ARRIVALS", &rates), ("CONCURRENCY", concurrency), ("INTER_ARRIVAL", "never")]);
        let cycles = (arrivals[arrivals.len() - 1] / 4.0).floor();
        let counted = |from: f64, to: f64| {
            let is_in = |time: &&f64| **time < cycles * 4.0 && (from..to).contains(&(**time % 4.0));
            arrivals.iter().filter(is_in).count() as f64
        };
        assert!(cycles > 300.0);
        for (from, to, rate) in [(0.0, 0.5, 0.0), (0.5, 1.5, 400.0), (1.5, 3.5, 100.0), (3.5, 4.0, 0.0)] {
            let (count, expected) = (counted(from, to), cycles * rate * (to - from));
            assert!((count - expected).abs() <= 4.0 * expected.sqrt(), "{concurrency} {from}: {count} of {expected}");
        }
    }
}

#[test]
fn deterministic_interarrival_times_become_those_of_the_rate() {
    let (_file, path) = file("time_s,rate\n0,100\n2,25\n");
    let arrivals =
        arrivals(&[("ARRIVALS", &format!("rate:{path}")), ("DISTRIBUTION", "deterministic"), ("SAMPLES", "300")]);
    // The first one is a uniform part of 10 ms after the start.
    assert!(arrivals[0] < 0.01);
    let near = |one: f64, other: f64| (one - other).abs() < 1.5e-9;
    assert!((1..200).all(|at| near(arrivals[at] - arrivals[at - 1], 0.01)));
    assert!((201..300).all(|at| near(arrivals[at] - arrivals[at - 1], 0.04)));
}

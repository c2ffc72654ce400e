//! Every form of the sentence.

use contract::Capabilities;
use failure::Failure;
use measure::interval::Method;
use measure::provenance::Provenance;
use measure::{Evaluation, Measured, Outcome, PercentileList, Tally};
use serde_json::json;

use super::*;

/// A report of these workers, with these percentiles.
fn report_with(results: &[Result<Tally, Failure>], percentiles: &str) -> RunReport {
    let trace = serde_json::from_value(json!({"files": [], "requests": 9, "offset_ns": 0})).unwrap();
    let settings = json!({"BALANCER": "RR", "CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 1,
        "SIM_ARGS": "", "WORKERS": results.len()});
    let provenance = Provenance::new("00", Capabilities(0), trace, serde_json::from_value(settings).unwrap());
    let outcome = |result: &Result<Tally, Failure>| Outcome {
        offered: 7,
        stderr: String::new(),
        result: result.clone().map(Measured::of_sums),
    };
    let outcomes: Vec<Outcome> = results.iter().map(outcome).collect();
    let percentiles: PercentileList = percentiles.parse().unwrap();
    let evaluation = Evaluation { percentiles: percentiles.as_slice(), ..Evaluation::default() };
    RunReport::collect(provenance, Vec::new(), &[&outcomes], evaluation)
}

fn report(tally: Tally) -> RunReport {
    report_with(&[Ok(tally)], "50,99,99.9")
}

/// A hundred requests that wait `delay` \[ns\] and are served for `service` \[ns\].
fn served(delay: u64, service: u64) -> Tally {
    let mut tally = Tally { end_ns: 100 * (delay + service), ..Tally::default() };
    tally.counts.offered = 100;
    (0..100).for_each(|_| tally.completed(0, delay, delay + service, service));
    tally
}

/// The same, and of all requests some are rejected and some abandoned.
fn with_losses(mut tally: Tally, rejected: u64, abandoned: u64) -> Tally {
    tally.counts.offered += rejected + abandoned;
    (0..rejected).for_each(|_| tally.left_unserved(0, 0));
    (0..abandoned).for_each(|_| tally.left_unserved(0, 5_000_000));
    tally
}

/// With this half-width \[ns\] of the mean delay, and twice as much of the mean response.
fn with_intervals(mut report: RunReport, half_width: f64) -> RunReport {
    let known = |half_width| Interval::Known { half_width, level: 0.95, method: Method::BatchMeans, n: 20 };
    let none = || Interval::Unknown { reason: String::new() };
    report.run.as_mut().unwrap().intervals = Intervals::Each(Box::new(FigureIntervals {
        average_delay_in_queue_ns: known(half_width),
        average_number_in_queue: none(),
        average_number_in_system: none(),
        server_utilization: none(),
        average_response_time_ns: known(2.0 * half_width),
        waited_share: none(),
        delay_in_queue: [].into(),
        response_time: [].into(),
        rejected_share: none(),
        abandoned_share: none(),
    }));
    report
}

fn overloaded(mut report: RunReport) -> RunReport {
    let reason = "it is overloaded: the queue grows as long as requests arrive".to_owned();
    report.run.as_mut().unwrap().intervals = Intervals::None { reason };
    report
}

fn after_warm_up(mut report: RunReport) -> RunReport {
    report.provenance.settings.warmup_ns = Some(5);
    report
}

#[track_caller]
fn answers(report: &RunReport, expected: &str) {
    assert_eq!(of_run(report, usize::MAX), format!("{expected}\n"));
}

#[test]
fn it_has_the_mean_delay_and_a_percentile() {
    let tally = served(16_558_952, 105_000_000);
    answers(&report(tally.clone()), "Requests wait 16.559 ms on average, and 99 % are done within 122 ms.");
    let known = with_intervals(report(tally), 280_000.0);
    answers(&known, "Requests wait 16.56 ± 0.28 ms on average, and 99 % are done within 122 ms.");
    // Each time has its own unit.
    answers(&report(served(250, 64_080_000)), "Requests wait 250.000 ns on average, and 99 % are done within 64.1 ms.");
    answers(&report(served(1500, 2)), "Requests wait 1.500 µs on average, and 99 % are done within 1.51 µs.");
}

#[test]
fn the_percentile_is_the_largest_up_to_p99_or_else_the_largest() {
    for (chosen, share) in [("50,90,95,99,99.9", "99"), ("50,95,99.9", "95"), ("99.9,99.99", "99.99"), ("12.5", "12.5")]
    {
        let report = report_with(&[Ok(served(2_000_000, 2_000_000))], chosen);
        answers(&report, &format!("Requests wait 2.000 ms on average, and {share} % are done within 4 ms."));
    }
}

#[test]
fn a_percentile_has_three_digits_and_is_rounded_up() {
    let rounded = [0, 7, 999, 1000, 1001, 121_500_000, 121_000_001, 999_100_000, u64::MAX].map(rounded_up);
    assert_eq!(rounded, [0, 7, 999, 1000, 1010, 122_000_000, 122_000_000, 1_000_000_000, u64::MAX]);
}

#[test]
fn it_states_that_no_request_waits() {
    answers(&report(served(0, 8_000)), "No request waits; 99 % are done within 8 µs.");
    let lost = report(with_losses(served(0, 8_000), 100, 0));
    answers(&lost, "No request waits; 99 % of responses come within 8 µs; 50 % of requests are rejected.");
    // Abandoned requests waited.
    let lost = report(with_losses(served(0, 8_000), 0, 25));
    let expected = "Served requests do not wait; 99 % of responses come within 8 µs; 20 % of requests are abandoned.";
    answers(&lost, expected);
}

#[test]
fn it_states_what_is_lost() {
    let lost = |rejected, abandoned| report(with_losses(served(2_000_000, 2_000_000), rejected, abandoned));
    let start = "Served requests wait 2.000 ms on average, and 99 % of responses come within 4 ms; ";
    answers(&lost(2, 0), &format!("{start}1.96 % of requests are rejected."));
    answers(&lost(0, 25), &format!("{start}20 % of requests are abandoned."));
    answers(&lost(50, 25), &format!("{start}28.6 % of requests are rejected, 14.3 % abandoned."));
    answers(&report(with_losses(Tally::default(), 3, 1)), {
        "No request is served; 75 % of requests are rejected, 25 % abandoned."
    });
}

#[test]
fn requests_that_are_not_done_are_no_part_of_it() {
    let mut tally = served(2_000_000, 2_000_000);
    tally.counts.offered += 3;
    tally.counts.waiting += 3;
    let expected = "Served requests wait 2.000 ms on average, and 99 % of responses come within 4 ms.";
    answers(&report(tally), expected);
}

#[test]
fn it_does_not_hide_an_overload_or_a_warm_up() {
    let tally = served(2_000_000, 2_000_000);
    let sentence = "requests wait 2.000 ms on average, and 99 % are done within 4 ms.";
    answers(&overloaded(report(tally.clone())), &format!("The system is overloaded: {sentence}"));
    answers(&after_warm_up(report(tally.clone())), &format!("After the warm-up, {sentence}"));
    let both = after_warm_up(overloaded(report(tally)));
    answers(&both, &format!("The system is overloaded: after the warm-up, {sentence}"));
    // Other reasons for no interval do not change it.
    answers(&report(served(2_000_000, 2_000_000)), &format!("R{}", &sentence[1..]));
}

#[test]
fn of_shared_service_it_has_the_mean_response() {
    let shared = |tally| {
        let mut report = with_intervals(report(tally), 200_000.0);
        report.provenance.module.capabilities = Capabilities::SHARED;
        report
    };
    let tally = served(0, 26_570_000);
    answers(&shared(tally.clone()), "Requests take 26.57 ± 0.40 ms on average, and 99 % are done within 26.6 ms.");
    let expected = "Served requests take 26.57 ± 0.40 ms on average, and 99 % of responses come within 26.6 ms; 50 % of \
                    requests are rejected.";
    answers(&shared(with_losses(tally, 100, 0)), expected);
}

#[test]
fn a_run_without_requests_has_an_answer() {
    answers(&report(Tally::default()), "The trace has no requests.");
    let mut tally = Tally { from_ns: 10, end_ns: 20, ..Tally::default() };
    tally.counts.offered = 1;
    tally.completed(0, 5, 20, 15);
    answers(&after_warm_up(report(tally)), "No request arrives after the warm-up.");
    let mut tally = Tally::default();
    (tally.counts.offered, tally.counts.not_yet_arrived) = (1, 1);
    answers(&report(tally), "No request arrives before the simulation ends.");
}

#[test]
fn failed_workers_are_counted() {
    let result = |text: &str| match text {
        "." => Ok(served(5, 5)),
        _ => Err(Failure::trap("unreachable")),
    };
    for (workers, start) in
        [("x", "The only worker failed"), ("x..x", "2 of 4 workers failed"), ("xx", "2 of 2 workers failed")]
    {
        let results: Vec<_> = workers.split("").filter(|text| !text.is_empty()).map(result).collect();
        let report = report_with(&results, "99");
        answers(&report, &format!("{start}, so there is no result for the whole run."));
    }
    // Such a report was changed by hand.
    let report = RunReport { run: None, ..report(served(5, 5)) };
    answers(&report, "There is no result for the whole run.");
}

#[test]
fn no_line_is_broken_before_a_unit() {
    let report = with_intervals(report(with_losses(served(123_456_789, 7_000_000), 13, 0)), 2_300_000.0);
    for width in 1..120 {
        let text = of_run(&report, width);
        assert!(!text.contains('\u{a0}'), "{text}");
        for line in text.lines() {
            assert!(!["±", "%", "ms", "2.3"].iter().any(|unit| line.starts_with(unit)), "{width}: {text}");
        }
    }
}

#[test]
fn it_has_two_lines_at_most() {
    let tally = || with_losses(served(123_456_789, 7_000_000), 13, 15);
    for report in [
        after_warm_up(with_intervals(report(tally()), 2_300_000.0)),
        overloaded(report(served(83_502_667_000, 85_600_000_000))),
        after_warm_up(overloaded(report(served(83_502_667_000, 85_600_000_000)))),
    ] {
        let text = of_run(&report, 80);
        assert!(text.lines().count() == 2 && text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(text.replace('\n', " ").trim_end(), of_run(&report, usize::MAX).trim_end());
    }
}

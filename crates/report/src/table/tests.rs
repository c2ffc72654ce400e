//! Tables of runs at several widths.

use contract::Capabilities;
use failure::Failure;
use measure::provenance::{Provenance, SettingsUsed, TraceUsed};
use measure::run_report::RunReport;
use measure::{Evaluation, Measured, Outcome, PercentileList, Tally};
use serde_json::json;

use super::*;

/// A worker whose `offered` requests are served one after the other, `demand` ns each, and wait as long.
fn worker(offered: u64, demand: u64) -> Tally {
    let mut tally = Tally { end_ns: offered * demand, ..Tally::default() };
    tally.counts.offered = offered;
    tally.completed(0, demand, 2 * demand, demand);
    tally.all_completed(offered - 1, (offered - 1) * demand, (offered - 1) * demand);
    tally.demand_sum_ns = u128::from(offered) * u128::from(demand);
    tally
}

/// A report of workers that are one of `results` each, repeated.
fn report(workers: u32, results: &[Result<Tally, Failure>]) -> RunReport {
    report_of(workers, results, |_| ())
}

/// As [`report`], with other settings.
fn report_of(workers: u32, results: &[Result<Tally, Failure>], set: impl Fn(&mut SettingsUsed)) -> RunReport {
    report_with(workers, results, set, &Percentile::DEFAULT)
}

/// As [`report_of`], with other percentiles.
fn report_with(
    workers: u32,
    results: &[Result<Tally, Failure>],
    set: impl Fn(&mut SettingsUsed),
    percentiles: &[Percentile],
) -> RunReport {
    let trace = json!({"files": [{"blake3": "b1".repeat(32), "format": "azure-functions-2021"}], "requests": 9, "offset_ns": 0});
    let trace: TraceUsed = serde_json::from_value(trace).unwrap();
    let settings = json!({"BALANCER": "HASH", "CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": u64::MAX,
        "SERVERS": 2, "SIM_ARGS": "", "WORKERS": workers});
    let mut settings: SettingsUsed = serde_json::from_value(settings).unwrap();
    set(&mut settings);
    let outcome = |result: &Result<Tally, Failure>| Outcome {
        offered: 7,
        stderr: String::new(),
        result: result.clone().map(Measured::of_sums),
    };
    let outcomes: Vec<Outcome> = results.iter().cycle().take(workers as usize).map(outcome).collect();
    let provenance = Provenance::new(&"a".repeat(64), Capabilities(0), trace, settings);
    RunReport::collect(provenance, Vec::new(), &[&outcomes], Evaluation { percentiles, ..Evaluation::default() })
}

#[test]
fn theory_has_a_line_below_the_table() {
    let mut report = report(4, &[Ok(worker(250_000, 10_000_000))]);
    assert!(!table(&report, 80).contains("theory"));
    for (mean_delay_ns, shown) in [(16_666_666.7, "16.667 ms"), (2_500.0, "2.500 µs"), (0.0, "0.000 ms")] {
        report.theory = Some(Theory { model: "M/M/1".to_owned(), mean_delay_ns, source: String::new() });
        let line = format!("\ntheory: mean delay {shown} (M/M/1), in a steady state\n");
        assert!(table(&report, 80).contains(&line), "{}", table(&report, 80));
    }
}

fn with_losses(mut tally: Tally, count: u64) -> Tally {
    let counts = &mut tally.counts;
    counts.offered += 5 * count;
    (counts.rejected, counts.abandoned, counts.in_service) = (count, count, count);
    (counts.waiting, counts.not_yet_arrived) = (count, count);
    tally
}

#[test]
fn no_line_of_a_report_is_wider_than_the_terminal() {
    let large = with_losses(worker(1_000_000_000_000, 1_000), 100_000_000_000);
    for (workers, tally) in [
        (1, Tally::default()),
        (4, worker(250_000, 10_000_000)),
        (4, with_losses(worker(250_000, 10_000_000), 3)),
        (4096, with_losses(worker(250_000, 10_000_000), 3)),
        (4096, large.clone()),
        (4, with_losses(worker(4, 1 << 59), 1 << 59)),
    ] {
        let report = report(workers, &[Ok(tally)]);
        for width in [80, 81, 100, 120, 140, 200] {
            let text = plain(&report, width);
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= width, "{widest} > {width}:\n{text}");
        }
    }
}

#[test]
fn a_wider_terminal_shows_more() {
    let report = report(4, &[Ok(worker(250_000, 10_000_000))]);
    let columns = |width: usize| {
        let text = table(&report, width);
        text.lines()
            .find(|line| line.starts_with("worker"))
            .unwrap()
            .split("  ")
            .filter(|head| !head.is_empty())
            .count()
    };
    assert_eq!([80, 100, 120, 140].map(columns), [8, 10, 11, 13]);
    assert!(table(&report, 80).contains("p50 [ms]  p99 [ms]  max [ms]\n"));
}

#[test]
fn percentiles_are_aligned_and_have_no_digits_that_are_not_known() {
    let slow = |longest: u64| {
        let mut tally = Tally { end_ns: longest, ..Tally::default() };
        tally.counts.offered = 100;
        (0..99).for_each(|_| tally.completed(0, 0, longest / 16, longest / 16));
        tally.completed(0, 0, longest, longest);
        Ok(tally)
    };
    let text = table(&report(2, &[slow(3_200_000_000), slow(264_123_456)]), 80);
    let expected = "  p50 [ms]  p99 [ms]  max [ms]
────────────────────────────────────────────────────────────────────────────
     1      100        100  0.000     3.593750    200       200     3200.000
     2      100        100  0.000     3.593750     16.51     16.51   264.123
────────────────────────────────────────────────────────────────────────────
   run      200        200  0.000     1.945187    200       200     3200.000
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn the_columns_are_the_chosen_percentiles() {
    let columns = |chosen: &str, width| {
        let chosen = chosen.parse::<PercentileList>().unwrap();
        let text = table(&report_with(4, &[Ok(worker(250_000, 10_000_000))], |_| (), chosen.as_slice()), width);
        let heads = text.lines().find(|line| line.starts_with("worker")).unwrap();
        heads.split("  ").filter_map(|head| head.trim().strip_suffix(" [ms]")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(columns("50,90,95,99,99.9", 80), "p50 p99 max");
    assert_eq!(columns("50,90,95,99,99.9", 200), "mean p50 p90 p95 p99 p99.9 max ended");
    assert_eq!(columns("50,95,99.9", 80), "p50 p95 max");
    assert_eq!(columns("99.9", 80), "p99.9 max");
    assert_eq!(columns("99.9,99.99,99.999", 80), "p99.9 max");
    assert_eq!(columns("10,20,30,40,50", 115), "p10 p20 p50 max ended");
    let sixteen = (1..=16).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    assert_eq!(columns(&sixteen, 400).matches('p').count(), 16);
}

#[test]
fn losses_have_columns_with_shares_if_there_are_any() {
    let report = report(2, &[Ok(worker(4, 10_000_000)), Ok(with_losses(worker(6, 10_000_000), 1))]);
    let wide = table(&report, 200);
    assert_eq!(wide.matches("worker").count(), 2, "{wide}");
    // Of 10 requests that have arrived at worker 2, and 14 at both.
    for shown in ["  0 (0.00 %)", "  1 (10.00 %)", "   1 (7.14 %)"] {
        assert_eq!(wide.matches(shown).count(), 2, "{shown}: {wide}");
    }
    let narrow = below_the_answer(&report, 80);
    let (first, second) = narrow.split_once("\n\n").unwrap().1.split_once("\n\n").unwrap();
    assert!(first.contains("p99 [ms]") && !first.contains("rejected"), "{narrow}");
    let heads: Vec<&str> = second.lines().find(|line| line.starts_with("worker")).unwrap().split_whitespace().collect();
    assert_eq!(heads, ["worker", "rejected", "abandoned", "service", "waiting", "arrived"], "{narrow}");
}

#[test]
fn a_failed_worker_is_a_row_that_moves_no_column() {
    let failure = Failure::trap("unreachable");
    let text = table(&report(2, &[Ok(worker(250_000, 10_000_000)), Err(failure)]), 80);
    assert!(text.contains("\n     2        7  failed (trap)\n"), "{text}");
    assert!(text.contains("\n     1   250000     250000  10.000 "), "{text}");
}

/// What is below the answer.
fn below_the_answer(report: &RunReport, width: usize) -> String {
    table(report, width).split_once("\n\n").unwrap().1.to_owned()
}

#[test]
fn the_answer_comes_first() {
    let report = report(2, &[Ok(worker(250_000, 10_000_000))]);
    let answer = "Requests wait 10.000 ms on average, and 99 % are done within 20 ms.\n\n";
    let text = table(&report, 80);
    assert!(text.starts_with(&format!("{answer}HASH over 2 workers")), "{text}");
    let text = plain(&report, 80);
    assert!(text.starts_with(&format!("{answer}Queuebox ")) && text.matches(answer).count() == 1, "{text}");
}

#[test]
fn the_title_counts_workers_and_servers() {
    let mut report = report(1, &[Ok(worker(4, 10))]);
    assert!(
        below_the_answer(&report, 120)
            .starts_with("HASH over 1 worker, 2 servers; trace: azure-functions-2021, BLAKE3 b1b1")
    );
    (report.provenance.settings.servers, report.provenance.settings.workers) = (PerWorker::All(1), 4);
    assert!(below_the_answer(&report, 120).starts_with("HASH over 4 workers, one server each; trace: "));
}

fn speeds(texts: &[&str]) -> Option<PerWorker<Speed>> {
    Some(PerWorker::of_each(texts.iter().map(|text| Speed::parse(text).unwrap())))
}

#[test]
fn the_title_has_what_is_not_at_its_default() {
    let report = report_of(2, &[Ok(worker(4, 10))], |settings| {
        settings.servers = PerWorker::of_each([4, 2]);
        (settings.speeds, settings.weights) = (speeds(&["1", "0.5"]), speeds(&["3", "3"]));
        (settings.discipline, settings.patience) = ("lifo".to_owned(), Some("exponential:50ms".to_owned()));
    });
    let title = "HASH over 2 workers, SERVERS 4,2, SPEEDS 1,1/2, WEIGHTS 3, DISCIPLINE lifo, PATIENCE exponential:50ms; trace: ";
    assert!(below_the_answer(&report, 300).starts_with(title), "{}", below_the_answer(&report, 300));
    let many = report_of(100, &[Ok(worker(4, 10))], |settings| {
        settings.servers = PerWorker::of_each((1..=100).rev());
        settings.speeds = Some(PerWorker::of_each((1..=100).map(|speed| Speed::new(speed, 7).unwrap())));
    });
    assert!(
        below_the_answer(&many, 300)
            .starts_with("HASH over 100 workers, SERVERS 1 to 100, SPEEDS 1/7 to 100/7; trace: ")
    );
}

#[test]
fn workers_that_differ_have_columns() {
    let differ = |settings: &mut SettingsUsed| {
        (settings.servers, settings.speeds) = (PerWorker::of_each([4, 2]), speeds(&["1", "1/3"]));
        settings.capacity = PerWorker::of_each([0, 9]);
    };
    let results = [Ok(worker(250_000, 10_000_000)), Ok(worker(4, 10))];
    let wide = table(&report_of(2, &results, differ), 200);
    assert!(wide.contains("\nworker  servers  capacity  speed  offered  "), "{wide}");
    assert!(wide.contains("\n     2        2         9    1/3        4  "), "{wide}");
    assert!(!table(&report(2, &results), 200).contains("speed"));
    let narrow = table(&report_of(2, &results, differ), 80);
    assert!(narrow.contains("\nworker  servers  capacity  speed\n"), "{narrow}");
    let speeds_alone = table(&report_of(2, &results, |settings| settings.speeds = speeds(&["1", "1/3"])), 80);
    assert!(speeds_alone.contains("\nworker  speed  offered  "), "{speeds_alone}");
    // A failed worker has them too.
    let failed = [results[0].clone(), Err(Failure::trap("unreachable"))];
    let text = table(&report_of(2, &failed, differ), 200);
    assert!(text.contains("\n     2        2         9    1/3        7  failed (trap)\n"), "{text}");
    assert!(plain(&report_of(2, &results, differ), 80).contains("\nWorker 2, servers 2, capacity 9, speed 1/3\n"));
}

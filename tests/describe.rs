//! `middleware describe` as a program, over a small trace.

use serde_json::{Value, json};

use crate::support::{Folder, Run};

/// Interarrival times 1, 0 and 3 s, demands 2, 2, 1 and 1 s; block 7 three times of four.
const FOUR: &str = "arrival_s,service_s,op,block,size,client\n3,2,r,7,1,0\n4,2,r,7,1,0\n4,1,w,9,2,1\n7,1,r,7,4,0\n";

const TEXT: &str = "\
requests          4 in 4.000 s, the first at 3.000 s
rate              0.750 requests/s in the mean
peak              200.000 requests/s: 2 in a window of 10 ms, from 1.000 s on
interarrival of 0 33.333 % (1 of 3)
operations        75.000 % reads, 25.000 % writes
clients           2; the busiest sends 75.000 % (3 of 4)
blocks            2; the most popular gets 75.000 % (3 of 4)
demands           the trace's own
offered load      1.500 servers busy in the mean
utilization       0.375 offered to WORKERS=2 of 2 servers each
workers needed    at least 1 to stay below utilization 1, 2 to stay below 0.75
";

fn describe(folder: &Folder, arguments: &str) -> Run {
    folder.run("middleware", &format!("describe {arguments}"))
}

#[test]
fn a_trace_is_described_as_text() {
    let folder = Folder::with("t.csv", FOUR);
    let text = describe(&folder, "t.csv --workers 2 --servers 2").succeeds().says_nothing().stdout();
    let (head, rest) = text.split_once('\n').unwrap();
    assert!(head.starts_with("trace             csv, BLAKE3 "), "{head}");
    let (lines, table) = rest.split_at(TEXT.len().min(rest.len()));
    assert_eq!(lines, TEXT);
    let rows: Vec<String> = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    let from_the_median = |name: &str| format!("{name} 3 s 2 s 4");
    assert_eq!(rows[1], "interarrival demand size");
    // Deviations: of the interarrival times from 4/3 s, 1/3, 4/3 and 5/3; of the demands from 1.5 s, 0.5; of the sizes from 2, 1, 1, 0, 2.
    assert_eq!(
        rows[3..7],
        ["mean 1.333 s 1.500 s 2.000", "CV 0.935 0.333 0.612", "min 0 ns 1.000 s 1", "p50 1 s 1 s 1"]
    );
    assert_eq!(rows[7..11], ["p90", "p95", "p99", "p99.9"].map(from_the_median));
    assert_eq!(rows[11..], ["max 3.000 s 2.000 s 4"]);
    // Nothing is written, a run folder neither.
    assert_eq!(folder.names(), ["t.csv"]);
}

#[test]
fn a_trace_is_described_as_json() {
    let folder = Folder::with("t.csv", FOUR);
    let described = describe(&folder, "t.csv --json --workers 2 --servers 2").succeeds().says_nothing().json();
    assert_eq!(
        (&described["trace"]["files"][0]["format"], &described["trace"]["requests"]),
        (&json!("csv"), &json!(4))
    );
    assert_eq!(described["settings"], json!({"SERVERS": 2, "WORKERS": 2}));
    let second = 1_000_000_000u64;
    assert_eq!((&described["first_arrival_ns"], &described["span_ns"]), (&json!(0), &json!(4 * second)));
    assert_eq!((&described["mean_rate_per_s"], &described["interarrival_of_0"]), (&json!(0.75), &json!(1)));
    let peak = json!({"rate_per_s": 200.0, "window_ns": second / 100, "requests": 2, "start_ns": second});
    assert_eq!(described["peak"], peak);
    assert_eq!(described["operations"], json!({"reads": 3, "writes": 1, "others": 0}));
    assert_eq!(
        (&described["interarrival"]["mean_ns"], &described["demand"]["mean_ns"]),
        (&json!(4.0 * second as f64 / 3.0), &json!(1.5 * second as f64))
    );
    let blocks = &described["blocks"];
    assert_eq!((&blocks["distinct"], &blocks["most_popular"]), (&json!(2), &json!(7)));
    assert_eq!(blocks["most_popular_share"], json!([0.75, 0.75]));
    assert_eq!((&described["demands_sampled"], &described["reply_size"]), (&json!(0), &Value::Null));
    let load = json!({"demands_ns": "6000000000", "offered": 1.5, "utilization": 0.375,
        "workers_below_0_75": 2, "workers_below_1": 1});
    assert_eq!(described["load"], load);
}

#[test]
fn a_trace_is_read_from_stdin() {
    let folder = Folder::with("t.csv", FOUR);
    let file = describe(&folder, "t.csv --json").succeeds().stdout();
    assert_eq!(file, describe(&folder, "- --json").stdin(FOUR).succeeds().says_nothing().stdout());
    assert_eq!(file, describe(&folder, "- --json").stdin(FOUR).env("WORKERS", "4").succeeds().stdout());
    // Rows out of order, after sorting, with times from the first on.
    let mut rows: Vec<&str> = FOUR.lines().collect();
    rows[1..].reverse();
    let back = rows.join("\n");
    let described = describe(&folder, "- --json --sort --origin first").stdin(back.clone()).succeeds().json();
    assert_eq!((&described["first_arrival_ns"], &described["trace"]["reading"]["sort"]), (&json!(0), &json!("yes")));
    describe(&folder, "-").stdin(back).exits(3).says("error: stdin:3: ");
}

/// The load that a run offers to its workers is that of the description.
#[test]
fn the_described_load_is_the_load_of_a_run() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 5000 --out t.csv").succeeds();
    let described = describe(&folder, "t.csv --json --st 2ms --workers 3").succeeds().json();
    assert_eq!((&described["requests"], &described["demands_sampled"]), (&json!(5000), &json!(5000)));
    assert_eq!((&described["settings"]["ST_NS"], &described["settings"]["WORKERS"]), (&json!(2_000_000), &json!(3)));
    let run = crate::middleware::report(&folder, "--trace t.csv --st 2ms --workers 3");
    assert_eq!(described["load"]["demands_ns"], run["run"]["work_offered_ns"]);
    assert_eq!(described["trace"], run["trace"]);
}

#[test]
fn an_error_is_one_line_and_an_exit_code() {
    let folder = Folder::with("bad.csv", "arrival_ms\n1\nx\n").and("empty.csv", "").and("none.csv", "arrival_ms\n");
    describe(&folder, "bad.csv").exits(3).says("error: bad.csv:3: ");
    describe(&folder, "bad.csv --json").exits(3).says("error: bad.csv:3: ");
    describe(&folder, "empty.csv").exits(3).says("error: empty.csv: ");
    describe(&folder, "none.csv").exits(3).says("none.csv: the trace has no requests");
    describe(&folder, "missing.csv").exits(3).says("error: missing.csv: No such file");
    describe(&folder, "bad.csv --workers 0").exits(2).says("WORKERS=0");
    describe(&folder, "").exits_as_usage();
    describe(&folder, "bad.csv --balancer RR").exits_as_usage();
}

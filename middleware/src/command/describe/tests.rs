//! Tests of whole descriptions.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use cli::settings::of_flags;
use contract::{NONE, Request, RequestHeader};
use generator::{Generation, Generator, GeneratorSettings};
use serde_json::{Value, json};

use super::*;

fn settings<G: Args>(values: &[(&str, &str)]) -> G {
    of_flags(values.iter().map(|(key, value)| format!("--{}={value}", key.to_lowercase().replace('_', "-")))).unwrap()
}

fn read_bytes(bytes: &[u8], flags: &ReadFlags, values: &[(&str, &str)]) -> Result<Description, Failure> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let base = [("WORKERS", "4"), ("SERVERS", "1"), ("ST", "10ms"), ("SERVICE", "deterministic"), ("SEED", "1")];
    let others = base.iter().filter(|(key, _)| values.iter().all(|(changed, _)| key != changed));
    let values: Vec<(&str, &str)> = others.chain(values).copied().collect();
    read(&[file.path().to_owned()], flags, &settings(&values))
}

fn of(csv: &str) -> (Description, Value) {
    let description = read_bytes(csv.as_bytes(), &ReadFlags::default(), &[]).unwrap();
    let value = serde_json::to_value(&description).unwrap();
    (description, value)
}

/// Interarrival times 1, 0, 3, 4 s; demands 2, 2, 1, 1, 2 s; sizes 1, 1, 2, 4, 8.
const FIVE: &str =
    "arrival_s,service_s,op,block,size,client\n10,2,r,7,1,0\n11,2,r,7,1,0\n11,1,w,9,2,1\n14,1,r,7,4,0\n18,2,r,8,8,2\n";

#[test]
fn as_computed_by_hand() {
    let (_, value) = of(FIVE);
    assert_eq!((&value["requests"], &value["first_arrival_ns"]), (&json!(5), &json!(0)));
    assert_eq!((&value["span_ns"], &value["mean_rate_per_s"]), (&json!(8_000_000_000u64), &json!(0.5)));
    // A span of 8 s has windows of 10 ms.
    let peak = json!({"rate_per_s": 200.0, "window_ns": 10_000_000, "requests": 2, "start_ns": 1_000_000_000u64});
    assert_eq!(value["peak"], peak);
    // Deviations of the interarrival times from 2 s: 1, 2, 1, 2.
    assert_eq!(value["interarrival"]["cv"], json!(2.5f64.sqrt() / 2.0));
    assert_eq!(
        (&value["interarrival"]["mean_ns"], &value["interarrival"]["max_ns"]),
        (&json!(2_000_000_000.0), &json!(4_000_000_000u64))
    );
    assert_eq!((&value["interarrival_of_0"], &value["interarrival"]["min_ns"]), (&json!(1), &json!(0)));
    assert_eq!(value["operations"], json!({"reads": 4, "writes": 1, "others": 0}));
    assert_eq!(value["size"]["mean"], json!(3.2));
    assert_eq!((&value["size"]["p50"], &value["reply_size"]), (&json!(2), &Value::Null));
    assert_eq!((&value["clients"]["distinct"], &value["clients"]["most_popular"]), (&json!(3), &json!(0)));
    let blocks = json!({"distinct": 3, "exact": true, "distinct_standard_error": 0.0, "most_popular": 7,
        "most_popular_requests": [3, 3], "most_popular_share": [0.6, 0.6]});
    assert_eq!(value["blocks"], blocks);
    assert_eq!((&value["demands_sampled"], &value["demand"]["mean_ns"]), (&json!(0), &json!(1_600_000_000.0)));
    let load = json!({"demands_ns": "8000000000", "offered": 1.0, "utilization": 0.25,
        "workers_below_0_75": 2, "workers_below_1": 2});
    assert_eq!(value["load"], load);
    assert_eq!(value["settings"], json!({"SERVERS": 1, "WORKERS": 4}));
}

#[test]
fn text_is_aligned() {
    let (description, _) = of(FIVE);
    let text = text::text(&description, 80);
    let (head, rest) = text.split_once('\n').unwrap();
    assert!(head.starts_with("trace             csv, BLAKE3 ") && head.len() == 46, "{head}");
    // The tests' ST and SERVICE are flags, and this trace has demands of its own.
    let (rest, notes) = rest.split_once("note: ").unwrap();
    assert_eq!(rest, TEXT);
    assert_eq!(
        format!("note: {notes}"),
        "note: the trace brings the demands of 5 of 5 requests, which ST does not change\n\
         note: the trace brings the demands of 5 of 5 requests, which SERVICE does not\n      change\n"
    );
}

const TEXT: &str = "\
requests          5 in 8.000 s, the first at 10.000 s
rate              0.500 requests/s in the mean
peak              200.000 requests/s: 2 in a window of 10 ms, from 1.000 s on
interarrival of 0 25.000 % (1 of 4)
operations        80.000 % reads, 20.000 % writes
clients           3; the busiest sends 60.000 % (3 of 5)
blocks            3; the most popular gets 60.000 % (3 of 5)
demands           the trace's own
offered load      1.000 servers busy in the mean
utilization       0.250 offered to WORKERS=4 of one server each
workers needed    at least 2 to stay below utilization 1, 2 to stay below 0.75

       interarrival   demand   size
───────────────────────────────────
mean        2.000 s  1.600 s  3.200
CV            0.791    0.306  0.824
min            0 ns  1.000 s      1
p50         1     s  2     s      2
p90         4     s  2     s      8
p95         4     s  2     s      8
p99         4     s  2     s      8
p99.9       4     s  2     s      8
max         4.000 s  2.000 s      8
";

#[test]
fn one_request_and_all_at_one_instant() {
    let (description, value) = of("arrival_ns\n5\n");
    for figure in ["mean_rate_per_s", "peak", "blocks", "size"] {
        assert_eq!(value[figure], Value::Null, "{figure}");
    }
    assert!(value["interarrival"].as_object().unwrap().values().all(Value::is_null), "{value}");
    assert_eq!((&value["load"]["offered"], &value["load"]["workers_below_1"]), (&Value::Null, &Value::Null));
    assert_eq!(value["settings"]["SERVICE"], "deterministic");
    assert_eq!(value["demand"]["cv"], json!(0.0));
    assert!(!text::text(&description, 80).contains("NaN"));

    let (description, value) = of(&("arrival_ns,service_ns\n".to_owned() + &"5,0\n".repeat(100)));
    assert_eq!(
        (&value["interarrival_of_0"], &value["interarrival"]["mean_ns"], &value["interarrival"]["cv"]),
        (&json!(99), &json!(0.0), &Value::Null)
    );
    assert_eq!((&value["mean_rate_per_s"], &value["demand"]["cv"]), (&Value::Null, &Value::Null));
    assert!(text::text(&description, 80).contains("100.000 % (99 of 99)"));
}

#[test]
fn large_times() {
    let most = (1u64 << 62) - 1;
    let (_, value) = of(&format!("arrival_ns,service_ns,block\n0,{most},{0}\n{most},{most},{0}\n", u64::MAX));
    assert_eq!(
        (&value["interarrival"]["mean_ns"], &value["interarrival"]["p50_ns"]),
        (&json!(most as f64), &json!(4_610_000_000_000_000_000u64))
    );
    assert_eq!((&value["load"]["offered"], &value["load"]["workers_below_1"]), (&json!(2.0), &json!(3)));
    assert_eq!(value["blocks"]["most_popular"], json!(u64::MAX));
}

#[test]
fn records_without_requests_are_refused() {
    let header = RequestHeader::new(NONE).to_bytes();
    for sort in [false, true] {
        let flags = ReadFlags { sort, ..ReadFlags::default() };
        match read_bytes(&header, &flags, &[]) {
            Err(Failure::Trace { rule, .. }) => assert_eq!(rule, "the trace has no requests"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn sorted_and_unsorted_rows_are_one_trace() {
    let flags = ReadFlags { sort: true, ..ReadFlags::default() };
    let mut rows: Vec<&str> = FIVE.lines().collect();
    rows[1..].reverse();
    let back = read_bytes((rows.join("\n") + "\n").as_bytes(), &flags, &[]).unwrap();
    let (forth, _) = of(FIVE);
    assert_eq!((back.interarrival, back.demand, back.first_arrival_ns), (forth.interarrival, forth.demand, 0));
}

#[test]
fn a_generated_trace_follows_its_distribution() {
    let changes =
        [("SAMPLES", "200000"), ("SAS", "50"), ("SIZE", "1"), ("CONCURRENCY", "3"), ("INTER_ARRIVAL", "10ms")];
    let generator: GeneratorSettings = settings(&changes);
    let generation = Generation::from_settings(&generator, &settings(&[("SEED", "1")])).unwrap();
    let mut requests = Vec::new();
    Generator::new(&generation).fill(&mut requests, usize::MAX).unwrap();
    let mut csv = "arrival_ns,op,block,size,client\n".to_owned();
    for Request { arrival_ns, op, block, client, .. } in requests {
        let _ = writeln!(csv, "{arrival_ns},{},{block},1,{client}", ["r", "w"][usize::from(op)]);
    }
    let values = [("SERVICE", "exponential"), ("SERVERS", "2")];
    let description = read_bytes(csv.as_bytes(), &ReadFlags::default(), &values).unwrap();
    let near = |what: &str, found: f64, distribution: f64, deviation: f64| {
        assert!((found - distribution).abs() < 4.0 * deviation, "{what}: {found}, not {distribution}");
    };
    let n = 200_000f64;
    // Three Poisson streams together are one; the standard deviation of a sample's CV is about 1/√n.
    near("rate", description.mean_rate_per_s.unwrap(), 300.0, 300.0 / n.sqrt());
    near("CV of interarrival times", description.interarrival.cv.unwrap(), 1.0, 1.0 / n.sqrt());
    near("CV of demands", description.demand.cv.unwrap(), 1.0, 1.0 / n.sqrt());
    near("reads", description.operations.as_ref().unwrap().reads as f64, 0.7 * n, (0.21 * n).sqrt());
    near("offered load", description.load.offered.unwrap(), 3.0, 3.0 * (2.0 / n).sqrt());
    assert_eq!((description.load.workers_below_1, description.load.workers_below_0_75.unwrap() / 2), (Some(2), 1));
    // Exponential interarrival times: the median is ln 2 times the mean, within the width of a bucket.
    near(
        "median interarrival time",
        description.interarrival.percentiles[0].unwrap() as f64 * 3e-7,
        std::f64::consts::LN_2,
        1.0 / n.sqrt() + 0.00025,
    );
    let blocks = description.blocks.unwrap();
    assert_eq!((blocks.distinct, description.clients.distinct), (50, 3));
    // The largest of 50 equal shares is within 4 standard deviations above the mean.
    assert!(blocks.most_popular_share[0] > 0.02 && blocks.most_popular_share[0] < 0.02 + 4.0 * (0.0196 / n).sqrt());
    // Poisson counts of mean 300 in about 667 windows of 1 s: the largest is about 3 standard deviations above the mean.
    let peak = description.peak.unwrap();
    assert!(peak.window_ns == 1_000_000_000 && (330..=400).contains(&peak.requests), "{peak:?}");
}

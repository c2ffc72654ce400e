//! Traces of other programs and people, read as they are, and what must not change a result: how a trace is stored and
//! how it comes in.

use serde_json::{Value, json};

use crate::middleware::{middleware, report, workers};
use crate::support::{Folder, without_intervals};

/// The description of the trace `t`.
fn describe(folder: &Folder, flags: &str) -> Value {
    folder.run("middleware", &format!("describe t --json {flags}")).succeeds().json()
}

/// The tally of one worker that serves the trace `t`.
fn tally(folder: &Folder, arguments: &str) -> Value {
    folder.host(&format!("--json {arguments}")).succeeds().json()["tally"].clone()
}

fn has_note(report: &Value, words: &str) -> bool {
    report["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains(words))
}

const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;

/// An access log of nginx over the end of summer time: the same hour comes twice, with another offset.
const NGINX: &str = "\
192.0.2.10 - - [05/Nov/2023:01:59:59 -0400] \"GET /a HTTP/1.1\" 200 512 \"-\" \"curl/8.0\" 0.012
192.0.2.11 - - [05/Nov/2023:01:00:00 -0500] \"GET /b HTTP/1.1\" 200 128 \"-\" \"curl/8.0\" 0.105
192.0.2.10 - alice [05/Nov/2023:01:00:01 -0500] \"POST /c?x=1 HTTP/2.0\" 201 64 \"https://example.org/\" \"Mozilla/5.0 (X11)\" 0.050
";

#[test]
fn an_access_log_over_a_change_of_the_clock_has_no_gap() {
    let folder = Folder::with("t", NGINX);
    let described = describe(&folder, "");
    // Arrivals are at 58.988, 59.895 and 60.950 s.
    assert_eq!((&described["requests"], &described["span_ns"]), (&json!(3), &json!(1_962 * MS)));
    assert_eq!(described["clients"]["distinct"], json!(2));
    assert_eq!(described["operations"], json!({"reads": 2, "writes": 1, "others": 0}));
    // A response time is no demand, unless it is said to be.
    assert_eq!(described["demands_sampled"], json!(3));
    let named = describe(&folder, "--columns service=request_time:s");
    assert_eq!((&named["demands_sampled"], &named["load"]["demands_ns"]), (&json!(0), &json!("167000000")));

    let without = NGINX.lines().map(|line| line.rsplit_once(' ').unwrap().0.to_owned() + "\n").collect::<String>();
    let described = describe(&Folder::with("t", without), "");
    assert_eq!((&described["requests"], &described["span_ns"]), (&json!(3), &json!(2 * S)));
    assert!(has_note(&described, "nginx writes when a request was completed"), "{}", described["notes"]);
}

#[test]
fn decimals_in_whole_nanoseconds_are_refused_and_the_unit_is_named() {
    // 50 ms apart, in units of this length [ns].
    let rows = |unit: u64| -> String {
        let places = unit.ilog10() as usize;
        let row = |row: u64| {
            let ns = 242_504_709_548 + 50 * MS * row;
            format!("{}.{:0places$} 0 {row}000 8 1\n", ns / unit, ns % unit)
        };
        (0..10).map(row).collect()
    };
    let run = "--st 10ms --service deterministic t";
    let folder = Folder::with("t", rows(S));
    let refused =
        folder.host(run).exits(3).says("error: t:1: arrival \"242.504709548\" is not a whole number of nanoseconds");
    refused.says("--time-unit names that (s, ms, us or ns)");
    for (unit, name) in [(S, "s"), (MS, "ms"), (1_000, "us")] {
        let folder = Folder::with("t", rows(unit));
        let tally = tally(&folder, &format!("{run} --time-unit {name}"));
        assert_eq!((&tally["counts"]["offered"], &tally["delay_sum_ns"]), (&json!(10), &json!("0")), "{name}");
        assert_eq!(describe(&folder, &format!("--time-unit {name}"))["span_ns"], json!(450 * MS), "{name}");
    }
}

#[test]
fn seconds_taken_for_microseconds_are_doubted() {
    let rows =
        (0..10).map(|row| format!("{:.6},0,{},{row}000,8\n", 0.05 * f64::from(row), ["r", "w"][row as usize % 2]));
    let folder = Folder::with("t", rows.collect::<String>());
    let run = "--st 10ms --service deterministic t";
    let doubted = folder.host(&format!("--json {run}")).succeeds().json();
    assert!(has_note(&doubted, "arrive within 450 ns") && has_note(&doubted, "--time-unit"), "{}", doubted["notes"]);
    let right = folder.host(&format!("--json --time-unit s {run}")).succeeds().json();
    assert_eq!(right["tally"]["delay_sum_ns"], json!("0"));
    assert!(!has_note(&right, "implausible"), "{}", right["notes"]);
    assert_eq!(describe(&folder, "--time-unit s")["span_ns"], json!(450 * MS));
}

#[test]
fn names_are_ids() {
    let folder = Folder::with("t", "arrival_ms,client,block\n0,192.0.2.1,A\n103,192.0.2.7,B\n159,192.0.2.1,A\n");
    let run = "run --workers 4 --balancer HASH --trace t --completions c.csv";
    middleware(&folder, run).succeeds().notes("names of clients and blocks are hashed");
    let text = folder.text("c.csv");
    let worker = |id: &str| {
        let line = text.lines().find(|line| line.starts_with(&format!("{id},"))).unwrap();
        line.split(',').nth(5).unwrap().to_owned()
    };
    assert_eq!(worker("0"), worker("2"));
    let described = describe(&folder, "");
    let distinct = [&described["clients"]["distinct"], &described["blocks"]["distinct"]];
    assert_eq!(distinct, [&json!(2), &json!(2)]);
}

#[test]
fn two_files_are_one_trace() {
    let folder = Folder::with("a.csv", "arrival_s,service_s\n0,0.6\n1,0.6\n")
        .and("b.csv", "arrival_s,service_s\n0.5,0.6\n1.5,0.6\n");
    for files in ["--sort a.csv b.csv", "a.csv b.csv", "b.csv a.csv"] {
        // They wait 0, 0.1, 0.2 and 0.3 s.
        let tally = tally(&folder, files);
        assert_eq!((&tally["counts"]["offered"], &tally["delay_sum_ns"]), (&json!(4), &json!("600000000")), "{files}");
    }
}

#[test]
fn spreadsheets_and_libraries_write_csv_in_many_ways() {
    let bom = "\u{feff}arrival_s;service_ms\r\n0,5;12,5\r\n1,25;3,75\r\n";
    let utf16: Vec<u8> = bom.encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The text, the sum of demands and of delays [ns].
    let files: [(&[u8], &str, &str); 5] = [
        (b"arrival_s,service_s,\n0.5,0.1,\n1,0.1,\n", "200000000", "0"),
        (b"\"arrival_s\",\"service_ms\"\n\"0.5\",\"12.5\"\n\"1.25\",\"3.75\"\n", "16250000", "0"),
        // The second waits for 1.49 ms.
        (b",arrival_s,service_ms\n0,0.0,1.5\n1,1e-05,2.5e-01\n2,0.5,1.0\n", "2750000", "1490000"),
        (bom.as_bytes(), "16250000", "0"),
        (&utf16, "16250000", "0"),
    ];
    for (text, demands, delays) in files {
        let folder = Folder::with("t", text);
        let ended = folder.host("--json t").succeeds().json();
        let sums = [&ended["tally"]["demand_sum_ns"], &ended["tally"]["delay_sum_ns"]];
        assert_eq!(sums, [demands, delays], "{}", String::from_utf8_lossy(text));
        // A column without a name is ignored without a note.
        assert!(!has_note(&ended, "ignored"), "{}", ended["notes"]);
    }
}

#[test]
fn the_time_before_the_first_arrival_is_no_part_of_a_run() {
    let rows = (0..10).map(|row| format!("{},0.5\n", 1_700_000_000 + row));
    let folder = Folder::with("t", "arrival_s,service_s\n".to_owned() + &rows.collect::<String>());
    let ran = report(&folder, "--workers 1 --trace t");
    // 5 of 9.5 s.
    let utilization = ran["run"]["server_utilization"].as_f64().unwrap();
    assert!((utilization - 0.526_316).abs() < 5e-7, "{utilization}");
    assert_eq!(ran["trace"]["offset_ns"], json!(1_700_000_000 * S));
}

#[test]
fn demands_that_are_sampled_are_counted_in_the_report() {
    let dates = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00.0000000,300,40\n\
                 2023-11-16 18:00:01.0000000,3000,400\n2023-11-16 18:00:02.0000000,30,4\n";
    let half = "arrival_s,service_s\n0,0.001\n1,\n2,0.001\n3,\n";
    for (trace, note) in [
        (dates, "3 of 3 demands sampled: exponential, mean 10 ms"),
        (half, "2 of 4 demands sampled: exponential, mean 10 ms"),
    ] {
        let folder = Folder::with("t", trace);
        middleware(&folder, "run --workers 1 --trace t --report r.json").succeeds().prints(&format!("note: {note}\n"));
        let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
        assert!(has_note(&report, note), "{}", report["notes"]);
        middleware(&folder, "results").succeeds().prints(&format!("note: {note}\n"));
    }
}

#[test]
fn published_formats_are_described_as_they_are() {
    let swf = "; Version: 2.2\n; Computer: Example\n; UnixStartTime: 749433603\n\
        \x20   1       0   -1  1451 128   -1   -1   -1   -1 -1  1   1  1  1  1 -1 -1 -1\n\
        \x20   2    1460   -1  3726 128   -1   -1   -1   -1 -1  1   1  1  1  1 -1 -1 -1\n\
        \x20   3    5198   -1    -1 128   -1   -1   -1   -1 -1  0   1  1  1  1 -1 -1 -1\n";
    let mooncake = "{\"timestamp\": 0, \"input_length\": 655, \"output_length\": 52, \"hash_ids\": [0, 1]}\n\
        {\"timestamp\": 27, \"input_length\": 1200, \"output_length\": 12, \"hash_ids\": [0, 2, 3]}\n\
        {\"timestamp\": 3000, \"input_length\": 80, \"output_length\": 3, \"hash_ids\": [4]}\n";
    let azure = "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,2162,5\n\
        2024-05-10 00:00:00.517335+00:00,2399,6\n2024-05-10 00:00:01+00:00,76,15\n";
    // The last two an hour and half an hour ahead of UTC.
    let offsets =
        azure.replace("00:00:00.517335+00:00", "01:00:00.517335+01:00").replace("00:00:01+00:00", "00:30:01+0030");
    let alibaba = "419,W,8792731648,16384,1577808144360767\n725,R,59110326272,360448,1577808144360813\n\
        12,R,350868463616,8192,1577808144360852\n";
    let fio = "fio version 3 iolog\n0 /dev/sdx add\n12 /dev/sdx open\n40 /dev/sdx read 4096 4096\n\
        95 /dev/sdx write 8192 4096\n110 /dev/sdx close\n";
    let mean = |sum: u64, of: u64| sum as f64 / of as f64;
    // The format, the number of requests, the span [ns], and other values by their path.
    type Expected<'a> = (&'a str, &'a str, u64, u64, &'a [(&'a str, Value)]);
    let expected: [Expected<'_>; 6] = [
        ("swf", swf, 3, 5_198 * S, &[("/demands_sampled", json!(1)), ("/demand/max_ns", json!(3_726 * S))]),
        (
            "mooncake",
            mooncake,
            3,
            3 * S,
            &[("/size/mean", json!(645.0)), ("/reply_size/mean", json!(mean(67, 3))), ("/blocks/distinct", json!(2))],
        ),
        ("azure-llm", azure, 3, 990_070_000, &[("/size/mean", json!(mean(4_637, 3)))]),
        ("azure-llm", &offsets, 3, 990_070_000, &[("/size/mean", json!(mean(4_637, 3)))]),
        (
            "alibaba-block",
            alibaba,
            3,
            85_000,
            &[("/operations/reads", json!(2)), ("/clients/distinct", json!(3)), ("/size/max", json!(360_448))],
        ),
        ("fio-iolog", fio, 2, 55_000, &[("/operations", json!({"reads": 1, "writes": 1, "others": 0}))]),
    ];
    for (format, text, requests, span_ns, values) in expected {
        let described = describe(&Folder::with("t", text), "");
        let found = [&described["trace"]["files"][0]["format"], &described["requests"], &described["span_ns"]];
        assert_eq!(found, [&json!(format), &json!(requests), &json!(span_ns)], "{text}");
        for (path, value) in values {
            assert_eq!(described.pointer(path), Some(value), "{format}: {path}");
        }
    }
    // An unknown run time is named, and not a demand.
    assert!(has_note(&describe(&Folder::with("t", swf), ""), "a run time of -1 is unknown"));
}

#[test]
fn equal_times_are_served_in_the_order_of_the_file() {
    let folder = Folder::with("t", "arrival_s,service_s\n0,1\n0,1\n1,0\n1,1\n1,0\n2,1\n2,1\n");
    let tally = tally(&folder, "--capacity 2 --completions c.csv t");
    assert_eq!((&tally["counts"]["rejected"], &tally["delay_sum_ns"]), (&json!(2), &json!("3000000000")));
    let text = folder.text("c.csv");
    let starts: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(starts, ["0", "1000000000", "2000000000", "", "", "2000000000", "3000000000"]);
}

/// The figures of a run, as text: all but what names the trace and the notes on it.
fn figures(folder: &Folder, arguments: &str) -> String {
    let report = without_intervals(report(folder, arguments));
    assert!(!workers(&report).is_empty());
    [&report["workers"], &report["run"]].map(Value::to_string).concat()
}

const BALANCERS: [&str; 3] = ["RR", "TC", "HASH"];

#[test]
fn a_written_trace_gives_the_figures_of_the_run_that_generated_it() {
    let folder = Folder::new();
    let flags = "--samples 5000 --st 7ms --seed 3 --distribution gamma --stdev 16";
    for format in ["csv", "records"] {
        folder.run("tracegen", &format!("{flags} --format {format} --out t.{format}")).succeeds();
    }
    let demands = "--st 7ms --seed 3 --workers 3";
    for balancer in BALANCERS {
        let expected = figures(&folder, &format!("{flags} --workers 3 --balancer {balancer}"));
        for trace in ["t.csv", "t.records"] {
            let read = figures(&folder, &format!("--trace {trace} {demands} --balancer {balancer}"));
            assert_eq!(read, expected, "{trace}, {balancer}");
        }
    }
}

#[test]
fn a_part_gives_the_figures_of_its_rows_alone() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 3000 --out t.csv").succeeds();
    let text = folder.text("t.csv");
    let (head, rows) = text.split_at(text.find("\n0,").unwrap() + 1);
    let arrival_ns = |row: &str| row.split(',').nth(1).unwrap().parse::<u64>().unwrap();
    let (from, until) = (2_345 * MS, 7 * S);
    let within: Vec<&str> = rows.lines().filter(|row| (from..until).contains(&arrival_ns(row))).collect();
    assert!((100..2_900).contains(&within.len()), "{}", within.len());
    // Without the line of the origin, times count from the first arrival. The ids are as before, so that the demands are.
    let head = head.lines().next_back().unwrap();
    std::fs::write(folder.path("part.csv"), format!("{head}\n{}\n", within.join("\n"))).unwrap();
    for balancer in BALANCERS {
        let part = figures(&folder, &format!("--trace t.csv --from 2345ms --until 7s --balancer {balancer}"));
        assert_eq!(part, figures(&folder, &format!("--trace part.csv --balancer {balancer}")), "{balancer}");
    }
}

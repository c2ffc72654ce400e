//! Notes on traces and runs: each stands once in every output of every program.

use serde_json::{Value, json};

use crate::middleware::{middleware, report};
use crate::stranger::Stranger;
use crate::support::Folder;

/// Requests 1 s apart, all or half of which have no service time.
const WITHOUT: &str = "arrival_s\n0\n1\n2\n";
const HALF: &str = "arrival_s,service_s\n0,0.001\n1,\n2,0.001\n3,\n";

/// `note` is the only one of the trace `t.csv`, in each output; `flags` are added to each command.
fn every_output_has(folder: &Folder, flags: &str, note: &str) {
    let run = format!("run --workers 1 --trace t.csv --report r.json {flags}");
    middleware(folder, &run).succeeds().notes(note);
    assert_eq!(json_of(folder, "r.json")["notes"], json!([note]));
    middleware(folder, "results").succeeds().notes(note);
    assert_eq!(report(folder, &format!("--workers 1 --trace t.csv {flags}"))["notes"], json!([note]));
    middleware(folder, &format!("{run} --quiet")).succeeds().says_nothing().notes(note);

    folder.host(&format!("t.csv --report r.json --quiet {flags}")).succeeds().says_nothing().notes(note);
    assert_eq!(json_of(folder, "r.json")["notes"], json!([note]));
    assert_eq!(folder.host(&format!("t.csv --json {flags}")).succeeds().says_nothing().json()["notes"], json!([note]));

    let describe = format!("describe --workers 1 t.csv {flags}");
    middleware(folder, &describe).succeeds().says_nothing().notes(note);
    let described = middleware(folder, &format!("{describe} --json")).succeeds().says_nothing().json();
    assert_eq!(described["notes"], json!([note]));

    let partition = format!("partition --workers 1 --trace t.csv --out shards {flags}");
    let ended = middleware(folder, &partition).succeeds();
    assert_eq!(ended.errors(), format!("note: {note}\n"));
    std::fs::remove_dir_all(folder.path("shards")).unwrap();
}

fn json_of(folder: &Folder, name: &str) -> Value {
    serde_json::from_slice(&folder.read(name)).unwrap()
}

#[test]
fn sampled_demands_are_counted_in_every_output() {
    for (trace, flags, note) in [
        (WITHOUT, "", "3 of 3 demands sampled: exponential, mean 10 ms"),
        (WITHOUT, "--st 2.5s --service deterministic", "3 of 3 demands sampled: deterministic, mean 2.5 s"),
        (HALF, "", "2 of 4 demands sampled: exponential, mean 10 ms"),
    ] {
        every_output_has(&Folder::with("t.csv", trace), flags, note);
    }
    let generated = "2000 of 2000 demands sampled: exponential, mean 5 ms";
    let folder = Folder::new();
    middleware(&folder, "run --samples 2000 --st 5ms").succeeds().notes(generated);
    assert_eq!(report(&folder, "--samples 2000 --st 5ms")["notes"], json!([generated]));
    middleware(&folder, "results").succeeds().notes(generated);
    middleware(&folder, "partition --samples 2000 --st 5ms --out shards")
        .succeeds()
        .says(&format!("note: {generated}\n"));
    // No demand of a shard on disk is sampled.
    assert_eq!(folder.host("shards/1.req --json").succeeds().json()["notes"], json!([]));
}

#[test]
fn remarks_on_a_trace_are_in_the_report_without_its_name() {
    let trace = "arrival_s,service_s,temperature\n0,0.5,20\n1,0.5,21\n";
    every_output_has(&Folder::with("t.csv", trace), "", "ignored columns: temperature");
    let late = "nothing arrives in the first 9 s, which is longer than the rest of the trace (1 s); --origin \
                first starts at the first arrival";
    let folder = Folder::with("t.csv", "# origin_ns=0\narrival_s,service_s\n9,0.5\n10,0.5\n");
    assert!(report(&folder, "--trace t.csv")["notes"].as_array().unwrap().contains(&json!(late)));
}

#[test]
fn settings_without_effect_are_in_the_report() {
    let folder = Folder::with("t.csv", HALF);
    let unused = "the trace brings the demands of 2 of 4 requests, which SERVICE does not change";
    let sampled = "2 of 4 demands sampled: exponential, mean 10 ms";
    let flags = "--trace t.csv --workers 1 --samples 7 --service exponential";
    let notes = json!([sampled, unused, "a recorded trace is used, so SAMPLES changes nothing"]);
    assert_eq!(report(&folder, flags)["notes"], notes);
    middleware(&folder, &format!("run {flags}")).succeeds().notes(unused);
    let both = "a recorded trace is used, so SAMPLES, SIZE change nothing";
    middleware(&folder, &format!("run {flags} --size 3")).succeeds().notes(both);
    // Settings that no trace leaves without effect, or that nobody asked for, give no note.
    assert_eq!(report(&folder, "--trace t.csv --workers 1 --seed 7")["notes"], json!([sampled]));
}

#[test]
fn an_implausible_trace_makes_doubt_its_unit() {
    let rows: String = (0..10).map(|row| format!("{}\n", 50 * row)).collect();
    let folder = Folder::with("t.csv", format!("arrival_ns,service_ns\n{}", rows.replace('\n', ",0\n")));
    let check = "which is implausible: check the unit of the times (--time-unit, or the name of the column)";
    every_output_has(&folder, "", &format!("all 10 requests arrive within 450 ns, {check}"));
    // Headerless microseconds that are seconds.
    let rows: String = (0..10).map(|row| format!("0.{:02}0000,0,r,{row},8\n", 5 * row)).collect();
    let notes = Folder::with("t.csv", rows).host("t.csv --json").succeeds().json()["notes"].to_string();
    assert!(notes.contains("all 10 requests arrive within 450 ns, ") && notes.contains("--time-unit"), "{notes}");
    // Ten servers are enough for a load of 410.
    let rows: String = (0..41).map(|row| format!("{row},400000\n")).collect();
    let folder = Folder::with("t.csv", format!("arrival_us,service_ns\n{rows}"));
    let doubted = |flags: &str| {
        report(&folder, &format!("--trace t.csv {flags}"))["notes"].to_string().contains(" and offer 410 times what")
    };
    assert_eq!([doubted("--workers 1"), doubted("--workers 10"), doubted("--servers 10")], [true, false, false]);
    // A generated trace follows its settings.
    let folder = Folder::new();
    let dense = report(&folder, "--samples 100 --inter-arrival 1ns --concurrency 1");
    assert!(!dense["notes"].to_string().contains("implausible"), "{dense}");
    folder.run("tracegen", "--samples 100 --inter-arrival 1ns --concurrency 1 --out t.csv").succeeds();
    assert!(report(&folder, "--trace t.csv")["notes"].to_string().contains("implausible"));
}

#[test]
fn the_notes_of_a_run_that_fails_are_printed() {
    let wrong = Stranger::in_order().saying(2).after("(local.set $finish (i64.const 0))");
    let folder = Folder::with("t.csv", WITHOUT).and_module("wrong", &wrong.text());
    let note = "note: 3 of 3 demands sampled: exponential, mean 10 ms";
    folder.host_with("wrong", "t.csv").exits(7).says(note);
}

#[test]
fn no_note_is_wider_than_80_columns() {
    let folder = Folder::with("t.csv", "arrival_ns,x y z\n1,\n2,\n");
    for ended in [
        folder.host("t.csv --st 3ns").succeeds(),
        middleware(&folder, "run --trace t.csv --samples 7 --size 3 --inter-arrival 5ms --concurrency 4").succeeds(),
        middleware(&folder, "results").succeeds(),
        middleware(&folder, "describe t.csv").succeeds(),
    ] {
        let text = ended.stdout();
        assert!(text.contains("note: ") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
}

#[test]
fn workers_that_are_overloaded_alone_and_weights_without_effect_are_noted() {
    let folder = Folder::new();
    let notes = |flags: &str| report(&folder, &format!("--samples 3000 --workers 2 {flags}"))["notes"].to_string();
    // 67 requests a second of 10 ms, half of them for a worker of a tenth of the speed.
    let slow = notes("--concurrency 1 --inter-arrival 15ms --speeds 0.1,10");
    assert!(slow.contains("worker 1 is offered 3."), "{slow}");
    assert!(slow.contains(" times what it can serve, although all together can serve the trace"), "{slow}");
    assert!(!notes("--concurrency 1 --inter-arrival 15ms").contains("worker 1"));
    let weights = notes("--concurrency 1 --balancer RR --weights 1,2");
    assert!(weights.contains("RR uses no weights, so WEIGHTS changes nothing"), "{weights}");
    assert!(!notes("--concurrency 1 --balancer WRR --weights 1,2").contains("WEIGHTS"));
    // The excess leaves.
    let bounded = notes("--concurrency 1 --inter-arrival 2ms --patience 5ms");
    assert!(bounded.contains("the system is overloaded, and the rest is rejected or abandoned"), "{bounded}");
}

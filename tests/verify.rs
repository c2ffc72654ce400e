//! `--verify`: simulators that follow every rule but simulate something else are detected, by the first request that
//! differs; the rules alone accept them.

use serde_json::{Value, json};

use crate::middleware::middleware;
use crate::stranger::Stranger;
use crate::support::{Ended, Folder};

/// Arrivals 0, 1, 2, 3, 30 µs, demands 10, 10, 10, 0, 5 µs; ids are skipped. One server serves the first three in turn.
const FIVE: &str = "id,arrival_us,service_us\n3,0,10\n7,1,10\n8,2,10\n20,3,0\n21,30,5\n";

/// Declares SERVERS and DISCIPLINE, and has one server.
fn one_server_for_two() -> Stranger {
    Stranger::in_order().saying(1 + 2)
}

/// Every completion lacks the last nanosecond.
fn a_nanosecond_short() -> Stranger {
    Stranger::in_order().saying(2).after(
        "(if (i64.gt_u (local.get $service) (i64.const 0)) (then
           (local.set $finish (i64.sub (local.get $finish) (i64.const 1)))
           (local.set $service (i64.sub (local.get $service) (i64.const 1)))))",
    )
}

fn with_room_for(capacity: u32) -> Stranger {
    Stranger::in_order().saying(2 + 4).with_room_for(capacity)
}

fn folder(liar: &Stranger) -> Folder {
    Folder::with("t.csv", FIVE).and_module("liar", &liar.text())
}

/// Both programs end with exit code 7 under --verify, and name the request and both completions.
fn is_caught(liar: &Stranger, flags: &str, request: &str) {
    let folder = folder(liar);
    let host = folder.host_with("liar", &format!("t.csv --verify --completions all.csv {flags}")).exits(7);
    assert_eq!(folder.names(), ["liar.wasm", "t.csv"]);
    host.says(&format!("error: worker 1: --verify: {request}\n"));
    let run = format!("run --trace t.csv --workers 1 --module liar.wasm --verify --report report.json {flags}");
    middleware(&folder, &run).exits(7).says(&format!("error: worker 1: --verify: {request}\n"));
    let report: Value = serde_json::from_slice(&folder.read("report.json")).unwrap();
    let error = json!({"class": "contract", "message": format!("--verify: {request}")});
    assert_eq!((&report["workers"][0]["error"], report.get("run")), (&error, None));
}

/// Without --verify the rules find nothing.
fn passes_the_rules(liar: &Stranger, flags: &str) -> Ended {
    folder(liar).host_with("liar", &format!("t.csv --json {flags}")).succeeds()
}

/// The counts of a worker's report that are not 0.
fn counts(ended: &Ended) -> Value {
    let mut counts = ended.json()["tally"]["counts"].clone();
    counts.as_object_mut().unwrap().retain(|_, count| *count != 0);
    counts
}

#[test]
fn correct_simulators_agree() {
    let agree = |honest: &Stranger, flags: &str| {
        let folder = folder(honest);
        folder.host_with("liar", &format!("t.csv --verify {flags}")).succeeds();
        let run = format!("run --trace t.csv --module liar.wasm --verify {flags}");
        middleware(&folder, &format!("{run} --workers 2 --balancer JSQ")).succeeds();
    };
    agree(&Stranger::in_order().saying(2), "");
    agree(&Stranger::in_order().saying(2).backward(), "");
    agree(&one_server_for_two(), "--servers 1");
    agree(&with_room_for(3), "--capacity 3");
    agree(&with_room_for(2), "--capacity 2");
    agree(&with_room_for(2).backward(), "--capacity 2");
}

#[test]
fn declares_two_servers_and_simulates_one() {
    // Two servers would start request 7 at once.
    let request = "request 7: fifo gives start 1000, finish 11000, service 10000; the simulator gives start \
                   10000, finish 20000, service 10000";
    is_caught(&one_server_for_two(), "--servers 2", request);
    let ended = passes_the_rules(&one_server_for_two(), "--servers 2");
    assert_eq!(counts(&ended), json!({"offered": 5, "completed": 5}));
}

#[test]
fn drops_a_nanosecond_of_service() {
    let request = "request 3: fifo gives start 0, finish 10000, service 10000; the simulator gives start 0, \
                   finish 9999, service 9999";
    is_caught(&a_nanosecond_short(), "", request);
    // The rules allow less service than the demand as abandonment: the counts show it, but no error.
    let ended = passes_the_rules(&a_nanosecond_short(), "");
    assert_eq!(counts(&ended), json!({"offered": 5, "completed": 1, "abandoned": 4}));
}

#[test]
fn rejects_too_early() {
    let request = "request 8: fifo gives start 20000, finish 30000, service 10000; the simulator gives start \
                   none, finish 2000, service 0";
    is_caught(&with_room_for(2), "--capacity 3", request);
    let ended = passes_the_rules(&with_room_for(2), "--capacity 3");
    assert_eq!(counts(&ended), json!({"offered": 5, "completed": 3, "rejected": 2}));
}

#[test]
fn never_rejects() {
    let request = "request 20: fifo gives start none, finish 3000, service 0; the simulator gives start \
                   30000, finish 30000, service 0";
    is_caught(&with_room_for(1000), "--capacity 3", request);
    assert_eq!(counts(&passes_the_rules(&with_room_for(1000), "--capacity 3"))["completed"], 5);
}

#[test]
fn serves_in_another_order_than_declared() {
    // At 10 µs the request that came last is served first.
    let request = "request 20: fifo gives start 30000, finish 30000, service 0; the simulator gives start \
                   10000, finish 10000, service 0";
    let liar = Stranger::of("last_come_first").saying(2);
    is_caught(&liar, "", request);
    assert_eq!(counts(&passes_the_rules(&liar, ""))["completed"], 5);
}

/// A worker's error is its own: the figures of the others are kept.
#[test]
fn the_wrong_worker_is_named() {
    // In turn, worker 2 gets 7 and 21.
    let liar = Stranger::in_order().saying(2).after(
        "(if (i64.eq (i64.load (local.get $at)) (i64.const 7)) (then
           (local.set $finish (i64.sub (local.get $finish) (i64.const 1)))
           (local.set $service (i64.sub (local.get $service) (i64.const 1)))))",
    );
    let folder = folder(&liar);
    let run = "run --trace t.csv --workers 3 --balancer RR --module liar.wasm --verify --report report.json";
    middleware(&folder, run).exits(7).says("error: worker 2: --verify: request 7: ");
    let report: Value = serde_json::from_slice(&folder.read("report.json")).unwrap();
    let completed = |place: usize| report["workers"][place]["counts"]["completed"].as_u64();
    assert_eq!([completed(0), completed(1), completed(2)], [Some(2), None, Some(1)]);
}

#[test]
fn modules_with_their_own_order_or_demands_can_not_be_verified() {
    for (capabilities, why) in [
        (0, "decides the order of service itself (capability bit 2 is not set)"),
        (2 + 16, "decides demands itself (capability bit 16)"),
        (2 + 32, "shares or interrupts service (capability bit 32)"),
    ] {
        let folder = folder(&Stranger::in_order().saying(capabilities));
        let refusal = format!("--verify: the module {why}, so there is no native model to compare it with\n");
        folder.host_with("liar", "t.csv --verify").exits(2).says(&refusal);
        middleware(&folder, "run --trace t.csv --module liar.wasm --verify").exits(2).says(&refusal);
        assert_eq!(folder.names(), ["liar.wasm", "t.csv"]);
        // Without --verify it is valid.
        folder.host_with("liar", "t.csv").succeeds();
    }
    let folder = folder(&Stranger::of("last_come_first").saying(2));
    // Under lifo it is right.
    folder.host_with("liar", "t.csv --verify --discipline lifo").succeeds();
}

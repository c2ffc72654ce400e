//! Independent modules that use what contract 1 allows beyond the default simulator: their counts, figures and notes
//! follow the contract.

use serde_json::{Map, Value, json};

use crate::middleware::{middleware, report, workers};
use crate::stranger::Stranger;
use crate::support::{Folder, THREE};

const OWN_ORDER: &str = "the simulator decides the order of service itself";

/// The result of a host over `trace`: its report, and its completions as rows of id, start, finish and service.
fn simulates(stranger: &Stranger, trace: &str) -> (Value, Vec<String>) {
    let folder = Folder::with("t.csv", trace).and_module("theirs", &stranger.text());
    let report = folder.host_with("theirs", "t.csv --json --completions c.csv").succeeds().json();
    let mut outcomes = Map::new();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split(',').collect();
        let count = outcomes.get(fields[6]).map_or(1, |count| count.as_u64().unwrap() + 1);
        outcomes.insert(fields[6].to_owned(), json!(count));
        [fields[0], fields[2], fields[3], fields[4]].join(" ")
    };
    let rows = folder.text("c.csv").lines().skip(1).map(row).collect();
    // The outcomes in the file are those that the report counts.
    let mut counted = counts(&report["tally"]);
    counted
        .as_object_mut()
        .unwrap()
        .retain(|name, _| !["offered", "waiting", "not_yet_arrived"].contains(&name.as_str()));
    assert_eq!(Value::Object(outcomes), counted);
    (report, rows)
}

/// The counts that are not 0.
fn counts(figures: &Value) -> Value {
    let mut counts = figures["counts"].clone();
    counts.as_object_mut().unwrap().retain(|_, count| *count != 0);
    counts
}

/// Checks the report's notes.
fn notes(report: &Value, notes: &[&str]) {
    assert_eq!(report["notes"], json!(notes));
}

#[test]
fn its_own_demands() {
    // Each request takes 1 µs more than its demand in the trace.
    let slow = Stranger::in_order().before("(local.set $service (i64.add (local.get $service) (i64.const 1000)))");
    let (report, rows) = simulates(&slow.clone().saying(2 + 16), THREE);
    assert_eq!(rows, ["0 0 6000 6000", "1 6000 12000 6000", "2 20000 22000 2000"]);
    let tally = &report["tally"];
    assert_eq!(counts(tally), json!({"offered": 3, "completed": 3}));
    // Server time is the service received, work is the demand in the trace.
    assert_eq!((&tally["service_sum_ns"], &tally["demand_sum_ns"]), (&json!("14000"), &json!("11000")));
    assert_eq!((&tally["delay_sum_ns"], &tally["end_ns"]), (&json!("4000"), &json!(22000)));
    let own = "the simulator decides service demands itself";
    notes(&report, &[own]);
    // What the trace gave and what was sampled only went in.
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n2,\n20,1\n")
        .and_module("theirs", &slow.clone().saying(2 + 16).text());
    let report = folder.host_with("theirs", "t.csv --json").succeeds().json();
    let sampled = "1 of 3 sampled: exponential, mean 10 ms";
    notes(&report, &[&format!("{own}; it received the demands of the trace ({sampled})")]);
    let run = report_of(&folder, "--trace t.csv --workers 2 --balancer JSQ");
    notes(&run, &[&format!("{own}; policies used the demands of the trace ({sampled})")]);
    // Less service than the demand is not an abandonment: it is what the requests needed.
    let quick = Stranger::in_order().saying(2 + 16).before("(local.set $service (i64.const 0))");
    assert_eq!(counts(&simulates(&quick, THREE).0["tally"]), json!({"offered": 3, "completed": 3}));
    // Without the capability this is an error.
    let folder = Folder::with("t.csv", THREE).and_module("theirs", &slow.saying(2).text());
    folder.host_with("theirs", "t.csv").exits(7).says("service is more than the request's demand");
}

#[test]
fn service_in_turns() {
    let (report, rows) = simulates(&Stranger::of("round_robin").saying(32), THREE);
    // Request 0 is served from 0 to 3, 4 to 5 and 6 to 7 µs, request 1 in between and until 10 µs.
    assert_eq!(rows, ["0 0 7000 5000", "1 3000 10000 5000", "2 20000 21000 1000"]);
    let tally = &report["tally"];
    assert_eq!(counts(tally), json!({"offered": 3, "completed": 3}));
    assert_eq!((&tally["delay_sum_ns"], &tally["waiting_area_ns"]), (&json!("1000"), &json!("1000")));
    assert_eq!((&tally["system_area_ns"], &tally["service_sum_ns"]), (&json!("16000"), &json!("11000")));
    let shared = "service may be interrupted or shared: the delay in queue is the time until service first starts";
    notes(&report, &[OWN_ORDER, shared]);
    // A whole run of it: no request waits long for its first turn.
    let folder = Folder::new().and_module("theirs", &Stranger::of("round_robin").saying(32).text());
    let run = report_of(&folder, "--samples 3000 --balancer JSQ");
    assert_eq!(counts(&run["run"]), json!({"offered": 3000, "completed": 3000}));
    let sampled = "3000 of 3000 demands sampled: exponential, mean 10 ms";
    notes(&run, &[sampled, OWN_ORDER, shared, "JSQ used a first-in, first-out model of the workers' state"]);
    let (turns, order) = (delay(&run), delay(&crate::middleware::report(&folder, "--samples 3000 --balancer JSQ")));
    assert!(turns < order, "{turns} {order}");
    // Without the capability this is an error.
    let folder = Folder::with("t.csv", THREE).and_module("theirs", &Stranger::of("round_robin").text());
    folder.host_with("theirs", "t.csv").exits(7).says("completion 1 (id 0, ").says("finish - start is not service");
}

fn report_of(folder: &Folder, arguments: &str) -> Value {
    report(folder, &format!("--module theirs.wasm {arguments}"))
}

fn delay(report: &Value) -> f64 {
    report["run"]["average_delay_in_queue_ns"].as_f64().unwrap()
}

#[test]
fn completions_in_reverse_order() {
    let folder = Folder::new().and_module("theirs", &Stranger::in_order().saying(2).backward().text());
    let arguments = "--samples 5000 --balancer LW --workers 3 --completions";
    let theirs = report_of(&folder, &format!("{arguments} theirs.csv"));
    let ours = report(&folder, &format!("{arguments} ours.csv"));
    assert_eq!((&theirs["workers"], &theirs["run"]), (&ours["workers"], &ours["run"]));
    assert!(folder.text("theirs.csv") == folder.text("ours.csv"));
    // The number of requests that it may hold back has a limit.
    middleware(&folder, "run --samples 5000 --module theirs.wasm --workers 3 --limit-unanswered 1000")
        .exits(6)
        .says("error: worker 1: unanswered requests: more than 1000 ");
}

#[test]
fn an_empty_shard() {
    for stranger in [Stranger::in_order(), Stranger::of("last_come_first"), Stranger::of("round_robin").backward()] {
        let folder =
            Folder::with("t.csv", "arrival_us,service_us\n1,5\n").and_module("theirs", &stranger.saying(32).text());
        let run = report_of(&folder, "--trace t.csv --workers 2");
        let idle = &workers(&run)[1];
        assert_eq!(counts(idle), json!({}));
        assert_eq!((&idle["time_simulation_ended_ns"], &idle["server_utilization"]), (&json!(0), &Value::Null));
        assert_eq!((&idle["average_delay_in_queue_ns"], &idle["rejected_share"]), (&Value::Null, &Value::Null));
        assert_eq!(
            (&run["run"]["time_simulation_ended_ns"], &run["run"]["server_utilization"]),
            (&json!(5000), &json!(0.5))
        );
    }
}

#[test]
fn a_discipline_of_its_own() {
    // At 10 µs request 2 came last, at 20 µs request 1 is left; request 3 arrives when it leaves.
    let trace = "arrival_us,service_us\n0,10\n1,10\n2,10\n30,0\n40,1\n";
    let stranger = Stranger::of("last_come_first");
    let (report, rows) = simulates(&stranger, trace);
    assert_eq!(
        rows,
        ["0 0 10000 10000", "1 20000 30000 10000", "2 10000 20000 10000", "3 30000 30000 0", "4 40000 41000 1000"]
    );
    assert_eq!((&report["settings"]["DISCIPLINE"], &report["module"]["capabilities"]), (&json!("fifo"), &json!(0)));
    assert_eq!(report["tally"]["delay_in_queue"]["max_ns"], 19000);
    // Without the capability DISCIPLINE, no other value is allowed.
    notes(&report, &[OWN_ORDER]);
    let folder = Folder::with("t.csv", trace).and_module("theirs", &stranger.text());
    let refusal = "DISCIPLINE=lifo: the module does not support DISCIPLINE (capability bit 2 is not set)";
    folder.host_with("theirs", "t.csv --discipline lifo").exits(2).says(refusal);
    // With the capability the module may support the value.
    let folder = Folder::with("t.csv", trace).and_module("theirs", &stranger.saying(2).text());
    let report = folder.host_with("theirs", "t.csv --discipline lifo --json").succeeds().json();
    notes(&report, &[]);
    assert_eq!(report["settings"]["DISCIPLINE"], "lifo");
}

#[test]
fn requests_may_abandon() {
    // Requests that would wait for more than 6 µs leave after 6 µs; those in service for 8 µs leave then.
    let impatient = Stranger::in_order().saying(2).before(
        "(if (i64.gt_u (i64.sub (local.get $start) (local.get $arrival)) (i64.const 6000)) (then
           (call $completion
             (local.get $at) (i64.const -1) (i64.add (local.get $arrival) (i64.const 6000)) (i64.const 0))
           (br $turned_away)))
         (if (i64.gt_u (local.get $service) (i64.const 8000)) (then (local.set $service (i64.const 8000))))",
    );
    // Request 0 abandons in service at 8 µs; 1 waits until then, 7 µs from its arrival: it has left at 7. Request 2
    // waits 6 µs.
    let trace = "arrival_us,service_us\n0,10\n1,2\n2,4\n12,8\n";
    let (report, rows) = simulates(&impatient, trace);
    assert_eq!(rows, ["0 0 8000 8000", "1  7000 0", "2 8000 12000 4000", "3 12000 20000 8000"]);
    let tally = &report["tally"];
    assert_eq!(counts(tally), json!({"offered": 4, "completed": 2, "abandoned": 2}));
    // Delays of the requests whose service began; 1 waits until it leaves; response times of the completed ones alone.
    assert_eq!((&tally["started"], &tally["delay_sum_ns"]), (&json!(3), &json!("6000")));
    assert_eq!((&tally["waiting_area_ns"], &tally["system_area_ns"]), (&json!("12000"), &json!("32000")));
    assert_eq!((&tally["service_sum_ns"], &tally["end_ns"]), (&json!("20000"), &json!(20000)));
    let response: u64 =
        tally["response_time"]["buckets"].as_array().unwrap().iter().map(|row| row[1].as_u64().unwrap()).sum();
    assert_eq!((response, &tally["response_time"]["max_ns"]), (2, &json!(10000)));
    // In a run their share is shown beside the other shares, and no request was rejected.
    let folder = Folder::with("t.csv", trace).and_module("theirs", &impatient.text());
    let run = report_of(&folder, "--trace t.csv --workers 2 --balancer RR");
    // Worker 1 gets 0 and 2: 2 waits from 2 to 8, exactly its patience, and stays.
    assert_eq!(
        workers(&run).iter().map(counts).collect::<Vec<_>>(),
        [json!({"offered": 2, "completed": 1, "abandoned": 1}), json!({"offered": 2, "completed": 2})]
    );
    assert_eq!(run["run"]["rejected_share"], 0.0);
    let table =
        middleware(&folder, "run --module theirs.wasm --trace t.csv --workers 2 --balancer RR").succeeds().stdout();
    assert!(table.contains("abandoned") && !table.contains("rejected"), "{table}");
}

/// A run does not depend on randomness or a clock of the module: both come from the sandbox.
#[test]
fn chance_and_a_clock_of_the_sandbox() {
    let moody = Stranger::in_order().saying(2 + 16).before(
        "(drop (call $random_get (i32.const 128) (i32.const 8)))
         (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 136)))
         (local.set $service (i64.add (i64.load (i32.const 136)) (i64.shr_u (i64.load (i32.const 128)) (i64.const 48))))",
    );
    let folder = Folder::new().and_module("theirs", &moody.text());
    let [first, again, other] = [1, 1, 2].map(|seed| {
        let run = report_of(&folder, &format!("--samples 400 --distribution deterministic --seed {seed}"));
        run["workers"].clone()
    });
    assert_eq!(first, again);
    assert_ne!(first, other);
    assert_ne!(first[0]["server_utilization"], first[1]["server_utilization"], "each worker has its own");
}

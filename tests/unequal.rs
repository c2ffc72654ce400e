//! Workers that differ in speed, servers and capacity: each run equals hosts over shards that are scaled by hand.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::middleware::{middleware, report, workers};
use crate::stranger::Stranger;
use crate::support::{Folder, THREE};

/// Demands whose halves and thirds are no whole numbers, some of them 0, at a load with queues.
fn demands() -> impl Iterator<Item = (u64, u64)> {
    (0..400u64).map(|id| (id * 250 + id % 5 * 50, id * 7919 % 2001 * u64::from(!id.is_multiple_of(11))))
}

fn trace(rows: impl Iterator<Item = (u64, u64, u64)>) -> String {
    let mut csv = "id,arrival_ns,service_ns\n".to_owned();
    for (id, arrival, service) in rows {
        // Writing to a string can't fail.
        let _ = writeln!(csv, "{id},{arrival},{service}");
    }
    csv
}

/// A folder with the trace `t.csv`, and the shards of two workers under RR: worker 2 has 3/2 of the speed of demands.
fn by_hand() -> Folder {
    let all = || (0..).zip(demands()).map(|(id, (arrival, service))| (id, arrival, service));
    let of = |rest: u64| all().filter(move |(id, ..)| id % 2 == rest);
    let second = of(1).map(|(id, arrival, service)| (id, arrival, (service * 2).div_ceil(3)));
    Folder::with("t.csv", trace(all())).and("first.csv", trace(of(0))).and("second.csv", trace(second))
}

/// The rows of a file of completions, in the order of ids.
fn rows(texts: &[String]) -> Vec<String> {
    let mut rows: Vec<String> = texts.iter().flat_map(|text| text.lines().skip(1)).map(str::to_owned).collect();
    rows.sort_by_key(|row| row.split(',').next().unwrap().parse::<u64>().unwrap());
    rows
}

const UNEQUAL: &str = "--workers 2 --servers 2,1 --capacity 0,5 --speeds 1,3/2";

#[test]
fn a_run_is_as_many_hosts_over_scaled_shards() {
    let folder = by_hand();
    let run = report(&folder, &format!("--trace t.csv --verify --keep --completions run.csv {UNEQUAL}"));
    let host = |shard: &str, worker: u32, settings: &str| {
        // The second shard's first request arrives after time 0.
        let arguments = format!("{shard} --origin zero {settings} --worker {worker} --workers 2 --verify --json");
        folder.host(&format!("{arguments} --completions {worker}.csv")).succeeds().json()
    };
    let [first, second] = [host("first.csv", 1, "--servers 2"), host("second.csv", 2, "--servers 1 --capacity 5")];
    assert_eq!(rows(&[folder.text("run.csv")]), rows(&["1.csv", "2.csv"].map(|name| folder.text(name))));
    for (row, host) in workers(&run).iter().zip([&first, &second]) {
        assert_eq!(row["counts"], host["tally"]["counts"]);
        assert_eq!(row["work_offered_ns"], host["tally"]["demand_sum_ns"]);
    }
    assert!(run["run"]["counts"]["rejected"].as_u64() > Some(0), "{run}");

    // What --keep and partition write is what hosts repeat; a list gives a host the value of its worker.
    let kept = folder.only_in("runs");
    middleware(&folder, &format!("partition --trace t.csv --out shards {UNEQUAL}"))
        .succeeds()
        .says("the shards have the demands of the trace divided by SPEEDS=1,3/2, rounded up");
    for (number, by_hand) in [(1, &first), (2, &second)] {
        let shard = format!("{kept}/shards/{number}.req");
        assert_eq!(folder.read(&shard), folder.read(&format!("shards/{number}.req")));
        let again = host(&shard, number, "--servers 2,1 --capacity 0,5");
        assert_eq!((&again["tally"], &again["settings"]), (&by_hand["tally"], &by_hand["settings"]));
        let report: Value = serde_json::from_slice(&folder.read(&format!("{kept}/reports/{number}.json"))).unwrap();
        assert_eq!(report["tally"], again["tally"]);
        assert_eq!(report["settings"]["SERVERS"], json!([2, 1][number as usize - 1]));
        assert_eq!(report["settings"]["SPEEDS"], json!(["1", "3/2"][number as usize - 1]));
    }
}

#[test]
fn utilization_and_imbalance_as_computed_by_hand() {
    let folder = Folder::with("t.csv", "arrival_ns,service_ns\n0,8\n0,8\n");
    let run = report(&folder, "--trace t.csv --workers 2 --servers 3,1 --speeds 1,0.5");
    // Worker 2 needs 16 ns, so T is 16, of 3 + 1 servers; worker 1 has finished at 8.
    assert_eq!(run["run"]["server_utilization"], json!(24.0 / 64.0));
    let utilizations: Vec<&Value> = workers(&run).iter().map(|row| &row["server_utilization"]).collect();
    assert_eq!(utilizations, [&json!(8.0 / 24.0), &json!(1.0)]);
    // Loads of 8/3 and 16 ns; of both together 16 ns of work for 3 + 1/2.
    assert_eq!(run["imbalance"], json!({ "requests": 1.0, "work": 16.0 * 3.5 / 16.0 }));
    let own: Vec<Value> =
        workers(&run).iter().map(|row| json!([row["servers"], row["capacity"], row["speed"]])).collect();
    assert_eq!(own, [json!([3, null, "1"]), json!([1, null, "1/2"])]);
    let settings = &run["settings"];
    assert_eq!(
        (&settings["SERVERS"], &settings["CAPACITY"], &settings["SPEEDS"]),
        (&json!([3, 1]), &json!(0), &json!(["1", "1/2"]))
    );
    // With DELAY each worker has its own T: the second start of worker 1 is at 0, and that of worker 2 at 16.
    let folder = Folder::with("t.csv", "arrival_ns,service_ns\n0,8\n0,8\n0,8\n0,8\n");
    let run = report(&folder, "--trace t.csv --workers 2 --servers 3,1 --speeds 1,0.5 --delay 2");
    assert_eq!(run["run"]["server_utilization"], json!(16.0 / 16.0));
}

#[test]
fn offered_load_counts_servers_and_speeds() {
    let folder = Folder::new();
    // 3 clients · 10 ms / 10 ms = 3, of 2 · 1 + 1 · 1/2.
    let run = report(&folder, "--samples 4000 --workers 2 --servers 2,1 --speeds 1,1/2 --balancer LW");
    let notes = run["notes"].to_string();
    assert!(
        notes.contains("the trace offers 1.20 times what the workers can serve: the system is overloaded"),
        "{notes}"
    );
    let run = report(&folder, "--samples 4000 --workers 2 --servers 2,1 --speeds 1,2 --balancer LW");
    assert!(!run["notes"].to_string().contains("overloaded"), "{run}");
    folder.run("tracegen", "--samples 4000 --out t.csv").succeeds();
    let described = |arguments: &str| middleware(&folder, &format!("describe t.csv {arguments}")).succeeds();
    let equal = described("--workers 2 --json").json();
    let twice = described("--workers 2 --speeds 2 --json").json();
    let half = equal["load"]["utilization"].as_f64().unwrap() / 2.0;
    assert_eq!((&twice["load"]["utilization"], &twice["settings"]["SPEEDS"]), (&json!(half), &json!("2")));
    assert!(equal["settings"].get("SPEEDS").is_none());
    let text = described("--workers 2 --servers 4,2 --speeds 1,1/2").stdout();
    assert!(text.contains(" offered to 2 workers, SERVERS 4,2, SPEEDS 1,1/2\n"), "{text}");
    assert!(text.contains("workers needed    - (the workers differ)\n"), "{text}");
}

#[test]
fn lists_of_equal_values_are_one_value() {
    let folder = Folder::new();
    let json = |arguments: &str| {
        middleware(&folder, &format!("run --json --samples 3000 --workers 3 {arguments}")).succeeds().stdout()
    };
    assert_eq!(json("--servers 2,2,2 --capacity 9,9,9 --speeds 1,1.0,2/2"), json("--servers 2 --capacity 9"));
    assert_eq!(json("--speeds 0.5,1/2,2/4"), json("--speeds 1/2"));
}

#[test]
fn a_list_of_another_length_is_refused_before_anything_runs() {
    let folder = Folder::with("t.csv", THREE);
    let rule = "has 2 values for 3 workers: give one value, 3 values, or --workers 2";
    for command in ["run --trace t.csv", "partition --trace t.csv --out shards"] {
        for (flag, text) in [("servers", "4,2"), ("capacity", "0,9"), ("speeds", "1,1/2"), ("weights", "2,1")] {
            let refusal = format!("flag: {}={text} {rule}", flag.to_uppercase());
            let flags = format!("--balancer WRR --workers 3 --{flag} {text}");
            middleware(&folder, &format!("{command} {flags}")).exits(2).says(&refusal);
        }
    }
    middleware(&folder, "describe t.csv --workers 3 --speeds 1,2").exits(2).says(&format!("SPEEDS=1,2 {rule}"));
    let run = middleware(&folder, "run --trace t.csv --workers 3").env("SERVERS", "1,1,1,1");
    run.exits(2)
        .says("environment: SERVERS=1,1,1,1 has 4 values for 3 workers: give one value, 3 values, or --workers 4");
    folder.host("t.csv --servers 4,2").exits(2).says("has 2 values for 1 worker: give one value, or --workers 2");
    middleware(&folder, "run --trace t.csv --workers 2 --speeds 1,0")
        .exits(2)
        .says("SPEEDS=1,0 has the value \"0\" for worker 2, which must be a positive number");
    assert_eq!(folder.names(), ["t.csv"]);
}

/// As any setting that a run does not use.
#[test]
fn weights_that_the_policy_does_not_use_are_not_checked() {
    let folder = Folder::new();
    for weights in ["2,1", "0"] {
        let run = format!("run --samples 99 --workers 3 --balancer RR --weights {weights}");
        middleware(&folder, &run).succeeds().notes("RR uses no weights, so WEIGHTS changes nothing");
    }
}

#[test]
fn what_a_module_does_not_support_is_refused_for_any_worker() {
    let own = Stranger::in_order().saying(2 + 16).text();
    let folder = Folder::with("t.csv", THREE).and_module("own", &own).and_module("plain", &Stranger::in_order().text());
    let run = |module: &str, arguments: &str| {
        middleware(&folder, &format!("run --trace t.csv --workers 2 --module {module}.wasm {arguments}"))
    };
    let refusal = "own.wasm: SPEEDS=1,1/2: the module decides demands itself (capability bit 16 is set)";
    run("own", "--speeds 1,1/2").exits(2).says(refusal);
    run("own", "--speeds 2").exits(2).says("SPEEDS=2: the module decides demands itself");
    run("own", "--speeds 1,1").succeeds();
    run("plain", "--speeds 1,1/2").succeeds();
    run("plain", "--servers 1,2")
        .exits(2)
        .says("SERVERS=2: the module does not support SERVERS (capability bit 1 is not set)");
    run("plain", "--capacity 0,7").exits(2).says("CAPACITY=7: the module does not support CAPACITY");
}

#[test]
fn policies_see_the_speed_of_each_worker() {
    // JSQ sends a request to the idle worker; the fast one is idle again when the next request arrives.
    let folder = Folder::with("t.csv", "arrival_ns,service_ns\n0,100\n1,100\n20,100\n40,100\n60,100\n");
    let counts = |speeds: &str| -> Vec<Value> {
        let run = report(&folder, &format!("--trace t.csv --workers 2 --balancer JSQ --speeds {speeds}"));
        workers(&run).iter().map(|row| row["counts"]["offered"].clone()).collect()
    };
    assert_eq!([counts("10,1"), counts("1,10")], [[json!(4), json!(1)], [json!(1), json!(4)]]);
}

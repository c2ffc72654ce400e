//! Every policy through whole runs.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use random::streams::Streams;
use serde_json::{Value, json};

use crate::middleware::{middleware, report, workers};
use crate::support::Folder;

const POLICIES: [&str; 11] =
    ["R", "RR", "WRR", "TC", "POWER:3", "POWER:2,replacement", "JSQ", "SED", "LW", "SITA", "HASH"];

/// A trace with ties, zero service demands and skipped ids; blocks are 0 to 9.
fn tied(requests: u64, seed: u64) -> String {
    let mut random = Streams::new(seed, "tests").of(0);
    let mut csv = "id,arrival_ns,service_ns,block\n".to_owned();
    let (mut id, mut arrival) = (0, 0);
    for _ in 0..requests {
        id += 1 + random.below(3);
        arrival += random.below(3) * random.below(8);
        let service = random.below(4) * random.below(12);
        // Writing to a string can't fail.
        let _ = writeln!(csv, "{id},{arrival},{service},{}", random.below(10));
    }
    csv
}

/// The rows of a file of completions, as text, by id: the fields but for the worker's number, and the number.
fn completions(folder: &Folder, name: &str) -> BTreeMap<u64, (String, u32)> {
    let row = |line: &str| {
        let (fields, outcome) = line.rsplit_once(',').unwrap();
        let (fields, worker) = fields.rsplit_once(',').unwrap();
        let id = fields.split(',').next().unwrap().parse().unwrap();
        (id, (format!("{fields},{outcome}"), worker.parse().unwrap()))
    };
    folder.text(name).lines().skip(1).map(row).collect()
}

/// The sum of all outcomes of requests.
fn ends(figures: &Value) -> u64 {
    let counts = figures["counts"].as_object().unwrap();
    counts.iter().filter(|(name, _)| *name != "offered").map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[test]
fn every_request_has_one_outcome_under_every_policy() {
    every_request_has_one_outcome([1, 5]);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_policies_and_workers() {
    every_request_has_one_outcome(1..=8);
}

fn every_request_has_one_outcome(counts: impl IntoIterator<Item = usize> + Clone) {
    let folder = Folder::with("t.csv", tied(600, 1));
    let stations = [(1, 0, 0), (2, 3, 0), (3, 2, 20), (1, 1, 7), (2, 0, 90), (1, 4, 0)];
    for (place, policy) in POLICIES.into_iter().enumerate() {
        for count in counts.clone() {
            // Each policy is combined with each station, and each number of workers.
            let (servers, capacity, delay) = stations[(place + count) % stations.len()];
            let flags = format!(
                "--trace t.csv --verify --balancer {policy} --workers {count} --servers {servers} --capacity {capacity} \
                 --delay {delay} --completions c.csv"
            );
            let report = report(&folder, &flags);
            let offered: Vec<u64> =
                workers(&report).iter().map(|row| row["counts"]["offered"].as_u64().unwrap()).collect();
            assert_eq!((offered.len(), offered.iter().sum::<u64>()), (count, 600), "{flags}");
            assert!(workers(&report).iter().zip(&offered).all(|(row, &offered)| ends(row) == offered), "{flags}");
            assert_eq!((&report["run"]["counts"]["offered"], ends(&report["run"])), (&json!(600), 600), "{flags}");
            for outcome in ["completed", "rejected", "abandoned", "in_service"] {
                let rows = completions(&folder, "c.csv").into_values().filter(|(fields, _)| fields.ends_with(outcome));
                assert_eq!(rows.count() as u64, report["run"]["counts"][outcome], "{outcome}: {flags}");
            }
            let rejected = report["run"]["counts"]["rejected"].as_u64().unwrap();
            assert!(capacity > 0 || rejected == 0, "{flags}");
            // One worker with room for one, or three: these bursts overflow it.
            assert!(capacity == 0 || count > 1 || rejected > 0, "{flags}");
        }
    }
}

#[test]
fn hash_sends_each_block_to_one_worker() {
    let trace = tied(500, 2);
    let folder = Folder::with("t.csv", &trace);
    let block_of = |line: &str| line.rsplit_once(',').unwrap().1.to_owned();
    let blocks: BTreeMap<u64, String> =
        trace.lines().skip(1).map(|line| (line.split(',').next().unwrap().parse().unwrap(), block_of(line))).collect();
    for workers in [1, 3, 8] {
        report(&folder, &format!("--trace t.csv --balancer HASH --workers {workers} --completions c.csv"));
        let mut worker_of: BTreeMap<&String, u32> = BTreeMap::new();
        for (id, (_, worker)) in completions(&folder, "c.csv") {
            assert_eq!(*worker_of.entry(&blocks[&id]).or_insert(worker), worker, "block {}", blocks[&id]);
        }
        let used: std::collections::BTreeSet<u32> = worker_of.values().copied().collect();
        assert_eq!(worker_of.len(), 10);
        assert!(used.len() as u32 > workers / 2, "ten blocks went to {used:?}");
    }
}

#[test]
fn hash_needs_a_trace_with_blocks() {
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n2,5\n");
    for arguments in ["run --trace t.csv", "partition --trace t.csv --out shards"] {
        middleware(&folder, &format!("{arguments} --balancer HASH"))
            .exits(2)
            .says("BALANCER=HASH needs a trace with the block that each request addresses");
    }
    assert!(!folder.names().contains(&"shards".to_owned()));
    // Generated traces have blocks.
    middleware(&folder, "run --samples 10 --balancer HASH").succeeds();
}

/// Kiefer and Wolfowitz (1955): requests that go to the server that is free first wait as in one central queue, however
/// the servers are distributed over workers.
#[test]
fn lw_is_equivalent_to_a_central_queue() {
    for (seed, (count, servers)) in (1..).zip([(1, 1), (2, 1), (3, 1), (5, 1), (8, 1), (2, 2), (3, 4)]) {
        let folder = Folder::with("t.csv", tied(2000, seed));
        let run = format!("--trace t.csv --workers {count} --servers {servers} --completions run.csv --balancer");
        report(&folder, &format!("{run} LW"));
        folder.host(&format!("t.csv --servers {} --completions host.csv", count * servers)).succeeds();
        let fields =
            |name: &str| completions(&folder, name).into_values().map(|(fields, _)| fields).collect::<Vec<_>>();
        // Id, arrival, start, finish and service of each.
        assert!(fields("run.csv") == fields("host.csv"), "{count} workers of {servers} servers");
        // A policy without state differs: the trace has requests that wait.
        report(&folder, &format!("{run} R"));
        assert!(count == 1 || fields("run.csv") != fields("host.csv"), "{count} workers of {servers} servers");
    }
}

#[test]
fn imbalance_is_the_largest_share_over_the_mean_share() {
    // In turn, worker 1 gets 0, 2 and 4, worker 2 gets 1 and 3: 3 of 2.5 requests, 8 of 10 µs.
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n2,7\n20,1\n21,5\n30,2\n");
    let two = report(&folder, "--trace t.csv --balancer RR --workers 2");
    assert_eq!(two["imbalance"], json!({"requests": 1.2, "work": 1.2}));
    let work = |report: &Value| -> Vec<Value> {
        workers(report)
            .iter()
            .map(|row| row["work_offered_ns"].clone())
            .chain([report["run"]["work_offered_ns"].clone()])
            .collect()
    };
    assert_eq!(work(&two), ["8000", "12000", "20000"]);
    // Of four, worker 1 gets 0 and 4: 2 of 1.25 requests; 7, 7, 1 and 5 of 5 µs.
    let four = report(&folder, "--trace t.csv --balancer RR --workers 4");
    assert_eq!(four["imbalance"], json!({"requests": 1.6, "work": 1.4}));
    assert_eq!(report(&folder, "--trace t.csv --workers 1")["imbalance"], json!({"requests": 1.0, "work": 1.0}));
    middleware(&folder, "run --trace t.csv --balancer RR --workers 4")
        .succeeds()
        .prints("imbalance (largest over mean): requests 1.600000, work 1.400000\n");
    // Without work there is no imbalance.
    let idle = Folder::with("t.csv", "arrival_us,service_us\n0,0\n2,0\n");
    assert_eq!(report(&idle, "--trace t.csv --workers 2")["imbalance"], json!({"requests": 1.0, "work": null}));
}

/// Work is the offered work, including that of rejected requests.
#[test]
fn imbalance_counts_rejected_requests() {
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n0,1\n1,5\n1,1\n2,5\n2,1\n");
    let report = report(&folder, "--trace t.csv --balancer RR --workers 2 --capacity 1");
    let row = &workers(&report)[0];
    assert_eq!((&row["counts"]["rejected"], &row["work_offered_ns"]), (&json!(2), &json!("15000")));
    assert_eq!(row["rejected_share"], json!(2.0 / 3.0));
    assert_eq!(report["imbalance"], json!({"requests": 1.0, "work": 15.0 / 9.0}));
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_other_ties() {
    let folder = Folder::with("t.csv", tied(400, 3));
    for policy in POLICIES {
        let print = |seed: u64| {
            let flags = format!("run --trace t.csv --workers 5 --balancer {policy} --seed {seed} --json");
            middleware(&folder, &flags).succeeds().stdout()
        };
        let first = print(1);
        assert_eq!(first, print(1), "{policy}");
        let other: [Value; 2] =
            [first, print(2)].map(|text| serde_json::from_str::<Value>(&text).unwrap()["workers"].take());
        assert_eq!(other[0] == other[1], ["RR", "WRR", "HASH"].contains(&policy), "{policy}");
    }
}

#[test]
fn a_note_names_the_policy_s_model_if_the_order_of_service_differs() {
    let folder = Folder::new().and_guest("fifo");
    for policy in POLICIES {
        let notes =
            report(&folder, &format!("--samples 40 --module fifo.wasm --balancer {policy}"))["notes"].to_string();
        let name = policy.split(':').next().unwrap();
        let said = notes.contains(&format!("{name} used a first-in, first-out model of the workers' state"));
        assert_eq!(said, ["TC", "POWER", "JSQ", "SED", "LW"].contains(&name), "{policy}: {notes}");
    }
}

/// The rows of table number `table` of the test vectors of docs/policies.md: a policy, and the worker of each request.
fn vectors(table: usize) -> Vec<(String, String)> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policies.md")).unwrap();
    let (_, vectors) = page.split_once("## Test vectors").unwrap();
    let rows = vectors.split("| requests 0 to 15 |\n|---|---|\n").nth(table).unwrap().lines();
    let row = |line: &str| {
        let (policy, workers) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
        Some((policy.to_owned(), workers.to_owned()))
    };
    rows.map_while(row).collect()
}

#[test]
fn choices_are_the_documented_ones() {
    let folder = Folder::new();
    let unequal = "--speeds 5,1,1,1/2 --servers 1,1,2,1 --capacity 2,0,0,1";
    for (table, flags, policies) in [(1, "", 9), (2, unequal, 6)] {
        let vectors = vectors(table);
        assert_eq!(vectors.len(), policies);
        let choices = |policy: &str| {
            report(&folder, &format!("--samples 16 {flags} --balancer {policy} --completions c.csv"));
            let workers = completions(&folder, "c.csv").into_values().map(|(_, worker)| worker.to_string());
            workers.collect::<Vec<_>>().join(" ")
        };
        let chosen: Vec<_> = vectors.iter().map(|(policy, _)| (policy.clone(), choices(policy))).collect();
        assert_eq!(chosen, vectors);
    }
}

/// Each worker gets the work that its speed and its servers are of their sum, and WRR the requests that WEIGHTS state.
#[test]
fn shares_follow_speeds_servers_and_weights() {
    let folder = Folder::new();
    let offered = |flags: &str, figure: &str| -> Vec<f64> {
        let report = report(&folder, &format!("--samples 100000 --workers 3 {flags}"));
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap() as f64;
        workers(&report).iter().map(|row| number(row.pointer(figure).unwrap())).collect()
    };
    assert_eq!(offered("--balancer WRR --weights 2,1/2,1.5", "/counts/offered"), [50_000.0, 12_500.0, 37_500.0],);
    // 2, 3 and 1 of 6: of the demands of the trace, not of the server time that they need.
    let work = offered("--balancer SITA --speeds 2,1,1 --servers 1,3,1", "/work_offered_ns");
    let demands = [work[0] * 2.0, work[1], work[2]];
    let share = |worker: usize| demands[worker] / demands.iter().sum::<f64>() * 6.0;
    for (worker, exact) in [(0, 2.0), (1, 3.0), (2, 1.0)] {
        assert!((share(worker) / exact - 1.0).abs() < 0.001, "{work:?}");
    }
}

#[test]
fn parameters_that_do_not_fit_are_refused_before_the_run() {
    let folder = Folder::new();
    for (balancer, rule) in [
        ("POWER", "BALANCER=POWER is not POWER:D[,replacement]: D must be an integer from 1 to 64"),
        ("SITA:5,1", "BALANCER=SITA:5,1 is not SITA[:CUT,…]: the cut-offs must increase"),
        ("SITA:1x", "BALANCER=SITA:1x is not SITA[:CUT,…]: CUT=1x must be a duration"),
        (
            "SITA:1ms",
            "BALANCER=SITA:1ms needs one cut-off less than WORKERS=4, which is 3, not 1; SITA alone fits them to the trace",
        ),
    ] {
        for command in ["run", "partition --out shards"] {
            middleware(&folder, &format!("{command} --balancer {balancer}")).exits(2).says(rule);
        }
    }
    assert!(!folder.names().contains(&"shards".to_owned()));
}

/// The share of all work is equal, also if demands are equal, for traces from files and from pipes, and for partitions.
#[test]
fn sita_is_fitted_to_the_trace() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 100000 --out t.csv").succeeds();
    for service in ["exponential", "deterministic"] {
        let flags = format!("--workers 3 --balancer SITA --service {service}");
        let fitted = report(&folder, &format!("--trace t.csv {flags}"));
        let work = fitted["imbalance"]["work"].as_f64().unwrap();
        assert!(work < if service == "exponential" { 1.001 } else { 1.02 }, "{service}: {work}");
        let cut_offs = if service == "exponential" { "11.8" } else { "10 ms, 10 ms\"" };
        let note = format!("SITA's cut-offs, fitted to equal load: {cut_offs}");
        assert!(fitted["notes"].to_string().contains(&note), "{}", fitted["notes"]);
        assert_eq!(fitted["settings"]["BALANCER"], "SITA");

        let piped = format!("run --json --trace - {flags}");
        let piped = middleware(&folder, &piped).stdin_file(&folder, "t.csv").succeeds().json();
        assert_eq!(piped["workers"], fitted["workers"]);
        let out = format!("partition --trace t.csv {flags} --format csv --out {service}");
        middleware(&folder, &out).succeeds().says(&note.replace('"', ""));
        for (number, worker) in (1..).zip(workers(&fitted)) {
            let shard = folder.text(&format!("{service}/{number}.csv"));
            // Two lines are the head.
            assert_eq!(shard.lines().count() as u64 - 2, worker["counts"]["offered"].as_u64().unwrap());
        }
    }
    // The generator is read twice too. The exact cut-offs are those x for which 1 − (1 + x)·exp(−x) is 1/3 and 2/3.
    let generated = report(&folder, "--samples 100000 --workers 3 --balancer SITA");
    let given = report(&folder, "--samples 100000 --workers 3 --balancer SITA:11.88ms,22.89ms");
    assert_eq!(given["settings"]["BALANCER"], "SITA:11880us,22890us");
    assert!(generated["imbalance"]["work"].as_f64().unwrap() < 1.001);
    assert!(given["imbalance"]["work"].as_f64().unwrap() < 1.01, "{}", given["imbalance"]);
}

//! `--replications`: the figures are those of independent runs together, each with its own seed.

use serde_json::Value;

use crate::middleware::{middleware, report, workers};
use crate::support::{Folder, THREE};

/// The seeds of the first three replications of SEED=1, from docs/reproducibility.md.
const SEEDS: [&str; 3] = ["1", "16076262160366383523", "9023913595658579997"];

fn number(figures: &Value, name: &str) -> f64 {
    figures[name].as_f64().unwrap_or_else(|| panic!("{name}: {figures}"))
}

/// Σ demands, which are a text.
fn work(figures: &Value) -> u128 {
    figures["work_offered_ns"].as_str().unwrap().parse().unwrap()
}

/// The figures of several replications together are those of `single` runs, merged by hand.
fn assert_merged(together: &Value, single: &[&Value]) {
    for count in ["offered", "completed", "in_service", "rejected", "abandoned", "waiting", "not_yet_arrived"] {
        let counts = single.iter().map(|figures| figures["counts"][count].as_u64().unwrap());
        assert_eq!(together["counts"][count], counts.sum::<u64>(), "{count}");
    }
    assert_eq!(work(together), single.iter().map(|figures| work(figures)).sum());
    let ends = || single.iter().map(|figures| number(figures, "time_simulation_ended_ns"));
    assert_eq!(number(together, "time_simulation_ended_ns"), ends().fold(0.0, f64::max));
    for name in ["average_number_in_queue", "average_number_in_system", "server_utilization"] {
        let integrals: f64 = single.iter().zip(ends()).map(|(figures, end)| number(figures, name) * end).sum();
        let expected = integrals / ends().sum::<f64>();
        assert!((number(together, name) / expected - 1.0).abs() < 1e-9, "{name}: {expected}, {together}");
    }
    let largest = single.iter().map(|figures| figures["response_time"]["max_ns"].as_u64().unwrap()).max();
    assert_eq!(together["response_time"]["max_ns"].as_u64(), largest);
}

#[test]
fn replications_are_runs_with_other_seeds_together() {
    let rows: String = (0..2000).map(|row| format!("{}\n", row * 3)).collect();
    let folder = Folder::with("t.csv", format!("arrival_ms\n{rows}")).and("p.csv", "time_s,rate\n0,900\n");
    let every_stream = "--balancer R --discipline siro --patience exponential:20ms";
    for arguments in [
        format!("--samples 2000 {every_stream}"),
        "--samples 2000 --arrivals rate:p.csv --st 4ms --balancer TC".to_owned(),
        format!("--trace t.csv {every_stream}"),
        "--trace t.csv --service erlang:3 --balancer SITA".to_owned(),
    ] {
        let together = report(&folder, &format!("--replications 3 {arguments}"));
        let single = SEEDS.map(|seed| report(&folder, &format!("--seed {seed} {arguments}")));
        assert_merged(&together["run"], &single.each_ref().map(|report| &report["run"]));
        for (worker, row) in workers(&together).iter().enumerate() {
            assert_merged(row, &single.each_ref().map(|report| &workers(report)[worker]));
        }
        assert_eq!((&together["replications"], &together["settings"]["SEED"]), (&3.into(), &1.into()));
        assert!(single[0].get("replications").is_none());
    }
}

#[test]
fn one_replication_is_a_run() {
    let folder = Folder::new();
    let json = |flag: &str| middleware(&folder, &format!("run --json --samples 2000 {flag}")).succeeds().stdout();
    assert_eq!(json("--replications 1"), json(""));
}

#[test]
fn tables_name_the_number_and_notes_state_it() {
    let folder = Folder::new();
    let ended = middleware(&folder, "run --samples 2000 --replications 3 --verify").succeeds();
    ended
        .prints("RR over 4 workers, one server each, 3 replications; trace: generated, SEED 1\n")
        .notes(
            "all figures, and counts too, are those of 3 independent replications together; notes on the trace and the load \
             are on the first one",
        )
        .says("--verify: all completions of 6000 requests agree");
    middleware(&folder, "results").succeeds().prints("Whole run, 4 workers, 3 replications\n");
}

#[test]
fn what_is_kept_is_the_first_replication() {
    let kept = |flag: &str| {
        let folder = Folder::new();
        middleware(&folder, &format!("run --samples 2000 --keep {flag}")).succeeds();
        let run = folder.only_in("runs");
        ["shards/1.req", "reports/1.json", "reports/4.json"].map(|name| folder.read(&format!("{run}/{name}")))
    };
    assert_eq!(kept("--replications 3"), kept(""));
}

#[test]
fn replications_that_would_be_the_same_are_refused() {
    let folder = Folder::with("t.csv", THREE);
    let refused = "--replications and --until-precision: nothing is random: the trace gives arrivals and demands, and RR is deterministic, so each \
                   replication would be the same: leave them out";
    middleware(&folder, "run --trace t.csv --replications 2").exits(2).says(refused);
    assert!(folder.names_in("runs").is_empty());
    middleware(&folder, "run --trace t.csv --replications 2 --balancer R").succeeds();
}

#[test]
fn what_replications_can_not_do_is_refused_with_the_way_out() {
    let folder = Folder::with("t.csv", THREE);
    let run = |arguments: &str| middleware(&folder, &format!("run {arguments}"));
    run("--trace - --balancer R --replications 2")
        .stdin(THREE)
        .exits(2)
        .says("can be read only once: write it to a file, and name that");
    run("--samples 9 --replications 2 --completions c.csv")
        .exits(2)
        .says("--completions: a file has the completions of one replication, not of 2");
    run("--samples 9 --replications 1000 --workers 17").exits(2).says("with 17 workers at most 963 are possible");
    for number in ["0", "1001", "x"] {
        run(&format!("--replications {number}")).exits(2);
    }
    assert_eq!(folder.names_in("runs").len(), 0);
}

#[test]
fn a_failure_names_the_replication() {
    let text = crate::support::guest_text("second_fails").replace(";; FAILURE", "(unreachable)");
    let folder = Folder::new().and_module("fails", &text);
    let run = middleware(&folder, "run --samples 2000 --workers 3 --replications 3 --module fails.wasm --delay 1");
    run.exits(5).says("replication 1, worker 2: ").prints("worker 2 failed (trap)");
}

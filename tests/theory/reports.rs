//! The value of theory in the reports of runs: beside the simulated one where its assumptions hold, and nowhere else.

use serde_json::Value;

use crate::middleware::middleware;
use crate::stranger::Stranger;
use crate::support::{Folder, Run};

/// A run of one worker with Poisson arrivals, one in 20 ms, and exponential demands with a mean of 10 ms, changed by `flags`.
fn run(folder: &Folder, flags: &str) -> Run {
    let settings =
        [("SAMPLES", "200"), ("CONCURRENCY", "2"), ("INTER_ARRIVAL", "40ms"), ("ST", "10ms"), ("WORKERS", "1")];
    settings.into_iter().fold(middleware(folder, &format!("run {flags}")), |run, (key, value)| run.env(key, value))
}

/// The JSON report of such a run.
fn report(folder: &Folder, flags: &str) -> Value {
    run(folder, &format!("--json {flags}")).succeeds().json()
}

#[test]
fn reports_have_the_value_of_their_queue() {
    let folder = Folder::new();
    let classes =
        "[[class]]\nname = \"a\"\nclients = 1\n\n[[class]]\nname = \"b\"\ninter_arrival = \"80ms\"\nclients = 2\n";
    let folder = folder.and("classes.toml", classes).and("times.csv", "service_ms,weight\n5,1\n15,1\n");
    for (flags, model, mean_delay_ms, source) in [
        // ρ/(1 − ρ) at 1/2, and (1 + cv²)/2 of it.
        ("", "M/M/1", 10.0, "Pollaczek-Khinchine"),
        ("--service deterministic", "M/D/1", 5.0, "Pollaczek-Khinchine"),
        ("--service erlang:4", "M/G/1", 6.25, "Pollaczek-Khinchine"),
        ("--service lognormal:2", "M/G/1", 25.0, "Pollaczek-Khinchine"),
        ("--service empirical:times.csv", "M/G/1", 6.25, "Pollaczek-Khinchine"),
        ("--service gamma:1", "M/M/1", 10.0, "Pollaczek-Khinchine"),
        // The policy of one worker makes no difference.
        ("--balancer JSQ", "M/M/1", 10.0, "Pollaczek-Khinchine"),
        // Poisson processes merge into one, those of classes too; and some families become exponential.
        ("--classes classes.toml", "M/M/1", 10.0, "Pollaczek-Khinchine"),
        ("--distribution gamma --mean 8 --stdev 8", "M/M/1", 10.0, "Pollaczek-Khinchine"),
        // ρ²/(1 − ρ²) at 1/2.
        ("--servers 2 --st 20ms", "M/M/2", 20.0 / 3.0, "Erlang C"),
        ("--workers 2 --balancer LW --st 20ms", "M/M/2", 20.0 / 3.0, "Erlang C"),
        ("--workers 2 --balancer R --st 20ms", "M/M/1", 20.0, "Pollaczek-Khinchine"),
        ("--workers 2 --balancer R --st 20ms --service deterministic", "M/D/1", 10.0, "Pollaczek-Khinchine"),
        ("--workers 2 --balancer R --st 40ms --servers 2", "M/M/2", 40.0 / 3.0, "Erlang C"),
        // σ/(1 − σ) with σ = (3 − √5)/2 is 2/(1 + √5): the golden ratio less 1.
        ("--workers 2 --balancer RR --st 20ms", "E2/M/1", 20.0 / f64::midpoint(1.0, 5f64.sqrt()), "GI/M/1 (Kendall)"),
    ] {
        let report = report(&folder, flags);
        let theory = &report["theory"];
        assert_eq!((theory["model"].as_str(), theory["source"].as_str()), (Some(model), Some(source)), "{flags}");
        let found = theory["mean_delay_ns"].as_f64().unwrap() / 1e6;
        assert!((found - mean_delay_ms).abs() < 1e-9, "{flags}: {found}");
    }
}

#[test]
fn without_one_of_its_assumptions_a_report_has_no_theory() {
    let folder = Folder::with("rates.csv", "time_s,rate\n0,50\n").and("times.csv", "service_ms\n10\n");
    folder.run("tracegen", "--samples 200 --st 1ms --out t.csv").succeeds();
    let uniform = "[[class]]\nname = \"a\"\n\n[[class]]\nname = \"b\"\ndistribution = \"uniform\"\n";
    let folder = folder.and("classes.toml", uniform);
    for flags in [
        "--trace t.csv",
        "--distribution uniform",
        "--distribution deterministic",
        "--distribution gamma --mean 8 --stdev 4",
        "--classes classes.toml",
        "--arrivals onoff:1s,1s",
        "--arrivals rate:rates.csv",
        "--service cost",
        "--service pareto:0.5",
        "--st 100ns",
        "--servers 2 --service deterministic",
        "--discipline lifo",
        "--discipline ps",
        "--capacity 1000",
        "--patience 1h",
        "--delay 100",
        "--speeds 2",
        // The load is 1, and above.
        "--st 20ms",
        "--service empirical:times.csv --inter-arrival 20ms",
        "--st 30ms",
    ] {
        assert_eq!(report(&folder, flags)["theory"], Value::Null, "{flags}");
    }
    for flags in [
        "--balancer RR --service deterministic",
        "--balancer RR --servers 2",
        "--balancer LW --service deterministic",
        "--balancer LW --discipline lifo",
        "--balancer R --servers 2 --service deterministic",
        "--balancer R --servers 1,2",
        "--balancer R --capacity 0,9",
        "--balancer R --speeds 1,2",
        "--balancer LW --speeds 1,2",
        "--balancer JSQ",
        "--balancer TC",
        "--balancer POWER:2",
        "--balancer WRR",
        "--balancer SED",
        "--balancer SITA",
        "--balancer HASH",
    ] {
        let report = report(&folder, &format!("--workers 2 {flags}"));
        assert!(report["run"].is_object() && report["theory"].is_null(), "{flags}");
    }
}

/// 2: it supports DISCIPLINE; 16: it decides demands; 32: service may be shared.
#[test]
fn a_simulator_that_decides_itself_has_no_theory() {
    for (capabilities, has_theory) in [(2, true), (0, false), (2 + 16, false), (2 + 32, false)] {
        let folder = Folder::new().and_module("theirs", &Stranger::in_order().saying(capabilities).text());
        let report = report(&folder, "--module theirs.wasm");
        assert_eq!(report["theory"].is_object(), has_theory, "{capabilities}");
    }
    // Without a simulated value there is nothing to compare with.
    let wrong = Stranger::in_order().saying(2).after("(local.set $finish (i64.const 0))");
    let folder = Folder::new().and_module("wrong", &wrong.text());
    run(&folder, "--module wrong.wasm --report r.json").exits(7);
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    assert_eq!((&report["run"], &report["theory"]), (&Value::Null, &Value::Null));
}

#[test]
fn the_table_has_the_value_in_a_line() {
    let folder = Folder::new();
    let line = "theory: mean delay 10.000 ms (M/M/1), in a steady state\n";
    run(&folder, "").succeeds().prints(line);
    middleware(&folder, "results").succeeds().prints(line);
    folder.run("tracegen", "--samples 200 --st 1ms --out t.csv").succeeds();
    assert!(!folder.host("t.csv").succeeds().stdout().contains("theory"));
}

/// A long run is within 3 % of theory; the seed is fixed.
#[test]
fn a_long_run_approaches_theory() {
    let folder = Folder::new();
    for flags in [
        "",
        "--service erlang:4",
        "--workers 3 --balancer R --st 30ms",
        "--workers 3 --balancer RR --st 30ms",
        "--workers 3 --balancer LW --st 30ms",
    ] {
        let report = report(&folder, &format!("--samples 400000 {flags}"));
        let found = report["run"]["average_delay_in_queue_ns"].as_f64().unwrap();
        let theory = report["theory"]["mean_delay_ns"].as_f64().unwrap();
        assert!((found / theory - 1.0).abs() < 0.03, "{flags}: {found}, not {theory}");
    }
}

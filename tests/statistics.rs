//! Intervals, warm-up, precision, classes and figures over time in the reports of whole runs.

use serde_json::Value;

use crate::middleware::{middleware, report, workers};
use crate::support::Folder;

/// The reason why the run has no interval of the mean response.
fn reason(report: &Value) -> &str {
    let intervals = &report["run"]["intervals"];
    let reason = intervals.get("reason").unwrap_or(&intervals["average_response_time_ns"]["reason"]);
    reason.as_str().unwrap_or_else(|| panic!("{intervals}"))
}

#[test]
fn a_long_stationary_run_has_intervals_around_theory() {
    let folder = Folder::new();
    let run = report(&folder, "--samples 300000");
    let (figures, theory) = (&run["run"], run["theory"]["mean_delay_ns"].as_f64().unwrap());
    let interval = &figures["intervals"]["average_delay_in_queue_ns"];
    assert_eq!((interval["method"].as_str(), interval["level"].as_f64()), (Some("batch means"), Some(0.95)));
    let (mean, half) =
        (figures["average_delay_in_queue_ns"].as_f64().unwrap(), interval["half_width"].as_f64().unwrap());
    // The seed is fixed.
    assert!((mean - theory).abs() < half && half < 0.05 * mean, "{mean} ± {half}, {theory}");
    let text = middleware(&folder, "run --samples 300000").succeeds().stdout();
    assert!(
        text.contains(" ± ") && text.contains("95 % intervals (batch means, 20 batches): mean response "),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
}

#[test]
fn other_runs_have_the_reason() {
    let folder = Folder::with("t.csv", "arrival_s,service_ms\n0,1\n0.5,2\n1,3\n");
    for (arguments, why) in [
        ("--trace t.csv --workers 1", "nothing is random"),
        ("--trace t.csv --balancer R", "--replications gives intervals for this trace"),
        ("--samples 500", "fewer than 1000 requests"),
        ("--samples 20000 --inter-arrival 20ms --workers 1", "overloaded"),
        ("--samples 20000 --arrivals daily:1.5,60s", "ARRIVALS is not constant"),
        ("--samples 20000 --arrivals onoff:1s,1s", "ARRIVALS is not constant"),
        ("--samples 20000 --delay 100", "with DELAY"),
    ] {
        assert!(reason(&report(&folder, arguments)).contains(why), "{arguments}");
        let text = middleware(&folder, &format!("run {arguments}")).succeeds().stdout();
        assert!(text.contains("no intervals: "), "{text}");
    }
}

#[test]
fn what_arrives_before_the_end_of_the_warm_up_is_not_measured() {
    let folder = Folder::with("t.csv", "arrival_s,service_s\n0,3\n1,3\n10,3\n11,3\n");
    let run = report(&folder, "--trace t.csv --workers 1 --warmup 2s");
    let figures = &run["run"];
    assert_eq!((&figures["counts"]["warm_up"], &figures["counts"]["completed"]), (&2.into(), &2.into()));
    assert_eq!(run["settings"]["WARMUP_NS"], 2_000_000_000);
    // From 2 s to 16 s: the first leaves at 3 s and the second, which waits from 1 s to 3 s, at 6 s; then 3 s and 5 s.
    let average = |name: &str| (figures[name].as_f64().unwrap() * 14.0 * 1e6).round() / 1e6;
    assert_eq!(average("average_number_in_system"), 1.0 + 4.0 + 3.0 + 5.0);
    assert_eq!(average("average_number_in_queue"), 1.0 + 2.0);
    assert_eq!(average("server_utilization"), 1.0 + 3.0 + 6.0);
    assert_eq!(figures["average_delay_in_queue_ns"], 1e9);
    let text = folder.host("t.csv --warmup 2s").succeeds();
    text.notes("the warm-up ends at 2 s: the 2 requests that arrived before are not measured");
    let all = middleware(&folder, "run --trace t.csv --warmup 1h").succeeds();
    all.notes("the warm-up ends at 3600 s: all 4 requests arrived before, so that nothing is measured");
    middleware(&folder, "run --trace t.csv --warmup 2s --delay 2").exits(2).says("leave one of them out");
    middleware(&folder, "run --trace t.csv --warmup soon").exits_as_usage();
    middleware(&folder, "run --trace - --warmup auto")
        .stdin(folder.read("t.csv"))
        .exits(2)
        .says("reads the trace twice");
}

#[test]
fn a_warm_up_is_found() {
    // A backlog of 2,000 requests at time 0, and then light traffic for 2,000 s.
    let mut rows = "arrival_ms,service_ms\n".to_owned() + &"0,100\n".repeat(2000);
    (1..=20_000).for_each(|row| rows += &format!("{},{}\n", row * 100, 10 + row * 7 % 13));
    let folder = Folder::with("t.csv", rows);
    let run = report(&folder, "--trace t.csv --workers 1 --warmup auto");
    let end = run["settings"]["WARMUP_NS"].as_f64().unwrap() / 1e9;
    assert!((200.0..400.0).contains(&end), "{end}");
    assert!(run["notes"].to_string().contains("as --warmup auto found"), "{}", run["notes"]);
    let same = report(&folder, &format!("--trace t.csv --workers 1 --warmup {}ns", run["settings"]["WARMUP_NS"]));
    assert_eq!((&same["run"], &same["workers"]), (&run["run"], &run["workers"]));
}

#[test]
fn a_run_is_repeated_until_it_is_precise() {
    let folder = Folder::new();
    let run = report(&folder, "--samples 2000 --workers 1 --inter-arrival 80ms --until-precision 5%");
    let replications = run["replications"].as_u64().unwrap();
    assert!([10, 20, 40, 80, 160].contains(&replications), "{replications}");
    let figures = &run["run"];
    let half = figures["intervals"]["average_response_time_ns"]["half_width"].as_f64().unwrap();
    assert!(half <= 0.05 * figures["average_response_time_ns"].as_f64().unwrap());
    assert!(run["notes"].to_string().contains(&format!("5%: reached after {replications} replications")));
    // As many replications as if their number was given.
    let given =
        report(&folder, &format!("--samples 2000 --workers 1 --inter-arrival 80ms --replications {replications}"));
    assert_eq!(given["run"], run["run"]);
    let strict = "run --samples 500 --until-precision '0.1% of delay' --replications 12";
    let ended =
        folder.shell(&format!("{} {strict}", crate::support::built("QUEUEBOX_BIN").join("middleware").display()));
    ended.succeeds().notes("--until-precision 0.1% of delay: not reached after 12 replications: ± ");
    middleware(&folder, "run --samples 500 --until-precision 5% --replications 5")
        .exits(2)
        .says("needs 10 replications");
    middleware(&folder, "run --samples 500 --until-precision 5").exits_as_usage();
    let folder = Folder::with("t.csv", "arrival_s,service_ms\n0,1\n1,2\n");
    middleware(&folder, "run --trace t.csv --until-precision 5%").exits(2).says("nothing is random");
}

#[test]
fn classes_have_figures_of_their_own() {
    let mut rows = "arrival_ms,service_ms,class\n".to_owned();
    (0..3000).for_each(|row| rows += &format!("{},{},{}\n", row * 10, 1 + row % 7, [0, 0, 5][row % 3]));
    let folder = Folder::with("t.csv", rows);
    let run = report(&folder, "--trace t.csv --workers 2 --balancer RR");
    let classes = run["classes"].as_array().unwrap();
    assert_eq!(classes.iter().map(|row| row["class"].as_u64().unwrap()).collect::<Vec<_>>(), [0, 5]);
    let count = |figures: &Value| figures["counts"]["completed"].as_u64().unwrap();
    assert_eq!(classes.iter().map(count).collect::<Vec<_>>(), [2000, 1000]);
    let sum = |name: &str| classes.iter().map(|row| row[name].as_f64().unwrap()).sum::<f64>();
    for name in ["average_number_in_system", "server_utilization"] {
        assert!((sum(name) / run["run"][name].as_f64().unwrap() - 1.0).abs() < 1e-9, "{name}");
    }
    assert!(middleware(&folder, "run --trace t.csv").succeeds().stdout().contains("class  offered"));
    assert!(folder.host("t.csv").succeeds().stdout().contains("class  offered"));
    assert_eq!(report(&folder, "--samples 100").get("classes"), None);
}

#[test]
fn windows_add_up_to_the_figures_of_the_run() {
    let folder = Folder::new();
    let run = report(&folder, "--samples 30000 --workers 3");
    let over = &run["over_time"];
    let list = |over: &Value, name: &str| -> Vec<f64> {
        over[name].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    let arrivals = list(over, "arrivals");
    assert!(arrivals.len() <= 300 && arrivals.len() > 30);
    assert_eq!(arrivals.iter().sum::<f64>(), 30_000.0);
    let (width, end) = (over["width_ns"].as_f64().unwrap(), run["run"]["time_simulation_ended_ns"].as_f64().unwrap());
    for (name, figure) in [("number_in_system", "average_number_in_system"), ("utilization", "server_utilization")] {
        let values = list(over, name);
        let area: f64 = values.iter().enumerate().map(|(i, value)| value * (end - i as f64 * width).min(width)).sum();
        assert!((area / end / run["run"][figure].as_f64().unwrap() - 1.0).abs() < 1e-9, "{name}");
    }
    let of_workers: f64 = workers(&run).iter().map(|row| list(&row["over_time"], "arrivals").iter().sum::<f64>()).sum();
    assert_eq!(of_workers, 30_000.0);
}

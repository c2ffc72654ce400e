//! `middleware plan` and `run --slo`: the verdicts are those that the completions of single runs give.

use rustix::process::Signal;
use serde_json::Value;

use crate::docker_support::{signal, wait};
use crate::support::{Ended, Folder, Run, THREE, guest_text, sim_wasm};

/// A line of the shell with the middleware's `arguments`, so that objectives can be quoted.
pub(crate) fn line(folder: &Folder, arguments: &str) -> Run {
    let run = folder.shell(&format!("exec middleware {arguments}"));
    run.env("MODULE", sim_wasm().to_str().unwrap()).env("EXECUTOR", "local")
}

fn plan(folder: &Folder, arguments: &str) -> Run {
    line(folder, &format!("plan {arguments}"))
}

/// The first line of the output, which must be followed by an empty one.
pub(crate) fn answer(ended: &Ended) -> String {
    let stdout = ended.stdout();
    stdout.split_once("\n\n").unwrap().0.replace('\n', " ")
}

/// The report of the newest run.
pub(crate) fn kept(folder: &Folder) -> Value {
    let newest = folder.names_in("runs").pop().unwrap();
    serde_json::from_slice(&folder.read(&format!("runs/{newest}/report.json"))).unwrap()
}

/// Whether the report of the only run is kept; it may still be going on.
pub(crate) fn has_report(folder: &Folder) -> bool {
    let holds = |inner: &str, name: &str| folder.names_in(inner).iter().any(|other| other == name);
    holds(".", "runs") && folder.names_in("runs").len() == 1 && holds(&folder.only_in("runs"), "report.json")
}

/// The numbers of workers that were tried at `load`, and what was found.
fn tried(report: &Value, load: f64) -> Vec<&Value> {
    let all = report["answers"].as_array().unwrap().iter().find(|answer| answer["load"] == load).unwrap();
    all["tried"].as_array().unwrap().iter().filter(|tried| tried["load"] == load).collect()
}

/// Each number of workers with its verdict.
fn verdicts(report: &Value) -> Vec<(u64, &str)> {
    tried(report, 1.0)
        .iter()
        .map(|tried| (tried["workers"].as_u64().unwrap(), tried["verdict"].as_str().unwrap()))
        .collect()
}

/// Every fourth request takes 50 times as long as the others. With a multiple of four workers RR gives all of them to the same
/// workers.
fn every_fourth() -> String {
    let rows = (0..400).map(|row| format!("{},{}\n", 10 * row, if row % 4 == 3 { 50 } else { 1 }));
    format!("arrival_us,service_us\n{}", rows.collect::<String>())
}

#[test]
fn the_answer_is_the_first_line_and_is_the_same_everywhere() {
    let folder = Folder::with("t.csv", THREE);
    let arguments = "plan --trace t.csv --slo 'p99 response < 6us' --cost-per-worker 2.5 --report r.json";
    let text = line(&folder, arguments).succeeds();
    assert!(answer(&text).starts_with("2 workers (cost 5) hold p99 response < 6us; no limit of the load was found "));
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    assert_eq!(verdicts(&report), [(1, "fails"), (2, "holds"), (3, "holds"), (4, "holds")]);
    let found = &report["answers"][0];
    assert_eq!((&found["workers"], &found["cost"]), (&2.into(), &5.0.into()));
    let costs: Vec<f64> = tried(&report, 1.0).iter().map(|tried| tried["cost"].as_f64().unwrap()).collect();
    assert_eq!(costs, [2.5, 5.0, 7.5, 10.0]);

    let run = folder.only_in("runs");
    assert_eq!(folder.text(&format!("{run}/report.json")), folder.text("r.json"));
    let results = line(&folder, "results").succeeds().stdout();
    assert!(text.stdout().starts_with(&results), "{results}");
    let rows = line(&folder, "runs").succeeds().stdout();
    let words: Vec<&str> = rows.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((&words[1..4], words.last()), (["t.csv", "RR", "2"].as_slice(), Some(&"plan")));
    let bytes = folder.read("r.json").len();
    line(&folder, "rerun")
        .succeeds()
        .prints(&format!("The report is equal to the byte ({run}/report.json, {bytes} bytes).\n"));
    assert_eq!(line(&folder, &format!("{arguments} --json")).succeeds().stdout(), folder.text("r.json"));
}

#[test]
fn a_time_at_the_limit_does_not_hold() {
    // On one worker, responses are 5, 10, 5 and 10 µs.
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n0,5\n100,5\n100,5\n");
    for (objective, missed, verdict) in [
        ("p50 response < 10us", 0.5, "fails"),
        ("p50 response < 10001ns", 0.0, "holds"),
        ("p49 response < 10us", 0.5, "holds"),
        ("p50 delay < 5us", 0.5, "fails"),
        ("max response < 10us", 0.5, "fails"),
        ("max response < 10001ns", 0.0, "holds"),
    ] {
        let report = plan(&folder, &format!("--trace t.csv --json --slo '{objective}'")).succeeds().json();
        let one = tried(&report, 1.0)[0];
        assert_eq!(one["workers"], 1);
        assert_eq!(
            (&one["objectives"][0]["missed"], &one["verdict"]),
            (&missed.into(), &verdict.into()),
            "{objective}"
        );
    }
    // The mean response time on one worker is 7.5 µs.
    let report = |limit: &str| plan(&folder, &format!("--trace t.csv --json --slo 'response < {limit}'"));
    assert_eq!(verdicts(&report("7500ns").succeeds().json())[0], (1, "fails"));
    assert_eq!(verdicts(&report("7501ns").succeeds().json())[0], (1, "holds"));
}

#[test]
fn more_workers_may_be_worse() {
    let folder = Folder::with("t.csv", every_fourth());
    let ended = plan(&folder, "--trace t.csv --slo 'max response < 60us' --report r.json").succeeds();
    let sentence = "Holds at 3, fails at 4: the objectives do not get easier with each worker.";
    let first = answer(&ended);
    assert!(first.starts_with("3 workers hold ") && first.ends_with(sentence), "{first}");
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    let found = &report["answers"][0];
    assert_eq!((&found["workers"], &found["fails_above"]), (&3.into(), &serde_json::json!([4])));
}

#[test]
fn nothing_runs_if_the_service_time_alone_is_too_long() {
    // A module that fails on each request.
    let text = guest_text("second_fails").replace("(call $is_second)", "(i32.const 1)");
    let folder = Folder::with("t.csv", "arrival_us,service_ms,class\n0,61,1\n0,61,1\n100,1,0\n")
        .and_module("fails", &text.replace(";; FAILURE", "(unreachable)"));
    let fails = |objective: &str, reason: &str| {
        let ended = plan(&folder, &format!("--trace t.csv --module fails.wasm --slo '{objective}'")).exits(99);
        assert_eq!(answer(&ended), format!("No number of workers holds {objective}: the service time alone{reason}."));
        ended.says(&format!("error: no number of workers surely holds: {objective}\n"));
        let report = kept(&folder);
        assert_eq!(report["answers"][0]["tried"], serde_json::json!([]));
    };
    fails("p99 response < 50ms", " has p99 = 61 ms");
    fails("p99 response < 61ms", " has p99 = 61 ms");
    fails("max response class=0 < 1ms", " of class 0 has max = 1 ms");
    fails("mean response < 41ms", " has mean = 41 ms");
    fails("60% (response < 61ms and delay < 1s)", " has p60 = 61 ms");
    plan(&folder, "--trace t.csv --slo 'p99 response < 61001us'").succeeds();
    // Requests run only then, and the failure of a module comes before that of an objective.
    plan(&folder, "--trace t.csv --module fails.wasm --slo 'p99 response < 1s'").exits(5).says("with 1 workers");
}

#[test]
fn no_number_of_workers_holds_if_none_changes_anything() {
    let folder = Folder::with("t.csv", THREE);
    let ended = plan(&folder, "--trace t.csv --slo 'number in system < 0.1'").exits(99);
    let text = answer(&ended);
    let reason = ": at 4 workers no request waits, and more change nothing.";
    assert!(text.starts_with("No number of workers holds number in system < 0.1") && text.ends_with(reason), "{text}");
}

#[test]
fn what_is_too_close_to_call_is_not_called() {
    let folder = Folder::new();
    let system = "--samples 2000 --concurrency 1 --inter-arrival 5ms --st 10ms";
    let run = line(&folder, &format!("run --json --workers 3 --replications 10 {system}")).succeeds().json();
    let p99 = run["run"]["response_time"]["p99_ns"].as_u64().unwrap();
    let ended = plan(&folder, &format!("{system} --max-replications 10 --slo 'p99 response < {p99}ns'")).succeeds();
    let text = answer(&ended);
    assert!(text.starts_with("Too close to call: 3 workers (or 4 to be sure) for p99 response < "), "{text}");
    let report = kept(&folder);
    assert_eq!(report["answers"][0]["too_close"], serde_json::json!([3]));
    let three = tried(&report, 1.0).into_iter().find(|tried| tried["workers"] == 3).unwrap();
    assert_eq!((&three["verdict"], &three["replications"]), (&"too_close".into(), &10.into()));
}

#[test]
fn a_module_that_decides_demands_itself_starts_at_one_worker() {
    let text = guest_text("fifo");
    let header = r#""\20\00\00\00" "\00"#;
    assert!(text.contains(header));
    // The load is that of 5.2 workers.
    let rows: String = (0..30).map(|row| format!("{},50\n", 10 * row)).collect();
    let own = text.replace(header, r#""\20\00\00\00" "\10"#);
    let folder = Folder::with("t.csv", format!("arrival_us,service_us\n{rows}")).and_module("own", &own);
    let arguments = "--trace t.csv --json --slo 'delay < 1us'";
    let least = |module: &str| {
        let report = plan(&folder, &format!("{arguments} {module}")).succeeds().json();
        (tried(&report, 1.0)[0]["workers"].as_u64().unwrap(), report["answers"][0].get("offered").is_some())
    };
    assert_eq!(least(""), (6, true));
    assert_eq!(least("--module own.wasm"), (1, false));
}

#[test]
fn what_can_not_be_planned_is_refused() {
    let folder = Folder::with("t.csv", THREE).and("r.csv", "arrival_us\n0\n2\n20\n");
    let refused = |arguments: &str, error: &str| {
        plan(&folder, &format!("--report r.json {arguments}")).exits(2).says(error);
        assert!(!folder.names().contains(&"r.json".to_owned()), "{arguments}");
    };
    refused("--trace t.csv", "--slo <OBJECTIVE>");
    refused("--trace t.csv --slo 'p99 response > 5ms'", "an objective is an upper limit, with <");
    refused("--trace t.csv --slo 'p99 latency < 5ms'", "not \"p99 latency\"");
    refused("--trace t.csv --slo 'response < 5ms' --delay 2", "DELAY=2 ends the run before all requests are served");
    let many: String = (1..=17).map(|ms| format!("--slo 'response < {ms}ms' ")).collect();
    refused(&format!("--trace t.csv {many}"), "--slo: 17 objectives; there may be 16: leave some out");
    refused("--trace t.csv --slo 'response < 5ms' --load 0", "--load");
    refused("--trace t.csv --slo 'response < 5ms' --load 1 --until-load", "cannot be used with");
    refused("--trace t.csv --slo 'response < 5ms' --cost-per-worker 0", "a number above 0");
    refused("--trace t.csv --slo 'response < 5ms' --warmup auto", "give a time");
    assert_eq!(folder.names(), ["r.csv", "t.csv"]);
    let unknown = "--slo response class=9 < 5ms: no request has class 9, so it can't be judged";
    refused("--trace t.csv --slo 'response class=9 < 5ms'", unknown);
}

#[test]
fn a_trace_from_a_pipe_is_read_once() {
    let folder = Folder::with("t.csv", THREE);
    let arguments = "--slo 'p99 response < 6us' --json --trace";
    let piped = plan(&folder, &format!("{arguments} -")).stdin(THREE).succeeds().stdout();
    assert_eq!(piped, plan(&folder, &format!("{arguments} t.csv")).succeeds().stdout());
    let random = plan(&folder, "--trace - --st 1us --slo 'p99 response < 60us'").stdin("arrival_us\n0\n2\n");
    random.exits(2).says("can be read only once: write it to a file, and name that, or give --max-replications 1");
}

#[test]
fn ctrl_c_keeps_what_is_known() {
    let folder = Folder::new();
    // The objective is broken by fewer than 64 workers, each of which takes its time.
    let started =
        plan(&folder, "--samples 200000 --concurrency 1 --inter-arrival 1ms --st 3ms --slo 'waited < 0.00001%'")
            .start();
    wait("nothing was kept", std::time::Duration::from_secs(60), || has_report(&folder));
    signal(&started, Signal::INT);
    let ended = started.end().exited(130);
    assert_eq!(ended.stdout(), "");
    let text = answer(&line(&folder, "results").succeeds());
    assert!(text.starts_with("Interrupted"), "{text}");
    let report = kept(&folder);
    assert!(report["interrupted"] == true && !tried(&report, 1.0).is_empty(), "{report}");
}

#[test]
fn a_run_that_breaks_an_objective_has_exit_code_99_after_its_report() {
    let folder = Folder::with("t.csv", THREE);
    let run =
        |objective: &str| line(&folder, &format!("run --trace t.csv --workers 1 --report r.json --slo '{objective}'"));
    let broken =
        run("max response < 8us").exits(99).says("error: 1 of 1 objectives does not hold: max response < 8us\n");
    let measured = "objective max response < 8us: does not hold: 33.3333 % of requests miss it, and none may\n";
    assert!(broken.stdout().lines().nth(1).is_some_and(|second| measured.starts_with(second)), "{}", broken.stdout());
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    assert_eq!((&report["objectives"][0]["missed"], report["run"].is_object()), (&(1.0 / 3.0).into(), true));
    line(&folder, "results").succeeds().prints("objective max response < 8us: does not hold: ");
    run("max response < 8001ns").succeeds().prints("objective max response < 8001ns: holds: no request misses it");
    line(&folder, "run --trace t.csv --slo 'response < 1s' --slo 'p9 delay < 1ns' --slo 'utilization < 0.0001%'")
        .exits(99)
        .says("error: 1 of 3 objectives does not hold: utilization < 0.0001%\n");
    line(&folder, "run --trace t.csv --slo 'response < 1s' --delay 1").exits(2).says("DELAY=1 ends the run before");
    line(&folder, "run --trace t.csv --slo 'response class=3 < 1s'").exits(2).says("no request has class 3");
}

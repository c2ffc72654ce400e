//! `middleware compare`: the figures are those of single runs, and a difference is marked only if it is real.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::docker_support::{signal, wait};
use crate::plans::{answer, has_report, kept, line};
use crate::support::{Folder, Run, THREE, guest_text, without_intervals};

fn compare(folder: &Folder, arguments: &str) -> Run {
    line(folder, &format!("compare {arguments}"))
}

fn combinations(report: &Value) -> &Vec<Value> {
    report["combinations"].as_array().unwrap()
}

/// Requests in bursts, so that policies differ.
fn bursts() -> String {
    let rows = (0..400).map(|row| format!("{},{}\n", 40 * (row / 5), 1 + row * row * 31 % 23));
    format!("arrival_us,service_us\n{}", rows.collect::<String>())
}

/// Compares with these arguments, and checks that the figures of each combination are those of `run` with the same settings.
fn equals_runs(folder: &Folder, arguments: &str) {
    let report = compare(folder, &format!("{arguments} --max-replications 1 --json")).succeeds().json();
    let others: Vec<&str> = arguments.split(" --vary ").collect();
    for one in combinations(&report) {
        let values = one["values"].as_object().unwrap();
        let of = |(key, value): (&String, &Value)| {
            format!(" --{} '{}'", key.to_lowercase().replace('_', "-"), value.as_str().unwrap())
        };
        let settings: String = values.iter().map(of).collect();
        let run = line(folder, &format!("run --json {} {settings}", others[0])).succeeds().json();
        assert_eq!(without_intervals(one["figures"].clone()), without_intervals(run["run"].clone()), "{settings}");
        for key in ["trace", "settings", "module"] {
            assert_eq!(one["provenance"][key], run[key], "{settings}");
        }
        assert_eq!(one["value"], run["run"]["average_delay_in_queue_ns"], "{settings}");
    }
}

#[test]
fn figures_are_those_of_single_runs() {
    let folder = Folder::with("t.csv", bursts()).and("three.csv", THREE).and_guest("fifo");
    equals_runs(&folder, "--trace t.csv --vary BALANCER=RR,JSQ --vary WORKERS=2,5");
    equals_runs(&folder, "--trace t.csv --workers 2 --vary 'SPEEDS=1,1;1,0.5'");
    equals_runs(&folder, "--workers 2 --capacity 3 --vary TRACE=t.csv,three.csv --vary SERVERS=1,2");
    equals_runs(&folder, "--samples 500 --workers 3 --vary ST=5ms,9ms --vary INTER_ARRIVAL=4ms,6ms");
    let module = crate::support::sim_wasm();
    equals_runs(&folder, &format!("--trace t.csv --workers 2 --vary MODULE=fifo.wasm,{}", module.display()));
}

#[test]
fn the_answer_is_the_first_line_and_is_the_same_everywhere() {
    let folder = Folder::with("t.csv", bursts());
    let arguments = "compare --trace t.csv --vary WORKERS=2,3,5 --metric 'p99 response' --report r.json";
    let text = line(&folder, arguments).succeeds();
    assert!(answer(&text).starts_with("WORKERS=5 has the lowest p99 response, "), "{}", text.stdout());
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    let run = folder.only_in("runs");
    assert_eq!(folder.text(&format!("{run}/report.json")), folder.text("r.json"));
    let results = line(&folder, "results").succeeds().stdout();
    assert!(text.stdout().starts_with(&results), "{results}");
    let rows = line(&folder, "runs").succeeds().stdout();
    let words: Vec<&str> = rows.lines().last().unwrap().split_whitespace().collect();
    assert_eq!((&words[1..4], words.last()), (["t.csv", "RR", "2,3,5"].as_slice(), Some(&"comparison")));
    line(&folder, "rerun").succeeds().prints(&format!("The report is equal to the byte ({run}/report.json, "));
    assert_eq!(line(&folder, &format!("{arguments} --json")).succeeds().stdout(), folder.text("r.json"));

    let [two, three, five] = [0, 1, 2].map(|place| &combinations(&report)[place]);
    assert_eq!((&five["is_best"], five.get("difference")), (&true.into(), None));
    for other in [two, three] {
        let difference = other["value"].as_f64().unwrap() - five["value"].as_f64().unwrap();
        assert_eq!(other["difference"], json!({"to": 2, "value": difference, "known": "real"}));
    }
}

#[test]
fn the_values_of_the_first_setting_are_compared_in_each_group() {
    let folder = Folder::with("t.csv", bursts());
    let report = compare(&folder, "--trace t.csv --vary workers=2,5 --vary 'capacity=0;4' --json").succeeds().json();
    let of = |one: &Value| {
        let difference = one.get("difference").map(|difference| difference["to"].as_u64().unwrap());
        let value = |key: &str| one["values"][key].as_str().unwrap().to_owned();
        (one["group"].as_u64().unwrap(), value("WORKERS"), value("CAPACITY"), difference)
    };
    let found: Vec<_> = combinations(&report).iter().map(of).collect();
    let row = |group, workers: &str, capacity: &str, to| (group, workers.to_owned(), capacity.to_owned(), to);
    assert_eq!(
        found,
        [row(0, "2", "0", Some(1)), row(0, "5", "0", None), row(1, "2", "4", Some(3)), row(1, "5", "4", None)]
    );
    let text = compare(&folder, "--trace t.csv --vary workers=2,5 --vary 'capacity=0;4'");
    let text = answer(&text.succeeds());
    assert_eq!(text, "WORKERS=5 has the lowest mean delay at CAPACITY=0 and CAPACITY=4.");
}

#[test]
fn identical_systems_are_equal_and_none_is_marked() {
    let folder = Folder::with("t.csv", THREE);
    let ended = compare(&folder, "--trace t.csv --vary WORKERS=2,3").succeeds();
    assert_eq!(answer(&ended), "WORKERS=2 and WORKERS=3 have the same lowest mean delay.");
    let report = kept(&folder);
    let [two, three] = [0, 1].map(|place| &combinations(&report)[place]);
    assert_eq!(three["difference"], json!({"to": 0, "value": 0.0, "known": "negligible"}));
    assert!(two.get("is_best").is_none() && three.get("is_best").is_none() && two.get("difference").is_none());
}

#[test]
fn all_combinations_have_the_same_random_numbers() {
    let folder = Folder::new();
    // With one worker a policy has no effect, and a time may be written in two ways, which are two traces.
    for vary in ["--workers 1 --vary BALANCER=R,RR,JSQ", "--workers 3 --balancer R --vary INTER_ARRIVAL=10ms,0.01s"] {
        let arguments = format!("--samples 500 --concurrency 1 --st 2ms --max-replications 10 --json {vary}");
        let report = compare(&folder, &arguments).succeeds().json();
        let rows = combinations(&report);
        assert!(rows.iter().all(|one| one["replications"] == 10 && one["value"] == rows[0]["value"]), "{report}");
        for one in &rows[1..] {
            assert_eq!(one["difference"], json!({"to": 0, "value": 0.0, "half_width": 0.0, "known": "negligible"}));
        }
    }
}

#[test]
fn a_difference_is_marked_only_if_it_is_real() {
    let folder = Folder::new();
    let best = |arguments: &str| -> Vec<bool> {
        let report = compare(&folder, &format!("--samples 1000 --concurrency 1 --json {arguments}")).succeeds().json();
        combinations(&report).iter().map(|one| one["is_best"] == true).collect()
    };
    assert_eq!(best("--st 24ms --vary BALANCER=R,LW --workers 3 --max-replications 20"), [false, true]);
    // The mean delay of both is the same in the long run, but not in ten replications.
    assert_eq!(best("--st 4ms --vary DISCIPLINE=fifo,lifo --max-replications 10"), [false, false]);
    // Nothing is decided on one replication.
    assert_eq!(best("--st 24ms --vary BALANCER=R,LW --workers 3 --max-replications 1"), [false, false]);
}

#[test]
fn what_can_not_be_compared_is_refused() {
    let folder = Folder::with("t.csv", THREE);
    for (arguments, error) in [
        ("", "--vary <KEY=A,B,…>"),
        ("--vary WRKERS=1,2", "--vary: WRKERS is not a setting that can be varied here; did you mean WORKERS?"),
        ("--vary WORKERS=1,x", "--vary: WORKERS=x must be an integer from 1 to 4096"),
        ("--vary BALANCER=RR,XX", "--vary: BALANCER=XX must be one of R (random), "),
        ("--vary WORKERS", "it is not KEY=A,B,…"),
        ("--vary WORKERS=1,2,1", "the value \"1\" is given twice"),
        ("--vary WORKERS=1 --vary workers=2", "--vary WORKERS: it is given twice: give all its values at once"),
        ("--vary EXECUTOR=local,docker", "--vary EXECUTOR: it is not a setting of the system"),
        ("--vary SERVER_IP=127.0.0.1,127.0.0.2", "--vary SERVER_IP: it is not a setting of the system"),
        ("--vary INSECURE_TCP=0,1", "--vary INSECURE_TCP: it is not a setting of the system"),
        ("--vary WORKERS=1,2 --metric latency", "it is none of [mean|pNN|max] response|delay, utilization"),
        ("--vary WORKERS=1,2 --warmup auto", "give a time"),
        ("--vary TRACE=t.csv,u.csv", "u.csv: No such file"),
    ] {
        let ended = compare(&folder, &format!("--trace t.csv --report r.json {arguments}")).end();
        let is_refused = ended.code() == Some(2) || (arguments.contains("u.csv") && ended.code() == Some(3));
        assert!(is_refused && ended.errors().contains(error), "{arguments}: {}", ended.errors());
        assert_eq!(folder.names(), ["t.csv"], "{arguments}");
    }
}

#[test]
fn a_combination_that_fails_does_not_stop_the_others() {
    let text = guest_text("second_fails").replace("(call $is_second)", "(i32.const 1)");
    let folder = Folder::with("t.csv", THREE).and_guest("fifo");
    let folder = folder.and_module("fails", &text.replace(";; FAILURE", "(unreachable)"));
    let ended = compare(&folder, "--trace t.csv --workers 1 --vary MODULE=fifo.wasm,fails.wasm").exits(5);
    assert_eq!(answer(&ended), "Only MODULE=fifo.wasm has a mean delay.");
    let ended = ended.says("error: MODULE=fails.wasm: worker 1: ");
    ended.prints("failed (trap): ");
    let report = kept(&folder);
    let [fifo, fails] = [0, 1].map(|place| &combinations(&report)[place]);
    assert_eq!((&fifo["value"], fifo.get("is_best")), (&1000.0.into(), None));
    assert_eq!((&fails["error"]["class"], fails.get("value")), (&"trap".into(), None));
}

#[test]
fn a_trace_from_a_pipe_is_read_once() {
    let folder = Folder::with("t.csv", THREE);
    let figures = |trace: &str| {
        let run = compare(&folder, &format!("--trace {trace} --vary WORKERS=1,2 --json")).stdin(THREE);
        run.succeeds().stdout()
    };
    assert_eq!(figures("-"), figures("t.csv"));
    let random = compare(&folder, "--trace - --vary BALANCER=R,RR").stdin(THREE);
    random.exits(2).says("can be read only once: write it to a file, and name that, or give --max-replications 1");
    compare(&folder, "--trace - --vary BALANCER=R,RR --max-replications 1").stdin(THREE).succeeds();
}

#[test]
fn ctrl_c_keeps_what_is_known() {
    let folder = Folder::new();
    // Maxima vary so much that 320 replications are made.
    let started = compare(&folder, "--samples 100000 --vary SEED=1,2 --metric 'max response'").start();
    wait("nothing was kept", std::time::Duration::from_secs(60), || has_report(&folder));
    signal(&started, Signal::INT);
    assert_eq!(started.end().exited(130).stdout(), "");
    let text = answer(&line(&folder, "results").succeeds());
    assert!(text.starts_with("Interrupted"), "{text}");
    let report = kept(&folder);
    assert!(report["interrupted"] == true && combinations(&report).len() == 2, "{report}");
}

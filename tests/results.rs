//! Finished runs: `middleware results` renders their reports again, `middleware runs` lists them.

use std::fs;

use serde_json::Value;

use crate::middleware::middleware;
use crate::support::{Folder, THREE, guest_text};

/// The rows of `middleware runs` below its three lines of names and a rule.
fn rows(folder: &Folder) -> Vec<Vec<String>> {
    let text = middleware(folder, "runs").succeeds().says_nothing().stdout();
    text.lines().skip(4).map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

/// A folder with a run of three requests.
fn with_a_run() -> (Folder, String) {
    let folder = Folder::with("t.csv", THREE);
    middleware(&folder, "run --trace t.csv --workers 1").succeeds();
    let run = folder.only_in("runs");
    (folder, run)
}

#[test]
fn results_come_from_the_report() {
    let (folder, run) = with_a_run();
    let text = middleware(&folder, "results").succeeds().stdout();
    // From report.json alone: no other file is read, and a change of it is visible.
    let report = folder.text(&format!("{run}/report.json"));
    fs::remove_file(folder.path(&run).join("run.json")).unwrap();
    assert_eq!(middleware(&folder, "results").succeeds().stdout(), text);
    fs::write(folder.path(&run).join("report.json"), report.replace("\"offered\": 3", "\"offered\": 77")).unwrap();
    middleware(&folder, "results").succeeds().prints("Requests offered                            77\n");
    // No text in it controls the terminal.
    fs::write(folder.path(&run).join("report.json"), report.replace("\"RR\"", r#""\u001b[2J""#)).unwrap();
    middleware(&folder, "results").succeeds().prints("\\u{1b}[2J over 1 worker,");
}

#[test]
fn the_answer_is_the_first_line() {
    let folder = Folder::with("t.csv", THREE);
    let begins = |arguments: &str, answer: &str| {
        let text = middleware(&folder, &format!("run {arguments}")).succeeds().stdout();
        assert!(text.starts_with(&format!("{answer}\n\nRR over ")), "{text}");
        let text = middleware(&folder, "results").succeeds().stdout();
        assert!(text.starts_with(&format!("{answer}\n\nQueuebox ")), "{text}");
    };
    begins("--trace t.csv --workers 1", "Requests wait 1.000 µs on average, and 99 % are done within 8 µs.");
    begins("--trace t.csv --workers 2", "No request waits; 99 % are done within 5 µs.");
    // Its prefix depends on a reason that the report has as text.
    let text = middleware(&folder, "run --samples 20000 --workers 2").succeeds().stdout();
    assert!(
        text.starts_with("The system is overloaded: requests wait ") && text.contains("no intervals: it is"),
        "{text}"
    );
    let text = middleware(&folder, "run --samples 20000 --discipline ps").succeeds().stdout();
    assert!(text.starts_with("Requests take "), "{text}");

    // Those of the host are the four of the original.
    let text = folder.host("t.csv").succeeds().stdout();
    let figures: Vec<&str> = text.split_once("\n\n").unwrap().1.lines().take(4).collect();
    let names =
        ["Average delay in queue ", "Average number in queue ", "Server utilization ", "Time simulation ended "];
    assert!(figures.iter().zip(names).all(|(line, name)| line.starts_with(name)), "{text}");
}

#[test]
fn results_of_a_run_that_failed_name_the_failure() {
    let folder = Folder::new().and_module("mine", &guest_text("second_fails").replace(";; FAILURE", "(unreachable)"));
    middleware(&folder, "run --module mine.wasm --samples 12 --workers 3 --delay 1 --report r.json").exits(5);
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    let message = report["workers"][1]["error"]["message"].as_str().unwrap();
    middleware(&folder, "results")
        .succeeds()
        .prints("1 of 3 workers failed, so there is no result for the whole run.\n\nQueuebox ")
        .prints(&format!("worker 2 failed (trap): {message}\n"))
        .prints(&format!("\nWorker 2\nfailed (trap): {message}\n"));
    assert_eq!(rows(&folder)[0][2..5], ["RR", "3", "-"].map(str::to_owned));
    assert_eq!(rows(&folder)[0].last().unwrap(), "failed");
}

#[test]
fn a_missing_run_is_reported_with_the_existing_ones() {
    let (folder, run) = with_a_run();
    let name = run.strip_prefix("runs/").unwrap();
    let error = format!("error: there is no run nope in runs/; there are (the newest last): {name}\n");
    middleware(&folder, "results nope").exits(2).says(&error);
    let text = middleware(&folder, "results").succeeds().stdout();
    for known in [name, &name[..15], &run] {
        assert_eq!(middleware(&folder, &format!("results {known}")).succeeds().stdout(), text);
    }
}

#[test]
fn a_run_without_a_report_of_this_version_is_reported() {
    let (folder, run) = with_a_run();
    let file = folder.path(&run).join("report.json");
    let results = |words: &str, outcome: &str| {
        middleware(&folder, "results").exits(2).says(&format!("error: {run}: {words}"));
        assert!(rows(&folder)[0].join(" ").ends_with(outcome), "{:?}", rows(&folder));
    };
    let report = fs::read_to_string(&file).unwrap();
    let replaced = |from: &str, to: &str| fs::write(&file, report.replacen(from, to, 1)).unwrap();
    replaced("\"schema\": 1,", "\"schema\": 2,");
    results(
        "report.json: it has schema 2; this version reads schema 1: read it with the Queuebox that wrote it (",
        "schema 2",
    );
    replaced("\"schema\": 1,", "");
    results("report.json: it has no schema, so an earlier version wrote it; this version reads schema 1", "no schema");
    replaced("\"counts\"", "\"tally\"");
    results("report.json: it is not a report of Queuebox: ", "unreadable");
    fs::remove_file(&file).unwrap();
    results("there is no report.json in it: the file was removed", "no report");
}

#[test]
fn runs_are_listed_with_their_outcomes() {
    let folder = Folder::with("t.csv", THREE);
    middleware(&folder, "runs").succeeds().prints("there is no run in runs/ yet");
    middleware(&folder, "run --trace t.csv --workers 1").succeeds();
    middleware(&folder, "run --samples 2000 --balancer tc").succeeds();
    let text = middleware(&folder, "runs").succeeds().stdout();
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let rows = rows(&folder);
    let names = folder.names_in("runs");
    for ((row, name), expected) in rows.iter().zip(&names).zip([["t.csv", "RR", "1"], ["generated", "TC", "4"]]) {
        assert!(name.starts_with(&row[0]) && row[0].len() >= 15, "{text}");
        assert_eq!(row[1..4], expected.map(str::to_owned), "{text}");
        assert_eq!((row.len(), row.last().unwrap().as_str()), (9, "done"), "{text}");
    }
    // Delays of 0, 3 and 0 µs and responses of up to 8 µs, in the units of the other run.
    assert_eq!(rows[0][4..6], ["0.001", "0.008"].map(str::to_owned), "{text}");
}

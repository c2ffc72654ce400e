//! A simulator's stderr: shown if the user asks for it, and at the end of the error if the simulator breaks the contract.

use crate::stranger::Stranger;
use crate::support::{Folder, THREE};

/// Writes "hi", an escape character and a line end to stderr for each request.
const GREETS: &str = "(i32.store (i32.const 128) (i32.const 0x0a1b6968))
    (i64.store (i32.const 132) (i64.const 0x400000080))
    (drop (call $fd_write (i32.const 2) (i32.const 132) (i32.const 1) (i32.const 140)))";

/// A simulator that does so.
pub(crate) fn greets() -> Stranger {
    Stranger::in_order().before(GREETS)
}

/// The lines of stderr of a simulator, of all that the program printed there.
fn lines(errors: &str) -> Vec<&str> {
    errors.lines().filter_map(|line| line.strip_prefix("note: stderr of ")).collect()
}

#[test]
fn that_of_a_simulator_that_ended_well_is_shown_on_request() {
    let folder = Folder::with("trace.csv", THREE).and_module("greets", &greets().text());
    assert!(!folder.host_with("greets", "trace.csv").succeeds().errors().contains("hi"));
    let ended = folder.host_with("greets", "trace.csv --stderr --worker 2 --workers 2").succeeds();
    assert_eq!(lines(&ended.errors()), ["worker 2: hi\\u{1b}"; 3]);

    let run = "run --executor local --workers 2 --trace trace.csv --module greets.wasm";
    let ended = folder.run("middleware", &format!("{run} --stderr")).succeeds();
    assert_eq!(lines(&ended.errors()), ["worker 1: hi\\u{1b}", "worker 1: hi\\u{1b}", "worker 2: hi\\u{1b}"]);
    // It is no part of the report.
    let report = |flags: &str| folder.run("middleware", &format!("{run} --json {flags}")).succeeds().stdout();
    assert_eq!(report(""), report("--stderr"));
}

#[test]
fn a_broken_rule_is_reported_with_it() {
    let breaks = greets().after("(local.set $finish (i64.const 0))");
    let folder = Folder::with("trace.csv", THREE).and_module("breaks", &breaks.text());
    let error = folder.host_with("breaks", "trace.csv").exits(7).errors();
    let end = "; stderr: hi\\u{1b}\\nhi\\u{1b}\\nhi\\u{1b}\n";
    assert!(error.starts_with("error: worker 1: answer ") && error.ends_with(end), "{error}");
    // The ledger finds at the end that completions are missing.
    let forgets = greets().after("(local.set $at (local.get $end)) (br $turned_away)");
    let folder = Folder::with("trace.csv", THREE).and_module("forgets", &forgets.text());
    let error = folder.host_with("forgets", "trace.csv --stderr").exits(7).says("; stderr: hi").errors();
    assert!(!lines(&error).is_empty(), "{error}");
}

#[test]
fn host_check_shows_that_of_each_check() {
    let folder = Folder::new().and_module("greets", &greets().text());
    let check = folder.run("host", "check greets.wasm --stderr").succeeds().stdout();
    let one = "  ok    one request\n        stderr: hi\\u{1b}\n  ok    ties";
    assert!(check.contains(one), "{check}");
    let many = check.lines().filter(|line| *line == "        stderr: hi\\u{1b}").count();
    assert!(many > 500 && check.contains("        stderr: hi\\u{1b}\n  ok    "), "{check}");
}

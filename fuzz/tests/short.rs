//! A short run of every target, from the same cases each time; `make fuzz` runs more.

use fuzz::TARGETS;
use fuzz::driver::{Plan, run};

fn few(name: &str, cases: u64) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    let folder = tempfile::tempdir().expect("a folder").keep();
    let result = run(target, &Plan { seed: 1, first: 0, cases, threads: 2, folder }).expect("files can be written");
    assert!(result.failed.is_empty(), "{:#?}", result.failed);
    assert_eq!(result.cases, cases);
    // Cases of one kind only would test little.
    assert!(result.ends.len() > 1 && result.ends.values().all(|&count| count < cases), "{:?}", result.ends);
}

#[test]
fn modules() {
    few("module", 400);
}

#[test]
fn delimited_traces() {
    few("delimited", 6_000);
}

#[test]
fn traces_of_lines() {
    few("lines", 6_000);
}

#[test]
fn traces_of_json() {
    few("json", 4_000);
}

#[test]
fn binary_traces() {
    few("binary", 4_000);
}

#[test]
fn packed_traces() {
    few("packed", 3_000);
}

#[test]
fn completions() {
    few("completions", 20_000);
}

#[test]
fn the_csv_reader_and_the_csv_crate() {
    few("csv", 6_000);
}

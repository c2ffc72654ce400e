//! The simulator, the policies and the random numbers against queueing theory. Run `cargo test --release theory --
//! --nocapture`, with the environment that `make test` sets, to see the points.
//!
//! Every point is a figure of a system, and its value by theory (`points`). Each system is simulated by independent
//! replications with different seeds (`simulate`); theory must lie within the interval of Student's distribution, at a
//! level for all points together (`verdicts`). `make test` does so with a fixed seed, `make truth` with one that
//! changes, much longer, and writes docs/truth.md. Both also test the confidence intervals of reports (`coverage`, `refusals`).

mod chains;
mod coverage;
mod crommelin;
mod exact;
mod formula_tests;
mod formulas;
mod measured;
mod mm1;
mod page;
mod points;
mod programs;
mod refusals;
mod reports;
mod scenario;
mod service;
mod simulate;
mod student;
mod verdicts;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use coverage::Coverage;
use verdicts::{Effort, simulate_all};

#[test]
fn all_points_are_inside_their_intervals() {
    let outcome = simulate_all(1, Effort::SHORT);
    println!("{}", page::page(&outcome));
    assert!(outcome.verdicts().count() >= 80);
    outcome.check();
}

#[test]
fn intervals_contain_the_value_of_theory() {
    let coverage = Coverage::short(1);
    println!("{}", page::section(&coverage));
    coverage.check();
}

/// The days since 1970, or TRUTH_SEED.
fn seed() -> u64 {
    let given = std::env::var("TRUTH_SEED").ok().filter(|text| !text.is_empty());
    given.map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() / 86_400,
        |text| text.parse().unwrap_or_else(|_| panic!("TRUTH_SEED={text} is not a whole number")),
    )
}

#[test]
#[ignore = "takes minutes: make truth"]
fn grid_of_all_points_is_written_to_the_page() {
    let seed = seed();
    println!("TRUTH_SEED={seed}");
    let outcome = simulate_all(seed, Effort::FULL);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/truth.md");
    let coverage = Coverage::full(seed);
    std::fs::write(&path, page::page(&outcome) + &page::section(&coverage)).unwrap();
    outcome.check();
    coverage.check();
}

#[test]
fn scenarios_have_different_names_and_the_listed_lengths() {
    let families = points::families();
    let names: Vec<&str> = families.iter().flat_map(|family| &family.scenarios).map(|one| &one.name[..]).collect();
    // Their names are the names of their seeds.
    let different: BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(different.len(), names.len());
    assert_eq!(verdicts::lengths().map(|(name, _)| name).collect::<BTreeSet<_>>(), different);
}

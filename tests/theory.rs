//! The simulator, the policies and the random numbers against queueing theory. Run `cargo test --release theory --
//! --nocapture`, with the environment that `make test` sets, to see the points.
//!
//! Every point is a figure of a system, and its value by theory (`points`). Each system is simulated by independent
//! replications with different seeds (`simulate`); theory must lie within the interval of Student's distribution, at a
//! level for all points together (`verdicts`). `make test` does so with a fixed seed, `make truth` with one that
//! changes, much longer, and writes docs/truth.md. Both also test the confidence intervals of reports (`coverage`, `refusals`),
//! and the decisions of plans and comparisons (`plans`, `comparisons`).

mod chains;
mod comparisons;
mod coverage;
mod crommelin;
mod decisions;
mod drawn;
mod exact;
mod formula_tests;
mod formulas;
mod measured;
mod mm1;
mod page;
mod plans;
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

use comparisons::Comparisons;
use coverage::Coverage;
use drawn::Range;
use plans::Plans;
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

#[test]
fn plans_answer_the_number_of_theory() {
    let plans = Plans::of(1, Range::SHORT);
    println!("{}", plans.text());
    assert_eq!(plans.plans(), 100);
    plans.check();
}

#[test]
fn comparisons_mark_true_differences_alone() {
    let comparisons = Comparisons::short(1);
    println!("{}", comparisons.text());
    comparisons.check();
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
    let (plans, comparisons) = (Plans::of(seed, Range::FULL), Comparisons::full(seed));
    let sections = page::section(&coverage) + &page::decisions(&plans, &comparisons);
    std::fs::write(&path, page::page(&outcome) + &sections).unwrap();
    outcome.check();
    coverage.check();
    plans.check();
    comparisons.check();
}

/// The section of the page on decisions alone, in less time.
#[test]
#[ignore = "takes minutes: cargo test --release theory::decisions_alone -- --ignored --nocapture"]
fn decisions_alone() {
    let seed = seed();
    let (plans, comparisons) = (Plans::of(seed, Range::FULL), Comparisons::full(seed));
    println!("{}\n{}\n{}", plans.text(), comparisons.text(), page::decisions(&plans, &comparisons));
    plans.check();
    comparisons.check();
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

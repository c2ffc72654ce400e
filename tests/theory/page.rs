//! docs/truth.md: all points of one run, with theory.

use std::fmt::Write as _;

use super::verdicts::{LEVEL, Outcome, Verdict};

/// The text of the page.
pub(super) fn page(outcome: &Outcome) -> String {
    let all: Vec<&Verdict> = outcome.verdicts().collect();
    let inside = all.iter().filter(|verdict| verdict.is_inside()).count();
    let by_error = |a: &&&Verdict, b: &&&Verdict| a.error().abs().total_cmp(&b.error().abs());
    let largest = all.iter().max_by(by_error).expect("there are points");
    let Outcome { seed, replications, student, requests, seconds, threads, .. } = outcome;
    let mut page = format!(
        "# The model against theory\n\n\
         **{inside} of {} points are inside their intervals**; the largest relative error is {:.2} % ({}, {}).\n\n\
         Each point is a figure with a value of queueing theory. The system is simulated by Queuebox's own random numbers, policies and\n\
         queues in {replications} independent replications, each after a warm-up from an empty system. The interval is that of Student's\n\
         distribution, {student:.3} standard errors to each side: if the program is correct, *all* theoretical values are inside with a\n\
         probability of {:.0} % or more (Bonferroni). A half-width is at most 2 % of the value up to a load of 0.9, 5 % above.\n\n\
         `make truth` writes this page with a seed from the date, and fails if a point is outside or an interval too wide. This one:\n\
         seed {seed} (`make truth TRUTH_SEED={seed}` repeats it), {:.1} billion requests, {:.0} s on {threads} threads. `make test` simulates\n\
         the same points shorter. Formulas, and the Markov chains with their bounds, are in tests/theory/, where they are tested\n\
         against published values; Little's law, Lindley's recursion and an independent simulator are checked there to the nanosecond.\n\n\
         Times are in mean service times; a load is that of each server. A priority class with a smaller number is served first.\n",
        all.len(),
        100.0 * largest.error().abs(),
        largest.system,
        largest.figure,
        100.0 * (1.0 - LEVEL),
        *requests as f64 / 1e9,
        seconds.as_secs_f64(),
    );
    for (family, verdicts) in &outcome.families {
        let head = "| system | figure | theory | simulated | error | verdict | source |\n|---|---|---|---|---|---|---|";
        // Writing to a string can't fail.
        let _ = writeln!(page, "\n## {family}\n\n{head}");
        for verdict in verdicts {
            let _ = writeln!(page, "{}", row(verdict));
        }
    }
    page
}

fn row(verdict: &Verdict) -> String {
    let Verdict { system, figure, theory, source, mean, half, .. } = verdict;
    // Two digits of the half-width, so at least those that matter.
    let digits = (1.0 - half.log10().floor()).clamp(0.0, 9.0) as usize;
    let word = match (verdict.is_inside(), verdict.is_narrow()) {
        (true, true) => "inside",
        (true, false) => "**too wide**",
        (false, _) => "**outside**",
    };
    format!(
        "| {system} | {figure} | {theory:.digits$} | {mean:.digits$} ± {half:.digits$} | {:+.2} % | {word} | {source} |",
        100.0 * verdict.error()
    )
}

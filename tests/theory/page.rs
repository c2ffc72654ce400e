//! docs/truth.md: all points of one run, with theory.

use std::fmt::Write as _;

use super::comparisons::Comparisons;
use super::coverage::{COVERED, Cell, Coverage, GIVEN, LONG, Row, WIDEST};
use super::plans::{Mark, Plans};
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
         Two more sections test [the confidence intervals of reports](#confidence-intervals-of-reports) and [the decisions of `plan` and\n\
         `compare`](#decisions).\n\n\
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

/// The section on the confidence intervals of reports.
pub(super) fn section(coverage: &Coverage) -> String {
    let Coverage { rows, requests, seconds, .. } = coverage;
    let passed = rows.iter().filter(|row| row.failure().is_none()).count();
    let mut section = format!(
        "\n## Confidence intervals of reports\n\n\
         **{passed} of {} rows have the coverage that they must have.** A report gives 95 % confidence intervals, from batches of one run or\n\
         from replications, or the reason why there is none. Here, M/M/1 is simulated with many seeds, from an empty system, and measured\n\
         and evaluated as a run is. An interval of a report can be believed if 95 of 100 such intervals contain theory's value. Given is the\n\
         share of runs that have an interval, covered the share of these intervals that contain theory's value. The width is the mean\n\
         half-width over the one that a known variance would give, 1.96 σ/√n, with the asymptotic variance σ² = ρ (2 + 5ρ − 4ρ² + ρ³) / (1 − ρ)⁴\n\
         of the mean delay (Whitt, \"Planning queueing simulations\", 1989).\n\n\
         At least {:.0} % of the intervals must cover, fewer by chance alone where few are given; at {} requests and with replications {:.0} % of the\n\
         runs must have one, and the width is at most {WIDEST}. Runs that are too short have none, which is no failure. {:.1} billion requests, {:.0} s.\n\n\
         | load | requests | runs | figure | given | covered | width | verdict |\n|---|---|---|---|---|---|---|---|\n",
        rows.len(),
        100.0 * COVERED,
        grouped(LONG),
        100.0 * GIVEN,
        *requests as f64 / 1e9,
        seconds.as_secs_f64(),
    );
    for row in rows {
        let Row { cell: Cell { load, requests, replications, runs }, figure, .. } = row;
        let length = if *replications > 1 { format!("{replications} × ") } else { String::new() } + &grouped(*requests);
        let percent = |share: f64| format!("{:.1} %", 100.0 * share);
        let given = percent(row.given_share());
        let covered = row.covered_share().map_or("–".into(), percent);
        let width = row.width().map_or("–".into(), |width| format!("{width:.2}"));
        let verdict = match row.failure() {
            Some(failure) => format!("**{failure}**"),
            None if row.given == 0 => "refused".into(),
            None => "covered".into(),
        };
        let _ = writeln!(
            section,
            "| {load} | {length} | {runs} | {} | {given} | {covered} | {width} | {verdict} |",
            figure.name()
        );
    }
    section
}

/// The section on what `plan` and `compare` decide.
pub(super) fn decisions(plans: &Plans, comparisons: &Comparisons) -> String {
    let Plans { requests, seconds, seed, .. } = plans;
    let Comparisons { marked, missed, number, .. } = comparisons;
    let of = |mark: Mark| plans.number(mark);
    format!(
        "\n## Decisions\n\n\
         **{} of {} plans are wrong.** Each searches the number of workers with p99 of the response below a limit x, as `plan` does, under LW\n\
         (M/M/c) or RR (E_N/M/1), with an offered load of 1.3 to 8 workers and x from 1.05 to 3 times p99 of the service time. p99 of each\n\
         number of workers is known by theory. At most 1 % may be wrong. {:.1} billion requests, {:.0} s, seed {seed}.\n\n\
         | answer, by theory | verdict | plans |\n|---|---|---|\n\
         | holds; one worker less does not | right | {} |\n\
         | holds; one less has a p99 between 0.95 x and x, and the output says that it is too close to call | right | {} |\n\
         | holds; one less has a p99 between 0.95 x and x, and the output says that it fails | wrong | {} |\n\
         | holds; one less holds too, with a p99 up to 0.95 x | wrong | {} |\n\
         | does not hold | wrong | {} |\n\
         | none | wrong | {} |\n\n\
         **Of {number} comparisons of equal systems, {} mark a best one.** R is compared with HASH over uniform blocks, as `compare` does: behind\n\
         both, each worker is the same M/M/1. At a level of 5 %, {:.0} marks are expected at most; more than {} are a failure. If workers under HASH\n\
         are so much slower that the mean delay is 10 % longer, {} of {number} mark R as the best; at least {} must. {:.0} s.\n",
        plans.wrong(),
        plans.plans(),
        *requests as f64 / 1e9,
        seconds.as_secs_f64(),
        of(Mark::Right),
        of(Mark::Close),
        of(Mark::Unsaid),
        of(Mark::TooMany),
        of(Mark::Misses),
        of(Mark::None),
        marked.len(),
        0.05 * f64::from(*number),
        comparisons.allowed_marked,
        *number as usize - missed.len(),
        *number as usize - comparisons.allowed_missed,
        comparisons.seconds.as_secs_f64(),
    )
}

/// A multiple of 1,000 with its thousands separated.
fn grouped(number: u64) -> String {
    let (thousands, millions) = (number / 1000 % 1000, number / 1_000_000);
    if millions > 0 { format!("{millions},{thousands:03},000") } else { format!("{thousands},000") }
}

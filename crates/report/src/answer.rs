//! The answer that a run gives, in one sentence: how long requests wait, and within what time most are done.

use contract::Capabilities;
use measure::interval::{FigureIntervals, Interval, Intervals};
use measure::run_report::{RowResult, RunReport};
use measure::{Figures, Percentile, TimeUnit, decimal, without_zeros};

use crate::grid::paragraph;

#[cfg(test)]
mod tests;

/// Digits of a percentile: the histogram knows no more.
const DIGITS: u32 = 3;

/// How the reason begins why an overloaded run has no intervals. A report has no field for the state itself.
const OVERLOADED: &str = "it is overloaded";

/// Between a number and its unit, where no line is broken; printed as a blank.
const TIE: char = '\u{a0}';

/// The answer of a run, in lines of at most `width` characters.
pub fn of_run(report: &RunReport, width: usize) -> String {
    let sentence = match &report.run {
        Some(run) => of_figures(run, report),
        None => of_failures(report),
    };
    paragraph("", &sentence, width).replace(TIE, " ")
}

/// Without figures of the whole run: how many of its workers failed.
fn of_failures(report: &RunReport) -> String {
    let failed = report.workers.iter().filter(|row| matches!(row.result, RowResult::Failed { .. })).count();
    let who = match (failed, report.workers.len()) {
        (0, _) => return "There is no result for the whole run.".to_owned(),
        (1, 1) => "The only worker failed".to_owned(),
        (failed, all) => format!("{failed} of {all} workers failed"),
    };
    format!("{who}, so there is no result for the whole run.")
}

fn of_figures(run: &Figures, report: &RunReport) -> String {
    let counts = &run.counts;
    if counts.offered == 0 {
        return "The trace has no requests.".to_owned();
    }
    // The share of any count is undefined if no request is measured.
    let Some(lost) = run.rejected_share.zip(run.abandoned_share) else {
        let when = if counts.warm_up > 0 { "after the warm-up" } else { "before the simulation ends" };
        return format!("No request arrives {when}.");
    };
    let shared = report.provenance.module.capabilities.has(Capabilities::SHARED);
    let (average, within, losses) = (average(run, shared), within(run), losses(lost));
    // A time and a percentile belong together; the other parts are statements of their own.
    let mut parts = match (average, within) {
        (Average::Time(average), Some(within)) => vec![format!("{average}, and {within}")],
        (Average::Time(text) | Average::None(text), within) => [Some(text), within].into_iter().flatten().collect(),
    };
    parts.extend(losses);
    let overloaded = matches!(&run.intervals, Intervals::None { reason } if reason.starts_with(OVERLOADED));
    let after_warm_up = report.provenance.settings.warmup_ns.is_some();
    let start = [(overloaded, "the system is overloaded: "), (after_warm_up, "after the warm-up, ")];
    let start: String = start.into_iter().filter(|(applies, _)| *applies).map(|(_, text)| text).collect();
    capitalised(&format!("{start}{}.", parts.join("; ")))
}

/// Whether every request that has arrived was served to its end, so that averages and percentiles are of all requests.
fn all_are_served(run: &Figures) -> bool {
    let counts = &run.counts;
    [counts.rejected, counts.abandoned, counts.in_service, counts.waiting].iter().all(|&count| count == 0)
}

/// The statement on the average.
enum Average {
    /// It has a time.
    Time(String),
    /// It has none: no request waits, or none is served.
    None(String),
}

/// How long requests wait on average. If service may be interrupted or `shared`, a request waits during its service too, so that
/// the delay until service starts is no answer: then it is how long they take.
fn average(run: &Figures, shared: bool) -> Average {
    let mean = |statement: &str, mean_ns: f64, interval: fn(&FigureIntervals) -> &Interval| {
        let unit = TimeUnit::of(mean_ns, 3);
        let half_width = run.intervals.each().and_then(|each| interval(each).half_width());
        let shown = half_width
            .map_or_else(|| unit.mean(Some(mean_ns)), |half_width_ns| unit.plus_minus(mean_ns, half_width_ns));
        let which = if all_are_served(run) { "" } else { "served " };
        let shown = format!("{shown} {}", unit.name).replace(' ', &TIE.to_string());
        Average::Time(format!("{which}requests {statement} {shown} on average"))
    };
    match (run.average_delay_in_queue_ns, run.average_response_time_ns) {
        (Some(_), Some(response_ns)) if shared => mean("take", response_ns, |each| &each.average_response_time_ns),
        (Some(delay_ns), _) if delay_ns > 0.0 => mean("wait", delay_ns, |each| &each.average_delay_in_queue_ns),
        // A request that has left, or is still there, may have waited.
        (Some(_), _) if !all_are_served(run) && run.average_number_in_queue != Some(0.0) => {
            Average::None("served requests do not wait".to_owned())
        }
        (Some(_), _) => Average::None("no request waits".to_owned()),
        (None, _) => Average::None("no request is served".to_owned()),
    }
}

/// Within what time most are done: by the largest chosen percentile of the response time up to p99, or else the largest one.
fn within(run: &Figures) -> Option<String> {
    let known = || run.response_time.chosen.iter().filter_map(|(&percentile, value)| Some((percentile, (*value)?)));
    let (percentile, ns) =
        known().rfind(|&(percentile, _)| percentile <= Percentile::P99).or_else(|| known().next_back())?;
    let ns = rounded_up(ns);
    let unit = TimeUnit::of(ns as f64, 3);
    let which = if all_are_served(run) { "are done" } else { "of responses come" };
    let share = percentile.to_string();
    let (share, time) = (share.trim_start_matches('p'), unit.percentile(Some(ns)));
    Some(format!("{share}{TIE}% {which} within {time}{TIE}{}", unit.name))
}

/// A time in [`DIGITS`] digits. It is rounded up, so that what is done within the time is done within the rounded one too.
fn rounded_up(ns: u64) -> u64 {
    let step = 10u64.pow((ns.checked_ilog10().unwrap_or(0) + 1).saturating_sub(DIGITS));
    ns.checked_next_multiple_of(step).unwrap_or(ns)
}

/// The shares of requests that are rejected and abandoned; None if there are none.
fn losses((rejected, abandoned): (f64, f64)) -> Option<String> {
    let shown = |share: f64| {
        let text = decimal(share * 100.0, if share < 0.1 { 2 } else { 1 });
        format!("{}{TIE}%", without_zeros(&text))
    };
    match (rejected > 0.0, abandoned > 0.0) {
        (false, false) => None,
        (true, false) => Some(format!("{} of requests are rejected", shown(rejected))),
        (false, true) => Some(format!("{} of requests are abandoned", shown(abandoned))),
        (true, true) => Some(format!("{} of requests are rejected, {} abandoned", shown(rejected), shown(abandoned))),
    }
}

/// A sentence with a capital at its start.
fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

//! The report as people read it in a terminal.

use std::collections::BTreeSet;
use std::fmt::Display;

use measure::classes::ClassRow;
use measure::interval::{FigureIntervals, Interval};
use measure::provenance::{Provenance, TraceUsed};
use measure::run_report::{Imbalance, RowResult, RunReport, WorkerRow};
use measure::theory::Theory;
use measure::{Counts, Figures, PerWorker, Percentile, TimeUnit, aligned, decimals, number, percent};
use sim_wasm::Speed;

use crate::grid::{Column, Grid, Place, paragraph};
use crate::{answer, intervals, objectives};

#[cfg(test)]
mod tests;

/// With more workers than this the table shows the least, the median and the most loaded.
const ROWS: usize = 32;

/// Characters of a list of the workers' values in the title; of a longer one it has the least and the largest value.
const LISTED: usize = 40;

/// The largest number of failed workers that are listed.
const FAILED_SHOWN: usize = 5;

/// What a column shows of a worker.
enum Shown {
    Count(fn(&Counts) -> u64),
    /// The requests that are not served: only if there are any.
    Lost(fn(&Counts) -> u64),
    /// What is left at the end: only if there is any.
    Left(fn(&Counts) -> u64),
    Number(fn(&Figures) -> Option<f64>),
    /// A mean of times \[ns\], and the half-width of its interval.
    Mean(fn(&Figures) -> Option<f64>, fn(&FigureIntervals) -> &Interval),
    /// A percentile of the response time.
    Percentile(Percentile),
    /// A time \[ns\].
    Time(fn(&Figures) -> Option<u64>),
}

/// A column: its head (a unit is put between the brackets), its place, and what it shows.
type Definition<'a> = (&'a str, Place, Shown);

/// The columns after the worker's number up to the percentiles of the response time.
const COLUMNS: [Definition<'_>; 12] = [
    ("offered", Place::First, Shown::Count(|counts| counts.offered)),
    ("completed", Place::First, Shown::Count(|counts| counts.completed)),
    ("rejected", Place::Below, Shown::Lost(|counts| counts.rejected)),
    ("abandoned", Place::Below, Shown::Lost(|counts| counts.abandoned)),
    ("in\nservice", Place::Below, Shown::Left(|counts| counts.in_service)),
    ("waiting", Place::Below, Shown::Left(|counts| counts.waiting)),
    ("not yet\narrived", Place::Below, Shown::Left(|counts| counts.not_yet_arrived)),
    ("in the\nwarm-up", Place::Below, Shown::Left(|counts| counts.warm_up)),
    (
        "mean\ndelay\n[]",
        Place::First,
        Shown::Mean(|figures| figures.average_delay_in_queue_ns, |each| &each.average_delay_in_queue_ns),
    ),
    ("mean\nnumber\nin queue", Place::IfRoom(2), Shown::Number(|figures| figures.average_number_in_queue)),
    ("utilization", Place::First, Shown::Number(|figures| figures.server_utilization)),
    (
        "response\ntime\nmean []",
        Place::IfRoom(6),
        Shown::Mean(|figures| figures.average_response_time_ns, |each| &each.average_response_time_ns),
    ),
];

/// The columns after the percentiles.
const LAST_COLUMNS: [Definition<'_>; 2] = [
    ("response\ntime\nmax []", Place::IfRoom(1), Shown::Time(|figures| figures.response_time.max_ns)),
    ("time\nsimulation\nended []", Place::IfRoom(3), Shown::Time(|figures| Some(figures.time_simulation_ended_ns))),
];

/// The places of the columns of `percentiles`, which rise. The smallest one and the largest one up to p99 are always shown; of
/// the others, the smallest and the largest come first.
fn places(percentiles: &[Percentile]) -> Vec<Place> {
    let always = [Some(0), percentiles.iter().rposition(|&percentile| percentile <= Percentile::P99)];
    let others: Vec<usize> = (0..percentiles.len()).filter(|&place| !always.contains(&Some(place))).collect();
    let place = |place: usize| match others.iter().position(|&other| other == place) {
        None => Place::First,
        Some(0) => Place::IfRoom(4),
        Some(other) if other + 1 == others.len() => Place::IfRoom(5),
        Some(other) => Place::IfRoom(6 + other as u8),
    };
    (0..percentiles.len()).map(place).collect()
}

/// The columns of the percentiles that `figures` have.
fn percentile_columns(figures: &[&Figures]) -> Vec<(Column, Cells)> {
    let chosen: BTreeSet<Percentile> =
        figures.iter().flat_map(|figures| figures.response_time.chosen.keys()).copied().collect();
    let chosen: Vec<Percentile> = chosen.into_iter().collect();
    let column = |(&percentile, place)| {
        column(&format!("response\ntime\n{percentile} []"), place, &Shown::Percentile(percentile), figures)
    };
    chosen.iter().zip(places(&chosen)).filter_map(column).collect()
}

/// A column of workers that differ, and its value.
type Own = (&'static str, fn(&WorkerRow) -> Option<String>);

/// These columns come first; each is shown only if workers differ in it.
const OWN: [Own; 3] = [
    ("servers", |row| Some(row.servers?.to_string())),
    ("capacity", |row| {
        Some(row.capacity?).map(|capacity| if capacity == 0 { "none".to_owned() } else { capacity.to_string() })
    }),
    ("speed", |row| Some(row.speed?.to_string())),
];

/// The answer in a sentence, what ran, and the figures, in at most `width` columns of characters.
pub fn table(report: &RunReport, width: usize) -> String {
    format!("{}\n{}", answers(report, width), figures_of(report, width))
}

/// The answer, and whether each objective holds.
fn answers(report: &RunReport, width: usize) -> String {
    answer::of_run(report, width) + &objectives::lines(&report.objectives, width)
}

/// What ran; a row for each worker and one for the whole run; then the workers that failed, and notes.
fn figures_of(report: &RunReport, width: usize) -> String {
    let rows = shown(report);
    let figures: Vec<&Figures> = rows.iter().filter_map(|row| figures(row)).chain(&report.run).collect();
    let columns = all_columns(&figures);

    let name = Column { head: "worker".to_owned(), left: false, place: Place::First };
    let own: Vec<_> = OWN.into_iter().filter(|(_, value)| rows.iter().any(|row| value(row).is_some())).collect();
    let heads = own.iter().map(|(head, _)| Column { head: (*head).to_owned(), left: false, place: Place::Below });
    let heads = [name].into_iter().chain(heads).chain(columns.iter().map(|(column, _)| column.clone()));
    let mut grid = Grid::new(heads.collect());
    let cells = |figures: &Figures| columns.iter().map(|(_, cells)| cells(figures)).collect::<Vec<_>>();
    for row in &rows {
        let own = own.iter().map(|(_, value)| value(row).unwrap_or_default());
        let figures = match &row.result {
            RowResult::Measured(figures) => cells(figures),
            RowResult::Failed { offered, error } => vec![offered.to_string(), format!("failed ({})", error.class)],
        };
        grid.row([row.worker.to_string()].into_iter().chain(own).chain(figures).collect());
    }
    if let Some(run) = &report.run {
        let own = vec![String::new(); own.len()];
        grid.total(["run".to_owned()].into_iter().chain(own).chain(cells(run)).collect());
    }
    let mut text = title(report, width) + "\n" + &grid.render(width);
    if rows.len() < report.workers.len() {
        text += &format!("of {} workers: the least, the median and the most loaded\n", report.workers.len());
    }
    if let Some(Imbalance { requests, work }) = report.imbalance.filter(|_| report.workers.len() > 1) {
        let work_of = if own.is_empty() { "work" } else { "work by service rate" };
        let line = format!("imbalance (largest over mean): requests {}, {work_of} {}", number(requests), number(work));
        text += &paragraph("", &line, width);
    }
    text += &report.run.as_ref().map_or(String::new(), |run| intervals::lines(run, width));
    if let Some(theory) = &report.theory {
        text += &paragraph("", &self::theory(theory), width);
    }
    if !report.classes.is_empty() {
        text += &format!("{}\n", classes(&report.classes, width));
    }
    let failed = report.workers.iter().filter_map(|row| match &row.result {
        RowResult::Failed { error, .. } => {
            Some(format!("worker {} failed ({}): {}\n", row.worker, error.class, error.message))
        }
        RowResult::Measured(_) => None,
    });
    text.extend(failed.clone().take(FAILED_SHOWN));
    if let more @ 1.. = failed.count().saturating_sub(FAILED_SHOWN) {
        text += &format!("and {more} more workers failed\n");
    }
    text + &notes(&report.notes, width)
}

/// The line on the mean delay by queueing theory.
fn theory(theory: &Theory) -> String {
    let unit = TimeUnit::of(theory.mean_delay_ns, 3);
    let delay = unit.mean(Some(theory.mean_delay_ns));
    format!("theory: mean delay {delay} {} ({}), in a steady state", unit.name, theory.model)
}

/// A row for each class.
pub fn classes(classes: &[ClassRow], width: usize) -> String {
    let figures: Vec<&Figures> = classes.iter().map(|row| &row.figures).collect();
    let columns = all_columns(&figures);
    let name = Column { head: "class".to_owned(), left: false, place: Place::First };
    let mut grid = Grid::new([name].into_iter().chain(columns.iter().map(|(column, _)| column.clone())).collect());
    for ClassRow { class, figures } in classes {
        grid.row([class.to_string()].into_iter().chain(columns.iter().map(|(_, cells)| cells(figures))).collect());
    }
    format!("\n{}", grid.render(width))
}

/// All columns that have something to show of `figures`.
fn all_columns(figures: &[&Figures]) -> Vec<(Column, Cells)> {
    let of = |(head, place, shown): &Definition<'_>| column(head, *place, shown, figures);
    let columns = COLUMNS.iter().filter_map(of).chain(percentile_columns(figures));
    columns.chain(LAST_COLUMNS.iter().filter_map(of)).collect()
}

/// The notes of a report, in lines of at most `width` characters.
pub fn notes(notes: &[String], width: usize) -> String {
    notes.iter().map(|note| paragraph("note: ", note, width)).collect()
}

/// The plain report: the answer, the table, then each worker and the run in the words of the original.
pub fn plain(report: &RunReport, width: usize) -> String {
    let Provenance { queuebox, module, .. } = &report.provenance;
    let used = format!("Queuebox {queuebox}\nmodule SHA-256 {}", module.sha256);
    let mut text = format!("{}\n{used}\n\n{}", answers(report, width), figures_of(report, width));
    for row in shown(report) {
        let own = OWN.iter().filter_map(|(name, value)| Some(format!(", {name} {}", value(row)?)));
        text += &format!("\nWorker {}{}\n", row.worker, own.collect::<String>());
        text += &match &row.result {
            RowResult::Measured(figures) => figures.to_text() + &intervals::none(figures, width),
            RowResult::Failed { error, .. } => format!("failed ({}): {}\n", error.class, error.message),
        };
    }
    if let Some(run) = &report.run {
        let replications = replications(report).map_or_else(String::new, |number| format!(", {number}"));
        text += &format!("\nWhole run, {}{replications}\n{}", counted(report.workers.len(), "worker"), run.to_text());
        text += &intervals::none(run, width);
    }
    text + "\nOf this run, percentiles are within 0.1 % and all else is exact.\n± is the half-width of a 95 % interval.\n"
}

/// What ran.
fn title(report: &RunReport, width: usize) -> String {
    let Provenance { settings, trace, .. } = &report.provenance;
    let trace = match trace {
        TraceUsed::Recorded(trace) => trace.shown(),
        TraceUsed::Generated { .. } => format!("generated, SEED {}", settings.seed),
    };
    let mut what = vec![workers(settings.workers, &settings.servers, settings.speeds.as_ref())];
    what.extend(
        settings.weights.as_ref().map(|weights| format!("WEIGHTS {}", short(weights, |weight| weight.as_f64()))),
    );
    what.extend((settings.discipline != "fifo").then(|| format!("DISCIPLINE {}", settings.discipline)));
    what.extend(settings.patience.as_ref().map(|patience| format!("PATIENCE {patience}")));
    what.extend(replications(report));
    let balancer = settings.balancer.as_deref().unwrap_or("-");
    paragraph("", &format!("{balancer} over {}; trace: {trace}", what.join(", ")), width)
}

/// The number of replications in words, if there are several.
fn replications(report: &RunReport) -> Option<String> {
    let number = report.provenance.replications;
    (number > 1).then(|| counted(number as usize, "replication"))
}

/// `number` workers in a few words, with their servers and speeds: `4 workers, one server each`, or of workers that differ
/// `2 workers, SERVERS 4,2, SPEEDS 1,1/2`.
pub fn workers(number: u32, servers: &PerWorker<u32>, speeds: Option<&PerWorker<Speed>>) -> String {
    let each = if number == 1 { "" } else { " each" };
    let mut text = counted(number as usize, "worker");
    text += &match servers {
        PerWorker::All(1) => format!(", one server{each}"),
        PerWorker::All(servers) => format!(", {servers} servers{each}"),
        PerWorker::Each(_) => format!(", SERVERS {}", short(servers, |&servers| f64::from(servers))),
    };
    if let Some(speeds) = speeds.filter(|speeds| **speeds != PerWorker::All(Speed::ONE)) {
        text += &format!(", SPEEDS {}", short(speeds, |speed| speed.as_f64()));
    }
    text
}

/// A setting of workers in a few characters.
fn short<T: Display>(setting: &PerWorker<T>, size: impl Fn(&T) -> f64) -> String {
    let (text, larger) = (setting.to_string(), |a: &&T, b: &&T| size(a).total_cmp(&size(b)));
    match setting.list().map(|values| (values.iter().min_by(larger), values.iter().max_by(larger))) {
        Some((Some(least), Some(largest))) if text.len() > LISTED => format!("{least} to {largest}"),
        _ => text,
    }
}

fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// What a column shows of a row's figures.
type Cells = Box<dyn Fn(&Figures) -> String>;

/// A column, with the unit that fits all of its `figures`; None if it has nothing to show.
fn column(head: &str, place: Place, shown: &Shown, figures: &[&Figures]) -> Option<(Column, Cells)> {
    let unit = |times: &mut dyn Iterator<Item = f64>| TimeUnit::of(times.fold(0.0, f64::max), 3);
    let with = |unit: TimeUnit| head.replace("[]", &format!("[{}]", unit.name));
    let any = |count: fn(&Counts) -> u64| figures.iter().any(|figures| count(&figures.counts) > 0);
    let (head, cells): (String, Cells) = match *shown {
        Shown::Lost(count) | Shown::Left(count) if !any(count) => return None,
        Shown::Count(count) | Shown::Left(count) => {
            (head.to_owned(), Box::new(move |figures| count(&figures.counts).to_string()))
        }
        Shown::Lost(count) => {
            let with_share = move |counts: &Counts| {
                let lost = count(counts);
                format!("{lost} ({})", percent(counts.share(lost)))
            };
            (head.to_owned(), Box::new(move |figures| with_share(&figures.counts)))
        }
        Shown::Number(value) => (head.to_owned(), Box::new(move |figures| number(value(figures)))),
        Shown::Mean(mean, interval) => {
            let unit = unit(&mut figures.iter().filter_map(|figures| mean(figures)));
            let cells = move |figures: &Figures| {
                let half_width = figures.intervals.each().and_then(|each| interval(each).half_width());
                match (mean(figures), half_width) {
                    (Some(mean), Some(half_width)) => unit.plus_minus(mean, half_width),
                    (mean, _) => unit.mean(mean),
                }
            };
            (with(unit), Box::new(cells))
        }
        Shown::Percentile(percentile) => {
            let value = move |figures: &Figures| figures.response_time.get(percentile);
            let times = || figures.iter().map(|figures| value(figures));
            let unit = unit(&mut times().flatten().map(|ns| ns as f64));
            let width = times().map(|ns| decimals(&unit.percentile(ns))).max().unwrap_or(0);
            (with(unit), Box::new(move |figures| aligned(&unit.percentile(value(figures)), width)))
        }
        Shown::Time(time) => {
            let unit = unit(&mut figures.iter().filter_map(|figures| time(figures)).map(|ns| ns as f64));
            (with(unit), Box::new(move |figures| unit.time(time(figures).map(u128::from))))
        }
    };
    Some((Column { head, left: false, place }, cells))
}

fn figures(row: &WorkerRow) -> Option<&Figures> {
    match &row.result {
        RowResult::Measured(figures) => Some(figures),
        RowResult::Failed { .. } => None,
    }
}

/// The rows to show: all, or of too many three.
fn shown(report: &RunReport) -> Vec<&WorkerRow> {
    let all: Vec<&WorkerRow> = report.workers.iter().collect();
    if all.len() <= ROWS {
        return all;
    }
    let mut by_load: Vec<&WorkerRow> = all.into_iter().filter(|row| figures(row).is_some()).collect();
    let load = |row: &WorkerRow| figures(row).and_then(|figures| figures.server_utilization).unwrap_or(0.0);
    by_load.sort_by(|a, b| load(a).total_cmp(&load(b)));
    let mut places = vec![0, by_load.len() / 2, by_load.len().saturating_sub(1)];
    places.dedup();
    places.into_iter().filter_map(|place| by_load.get(place).copied()).collect()
}

//! The report as people read it in a terminal.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use measure::provenance::{Provenance, RecordedTrace, TraceUsed};
use measure::{Counts, Figures, TimeUnit, number};

use measure::run_report::{Imbalance, RowResult, RunReport, WorkerRow};

/// With more workers than this the table shows the least, the median and the most loaded.
const ROWS: usize = 32;

/// How many failed workers are told of.
const FAILED_SHOWN: usize = 5;

/// A column of counts.
type CountColumn = (&'static str, fn(&Counts) -> u64);

/// The counts of requests that did not just complete: shown where there are some.
const OTHER_COUNTS: [CountColumn; 5] = [
    ("in\nservice", |counts| counts.in_service),
    ("rejected", |counts| counts.rejected),
    ("given\nup", |counts| counts.abandoned),
    ("waiting", |counts| counts.waiting),
    ("not yet\narrived", |counts| counts.not_yet_arrived),
];

/// The columns of times, each in a unit of its own \[ns\].
const TIMES: [fn(&Figures) -> Option<f64>; 5] = [
    |figures| figures.average_delay_in_queue_ns,
    |figures| Some(figures.time_simulation_ended_ns as f64),
    |figures| figures.response_time.p50_ns.map(|ns| ns as f64),
    |figures| figures.response_time.p99_ns.map(|ns| ns as f64),
    |figures| figures.response_time.max_ns.map(|ns| ns as f64),
];

/// A row a worker and one for the whole run; then who failed, and what is odd.
pub fn table(report: &RunReport) -> String {
    let rows = shown(report);
    let figures = || rows.iter().filter_map(|row| figures(row)).chain(&report.run);
    let others: Vec<_> =
        OTHER_COUNTS.into_iter().filter(|(_, count)| figures().any(|row| count(&row.counts) > 0)).collect();

    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─')));
    let largest = |time: fn(&Figures) -> Option<f64>| figures().filter_map(time).fold(0.0, f64::max);
    let units = TIMES.map(|time| TimeUnit::of(largest(time), 3));
    let [delay, end, p50, p99, max] = units.map(|unit| unit.name);
    let head = [
        "worker".to_owned(),
        "offered".to_owned(),
        "completed".to_owned(),
        format!("average\ndelay in\nqueue [{delay}]"),
        "average\nnumber in\nqueue".to_owned(),
        "server\nutilization".to_owned(),
        format!("time\nsimulation\nended [{end}]"),
        format!("response\ntime p50\n[{p50}]"),
        format!("response\ntime p99\n[{p99}]"),
        format!("response\ntime max\n[{max}]"),
    ];
    table.set_header(head.into_iter().chain(others.iter().map(|(name, _)| (*name).to_owned())));
    for row in &rows {
        table.add_row(match &row.result {
            RowResult::Measured(figures) => cells(row.worker.to_string(), figures, &units, &others),
            RowResult::Failed { offered, error } => {
                vec![row.worker.to_string(), offered.to_string(), format!("failed ({})", error.class)]
            }
        });
    }
    if let Some(run) = &report.run {
        table.add_row(cells("run".to_owned(), run, &units, &others));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    if let Some(rule) = lines.iter().find(|line| line.starts_with('─')).cloned().filter(|_| report.run.is_some()) {
        lines.insert(lines.len() - 1, rule);
    }
    let mut text = title(report) + "\n\n" + &lines.join("\n") + "\n";
    if rows.len() < report.workers.len() {
        text += &format!("of {} workers: the least, the median and the most loaded\n", report.workers.len());
    }
    if let Some(Imbalance { requests, work }) = report.imbalance.filter(|_| report.workers.len() > 1) {
        text += &format!("imbalance (largest over mean): requests {}, work {}\n", number(requests), number(work));
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
    for note in &report.notes {
        text += &format!("note: {note}\n");
    }
    text
}

/// The plain report: the table, then the run and each worker in the words of the original.
pub fn plain(report: &RunReport) -> String {
    let provenance = &report.provenance;
    let mut text =
        format!("Queuebox {}, module SHA-256 {}\n\n{}", provenance.queuebox, provenance.module.sha256, table(report));
    for row in shown(report) {
        text += &format!("\nWorker {}\n", row.worker);
        text += &match &row.result {
            RowResult::Measured(figures) => figures.to_text(),
            RowResult::Failed { error, .. } => format!("failed ({}): {}\n", error.class, error.message),
        };
    }
    if let Some(run) = &report.run {
        text += &format!("\nWhole run, {} workers\n{}", report.workers.len(), run.to_text());
    }
    text + "\nPercentiles have three significant digits; all else is exact.\n"
}

/// What ran, in a line.
fn title(report: &RunReport) -> String {
    let Provenance { settings, trace, .. } = &report.provenance;
    let trace = match trace {
        TraceUsed::Recorded(RecordedTrace { format, blake3, .. }) => format!("{format}, BLAKE3 {blake3:.16}"),
        TraceUsed::Generated { .. } => format!("generated, SEED {}", settings.seed),
    };
    let of = if settings.servers == 1 { "one server".to_owned() } else { format!("{} servers", settings.servers) };
    let balancer = settings.balancer.as_deref().unwrap_or("-");
    format!("{balancer} over {} workers of {of} each; trace: {trace}", settings.workers)
}

fn cells(name: String, figures: &Figures, units: &[TimeUnit; TIMES.len()], others: &[CountColumn]) -> Vec<String> {
    let counts = &figures.counts;
    let response = &figures.response_time;
    let [delay, end, p50, p99, max] = units;
    let time = |unit: &TimeUnit, ns: Option<u64>| unit.time(ns.map(u128::from));
    let mut cells = vec![
        name,
        counts.offered.to_string(),
        counts.completed.to_string(),
        delay.mean(figures.average_delay_in_queue_ns),
        number(figures.average_number_in_queue),
        number(figures.server_utilization),
        time(end, Some(figures.time_simulation_ended_ns)),
        time(p50, response.p50_ns),
        time(p99, response.p99_ns),
        time(max, response.max_ns),
    ];
    cells.extend(others.iter().map(|(_, count)| count(counts).to_string()));
    cells
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

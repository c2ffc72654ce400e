//! The list of runs as people read it in a terminal.

use measure::run_report::RunReport;
use measure::{Percentile, TimeUnit, aligned, decimals};

use crate::grid::{Column, Grid, Place};

/// A run to be listed.
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a str,
    /// What its trace is called.
    pub trace: String,
    /// BALANCER.
    pub policy: String,
    /// WORKERS.
    pub workers: String,
    /// Its report, if it has one.
    pub report: Option<&'a RunReport>,
    /// What its folder takes on disk \[bytes\].
    pub bytes: u64,
    /// How it ended, in a word or two.
    pub outcome: String,
}

/// A row a run, in their order. A name is cut to what names one run alone; its first 15 characters are the time (UTC).
pub fn table(runs: &[Listed<'_>], width: usize) -> String {
    let mean = |run: &Listed<'_>| run.report?.run.as_ref()?.average_delay_in_queue_ns;
    let p99 = |run: &Listed<'_>| run.report?.run.as_ref()?.response_time.get(Percentile::P99);
    let largest = |times: &mut dyn Iterator<Item = f64>| TimeUnit::of(times.fold(0.0, f64::max), 3);
    let delays = largest(&mut runs.iter().filter_map(mean));
    let responses = largest(&mut runs.iter().filter_map(p99).map(|ns| ns as f64));
    let most = runs.iter().map(|run| decimals(&responses.percentile(p99(run)))).max().unwrap_or(0);
    let column = |head: &str, left: bool, place: Place| Column { head: head.to_owned(), left, place };
    let mut grid = Grid::new(vec![
        column("run", true, Place::First),
        column("trace", true, Place::Cut),
        column("policy", true, Place::Cut),
        column("workers", false, Place::First),
        column(&format!("mean\ndelay\n[{}]", delays.name), false, Place::First),
        column(&format!("p99 of\nresponse\n[{}]", responses.name), false, Place::First),
        column("size", false, Place::IfRoom(0)),
        column("outcome", true, Place::First),
    ]);
    let length = length(runs);
    for run in runs {
        grid.row(vec![
            run.name[..length.min(run.name.len())].to_owned(),
            run.trace.clone(),
            run.policy.clone(),
            run.workers.clone(),
            delays.mean(mean(run)),
            aligned(&responses.percentile(p99(run)), most),
            size(run.bytes),
            run.outcome.clone(),
        ]);
    }
    grid.render(width)
}

/// How many characters of a name are shown: up to its seconds, or as much more as it takes that no two are alike.
fn length(runs: &[Listed<'_>]) -> usize {
    let differ = |&length: &usize| {
        let mut names: Vec<&str> = runs.iter().map(|run| run.name.get(..length).unwrap_or(run.name)).collect();
        names.sort_unstable();
        names.windows(2).all(|pair| pair[0] != pair[1])
    };
    [15].into_iter().chain(17..=22).find(differ).unwrap_or(usize::MAX)
}

/// A size in KiB, MiB or GiB, rounded up.
fn size(bytes: u64) -> String {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)];
    let in_unit = |power: u32| bytes.div_ceil(1 << power);
    let (name, power) = units.into_iter().find(|&(_, power)| in_unit(power) < 1000).unwrap_or(units[2]);
    format!("{} {name}", in_unit(power))
}

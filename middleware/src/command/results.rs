//! `middleware results`: prints the report of a run again, per worker.

use std::path::Path;
use std::sync::Arc;

use cli::output;
use cli::reporter::Reporter;
use cli::terminal;
use failure::printable;
use measure::AnyReport;
use report::{comparison, plan, table};
use run::executor::{self, ExecutorSettings};
use run::runs;

/// Prints the report of `run`, or of the last run. If this machine does not have it, it is fetched from the executor
/// that keeps it.
///
/// # Errors
/// If there is no such run, or it has no report that this version can read.
pub(crate) fn results(
    run: Option<&Path>,
    settings: &ExecutorSettings,
    reporter: &Arc<dyn Reporter>,
) -> anyhow::Result<()> {
    let report = match runs::find(run) {
        Ok(folder) => runs::report(&folder)?,
        Err(error) => {
            let name = run.map(|run| run.display().to_string());
            executor::kept_report(settings, name.as_deref(), reporter)?.ok_or(error)?
        }
    };
    // The report may come from elsewhere: its text must not control the terminal.
    let line = |line: &str| printable(line.as_bytes(), usize::MAX) + "\n";
    let width = terminal::width();
    let text = match &report {
        AnyReport::Run(report) => table::plain(report, width),
        AnyReport::Comparison(report) => comparison::text(report, width),
        AnyReport::Plan(report) => plan::text(report, width),
    };
    Ok(output::print_tables(&text.lines().map(line).collect::<String>())?)
}

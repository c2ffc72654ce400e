//! `middleware results`: the report of a run again, per worker.

use std::path::Path;
use std::sync::Arc;

use cli::output;
use cli::reporter::Reporter;
use cli::terminal;
use failure::printable;
use report::table;
use run::executor::{self, ExecutorSettings};
use run::runs;

/// Prints the report of `run`, or of the last one. Where it is not here, it is fetched from the executor that keeps it.
///
/// # Errors
/// Where there is no such run, or none of its report that this version can read.
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
    // Whoever made it, its text may not command the terminal.
    let line = |line: &str| printable(line.as_bytes(), usize::MAX) + "\n";
    let text = table::plain(&report, terminal::width());
    Ok(output::print_tables(&text.lines().map(line).collect::<String>())?)
}

//! `middleware rerun`: repeats a run from its `run.json`, and compares the reports.

mod difference;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Parser;
use cli::reporter::Reporter;
use cli::settings::Sources;
use cli::{output, settings};
use failure::{Failure, printable};
use measure::comparison::Comparison;
use measure::plan_report::PlanReport;
use measure::run_report::RunReport;
use measure::schema::{Report, to_json};
use run::run_file::{REPORT, RUN, RUNS, RunFile};
use run::runs;

use super::{compare, plan, run as run_command};
use crate::Command;

/// Characters of a command line that are shown.
const LINE: usize = 400;

/// The command line in `run.json`, from any program that has these commands.
#[derive(Parser)]
struct Stored {
    #[command(subcommand)]
    command: Command,
}

/// Repeats `run`, or the last run, and prints whether the report has the same bytes.
///
/// # Errors
/// If there is no such run, it can't be repeated, or its report is another one now.
pub(crate) fn rerun(run: Option<&Path>, reporter: &Arc<dyn Reporter>) -> anyhow::Result<()> {
    let folder = runs::find(run)?;
    let (file, earlier) = runs::repeatable(&folder)?;
    let shown = |name: &str| printable(folder.join(name).as_os_str().as_encoded_bytes(), LINE);
    let report = shown(REPORT);
    let this = env!("CARGO_PKG_VERSION");
    if file.queuebox != this {
        let other = printable(file.queuebox.as_bytes(), 40);
        reporter.warn(&format!("{}: the run is of Queuebox {other}, and this is {this}", shown(RUN)));
    }
    let (command, sources, line) = command(&file).with_context(|| shown(RUN))?;
    enter(&folder)?;
    reporter.note(&format!("repeats {line}"));
    // A command that keeps its runs has an arm here.
    let repeated = match &command {
        Command::Run(flags) => {
            check::<RunReport>(&earlier, &report)?;
            to_json(&run_command::report_alone(flags, reporter)?)?
        }
        Command::Plan(flags) => {
            check::<PlanReport>(&earlier, &report)?;
            to_json(&plan::report_alone(flags, reporter)?)?
        }
        Command::Compare(flags) => {
            check::<Comparison>(&earlier, &report)?;
            to_json(&compare::report_alone(flags, &sources, reporter)?)?
        }
        _ => {
            let rule = format!("{}: only `run`, `plan` and `compare` can be repeated, and this is: {line}", shown(RUN));
            return Err(Failure::usage(rule).into());
        }
    };
    if repeated.as_bytes() == earlier {
        let answer = format!("The report is equal to the byte ({report}, {} bytes).\n", earlier.len());
        return Ok(output::print(&answer)?);
    }
    output::print(&difference::text(&serde_json::from_slice(&earlier)?, &serde_json::from_str(&repeated)?, &report))?;
    bail!("the report of the repeated run differs from {report}")
}

/// Refuses the text of a report that is not of this version's schema: no repetition could be equal to it.
fn check<R: Report>(text: &[u8], path: &str) -> Result<(), Failure> {
    R::read(text).map(drop).map_err(|error| Failure::usage(format!("{path}: {error}")))
}

/// The command that `file` holds, with the settings that it had; and its line, fit for a terminal.
fn command(file: &RunFile) -> Result<(Command, Sources, String), Failure> {
    let RunFile { arguments, module, settings, environment, .. } = file;
    let (mut settings, mut environment) = (settings.clone(), environment.clone());
    // The module that the run used, even if the rule that found it would find another one now. Notes do not depend on whether
    // MODULE was given.
    settings.insert("MODULE".to_owned(), module.clone());
    environment.remove("MODULE");
    let line = arguments.get(1..).unwrap_or_default().join(" ");
    let (Stored { command }, sources) = settings::parse_again(arguments, &settings, &environment)?;
    Ok((command, sources, printable(line.as_bytes(), LINE)))
}

/// Enters the folder that the paths of the run in `folder` are relative to: the one that holds `runs/`. A run folder that was moved
/// elsewhere is taken for one of the current folder.
fn enter(folder: &Path) -> anyhow::Result<()> {
    let path = folder.canonicalize().with_context(|| folder.display().to_string())?;
    let runs = path.parent().filter(|parent| parent.file_name().is_some_and(|name| name == RUNS));
    let Some(base) = runs.and_then(Path::parent).map(PathBuf::from) else { return Ok(()) };
    std::env::set_current_dir(&base).with_context(|| base.display().to_string())
}

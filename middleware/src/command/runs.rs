//! `middleware runs`: lists the runs in `runs/`.

use std::path::Path;

use cli::{output, program, terminal};
use failure::printable;
use measure::AnyReport;
use measure::provenance::TraceUsed;
use measure::run_report::RowResult;
use measure::schema::ReadError;
use report::runs::{Listed, table};
use run::run_file::RUNS;
use run::runs::{self, Kept, NoReport};

/// Characters that are shown of a trace's name.
const TRACE: usize = 40;

/// Prints a row for each run, in the order in which they ended.
///
/// # Errors
/// If the folder of runs can't be read.
pub(crate) fn runs() -> anyhow::Result<()> {
    let kept = runs::list()?;
    let text = if kept.is_empty() {
        format!("there is no run in {RUNS}/ yet; {} run makes one\n", program::name())
    } else {
        table(&kept.iter().map(listed).collect::<Vec<_>>(), terminal::width())
    };
    Ok(output::print_tables(&text)?)
}

fn listed(kept: &Kept) -> Listed<'_> {
    let report = kept.report.as_ref().ok().and_then(AnyReport::run);
    let settings = report.map(|report| &report.provenance.settings);
    // run.json has the settings as the user gave them.
    let given = |key: &str| kept.run.as_ref().and_then(|run| run.settings.get(key)).map(|text| shown(text));
    let known = |found: Option<String>| found.unwrap_or_else(|| "-".to_owned());
    // A comparison has several values, and a plan finds the number of workers.
    let varied = |key: &str| match kept.report.as_ref().ok()? {
        AnyReport::Comparison(report) => {
            Some(shown(&report.vary.iter().find(|vary| vary.setting == key)?.values.join(",")))
        }
        AnyReport::Plan(report) if key == "WORKERS" => {
            Some(report.answers.first()?.workers.map_or("-".to_owned(), |workers| workers.to_string()))
        }
        AnyReport::Plan(_) | AnyReport::Run(_) => None,
    };
    Listed {
        name: &kept.name,
        trace: trace(kept),
        policy: known(
            varied("BALANCER")
                .or_else(|| settings.and_then(|used| used.balancer.as_deref().map(shown)))
                .or_else(|| given("BALANCER")),
        ),
        workers: known(
            varied("WORKERS").or_else(|| settings.map(|used| used.workers.to_string())).or_else(|| given("WORKERS")),
        ),
        report,
        bytes: kept.bytes,
        outcome: outcome(kept),
    }
}

/// The name of the trace's file if `run.json` has it, else the name of its format.
fn trace(kept: &Kept) -> String {
    let file = kept.run.as_ref().and_then(|run| run.settings.get("TRACE"));
    let used = match &kept.report {
        Ok(AnyReport::Run(report)) => Ok(&report.provenance.trace),
        Ok(AnyReport::Plan(report)) => Ok(&report.provenance.trace),
        Ok(AnyReport::Comparison(_)) | Err(_) => Err(()),
    };
    match (file.map(String::as_str), used) {
        (Some("-"), _) => "stdin".to_owned(),
        (Some(file), _) => {
            shown(Path::new(file).file_name().map_or(file.into(), |name| name.to_string_lossy()).as_ref())
        }
        (None, Ok(TraceUsed::Recorded(trace))) => shown(&trace.shown()),
        (None, Ok(TraceUsed::Generated { .. })) => "generated".to_owned(),
        (None, Err(_)) if kept.run.is_some() => "generated".to_owned(),
        (None, Err(_)) => "-".to_owned(),
    }
}

fn outcome(kept: &Kept) -> String {
    match &kept.report {
        Ok(AnyReport::Plan(plan)) if plan.interrupted => "interrupted".to_owned(),
        Ok(AnyReport::Comparison(comparison)) if comparison.interrupted => "interrupted".to_owned(),
        Ok(AnyReport::Plan(_)) => "plan".to_owned(),
        Ok(AnyReport::Comparison(_)) => "comparison".to_owned(),
        Ok(AnyReport::Run(report))
            if report.workers.iter().any(|row| matches!(row.result, RowResult::Failed { .. })) =>
        {
            "failed".to_owned()
        }
        Ok(AnyReport::Run(_)) => "done".to_owned(),
        Err(NoReport::Running) => "running".to_owned(),
        Err(NoReport::Interrupted) => "interrupted".to_owned(),
        Err(NoReport::Absent) => "no report".to_owned(),
        Err(NoReport::Other(ReadError::OtherSchema { schema, .. })) => format!("schema {schema}"),
        Err(NoReport::Other(ReadError::NoSchema)) => "no schema".to_owned(),
        Err(NoReport::Unreadable(_) | NoReport::Other(ReadError::Form(_))) => "unreadable".to_owned(),
    }
}

/// A text of a run's file, made safe for the terminal.
fn shown(text: &str) -> String {
    printable(text.as_bytes(), TRACE)
}

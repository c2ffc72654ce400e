//! The output files of a run that the user requests.

use std::path::{Path, PathBuf};

use cli::output::{self, OutFile};
use cli::reporter::Reporter;
use contract::Capabilities;
use failure::{Failure, printable};
use measure::schema::to_json;
use measure::{DEFAULT_PERCENTILES, Outcome, PercentileList};
use serde::Serialize;

use crate::completions::Parts;
use crate::warm_up::WarmUp;

/// The output flags of `middleware run` and `host`.
#[derive(Debug, clap::Args)]
pub struct OutputFlags {
    /// Also write the report as JSON to FILE.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the report as JSON instead of the table.
    #[arg(long)]
    pub json: bool,
    /// Write the completion of each request to FILE: as CSV if its name ends in .csv, else as records.
    #[arg(long, value_name = "FILE")]
    pub completions: Option<PathBuf>,
    /// Print what the simulator of each worker wrote to stderr, the first and the last 2 KiB.
    #[arg(long)]
    stderr: bool,
    /// The percentiles of the report: at most 16 decimals above 0 and below 100, in rising order.
    #[arg(long, value_name = "LIST", default_value = DEFAULT_PERCENTILES)]
    pub percentiles: PercentileList,
    /// The start of the run that is not measured: none, auto (a first pass finds its end), or until a time such as 30s
    #[arg(long, value_name = "none|auto|TIME", default_value = "none")]
    pub warmup: WarmUp,
}

/// Characters of a line of a simulator's stderr that are shown.
const LINE: usize = 1000;

/// The lines of a simulator's `stderr`, fit for a terminal.
pub fn stderr_lines(stderr: &str) -> impl Iterator<Item = String> {
    stderr.lines().map(|line| printable(line.as_bytes(), LINE))
}

/// The files that were started.
pub struct Outputs {
    report: Option<OutFile>,
    /// The completions.
    pub completions: Option<Parts>,
}

impl OutputFlags {
    /// Starts the files, so that a file that can't be made is an error before the run.
    ///
    /// # Errors
    /// If a file can't be made, or would overwrite one of `inputs` or another output.
    pub fn open(&self, inputs: &[Option<&Path>]) -> anyhow::Result<Outputs> {
        if self.report.as_deref() == Some(Path::new("-")) {
            return Err(Failure::usage("--report -: to print the report as JSON, use --json").into());
        }
        output::distinct(&[self.report.as_deref(), self.completions.as_deref()], inputs)?;
        Ok(Outputs {
            report: self.report.as_deref().map(OutFile::create).transpose()?,
            completions: self.completions.as_deref().map(Parts::new).transpose()?,
        })
    }

    /// Shows the stderr of each simulator if the user asks for it; the workers' numbers begin at `first`.
    pub fn show_stderr(&self, outcomes: &[Outcome], first: u32, reporter: &dyn Reporter) {
        for (worker, outcome) in (first..).zip(outcomes).filter(|_| self.stderr) {
            stderr_lines(&outcome.stderr).for_each(|line| reporter.note(&format!("stderr of worker {worker}: {line}")));
        }
    }
}

/// Checks the file `report` of `--report` against `inputs`.
///
/// # Errors
/// If it is stdout, or one of `inputs`.
pub fn distinct_report(report: Option<&Path>, inputs: &[Option<&Path>]) -> anyhow::Result<()> {
    if report == Some(Path::new("-")) {
        return Err(Failure::usage("--report -: to print the report as JSON, use --json").into());
    }
    Ok(output::distinct(&[report], inputs)?)
}

impl Outputs {
    /// Writes `report`, and the completions of `workers`, whose module has `capabilities`.
    ///
    /// # Errors
    /// If one of them can't be written completely.
    pub fn finish(
        self,
        report: &impl Serialize,
        workers: impl Iterator<Item = u32>,
        capabilities: Capabilities,
    ) -> anyhow::Result<()> {
        self.report.map(|file| file.finish_with(&to_json(report)?)).transpose()?;
        self.completions.map(|parts| parts.merge(workers, capabilities)).transpose()?;
        Ok(())
    }
}

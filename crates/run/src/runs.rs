//! The runs that are kept in `runs/`: their reports, and a list of them.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cli::output::is_held;
use cli::program;
use contract::Capabilities;
use failure::{Failure, printable};
use measure::AnyReport;
use measure::schema::{ReadError, Report as _};

use crate::retention::names;
use crate::run_file::{REPORT, RUN, RUNS, RunFile};

/// The largest number of runs in an error.
const NAMED: usize = 20;

/// A kept run.
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Its `run.json`; None if it is missing or can't be read.
    pub run: Option<RunFile>,
    /// Its report.
    pub report: Result<AnyReport, NoReport>,
    /// Size of its folder on disk \[bytes\].
    pub bytes: u64,
}

/// The reason for which a run has no report.
#[derive(Debug, thiserror::Error)]
pub enum NoReport {
    /// A process still holds the lock of its folder.
    #[error("there is no {REPORT} in it yet: the run is going on")]
    Running,
    /// The run has not ended, and no process holds the lock of its folder.
    #[error("there is no {REPORT} in it: the run was interrupted; run it again")]
    Interrupted,
    /// The run has ended.
    #[error("there is no {REPORT} in it: the file was removed; run it again")]
    Absent,
    /// The file can't be read.
    #[error("{REPORT}: {0}")]
    Unreadable(io::Error),
    /// The file is not a report of this version.
    #[error("{REPORT}: {0}")]
    Other(#[from] ReadError),
}

/// The folder of `run`, which is a folder, a run's name or a unique prefix of one; None is the run that ended last and
/// has a report.
///
/// If there is no such run, or `runs` can't be read.
pub fn find(run: Option<&Path>) -> anyhow::Result<PathBuf> {
    find_in(Path::new(RUNS), run)
}

fn find_in(runs: &Path, run: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) =
        run.and_then(|run| [run.to_owned(), runs.join(run)].into_iter().find(|folder| folder.is_dir()))
    {
        return Ok(folder);
    }
    let names = names(runs).with_context(|| runs.display().to_string())?;
    let run = match (run, names.last()) {
        (Some(run), _) => run.to_string_lossy(),
        (None, Some(last)) => {
            let with_report = names.iter().rev().find(|name| runs.join(name).join(REPORT).exists());
            return Ok(runs.join(with_report.unwrap_or(last)));
        }
        (None, None) => {
            return Err(Failure::usage(format!(
                "there is no run in {}/ yet; {} run makes one",
                runs.display(),
                program::name()
            ))
            .into());
        }
    };
    let found: Vec<&String> = names.iter().filter(|name| name.starts_with(&*run)).collect();
    let (what, others) = match found[..] {
        [only] => return Ok(runs.join(only)),
        [] => ("there is no run", names.iter().collect()),
        _ => ("there is more than one run", found),
    };
    let others: Vec<&str> = others[others.len().saturating_sub(NAMED)..].iter().map(|name| name.as_str()).collect();
    let others = if others.is_empty() { "none".to_owned() } else { others.join(", ") };
    let run = printable(run.as_bytes(), 200);
    Err(Failure::usage(format!("{what} {run} in {}/; there are (the newest last): {others}", runs.display())).into())
}

/// The report of the run in `folder`.
///
/// # Errors
/// If there is none that this version can read.
pub fn report(folder: &Path) -> Result<AnyReport, Failure> {
    read(folder).map_err(|error| Failure::usage(format!("{}: {error}", folder.display())))
}

/// What repeats the run in `folder`: its `run.json`, and the bytes of its report.
///
/// # Errors
/// If one of them is missing, or `run.json` is not of this version's schema.
pub fn repeatable(folder: &Path) -> Result<(RunFile, Vec<u8>), Failure> {
    let refuse = |error: &dyn fmt::Display| Failure::usage(format!("{}: {error}", folder.display()));
    let report = report_text(folder).map_err(|error| refuse(&error))?;
    let file = fs::read(folder.join(RUN)).map_err(|error| refuse(&format!("{RUN}: {error}")))?;
    let file = RunFile::read(&file).map_err(|error| refuse(&format!("{RUN}: {error}")))?;
    if file.seconds.is_none() {
        return Err(refuse(&format!("its {REPORT} has only what was done before it was interrupted; run it again")));
    }
    Ok((file, report))
}

fn read(folder: &Path) -> Result<AnyReport, NoReport> {
    Ok(AnyReport::read(&report_text(folder)?)?)
}

fn report_text(folder: &Path) -> Result<Vec<u8>, NoReport> {
    match fs::read(folder.join(REPORT)) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(match run_file(folder) {
            _ if is_held(folder) => NoReport::Running,
            Some(RunFile { seconds: None, .. }) => NoReport::Interrupted,
            _ => NoReport::Absent,
        }),
        Err(error) => Err(NoReport::Unreadable(error)),
    }
}

/// All runs, in the order of their end.
///
/// # Errors
/// If `runs` can't be read.
pub fn list() -> anyhow::Result<Vec<Kept>> {
    let runs = Path::new(RUNS);
    let kept = |name: String| {
        let folder = runs.join(&name);
        Kept { run: run_file(&folder), report: read(&folder), bytes: on_disk(&folder).unwrap_or(0), name }
    };
    Ok(names(runs).context(RUNS)?.into_iter().map(kept).collect())
}

/// The capabilities that the preflight with this hash of inputs found, if one of the kept runs made it.
pub(crate) fn preflight(inputs: &str) -> Option<Capabilities> {
    let runs = Path::new(RUNS);
    let remembered =
        |name: &String| run_file(&runs.join(name))?.preflight.filter(|preflight| preflight.inputs == inputs);
    names(runs).ok()?.iter().rev().find_map(remembered).map(|preflight| preflight.capabilities)
}

fn run_file(folder: &Path) -> Option<RunFile> {
    RunFile::read(&fs::read(folder.join(RUN)).ok()?).ok()
}

/// Size of the file or folder at `path` on disk \[bytes\].
fn on_disk(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    let mut bytes = metadata.blocks() * 512;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            bytes += on_disk(&entry?.path())?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;

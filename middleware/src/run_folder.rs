//! The folder of a run: settings, reports and what was kept.

use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;
use trace::output::{OutFile, Unfinished};
use trace::settings::Settings;
use trace::{Failure, Says, printable, program};

use crate::engine::kept_report;

/// Where run folders are.
pub(crate) const RUNS: &str = "runs";

/// How many runs stay.
const KEPT: usize = 20;

/// A run folder that is still being written, under a name that nobody takes for a run.
pub(crate) struct RunFolder {
    name: String,
    aside: Unfinished,
    /// Locked while this process lives, so that others know that it is not abandoned.
    _alive: File,
    target: PathBuf,
}

impl RunFolder {
    /// Starts a new one in `runs`.
    ///
    /// # Errors
    /// Where it can't be made.
    pub(crate) fn create() -> anyhow::Result<Self> {
        let runs = Path::new(RUNS);
        let name = name().context("the run's id")?;
        let made = fs::create_dir_all(runs).and_then(|()| {
            let aside = Unfinished::folder(runs, &name)?;
            let alive = File::open(aside.path())?;
            flock(&alive, FlockOperation::LockExclusive)?;
            Ok((aside, alive))
        });
        let (aside, alive) = made.with_context(|| RUNS.to_owned())?;
        Ok(Self { target: runs.join(&name), name, aside, _alive: alive })
    }

    /// The run's id.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where files go for now.
    pub(crate) fn path(&self) -> &Path {
        self.aside.path()
    }

    /// Writes one of its files.
    ///
    /// # Errors
    /// Where it can't be written.
    pub(crate) fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        OutFile::create(&self.path().join(name))?.finish_with(text)
    }

    /// Gives it its name, and removes the oldest runs beyond the newest 20.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn finish(self) -> anyhow::Result<PathBuf> {
        self.aside.rename(&self.target).with_context(|| self.target.display().to_string())?;
        remove_old();
        Ok(self.target)
    }
}

/// The plain report of a run: of a folder, or of a run's name; without either of the newest. Where it is not here, it is
/// fetched from the engine that keeps it.
///
/// # Errors
/// Where there is no such run.
pub fn plain_report(run: Option<&Path>, settings: &Settings) -> anyhow::Result<String> {
    let name = run.map(|run| run.display().to_string());
    let report = local_report(run).or_else(|error| kept_report(settings, name.as_deref())?.ok_or(error))?;
    // Whoever made it, its text may not command the terminal.
    Ok(report.lines().map(|line| printable(line.as_bytes(), usize::MAX) + "\n").collect())
}

fn local_report(run: Option<&Path>) -> anyhow::Result<String> {
    let folder = match run {
        Some(run) if run.is_dir() => run.to_owned(),
        Some(run) => Path::new(RUNS).join(run),
        None => {
            let last = names()?.pop();
            let last = last.ok_or_else(|| Failure::Usage(format!("there is no run in {RUNS}/ yet: middleware run")))?;
            Path::new(RUNS).join(last)
        }
    };
    let file = folder.join("report.txt");
    fs::read_to_string(&file).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())).into())
}

/// What the module said of itself in the preflight whose inputs have this hash, where one of the runs that are kept made it.
pub(crate) fn preflight(inputs: &str) -> Option<Says> {
    let remembered = |name: &String| {
        let text = fs::read(Path::new(RUNS).join(name).join("run.json")).ok()?;
        let run: Value = serde_json::from_slice(&text).ok()?;
        let preflight = &run["preflight"];
        preflight["says"].as_u64().filter(|_| preflight["inputs"] == inputs).map(Says)
    };
    names().ok()?.iter().rev().find_map(remembered)
}

/// The names of all runs, the oldest first; other folders are not ours.
fn names() -> anyhow::Result<Vec<String>> {
    let entries = match fs::read_dir(RUNS) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context(RUNS),
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| is_run(name)).collect();
    names.sort();
    Ok(names)
}

/// `20261124T093000.123456Z-a1B2c3`: runs of one second keep their order too.
pub(crate) fn is_run(name: &str) -> bool {
    let Some((date, random)) = name.split_once("Z-") else { return false };
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = |time: &str| time.split_once('.').is_some_and(|(time, micros)| digits(time, 6) && digits(micros, 6));
    let date = date.split_once('T').is_some_and(|(day, rest)| digits(day, 8) && time(rest));
    date && random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Removes the oldest runs beyond the newest 20, and what killed runs left. Another run may be at it too; what can't be removed
/// is told, but harms no run.
fn remove_old() {
    let runs = names().unwrap_or_default();
    for old in runs.iter().rev().skip(KEPT).chain(&abandoned()) {
        let old = Path::new(RUNS).join(old);
        if let Err(error) = fs::remove_dir_all(&old)
            && error.kind() != io::ErrorKind::NotFound
        {
            program::warn(&format!("{}: an old run can't be removed: {error}", old.display()));
        }
    }
}

/// Unfinished runs whose process is gone.
fn abandoned() -> Vec<String> {
    let entries = fs::read_dir(RUNS).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let is_dead = |name: &String| {
        name.strip_prefix('.').is_some_and(is_run)
            && File::open(Path::new(RUNS).join(name))
                .is_ok_and(|folder| flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok())
    };
    names.filter(is_dead).collect()
}

/// A new run's id: when it began, and six random letters.
fn name() -> anyhow::Result<String> {
    let format = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:6]Z");
    let now = OffsetDateTime::now_utc().format(format)?;
    let mut random = RandomState::new().hash_one(std::process::id());
    let letters = (0..6).map(|_| {
        random = random.rotate_left(10);
        char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(random % 32) as usize])
    });
    Ok(format!("{now}-{}", letters.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_runs_are_taken_for_runs() {
        assert!(is_run("20261124T093000.000001Z-a1B2c3"));
        for other in [
            ".20261124T093000.000001Z-a1B2c3",
            "20261124T093000.000001Z",
            "mine",
            "20261124T093000.000001Z-../x",
            "20261124T093000Z-a1B2c3",
        ] {
            assert!(!is_run(other), "{other}");
        }
    }
}

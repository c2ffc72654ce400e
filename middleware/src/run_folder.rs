//! The folder of a run: settings, reports and what was kept.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use time::OffsetDateTime;
use time::macros::format_description;
use trace::Failure;
use trace::output::{self, Unfinished};
use trace::settings::Settings;

use crate::engine::kept_report;

/// Where run folders are.
pub(crate) const RUNS: &str = "runs";

/// How many runs stay.
const KEPT: usize = 20;

/// A run folder that is still being written, under a name that nobody takes for a run.
pub(crate) struct RunFolder {
    name: String,
    aside: Unfinished,
    target: PathBuf,
}

impl RunFolder {
    /// Starts a new one in `runs`.
    ///
    /// # Errors
    /// Where it can't be made.
    pub(crate) fn create() -> anyhow::Result<Self> {
        let runs = Path::new(RUNS);
        let made = fs::create_dir_all(runs).and_then(|()| {
            let now = OffsetDateTime::now_utc()
                .format(format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:6]Z"));
            let now = now.map_err(io::Error::other)?;
            let folder = tempfile::Builder::new().prefix(&format!(".{now}-")).rand_bytes(6).tempdir_in(runs)?.keep();
            #[cfg(unix)]
            fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            Ok(folder)
        });
        let folder = made.with_context(|| RUNS.to_owned())?;
        let hidden = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = hidden.trim_start_matches('.').to_owned();
        Ok(Self { target: runs.join(&name), name, aside: Unfinished::watch(folder) })
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
        output::write_text(&self.path().join(name), text)
    }

    /// Gives it its name, and removes the oldest runs beyond the newest 20.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub(crate) fn finish(self) -> anyhow::Result<PathBuf> {
        self.aside.rename(&self.target).with_context(|| self.target.display().to_string())?;
        let runs = names()?;
        for old in runs.iter().rev().skip(KEPT) {
            let old = Path::new(RUNS).join(old);
            fs::remove_dir_all(&old).with_context(|| old.display().to_string())?;
        }
        remove_abandoned();
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
    local_report(run).or_else(|error| match kept_report(settings, name.as_deref())? {
        Some(report) => Ok(report),
        None => Err(error),
    })
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
fn is_run(name: &str) -> bool {
    let Some((date, random)) = name.split_once("Z-") else { return false };
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = |time: &str| time.split_once('.').is_some_and(|(time, micros)| digits(time, 6) && digits(micros, 6));
    let date = date.split_once('T').is_some_and(|(day, rest)| digits(day, 8) && time(rest));
    date && random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Removes what a killed run left a day ago or longer.
fn remove_abandoned() {
    let Ok(entries) = fs::read_dir(RUNS) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(name) = name.strip_prefix('.').filter(|name| is_run(name)) else { continue };
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if age.is_some_and(|age| age > Duration::from_secs(24 * 3600)) {
            // Who can't remove it will be told when the disk is full; this run is fine.
            let _ = fs::remove_dir_all(Path::new(RUNS).join(format!(".{name}")));
        }
    }
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

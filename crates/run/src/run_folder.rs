//! The folder of a run: settings, reports and what was kept.

use std::fs::{self, DirEntry, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use cli::output::{OutFile, Unfinished, remove_unless_held};
use cli::reporter::Reporter;
use cli::settings::Settings;
use contract::Says;
use failure::{Failure, printable};
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::executor::kept_report;

/// Where run folders are.
pub const RUNS: &str = "runs";

/// How many runs stay.
const KEPT: usize = 20;

/// A run folder that is still being written, under a name that nobody takes for a run.
pub struct RunFolder {
    name: String,
    aside: Unfinished,
    target: PathBuf,
}

/// A run folder that is whole. Until this is dropped no other run removes it.
pub struct Finished {
    path: PathBuf,
    _lock: Option<File>,
}

impl RunFolder {
    /// Starts a new one in `runs`.
    ///
    /// # Errors
    /// Where it can't be made.
    pub fn create() -> anyhow::Result<Self> {
        Self::create_in(Path::new(RUNS))
    }

    fn create_in(runs: &Path) -> anyhow::Result<Self> {
        let name = name().context("the run's id")?;
        let target = runs.join(&name);
        let made = make_folder(runs).and_then(|()| Unfinished::folder_beside(&target));
        Ok(Self { name, aside: made.with_context(|| runs.display().to_string())?, target })
    }

    /// The run's id.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where files go for now.
    pub fn path(&self) -> &Path {
        self.aside.path()
    }

    /// Writes one of its files.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write(&self, name: &str, text: &str) -> anyhow::Result<()> {
        OutFile::create(&self.path().join(name))?.finish_with(text)
    }

    /// Gives it its name, and removes all but the 20 runs that finished last.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn finish(self, reporter: &dyn Reporter) -> anyhow::Result<Finished> {
        let finish = || {
            // The folder's time is that of its end: a run may have taken longer than 20 others.
            File::open(self.aside.path())?.set_modified(SystemTime::now())?;
            self.aside.rename(&self.target)
        };
        let lock = finish().with_context(|| self.target.display().to_string())?;
        remove_old(self.target.parent().unwrap_or(Path::new(RUNS)), reporter);
        Ok(Finished { path: self.target, _lock: lock })
    }
}

impl Finished {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the folder `runs`, where it is not there.
fn make_folder(runs: &Path) -> io::Result<()> {
    fs::create_dir_all(runs).map_err(|error| match fs::metadata(runs) {
        Ok(found) if !found.is_dir() => io::Error::new(error.kind(), "it is no folder"),
        Err(why) if runs.is_symlink() => {
            io::Error::new(why.kind(), format!("it is a symbolic link that leads to no folder: {why}"))
        }
        _ => error,
    })
}

/// The plain report of a run: of a folder, or of a run's name; without either of the newest. Where it is not here, it is
/// fetched from the engine that keeps it.
///
/// # Errors
/// Where there is no such run.
pub fn plain_report(run: Option<&Path>, settings: &Settings, reporter: &Arc<dyn Reporter>) -> anyhow::Result<String> {
    let name = run.map(|run| run.display().to_string());
    let report = local_report(run).or_else(|error| kept_report(settings, name.as_deref(), reporter)?.ok_or(error))?;
    // Whoever made it, its text may not command the terminal.
    Ok(report.lines().map(|line| printable(line.as_bytes(), usize::MAX) + "\n").collect())
}

fn local_report(run: Option<&Path>) -> anyhow::Result<String> {
    let folder = match run {
        Some(run) if run.is_dir() => run.to_owned(),
        Some(run) => Path::new(RUNS).join(run),
        None => {
            let last = names(Path::new(RUNS)).context(RUNS)?.pop();
            let last = last.ok_or_else(|| Failure::Usage(format!("there is no run in {RUNS}/ yet: middleware run")))?;
            Path::new(RUNS).join(last)
        }
    };
    let file = folder.join("report.txt");
    fs::read_to_string(&file).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())).into())
}

/// What the module said of itself in the preflight whose inputs have this hash, where one of the runs that are kept made it.
pub fn preflight(inputs: &str) -> Option<Says> {
    let remembered = |name: &String| {
        let text = fs::read(Path::new(RUNS).join(name).join("run.json")).ok()?;
        let run: Value = serde_json::from_slice(&text).ok()?;
        let preflight = &run["preflight"];
        preflight["says"].as_u64().filter(|_| preflight["inputs"] == inputs).map(Says)
    };
    names(Path::new(RUNS)).ok()?.iter().rev().find_map(remembered)
}

/// The names of all runs, the one that finished last last; other folders are not ours.
fn names(runs: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !runs.is_symlink() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let finished = |entry: DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| is_run(name))?;
        // Another run may just have removed it.
        Some((entry.metadata().and_then(|folder| folder.modified()).ok()?, name))
    };
    let mut names: Vec<(SystemTime, String)> = entries.filter_map(|entry| finished(entry.ok()?)).collect();
    names.sort();
    Ok(names.into_iter().map(|(_, name)| name).collect())
}

/// `20261124T093000.123456Z-a1B2c3`: runs of one second keep their order too.
pub fn is_run(name: &str) -> bool {
    let Some((date, random)) = name.split_once("Z-") else { return false };
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = |time: &str| time.split_once('.').is_some_and(|(time, micros)| digits(time, 6) && digits(micros, 6));
    let date = date.split_once('T').is_some_and(|(day, rest)| digits(day, 8) && time(rest));
    date && random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Removes all but the [`KEPT`] runs that finished last, and those whose process still lives. Another run may be at it too; what
/// can't be removed is told, but harms no run.
fn remove_old(runs: &Path, reporter: &dyn Reporter) {
    for old in names(runs).unwrap_or_default().iter().rev().skip(KEPT) {
        let old = runs.join(old);
        if let Err(error) = remove_unless_held(&old)
            && error.kind() != io::ErrorKind::NotFound
        {
            reporter.warn(&format!("{}: an old run can't be removed: {error}", old.display()));
        }
    }
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
    use cli::reporter::Recording;

    #[test]
    fn twenty_runs_at_once_lose_nothing() {
        let runs = tempfile::tempdir().unwrap();
        let run = || {
            let folder = RunFolder::create_in(runs.path()).unwrap();
            let report = folder.target.join("report.json");
            fs::write(folder.path().join("report.json"), folder.name()).unwrap();
            let finished = folder.finish(&Recording::default()).unwrap();
            // While it lives, and after its end, where no more than the other nineteen finish later.
            assert!(report.exists());
            drop(finished);
            report
        };
        for _ in 0..100 {
            let reports: Vec<PathBuf> = std::thread::scope(|scope| {
                let threads: Vec<_> = (0..20).map(|_| scope.spawn(run)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            assert!(reports.iter().all(|report| report.exists()));
        }
        run();
        assert_eq!(fs::read_dir(runs.path()).unwrap().count(), KEPT);
    }

    #[test]
    fn the_runs_that_finished_last_stay_and_those_that_live() {
        let runs = tempfile::tempdir().unwrap();
        let create = || RunFolder::create_in(runs.path()).unwrap();
        let (first, second) = (create(), create());
        let [first_name, second_name] = [&first, &second].map(|run| run.name().to_owned());
        let first = first.finish(&Recording::default()).unwrap();
        let twenty_more = || (0..20).for_each(|_| drop(create().finish(&Recording::default()).unwrap()));
        twenty_more();
        // It has ended, but its process has not.
        assert!(first.path().exists());
        drop(first);
        drop(second.finish(&Recording::default()).unwrap());
        let names = names(runs.path()).unwrap();
        assert_eq!((names.len(), names.last()), (KEPT, Some(&second_name)));
        assert!(!names.contains(&first_name));
        twenty_more();
        assert!(!runs.path().join(second_name).exists());
    }

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

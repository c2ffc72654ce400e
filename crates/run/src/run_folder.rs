//! The folder of a run: settings, reports and what was kept.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::Context as _;
use cli::output::{OutFile, Unfinished};
use cli::reporter::Reporter;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::retention::remove_old;

/// Where run folders are.
pub const RUNS: &str = "runs";

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

    /// Gives it its name, and removes runs that are too old to stay, by the rule of [`remove_old`].
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
        let removed = remove_old(self.target.parent().unwrap_or(Path::new(RUNS)));
        removed.note().iter().for_each(|note| reporter.note(note));
        // It harms no run.
        removed.failures.iter().for_each(|failure| reporter.warn(failure));
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

/// A new run's id: when it began, and six random letters.
fn name() -> anyhow::Result<String> {
    let format = format_description!("[year][month][day]T[hour][minute][second].[subsecond digits:6]Z");
    let now = OffsetDateTime::now_utc().format(format)?;
    let random = getrandom::u32()?;
    let letters =
        (0..6).map(|place| char::from(b"abcdefghijklmnopqrstuvwxyz234567"[(random >> (5 * place) & 31) as usize]));
    Ok(format!("{now}-{}", letters.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::retention::{KEPT, names};
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
}

//! The folder of a run: settings, reports and other files that are kept.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use anyhow::Context as _;
use cli::output::{OutFile, Unfinished};
use cli::program::on_signal_report;
use cli::reporter::Reporter;
use measure::run_report::RunReport;
use measure::schema::to_json;
use measure::worker_report::WorkerReport;
use measure::{Evaluation, Outcome};
use sandbox::Module;
use serde::Serialize;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::executor::{self, Executor};
use crate::retention::remove_old;
use crate::run_file::{REPORT, RUN, RUNS, RunFile};
use crate::shard_files::ShardFiles;

/// The folder of a run. It has `run.json` from its start, and `report.json` from its end; if there is neither a report nor a process
/// that holds the lock of the folder, the run was interrupted. The lock ends with the process, however that ends, so that no
/// other run takes this one for an old one. Dropped before [`RunFolder::finish`], the folder is removed: the run has failed
/// before it measured anything.
pub struct RunFolder {
    path: PathBuf,
    file: RunFile,
    started: Instant,
    finished: bool,
    _lock: Option<File>,
}

impl RunFolder {
    /// Creates the folder of a run in `runs`. `file` is written at once, with the folder's name.
    ///
    /// # Errors
    /// If it can't be made.
    pub fn create(file: RunFile) -> anyhow::Result<Self> {
        Self::create_in(Path::new(RUNS), file)
    }

    fn create_in(runs: &Path, file: RunFile) -> anyhow::Result<Self> {
        let name = name().context("the run's id")?;
        let path = runs.join(&name);
        let made = make_folder(runs).and_then(|()| Unfinished::folder_beside(&path));
        let aside = made.with_context(|| runs.display().to_string())?;
        let file = RunFile { run: name, ..file };
        write(aside.path(), RUN, &file)?;
        let lock = aside.rename(&path).with_context(|| path.display().to_string())?;
        on_signal_report(Some(format!("{} holds its settings, but no report", path.display())));
        Ok(Self { path, file, started: Instant::now(), finished: false, _lock: lock })
    }

    /// The run's id.
    pub fn name(&self) -> &str {
        &self.file.run
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Starts the files of the shards that are kept.
    ///
    /// # Errors
    /// If they can't be made.
    pub fn keep_shards(&self, workers: usize) -> anyhow::Result<ShardFiles> {
        ShardFiles::create(&self.make("shards")?, workers, true)
    }

    /// Keeps the shards, the module and the report of each worker, of the first replication if there are several.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn keep_workers(
        &self,
        shards: ShardFiles,
        module: &Module,
        report: &RunReport,
        outcomes: &[Outcome],
        evaluation: Evaluation<'_>,
    ) -> anyhow::Result<()> {
        shards.finish()?;
        let copy = self.path.join("module.wasm");
        fs::write(&copy, module.bytes()).with_context(|| copy.display().to_string())?;
        let reports = self.make("reports")?;
        for (worker, outcome) in (1..).zip(outcomes) {
            if let Ok(measured) = &outcome.result {
                let mut provenance = report.provenance.clone();
                provenance.settings = provenance.settings.of_worker(worker);
                provenance.replications = 1;
                let report = WorkerReport::new(provenance, Vec::new(), worker, measured, evaluation);
                write(&reports, &format!("{worker}.json"), &report)?;
            }
        }
        Ok(())
    }

    fn make(&self, name: &str) -> anyhow::Result<PathBuf> {
        let folder = self.path.join(name);
        fs::create_dir(&folder).with_context(|| folder.display().to_string())?;
        Ok(folder)
    }

    /// Writes the report of what is done so far, so that an interruption leaves it.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn keep_so_far(&self, report: &impl Serialize) -> anyhow::Result<()> {
        write(&self.path, REPORT, report)?;
        on_signal_report(Some(format!("{} holds what was done", self.path.display())));
        Ok(())
    }

    /// After the end of the run: writes its report, gives both files to `executor`, and removes old runs by the rule of
    /// [`remove_old`].
    ///
    /// # Errors
    /// If a file can't be written. A later failure is a warning.
    pub fn finish(
        &mut self,
        report: &impl Serialize,
        executor: &dyn Executor,
        reporter: &dyn Reporter,
    ) -> anyhow::Result<()> {
        self.file.seconds = Some(self.started.elapsed().as_secs_f64());
        write(&self.path, RUN, &self.file)?;
        write(&self.path, REPORT, report)?;
        on_signal_report(Some(format!("{} holds its report", self.path.display())));
        self.finished = true;
        if let Err(error) = executor.keep(&self.file.run, &self.path) {
            reporter.warn(&format!("the workers' volume does not hold this run's report: {error:#}"));
        }
        // The report has all that outcomes hold.
        let _ = fs::remove_dir_all(self.path.join(executor::OUTCOMES));
        // The folder's time is that of its end: a run may have taken longer than 20 others.
        let touched = File::open(&self.path).and_then(|folder| folder.set_modified(SystemTime::now()));
        touched.with_context(|| self.path.display().to_string())?;
        let removed = remove_old(self.path.parent().unwrap_or(Path::new(RUNS)));
        removed.note().iter().for_each(|note| reporter.note(note));
        removed.failures.iter().for_each(|failure| reporter.warn(failure));
        Ok(())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        if !self.finished {
            on_signal_report(None);
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn write(folder: &Path, name: &str, value: &impl serde::Serialize) -> anyhow::Result<()> {
    OutFile::create(&folder.join(name))?.finish_with(&to_json(value)?)
}

/// Makes the folder `runs` if it does not exist.
fn make_folder(runs: &Path) -> io::Result<()> {
    fs::create_dir_all(runs).map_err(|error| match fs::metadata(runs) {
        Ok(found) if !found.is_dir() => io::Error::new(error.kind(), "it is no folder"),
        Err(why) if runs.is_symlink() => {
            io::Error::new(why.kind(), format!("it is a symbolic link that leads to no folder: {why}"))
        }
        _ => error,
    })
}

/// A new run's id: its start, and six random letters.
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
    use crate::executor::Local;
    use crate::retention::{KEPT, names};
    use cli::reporter::Recording;
    use cli::settings::Sources;
    use contract::Capabilities;
    use measure::provenance::{Provenance, TraceUsed};

    fn create(runs: &Path) -> RunFolder {
        let file = RunFile::new(Path::new("sim.wasm"), "local", &Sources::default(), None);
        RunFolder::create_in(runs, file).unwrap()
    }

    fn finish(mut folder: RunFolder) -> RunFolder {
        let trace = r#"{"files": [{"blake3": "b", "format": "csv"}], "requests": 0, "offset_ns": 0}"#;
        let trace: TraceUsed = serde_json::from_str(trace).unwrap();
        let settings = r#"{"CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 1, "SIM_ARGS": "", "WORKERS": 1}"#;
        let settings = serde_json::from_str(settings).unwrap();
        let provenance = Provenance::new("module", Capabilities(0), trace, settings);
        let report = RunReport::collect(provenance, Vec::new(), &[&[]], Evaluation::default());
        folder.finish(&report, &Local::new(cli::program::end), &Recording::default()).unwrap();
        folder
    }

    #[test]
    fn twenty_concurrent_runs_are_all_kept() {
        let runs = tempfile::tempdir().unwrap();
        let run = || {
            let folder = create(runs.path());
            let report = folder.path().join(REPORT);
            assert!(folder.path().join(RUN).exists());
            let finished = finish(folder);
            // During its life, and after its end, if at most nineteen others finish later.
            assert!(report.exists());
            drop(finished);
            report
        };
        for _ in 0..10 {
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
    fn running_and_last_finished_runs_are_kept() {
        let runs = tempfile::tempdir().unwrap();
        let (first, second, going_on) = (create(runs.path()), create(runs.path()), create(runs.path()));
        let [first_name, second_name] = [&first, &second].map(|run| run.name().to_owned());
        let first = finish(first);
        let twenty_more = || (0..20).for_each(|_| drop(finish(create(runs.path()))));
        twenty_more();
        // One has ended while its process lives; the other is still running.
        assert!(first.path().exists() && going_on.path().exists());
        drop(first);
        drop(finish(second));
        assert!(going_on.path().exists());
        drop(going_on);
        let names = names(runs.path()).unwrap();
        assert_eq!(names.last(), Some(&second_name));
        assert!(names.len() <= KEPT && !names.contains(&first_name));
        twenty_more();
        assert!(!runs.path().join(second_name).exists());
    }

    #[test]
    fn a_run_that_fails_early_leaves_no_folder() {
        let runs = tempfile::tempdir().unwrap();
        drop(create(runs.path()));
        assert_eq!(fs::read_dir(runs.path()).unwrap().count(), 0);
    }
}

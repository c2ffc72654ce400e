//! The runs of a folder, and which of them are kept: one rule for `runs/` and for the volume of the Docker engine.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cli::output::remove_unless_held;

/// Number of runs that are kept.
pub const KEPT: usize = 20;

/// Size of all runs that are kept \[bytes\]. The last run is kept, however large it is.
pub const KEPT_BYTES: u64 = 10 << 30;

/// The names of all runs in the order of their end; other folders are ignored.
pub fn names(runs: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(runs) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !runs.is_symlink() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let finished = |entry: DirEntry| {
        let name = entry.file_name().into_string().ok().filter(|name| is_run(name))?;
        // Another run may have just removed it.
        Some((entry.metadata().and_then(|folder| folder.modified()).ok()?, name))
    };
    let mut names: Vec<(SystemTime, String)> = entries.filter_map(|entry| finished(entry.ok()?)).collect();
    names.sort();
    Ok(names.into_iter().map(|(_, name)| name).collect())
}

/// `20261124T093000.123456Z-a1B2c3`: the order of names is also correct within one second.
pub fn is_run(name: &str) -> bool {
    let Some((date, random)) = name.split_once("Z-") else { return false };
    let digits = |text: &str, len| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    let time = |time: &str| time.split_once('.').is_some_and(|(time, micros)| digits(time, 6) && digits(micros, 6));
    let date = date.split_once('T').is_some_and(|(day, rest)| digits(day, 8) && time(rest));
    date && random.len() == 6 && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The result of [`remove_old`].
#[derive(Debug, Default)]
pub struct Removed {
    /// The removed runs.
    runs: Vec<PathBuf>,
    /// Their size.
    bytes: u64,
    /// Folders that could not be removed, with the reason, one line each.
    pub failures: Vec<String>,
}

impl Removed {
    /// A note on the removed runs; None if there are none.
    pub fn note(&self) -> Option<String> {
        let names: Vec<String> = self.runs.iter().map(|run| run.display().to_string()).collect();
        (!names.is_empty()).then(|| {
            format!(
                "old runs removed: {} ({} of {:.1} MiB); the last {KEPT} stay, up to {} GiB",
                names.join(", "),
                names.len(),
                self.bytes as f64 / f64::from(1 << 20),
                KEPT_BYTES >> 30
            )
        })
    }
}

/// Removes the runs of the folder `runs` that are too many or too large. A run is kept if it is among the [`KEPT`] that
/// finished last and fits in [`KEPT_BYTES`] together with the kept runs that finished later, or if its process is still
/// alive. Another run may do the same at the same time.
pub fn remove_old(runs: &Path) -> Removed {
    remove_beyond(runs, KEPT, KEPT_BYTES)
}

fn remove_beyond(runs: &Path, most: usize, most_bytes: u64) -> Removed {
    let mut removed = Removed::default();
    let names = names(runs).unwrap_or_else(|error| {
        removed.failures.push(format!("{}: {error}", runs.display()));
        Vec::new()
    });
    let mut kept_bytes = 0;
    for (place, name) in names.iter().rev().enumerate() {
        let run = runs.join(name);
        let bytes = size(&run);
        if place == 0 || (place < most && bytes.saturating_add(kept_bytes) <= most_bytes) {
            kept_bytes += bytes;
            continue;
        }
        match remove_unless_held(&run) {
            Ok(true) => {
                removed.bytes += bytes;
                removed.runs.push(run);
            }
            Ok(false) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => removed.failures.push(format!("{}: an old run can't be removed: {error}", run.display())),
        }
    }
    removed
}

/// Bytes of all files below `path` that can be read; files that another run removes meanwhile count as zero.
fn size(path: &Path) -> u64 {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let of_entry = |entry: fs::DirEntry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    };
    entries.map(of_entry).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::output::Unfinished;
    use std::fs::File;
    use std::time::Duration;

    /// A run of `bytes` bytes that finished at `time`, and its lock.
    fn run(runs: &Path, time: u64, bytes: usize) -> (String, Option<File>) {
        let name = format!("20261124T0930{time:02}.000000Z-abcdef");
        let folder = Unfinished::folder_beside(&runs.join(&name)).unwrap();
        fs::create_dir(folder.path().join("shards")).unwrap();
        fs::write(folder.path().join("shards/1.req"), "x".repeat(bytes)).unwrap();
        let finished = SystemTime::UNIX_EPOCH + Duration::from_secs(time);
        File::open(folder.path()).unwrap().set_modified(finished).unwrap();
        let lock = folder.rename(&runs.join(&name)).unwrap();
        (name, lock)
    }

    #[test]
    fn excess_runs_are_removed_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path();
        let left = || names(runs).unwrap();
        let [oldest, older, large, small, last] =
            [(1, 10), (2, 10), (3, 90), (4, 10), (5, 10)].map(|(time, bytes)| run(runs, time, bytes).0);
        assert!(remove_beyond(runs, 5, 130).note().is_none());
        // A run that does not fit is removed; an older one that fits is kept.
        let note = remove_beyond(runs, 5, 60).note().unwrap();
        assert!(note.starts_with("old runs removed: ") && note.contains(&large), "{note}");
        assert_eq!(left(), [oldest.clone(), older, small.clone(), last.clone()]);
        let removed = remove_beyond(runs, 3, 60);
        assert_eq!((removed.runs, removed.bytes), (vec![runs.join(&oldest)], 10));
        // The last run is kept, however large it is, and so is a run whose lock is held.
        let (held, lock) = run(runs, 6, 500);
        let (largest, _) = run(runs, 7, 500);
        assert_eq!(remove_beyond(runs, 1, 60).runs.len(), 3);
        assert_eq!(left(), [held.clone(), largest.clone()]);
        drop(lock);
        assert_eq!(remove_beyond(runs, 5, 60).runs, [runs.join(&held)]);
        assert_eq!(left(), [largest]);
    }

    #[test]
    fn runs_that_finished_in_one_second_are_ordered_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let names_of =
            |seconds: std::ops::Range<u64>| seconds.map(|second| run(folder.path(), second, 0).0).collect::<Vec<_>>();
        let names_made = names_of(10..35);
        for name in &names_made {
            File::open(folder.path().join(name)).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        }
        assert_eq!(remove_old(folder.path()).runs.len(), 5);
        assert_eq!(names(folder.path()).unwrap(), names_made[5..]);
    }

    #[test]
    fn only_names_of_runs_are_recognised() {
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

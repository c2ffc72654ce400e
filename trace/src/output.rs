//! Files that appear whole or not at all, also when a signal ends the program.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;

use crate::Failure;

/// What must not stay when the program ends early: files and folders that are still being written. Whatever makes, renames or
/// removes one of them holds the lock, so that a signal finds each of them either here or under its name.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes everything that is being written, for good: whoever wants to make, rename or remove such a file waits until the
/// program has ended.
pub(crate) fn remove_unfinished() -> impl Sized {
    let unfinished = lock();
    unfinished.iter().for_each(|path| remove(path));
    unfinished
}

/// A poisoned lock still guards the right set.
fn lock() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn remove(path: &Path) {
    // Another thread may still be filling the folder.
    for _ in 0..100 {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                std::thread::sleep(Duration::from_millis(2))
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                let _ = fs::remove_file(path);
                return;
            }
            _ => return,
        }
    }
}

/// A file or folder that is removed when this is dropped, or when a signal ends the program, unless it was given its name.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// Makes a folder in `parent` whose name begins with a dot.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn folder(parent: &Path, name: &str) -> io::Result<Self> {
        Self::make(parent, name, |path| fs::create_dir(path)).map(|(unfinished, ())| unfinished)
    }

    /// Makes a folder beside `target`, which it may become.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn folder_beside(target: &Path) -> io::Result<Self> {
        Self::folder(beside(target), &unique())
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn rename(self, target: &Path) -> io::Result<()> {
        let mut unfinished = lock();
        fs::rename(&self.path, target)?;
        unfinished.remove(&self.path);
        Ok(())
    }

    fn make<T>(parent: &Path, name: &str, make: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<(Self, T)> {
        let path = parent.join(format!(".{name}"));
        let mut unfinished = lock();
        let made = make(&path)?;
        unfinished.insert(path.clone());
        Ok((Self { path }, made))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut unfinished = lock();
        if unfinished.remove(&self.path) {
            remove(&self.path);
        }
    }
}

fn beside(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name that no other thread, process or run has.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("queuebox-{}-{}-{next}", std::process::id(), now.as_nanos())
}

/// A result file: written aside, then synced and renamed by [`OutFile::finish`]. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct OutFile {
    writer: BufWriter<File>,
    target: PathBuf,
    aside: Option<Unfinished>,
}

impl OutFile {
    /// Starts the file that will be called `target`. A target that is there and is no regular file (a pipe, a device) is
    /// written directly.
    ///
    /// # Errors
    /// Where it can't be made; the error names `target`.
    pub fn create(target: &Path) -> anyhow::Result<Self> {
        Self::open(target).with_context(|| target.display().to_string())
    }

    fn open(target: &Path) -> io::Result<Self> {
        let (file, aside) = if fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            (File::options().write(true).open(target)?, None)
        } else {
            let (aside, file) = Unfinished::make(beside(target), &unique(), |path| File::create_new(path))?;
            (file, Some(aside))
        };
        Ok(Self { writer: BufWriter::with_capacity(1 << 18, file), target: target.to_owned(), aside })
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// Where the disk is full or gone; then nothing stays under the name. The error names the target.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let renamed = self.writer.flush().and_then(|()| match self.aside.take() {
            None => Ok(()),
            Some(aside) => {
                self.writer.get_ref().sync_all()?;
                aside.rename(&self.target)
            }
        });
        renamed.with_context(|| self.target.display().to_string())
    }

    /// Writes all of `text` and finishes.
    ///
    /// # Errors
    /// As [`OutFile::finish`].
    pub fn finish_with(mut self, text: &str) -> anyhow::Result<()> {
        self.write_all(text.as_bytes()).with_context(|| self.target.display().to_string())?;
        self.finish()
    }
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Holds that none of `outputs` is another of them, or one of `inputs`: it would be lost in silence.
///
/// # Errors
/// [`Failure::Usage`] with the two that are one file.
pub fn distinct(outputs: &[Option<&Path>], inputs: &[Option<&Path>]) -> Result<(), Failure> {
    let outputs: Vec<&Path> = outputs.iter().copied().flatten().filter(|path| *path != Path::new("-")).collect();
    let same = |one: &Path, other: &Path| {
        let real = |path: &Path| {
            fs::canonicalize(path).unwrap_or_else(|_| beside(path).join(path.file_name().unwrap_or_default()))
        };
        let regular = |path: &Path| fs::metadata(path).map_or(true, |metadata| metadata.is_file());
        regular(one) && real(one) == real(other)
    };
    for (place, output) in outputs.iter().enumerate() {
        let others = inputs.iter().copied().flatten().chain(outputs[..place].iter().copied());
        if let Some(other) = others.into_iter().find(|other| same(output, other)) {
            let text = format!("{} would be written over {}", output.display(), other.display());
            return Err(Failure::Usage(text));
        }
    }
    Ok(())
}

/// Where a text goes: standard output, or a file that is begun now, so that a place that can't be written is told at once.
#[derive(Debug)]
pub struct TextTarget(Option<OutFile>);

impl TextTarget {
    /// `target`, or standard output where it is `-`.
    ///
    /// # Errors
    /// Where the file can't be made.
    pub fn open(target: &Path) -> anyhow::Result<Self> {
        Ok(Self(if target == Path::new("-") { None } else { Some(OutFile::create(target)?) }))
    }

    /// Whether it is standard output.
    pub fn is_stdout(&self) -> bool {
        self.0.is_none()
    }

    /// Writes the whole text.
    ///
    /// # Errors
    /// Where it can't be written.
    pub fn write(self, text: &str) -> anyhow::Result<()> {
        match self.0 {
            None => Ok(print(text)?),
            Some(file) => file.finish_with(text),
        }
    }
}

/// Writes `text` to standard output; a closed one is an error here, never a panic.
///
/// # Errors
/// Where it can't be written.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("result");
        let mut file = OutFile::create(&target).unwrap();
        file.write_all(b"half").unwrap();
        file.flush().unwrap();
        assert!(!target.exists());
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        OutFile::create(&target).unwrap().finish_with("whole").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_goes_with_what_is_in_it_unless_it_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("result");
        let aside = Unfinished::folder_beside(&target).unwrap();
        fs::write(aside.path().join("file"), "text").unwrap();
        drop(aside);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        Unfinished::folder_beside(&target).unwrap().rename(&target).unwrap();
        assert!(target.is_dir());
    }

    #[test]
    fn nothing_is_written_over_an_input_or_another_output() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("trace"), "").unwrap();
        std::os::unix::fs::symlink(path("trace"), path("link")).unwrap();
        let (trace, link, new) = (path("trace"), path("link"), path("new"));
        assert!(distinct(&[Some(&new), None], &[Some(&trace)]).is_ok());
        assert!(distinct(&[Some(&trace)], &[Some(&trace)]).is_err());
        assert!(distinct(&[Some(&link)], &[Some(&trace)]).is_err());
        assert!(distinct(&[Some(&new), Some(&new)], &[]).is_err());
        assert!(distinct(&[Some(Path::new("/dev/null")), Some(Path::new("/dev/null"))], &[]).is_ok());
    }

    #[test]
    fn an_error_names_the_file() {
        let error = OutFile::create(Path::new("/dev/full")).unwrap().finish_with("text").unwrap_err();
        assert!(format!("{error:#}").starts_with("/dev/full: No space left"), "{error:#}");
        let error = OutFile::create(Path::new("/nonexistent/file")).unwrap_err();
        assert_eq!(format!("{error:#}"), "/nonexistent/file: No such file or directory (os error 2)");
    }
}

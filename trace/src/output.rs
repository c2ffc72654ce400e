//! Files that appear whole or not at all, also when a signal ends the program.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::Context as _;

/// What must not stay when the program ends early: files and folders that are still being written.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes everything that is being written; for the end of a program by a signal.
pub fn remove_unfinished() {
    // A poisoned lock still guards the right set.
    let set = std::mem::take(&mut *UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    for path in set {
        let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
    }
}

/// A path that is removed when this is dropped, or when a signal ends the program, unless it was given its name.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
}

impl Unfinished {
    /// Watches over `path`.
    pub fn watch(path: PathBuf) -> Self {
        UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).insert(path.clone());
        Self { path }
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
        fs::rename(&self.path, target)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        UNFINISHED.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).remove(&self.path);
        let _ = fs::remove_dir_all(&self.path).or_else(|_| fs::remove_file(&self.path));
    }
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
        if fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            let file = File::options().write(true).open(target)?;
            return Ok(Self { writer: writer(file), target: target.to_owned(), aside: None });
        }
        let folder = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".queuebox-");
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let (file, path) = builder.tempfile_in(folder)?.keep().map_err(|error| error.error)?;
        Ok(Self { writer: writer(file), target: target.to_owned(), aside: Some(Unfinished::watch(path)) })
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
}

fn writer(file: File) -> BufWriter<File> {
    BufWriter::with_capacity(1 << 18, file)
}

impl Write for OutFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Writes `text` to standard output, or to the file that `target` names.
///
/// # Errors
/// Where it can't be written.
pub fn write_text(target: &Path, text: &str) -> anyhow::Result<()> {
    if target == Path::new("-") {
        return Ok(print(text)?);
    }
    let mut file = OutFile::create(target)?;
    file.write_all(text.as_bytes()).with_context(|| target.display().to_string())?;
    file.finish()
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

        write_text(&target, "whole").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let error = write_text(Path::new("/dev/full"), "text").unwrap_err();
        assert!(format!("{error:#}").starts_with("/dev/full: No space left"), "{error:#}");
    }
}

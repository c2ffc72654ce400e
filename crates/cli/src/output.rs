//! Files that appear whole or not at all, even if a signal stops the program.

mod unfinished;

use std::fs::{self, File, Metadata};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use failure::Failure;

pub use unfinished::{Unfinished, is_held, remove_unless_held};

pub(crate) use unfinished::remove_unfinished;

use unfinished::beside;

/// The name of standard output in messages.
pub const STDOUT: &str = "standard output";

/// A result file: written under a temporary name, then synced and renamed by [`OutFile::finish`]. If it is dropped
/// before that, no file is left.
#[derive(Debug)]
pub struct OutFile {
    writer: BufWriter<File>,
    target: PathBuf,
    aside: Option<Unfinished>,
}

impl OutFile {
    /// Starts the file that [`OutFile::finish`] will name `target`. A `target` that exists and is not a regular file (a
    /// pipe, a device) is written directly.
    ///
    /// # Errors
    /// If the file can't be created; the error names `target`.
    pub fn create(target: &Path) -> anyhow::Result<Self> {
        Self::open(target).with_context(|| target.display().to_string())
    }

    fn open(target: &Path) -> io::Result<Self> {
        let (file, aside) = if fs::metadata(target).is_ok_and(|metadata| !metadata.is_file()) {
            (File::options().write(true).open(target)?, None)
        } else {
            let (aside, file) = Unfinished::file_beside(target)?;
            (file, Some(aside))
        };
        Ok(Self { writer: BufWriter::with_capacity(1 << 18, file), target: target.to_owned(), aside })
    }

    /// Replaces the first bytes, which are written, by `bytes`; nothing if what is written is not a regular file.
    ///
    /// # Errors
    /// If they can't be written.
    pub fn replace_start(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.flush()?;
        if self.aside.is_some() { self.writer.get_ref().write_all_at(bytes, 0) } else { Ok(()) }
    }

    /// Syncs the file and gives it its name.
    ///
    /// # Errors
    /// If the file can't be written or renamed, for instance because the disk is full; then no new file has the name.
    /// The error names the target.
    pub fn finish(mut self) -> anyhow::Result<()> {
        let renamed = self.writer.flush().and_then(|()| match self.aside.take() {
            None => Ok(()),
            Some(aside) => {
                self.writer.get_ref().sync_all()?;
                aside.rename(&self.target).map(drop)
            }
        });
        renamed.with_context(|| self.target.display().to_string())
    }

    /// Writes `text`, then finishes as [`OutFile::finish`] does.
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

/// Checks that the files of `outputs` and standard output differ from each other and from those of `inputs` (`-` is standard
/// input), whatever their names are: otherwise one would silently overwrite another.
///
/// # Errors
/// [`Failure::Usage`] with the names of two that are the same file.
pub fn distinct(outputs: &[Option<&Path>], inputs: &[Option<&Path>]) -> Result<(), Failure> {
    let is_path = |path: &&Path| *path != Path::new("-");
    let outputs = outputs.iter().copied().flatten().filter(is_path).map(Place::of_path);
    let outputs: Vec<Place> = outputs.chain([Place::of_stream(STDOUT, io::stdout())]).collect();
    let input = |path: &Path| {
        if is_path(&path) { Place::of_path(path) } else { Place::of_stream("standard input", io::stdin()) }
    };
    let inputs: Vec<Place> = inputs.iter().copied().flatten().map(input).collect();
    for (number, output) in outputs.iter().enumerate() {
        if let Some(other) = inputs.iter().chain(&outputs[..number]).find(|other| output.is(other)) {
            return Err(Failure::usage(format!("{} would overwrite {}", output.name, other.name)));
        }
    }
    Ok(())
}

/// A file or stream that is read or written.
struct Place {
    name: String,
    /// None if it does not exist yet.
    found: Option<Metadata>,
    /// The path with its folder resolved; empty for a stream.
    path: PathBuf,
}

impl Place {
    fn of_path(path: &Path) -> Self {
        let folder = beside(path);
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let file = path.file_name().unwrap_or_default();
        Self { name: path.display().to_string(), found: fs::metadata(path).ok(), path: folder.join(file) }
    }

    fn of_stream(name: &str, stream: impl AsFd) -> Self {
        let file = stream.as_fd().try_clone_to_owned().map(File::from);
        Self { name: name.to_owned(), found: file.and_then(|file| file.metadata()).ok(), path: PathBuf::new() }
    }

    /// Whether both are the same regular file. Writing to a pipe or a device overwrites nothing.
    fn is(&self, other: &Self) -> bool {
        match (&self.found, &other.found) {
            (Some(one), Some(other)) => one.is_file() && (one.dev(), one.ino()) == (other.dev(), other.ino()),
            (None, None) => self.path == other.path,
            _ => false,
        }
    }
}

/// Writes `text` to standard output. If that is closed, this is an error, not a panic.
///
/// # Errors
/// If it can't be written; the error names standard output.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    written.map_err(|error| io::Error::new(error.kind(), format!("{STDOUT}: {error}")))
}

/// As [`print`], with the heads of tables emphasised if standard output is a terminal.
///
/// # Errors
/// As [`print`].
pub fn print_tables(text: &str) -> io::Result<()> {
    print(&crate::terminal::styled(text))
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

        let mut file = OutFile::create(&target).unwrap();
        file.write_all(b"four requests").unwrap();
        file.replace_start(b"five").unwrap();
        file.finish_with(".").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"five requests.");
        // A device has no start.
        OutFile::create(Path::new("/dev/null")).unwrap().replace_start(b"five").unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
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
        fs::hard_link(path("trace"), path("hard")).unwrap();
        assert!(distinct(&[Some(&path("hard"))], &[None, Some(&trace)]).is_err());
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

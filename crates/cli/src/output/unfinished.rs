//! Files and folders that are still being written.
//!
//! They have hidden names, and their process holds a lock on each of them (flock). The lock distinguishes what a killed
//! process has left from what another process is writing, even if process ids repeat. The next program that writes to
//! the folder removes what is left.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};
use rustix::io::Errno;

/// Prefix of the names of unfinished files and folders.
const PREFIX: &str = ".queuebox-";

/// How many names are tried: another process may remove a new file before it is locked.
const ATTEMPTS: usize = 100;

/// The files and folders that are still being written, and must be removed if the program stops early. Each is created,
/// renamed and removed under this lock, so that a signal finds it either here or under its final name.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes everything that is being written. As long as the returned guard exists, no thread can create, rename or
/// remove such a file; the caller keeps it until the program exits.
pub(crate) fn remove_unfinished() -> impl Sized {
    let unfinished = lock(&UNFINISHED);
    unfinished.iter().for_each(|path| remove(path));
    unfinished
}

/// The set is right even if the lock is poisoned.
fn lock(set: &'static Mutex<BTreeSet<PathBuf>>) -> MutexGuard<'static, BTreeSet<PathBuf>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
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

/// A file or folder that is removed when this is dropped, or when a signal stops the program, unless it was renamed.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    /// The open folder, which holds the lock; None for a file.
    folder: Option<File>,
}

impl Unfinished {
    /// Creates a folder beside `target`, whose name it may get, and removes what killed processes have left there.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn folder_beside(target: &Path) -> io::Result<Self> {
        let (mut unfinished, folder) = Self::make(beside(target), Kind::Folder)?;
        unfinished.folder = Some(folder);
        Ok(unfinished)
    }

    /// Creates a file beside `target`, whose name it may get, and removes what killed processes have left there. The file is
    /// locked as long as it is open.
    pub(super) fn file_beside(target: &Path) -> io::Result<(Self, File)> {
        Self::make(beside(target), Kind::File)
    }

    /// Its temporary path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Renames it to `target`. For a folder, returns the open folder, which holds the lock.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn rename(mut self, target: &Path) -> io::Result<Option<File>> {
        let mut unfinished = lock(&UNFINISHED);
        fs::rename(&self.path, target)?;
        unfinished.remove(&self.path);
        Ok(self.folder.take())
    }

    fn make(parent: &Path, kind: Kind) -> io::Result<(Self, File)> {
        static CLEANED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
        if lock(&CLEANED).insert(parent.to_owned()) {
            clean(parent);
        }
        let mut unfinished = lock(&UNFINISHED);
        for _ in 0..ATTEMPTS {
            let path = parent.join(unique());
            if let Some(file) = make(&path, kind)? {
                unfinished.insert(path.clone());
                return Ok((Self { path, folder: None }, file));
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let mut unfinished = lock(&UNFINISHED);
        if unfinished.remove(&self.path) {
            remove(&self.path);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
}

/// Creates a file or a folder and locks it; None if another process removed or locked it in between.
fn make(path: &Path, kind: Kind) -> io::Result<Option<File>> {
    let file = match kind {
        Kind::File => File::create_new(path)?,
        Kind::Folder => {
            fs::create_dir(path)?;
            match File::open(path) {
                Ok(folder) => folder,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => {
                    remove(path);
                    return Err(error);
                }
            }
        }
    };
    let held = match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        // Names are not reused: if the path exists, it is this file, and remains.
        Ok(()) => fs::symlink_metadata(path).is_ok(),
        Err(Errno::WOULDBLOCK) => false,
        // A file system without locks: files there are never removed as left behind.
        Err(_) => true,
    };
    if !held {
        remove(path);
    }
    Ok(held.then_some(file))
}

/// Removes what killed processes have left in `parent`.
fn clean(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes())
            && let Ok(Some(_lock)) = take_lock(&path)
        {
            remove(&path);
        }
    }
}

/// Removes the folder `path`, unless a process holds its lock. It is renamed first, so that no reader finds a part of
/// it. Returns whether it was removed.
///
/// # Errors
/// If the file system refuses, or the folder belongs to another user.
pub fn remove_unless_held(path: &Path) -> io::Result<bool> {
    let _lock = match take_lock(path) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
        other => other?,
    };
    let aside = beside(path).join(unique());
    fs::rename(path, &aside)?;
    fs::remove_dir_all(aside)?;
    Ok(true)
}

/// Whether a process holds the lock of the folder `path`; false if the file system has no locks.
pub fn is_held(path: &Path) -> bool {
    matches!(take_lock(path), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// Locks a file or folder whose lock no process holds; None if the file system has no locks.
fn take_lock(path: &Path) -> io::Result<Option<File>> {
    // Other users may be able to write to the folder: their links are not followed, and opening their pipes does not block.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    let user = rustix::process::geteuid().as_raw();
    if user != 0 && file.metadata()?.uid() != user {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it belongs to another user"));
    }
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Err(io::ErrorKind::WouldBlock.into()),
        Err(_) => Ok(None),
    }
}

pub(super) fn beside(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name that is unique across threads, processes and time.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}-{}-{next}", std::process::id(), now.as_nanos())
}

#[cfg(test)]
#[path = "unfinished_tests.rs"]
mod tests;

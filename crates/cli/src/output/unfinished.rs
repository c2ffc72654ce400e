//! Files and folders that are still being written.
//!
//! They are hidden, and their process holds a lock on them (flock). What a process leaves when it is killed is so told
//! from what another one writes, also where process ids repeat: the next program that writes to the folder removes it.

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

/// What names of unfinished files and folders begin with.
const PREFIX: &str = ".queuebox-";

/// How often a name is taken anew, because another process took the new file for left behind.
const ATTEMPTS: usize = 100;

/// What must not stay when the program ends early: files and folders that are still being written. Whatever makes, renames or
/// removes one of them holds the lock, so that a signal finds each of them either here or under its name.
static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes everything that is being written, for good: whoever wants to make, rename or remove such a file waits until the
/// program has ended.
pub(crate) fn remove_unfinished() -> impl Sized {
    let unfinished = lock(&UNFINISHED);
    unfinished.iter().for_each(|path| remove(path));
    unfinished
}

/// A poisoned lock still guards the right set.
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

/// A file or folder that is removed when this is dropped, or when a signal ends the program, unless it was given its name.
#[derive(Debug)]
pub struct Unfinished {
    path: PathBuf,
    /// Holds the lock of a folder.
    folder: Option<File>,
}

impl Unfinished {
    /// Makes a folder beside `target`, which it may become, and removes what killed processes left there.
    ///
    /// # Errors
    /// Where the file system refuses.
    pub fn folder_beside(target: &Path) -> io::Result<Self> {
        let (mut unfinished, folder) = Self::make(beside(target), Kind::Folder)?;
        unfinished.folder = Some(folder);
        Ok(unfinished)
    }

    /// Makes a file beside `target`, which it may become, and removes what killed processes left there. As long as the file
    /// is open, it holds its lock.
    pub(super) fn file_beside(target: &Path) -> io::Result<(Self, File)> {
        Self::make(beside(target), Kind::File)
    }

    /// Where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name. A folder's lock is given back; it lasts as long as that is open.
    ///
    /// # Errors
    /// Where the file system refuses.
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

/// Makes a file or a folder and takes its lock; None where another process took it for left behind in between.
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
        // Names are not used twice: what is there is this, and stays.
        Ok(()) => fs::symlink_metadata(path).is_ok(),
        Err(Errno::WOULDBLOCK) => false,
        // A file system without locks: nobody removes there what is not locked.
        Err(_) => true,
    };
    if !held {
        remove(path);
    }
    Ok(held.then_some(file))
}

/// Removes what processes that were killed left in `parent`.
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

/// Removes the folder `path`, unless a process holds its lock: first its name, so that nobody finds half of it. Returns whether it is
/// gone.
///
/// # Errors
/// Where the file system refuses, or it belongs to another user.
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

/// Whether a process holds the lock of the folder `path`; not known, and so not, where the file system has no locks.
pub fn is_held(path: &Path) -> bool {
    matches!(take_lock(path), Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}

/// The lock of a file or folder that no process holds; None where the file system has no locks.
fn take_lock(path: &Path) -> io::Result<Option<File>> {
    // Other users may write to the folder too: no link of theirs is followed, and for no pipe of theirs is waited.
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

/// A name that no other thread, process or run has.
fn unique() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}-{}-{next}", std::process::id(), now.as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_folder_goes_with_what_is_in_it_unless_it_gets_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("result");
        let aside = Unfinished::folder_beside(&target).unwrap();
        fs::write(aside.path().join("file"), "text").unwrap();
        drop(aside);
        assert_eq!(names(folder.path()), 0);
        Unfinished::folder_beside(&target).unwrap().rename(&target).unwrap();
        assert!(target.is_dir());
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_is_written_or_is_not_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path(".queuebox-1-2-3"), "").unwrap();
        fs::create_dir_all(path(".queuebox-1-2-4/shards")).unwrap();
        fs::write(path(".queuebox-1-2-4/shards/1.req"), "").unwrap();
        fs::write(path("other"), "").unwrap();
        std::os::unix::fs::symlink(path("other"), path(".queuebox-link")).unwrap();
        let (_file, _) = Unfinished::file_beside(&path("new")).unwrap();
        assert!(!path(".queuebox-1-2-3").exists() && !path(".queuebox-1-2-4").exists());
        assert!(path("other").exists() && path(".queuebox-link").is_symlink());

        let (file, open) = Unfinished::file_beside(&path("new")).unwrap();
        let aside = Unfinished::folder_beside(&path("new")).unwrap();
        clean(folder.path());
        assert!(file.path().exists() && aside.path().exists());
        // As a killed process does: its locks end, its files stay.
        drop(open);
        clean(folder.path());
        assert!(!file.path().exists() && aside.path().exists());
    }

    #[test]
    fn a_folder_with_its_name_is_not_removed_while_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("run");
        let held = Unfinished::folder_beside(&target).unwrap().rename(&target).unwrap();
        assert!(is_held(&target) && !remove_unless_held(&target).unwrap());
        assert!(target.exists());
        drop(held);
        assert!(!is_held(&target));
        assert!(remove_unless_held(&target).unwrap());
        assert_eq!(names(folder.path()), 0);
    }

    #[test]
    fn nothing_new_is_taken_for_left_behind() {
        const EACH: usize = 500;
        let folder = tempfile::tempdir().unwrap();
        let making = AtomicU64::new(2);
        std::thread::scope(|scope| {
            for kind in [Kind::File, Kind::Folder] {
                let (making, folder) = (&making, folder.path());
                scope.spawn(move || {
                    let made = (0..EACH).all(|_| {
                        let (unfinished, _lock) = Unfinished::make(folder, kind).unwrap();
                        unfinished.path().exists()
                    });
                    making.fetch_sub(1, Ordering::Relaxed);
                    assert!(made);
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    while making.load(Ordering::Relaxed) > 0 {
                        clean(folder.path());
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), 0);
    }
}

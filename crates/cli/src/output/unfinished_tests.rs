//! Tests of [`super`].

use super::*;

fn names(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn a_folder_is_removed_with_its_content_unless_it_is_renamed() {
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
fn only_what_killed_processes_left_is_removed() {
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
    // As if the process was killed: its locks end, its files remain.
    drop(open);
    clean(folder.path());
    assert!(!file.path().exists() && aside.path().exists());
}

#[test]
fn a_locked_folder_is_not_removed() {
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
fn new_files_and_folders_are_not_removed() {
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

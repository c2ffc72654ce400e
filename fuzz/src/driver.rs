//! Runs many cases of a target on all cores.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cli::program;
use random::streams::{Stream, Streams};

use crate::{End, Target};

/// The peak memory that the process may reach, with all threads and the system's page tables \[KiB\]: each case uses 16
/// MiB of a simulator, a few of the host, and the memory of compilation.
const MEMORY_KIB: u64 = 1 << 20;
/// A case takes milliseconds; one that takes this long, even on a busy machine, never ends.
const TIME: Duration = Duration::from_secs(60);
/// After this number of failed cases, no more are tried.
const FAILED: usize = 20;

/// The cases to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Seed of all cases.
    pub seed: u64,
    /// Number of the first case.
    pub first: u64,
    /// Number of cases.
    pub cases: u64,
    /// Number of threads.
    pub threads: usize,
    /// Folder for failed cases.
    pub folder: PathBuf,
}

/// The results of a plan.
#[derive(Debug, Default)]
pub struct Result {
    /// Cases run.
    pub cases: u64,
    /// Number of cases by their end.
    pub ends: BTreeMap<End, u64>,
    /// The longest case.
    pub longest: Duration,
    /// Total time.
    pub time: Duration,
    /// Failed cases: file and reason.
    pub failed: Vec<(PathBuf, String)>,
}

/// The random stream of case `number` of `target`.
pub fn stream(target: &Target, seed: u64, number: u64) -> Stream {
    Streams::new(seed, target.name).of(number)
}

/// Runs the cases of `plan`.
///
/// # Errors
/// If a case can't be written.
pub fn run(target: &Target, plan: &Plan) -> std::io::Result<Result> {
    let started = Instant::now();
    fs::create_dir_all(&plan.folder)?;
    // After a crash of the process this file remains: the number of each thread's case.
    let crashed = plan.folder.join(format!("{}-under-way", target.name));
    let work = Work {
        target,
        plan,
        next: AtomicU64::new(plan.first),
        under_way: (0..plan.threads).map(|_| Mutex::default()).collect(),
        numbers: File::create(&crashed)?,
        result: Mutex::default(),
    };
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..plan.threads).map(|place| scope.spawn(move || work.go(place))).collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            std::thread::sleep(Duration::from_millis(20));
            work.watch()?;
        }
        threads.into_iter().try_for_each(|thread| thread.join().expect("a case's panic is caught"))
    })?;
    fs::remove_file(crashed)?;
    let mut result = work.result.into_inner().unwrap_or_else(PoisonError::into_inner);
    result.time = started.elapsed();
    Ok(result)
}

/// The state that the threads share.
struct Work<'a> {
    target: &'a Target,
    plan: &'a Plan,
    /// Number of the next case.
    next: AtomicU64,
    /// Each thread's case, and its start.
    under_way: Vec<Mutex<Option<(u64, Instant)>>>,
    numbers: File,
    result: Mutex<Result>,
}

impl Work<'_> {
    /// Runs cases until there are no more.
    fn go(&self, place: usize) -> std::io::Result<()> {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number - self.plan.first >= self.plan.cases || lock(&self.result).failed.len() >= FAILED {
                return Ok(());
            }
            self.numbers.write_all_at(format!("{number:<19}\n").as_bytes(), 20 * place as u64)?;
            let began = Instant::now();
            *lock(&self.under_way[place]) = Some((number, began));
            let case = (self.target.make)(&mut stream(self.target, self.plan.seed, number));
            let ended = hold(self.target, &case);
            *lock(&self.under_way[place]) = None;
            let mut result = lock(&self.result);
            result.cases += 1;
            result.longest = result.longest.max(began.elapsed());
            match ended {
                Ok(end) => *result.ends.entry(end).or_default() += 1,
                Err(wrong) => result.failed.push((self.keep(number)?, wrong)),
            }
        }
    }

    /// Ends the process if a case does not end, because nothing can interrupt it.
    fn watch(&self) -> std::io::Result<()> {
        for slot in &self.under_way {
            if let Some((number, _)) = lock(slot).filter(|(_, began)| began.elapsed() > TIME) {
                let path = self.keep(number)?;
                eprintln!("{}: case {number} does not end: {}", self.target.name, path.display());
                std::process::exit(1);
            }
        }
        Ok(())
    }

    /// Writes a case to a file.
    fn keep(&self, number: u64) -> std::io::Result<PathBuf> {
        let path = self.plan.folder.join(format!("{}-{}-{number}", self.target.name, self.plan.seed));
        write(self.target, self.plan.seed, number, &path)?;
        Ok(path)
    }
}

/// No thread panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs one case; a panic and exceeding the memory limit are failures too.
pub fn hold(target: &Target, case: &[u8]) -> std::result::Result<End, String> {
    let ended = catch_unwind(AssertUnwindSafe(|| (target.run)(case)))
        .unwrap_or_else(|_| Err("it panicked; the message is above".to_owned()))?;
    match peak_kib() {
        Some(peak) if peak > MEMORY_KIB => Err(format!("the process holds {peak} KiB (this case or one beside it)")),
        _ => Ok(ended),
    }
}

/// The peak memory of this process \[KiB\], if the system reports it.
pub fn peak_kib() -> Option<u64> {
    program::memory("VmHWM:").map(|bytes| bytes >> 10)
}

/// Writes case `number` to `path`.
///
/// # Errors
/// If it can't be written.
pub fn write(target: &Target, seed: u64, number: u64, path: &Path) -> std::io::Result<()> {
    fs::write(path, (target.make)(&mut stream(target, seed, number)))
}

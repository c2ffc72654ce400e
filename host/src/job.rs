//! `host job FILE`: one worker of a run folder. The folder holds the module, the shards and, when this ends, the outcome.
//!
//! Whoever wakes a worker believes its outcome only where it carries the nonce of this very attempt.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use trace::output::OutFile;
use trace::{Failure, NONE, Request, RequestHeader, program};

use crate::completions::write_part;
use crate::shard::Shard;
use crate::worker::{Job, Outcome, panicked, simulate, spawn};
use crate::{Completions, Simulator};

/// How many runs stay in the folder of runs, this one included.
const KEPT: usize = 20;

/// How long a run's folder has not changed before it is removed.
const LEAST_AGE: Duration = Duration::from_secs(3600);

/// Bytes of a shard's file that are read at once.
const PIECE: usize = (256 << 10) / Request::LEN * Request::LEN;

/// What a job file holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobFile {
    /// The run folder.
    pub folder: PathBuf,
    /// Of this attempt.
    pub nonce: String,
    /// SHA-256 of the module.
    pub sha256: String,
    /// Whether completions are wanted.
    pub completions: bool,
    /// What the worker is to do.
    pub job: Job,
}

/// What an outcome's file holds.
#[derive(Debug, Serialize, Deserialize)]
pub struct OutcomeFile {
    /// Of the attempt that made it.
    pub nonce: String,
    /// What came of the worker.
    pub outcome: Outcome,
}

impl JobFile {
    /// Where the module is.
    pub fn module(folder: &Path) -> PathBuf {
        folder.join("module.wasm")
    }

    /// Where the shard of `worker` is.
    pub fn shard(folder: &Path, worker: u32) -> PathBuf {
        folder.join(format!("shards/{worker}.req"))
    }

    /// Where the outcome of `worker` goes.
    pub fn outcome(folder: &Path, worker: u32) -> PathBuf {
        folder.join(format!("reports/{worker}.json"))
    }

    /// Where the completions of one attempt at `worker` go.
    pub fn completions(folder: &Path, worker: u32, nonce: &str) -> PathBuf {
        folder.join(format!("completions/{worker}-{nonce}"))
    }
}

/// Runs the worker that the job file `path` describes, and writes its outcome.
///
/// # Errors
/// Where the job can't be read or its outcome not be written; last, the worker's own failure.
pub fn run(path: &Path) -> anyhow::Result<()> {
    let name = || path.display().to_string();
    let text = fs::read_to_string(path).with_context(name)?;
    let file: JobFile = serde_json::from_str(&text).with_context(name)?;
    let worker = format!("worker {} of {}", file.job.worker, file.job.workers);
    program::note(&format!("{worker}, {}", file.folder.display()));
    remove_old(&file.folder);

    let outcome = serve(&file).with_context(|| worker.clone())?;
    let failure = outcome.result.as_ref().err().cloned();
    let target = JobFile::outcome(&file.folder, file.job.worker);
    make_folder_of(&target)?;
    OutFile::create(&target)?.finish_with(&serde_json::to_string(&OutcomeFile { nonce: file.nonce, outcome })?)?;
    failure.map_or(Ok(()), |failure| Err(anyhow::Error::from(failure).context(worker)))
}

fn serve(file: &JobFile) -> anyhow::Result<Outcome> {
    let JobFile { folder, job, .. } = file;
    let simulator = Simulator::load(&JobFile::module(folder))?;
    if simulator.sha256() != file.sha256 {
        return Err(Failure::Host("the run folder holds another module".to_owned()).into());
    }
    let shard = ShardFile::open(&JobFile::shard(folder, job.worker))?;
    let completions: Option<Box<dyn Completions>> = match file.completions {
        false => None,
        true => {
            let target = JobFile::completions(folder, job.worker, &file.nonce);
            make_folder_of(&target)?;
            Some(write_part(target))
        }
    };
    let worker = format!("worker {}", job.worker);
    std::thread::scope(|scope| {
        let run = || simulate(&simulator, job, Box::new(shard), completions);
        Ok(spawn(scope, worker, run)?.join().map_err(|_| panicked())?)
    })
}

fn make_folder_of(file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())
}

/// Removes the oldest runs beside this one, so that the newest [`KEPT`] stay, and those of the last hour, which may still go on.
/// Names begin with the time of their start.
fn remove_old(folder: &Path) {
    let Some(runs) = folder.parent() else { return };
    let Ok(entries) = fs::read_dir(runs) else { return };
    let mut names: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    names.sort();
    let is_old = |name: &&OsString| {
        let modified = fs::metadata(runs.join(name)).and_then(|metadata| metadata.modified());
        modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > LEAST_AGE))
    };
    for old in names.iter().rev().skip(KEPT).filter(is_old) {
        // Another worker may be at it too.
        let _ = fs::remove_dir_all(runs.join(old));
    }
}

/// A shard in a file of records.
struct ShardFile {
    file: File,
    name: String,
    /// Requests still to come.
    left: u64,
}

impl ShardFile {
    fn open(path: &Path) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let wrong = |rule: String| Failure::Host(format!("{name}: {rule}"));
        let mut file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let mut header = [0; Request::LEN];
        file.read_exact(&mut header).map_err(|_| wrong("it is cut short".to_owned()))?;
        let header = RequestHeader::from_bytes(&header).map_err(wrong)?;
        if header.record_len as usize != Request::LEN || header.requests == NONE {
            return Err(wrong("it is not a shard of 48-byte records that says how many there are".to_owned()));
        }
        Ok(Self { file, name, left: header.requests })
    }
}

impl Shard for ShardFile {
    fn next(&mut self, mut piece: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let requests = self.left.min((PIECE / Request::LEN) as u64);
        piece.resize(requests as usize * Request::LEN, 0);
        // Whoever made the job wrote the shard whole.
        let cut = |error| Failure::Host(format!("{}: {error}", self.name));
        self.file.read_exact(&mut piece).map_err(cut)?;
        self.left -= requests;
        Ok(Some(piece))
    }
}

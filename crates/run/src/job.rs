//! `host job FILE`: runs one worker, in a folder of its own that holds the job, the module, the shard and, at the end,
//! the outcome.
//!
//! An outcome names the attempt (its nonce) and the inputs (their digests) that it belongs to.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

use anyhow::Context as _;
use cli::output::OutFile;
use cli::reporter::Reporter;
use contract::{Request, RequestHeader};
use failure::Failure;
use serde::{Deserialize, Serialize};

use crate::completions::write_part;
use measure::outcome::Outcome;
use sandbox::shard::{Empty, Shard};
use sandbox::{Completions, GiveUp, Module, Simulator};
use sandbox::{Job, panicked, simulate, spawn};

/// The files of a job's folder.
pub const JOB: &str = "job.json";
/// The simulator.
pub const MODULE: &str = "module.wasm";
/// The requests, as records.
pub const SHARD: &str = "shard.req";
/// The outcome of the worker.
pub const OUTCOME: &str = "outcome.json";
/// The completions, in the order of ids.
pub const COMPLETIONS: &str = "completions";

/// Bytes of a shard's file that are read at a time.
const CHUNK_BYTES: usize = (256 << 10) / Request::LEN * Request::LEN;

/// The version that middleware and worker must share: the release, and the format of both files, which is incremented
/// when one of their keys or the records of [`COMPLETIONS`] change.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (job format 8)");

/// The part of a job file and of an outcome's file that all versions have.
#[derive(Debug, Serialize, Deserialize)]
pub struct Versioned {
    /// [`VERSION`]; None in files from before versions.
    pub version: Option<String>,
}

/// The content of a job file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobFile {
    /// [`VERSION`] of the middleware.
    pub version: String,
    /// Nonce of this attempt.
    pub nonce: String,
    /// SHA-256 of the module.
    pub module: String,
    /// BLAKE3 of the shard's file; None: the module runs on an empty shard.
    pub shard: Option<String>,
    /// Whether completions are requested.
    pub completions: bool,
    /// The task of the worker.
    pub job: Job,
}

/// The content of an outcome's file.
#[derive(Debug, Serialize, Deserialize)]
pub struct OutcomeFile {
    /// [`VERSION`] of the worker.
    pub version: String,
    /// Nonce of the attempt that produced it.
    pub nonce: String,
    /// SHA-256 of the module that ran.
    pub module: String,
    /// BLAKE3 of the shard's file.
    pub shard: Option<String>,
    /// The outcome of the worker.
    pub outcome: Outcome,
}

/// BLAKE3 of the file `path`, in hexadecimal.
///
/// # Errors
/// If it can't be read.
pub fn digest(path: &Path) -> io::Result<String> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(File::open(path)?)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Runs the worker that the job file `path` describes, and writes its outcome beside that file.
///
/// # Errors
/// If the job can't be read or its outcome can't be written; [`Failure::Executor`] if the job has another version,
/// which is then the only content of the outcome's file; finally, the worker's own failure.
pub fn run(path: &Path, reporter: &dyn Reporter, give_up: GiveUp) -> anyhow::Result<()> {
    let name = || path.display().to_string();
    let folder = path.parent().unwrap_or(Path::new("."));
    for old in [OUTCOME, COMPLETIONS].map(|name| folder.join(name)) {
        match fs::remove_file(&old) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(|| old.display().to_string());
            }
            _ => {}
        }
    }
    let text = fs::read_to_string(path).with_context(name)?;
    let Versioned { version } = serde_json::from_str(&text).with_context(name)?;
    let ours = VERSION.to_owned();
    if version.as_deref() != Some(VERSION) {
        write_outcome(folder, &Versioned { version: Some(ours) })?;
        let theirs = version.unwrap_or("none".to_owned());
        let text = format!("the job is of another version ({theirs}) than this host ({VERSION})");
        return Err(anyhow::Error::from(Failure::executor(text)).context(name()));
    }
    let file: JobFile = serde_json::from_str(&text).with_context(name)?;
    let worker = format!("worker {} of {}", file.job.worker, file.job.workers);
    reporter.note(&worker);

    let outcome = serve(&file, folder, give_up).unwrap_or_else(|failure| Outcome::failed(0, failure));
    let failure = outcome.result.as_ref().err().cloned();
    let JobFile { nonce, module, shard, .. } = file;
    write_outcome(folder, &OutcomeFile { version: ours, nonce, module, shard, outcome })?;
    failure.map_or(Ok(()), |failure| Err(anyhow::Error::from(failure).context(worker)))
}

fn write_outcome(folder: &Path, outcome: &impl Serialize) -> anyhow::Result<()> {
    OutFile::create(&folder.join(OUTCOME))?.finish_with(&serde_json::to_string(outcome)?)
}

/// The outcome of the worker.
///
/// # Errors
/// If its inputs are not those of the job, or the host fails.
fn serve(file: &JobFile, folder: &Path, give_up: GiveUp) -> Result<Outcome, Failure> {
    let fault = |error: Failure| Failure::host(error.to_string());
    let module = Module::read(&folder.join(MODULE)).map_err(fault)?;
    if module.sha256() != file.module {
        return Err(Failure::host("the folder of the job holds another module"));
    }
    let (shard, offered): (Box<dyn Shard>, u64) = match &file.shard {
        None => (Box::new(Empty), 0),
        Some(expected) => {
            let path = folder.join(SHARD);
            if digest(&path)? != *expected {
                return Err(Failure::host("the folder of the job holds another shard"));
            }
            let shard = ShardFile::open(&path)?;
            let offered = shard.left;
            (Box::new(shard), offered)
        }
    };
    let simulator = match Simulator::compile(module, give_up) {
        Ok(simulator) => simulator,
        Err(failure @ Failure::Host { .. }) => return Err(failure),
        Err(failure) => return Ok(Outcome::failed(offered, failure)),
    };
    let completions: Option<Box<dyn Completions>> =
        if file.completions { Some(write_part(folder.join(COMPLETIONS))) } else { None };
    std::thread::scope(|scope| {
        let run = || simulate(&simulator, &file.job, shard, completions);
        spawn(scope, format!("worker {}", file.job.worker), run)?.join().map_err(|_| panicked())
    })
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
        let wrong = |rule: String| Failure::host(format!("{name}: {rule}"));
        let mut file = File::open(path).map_err(|error| wrong(error.to_string()))?;
        let mut header = [0; Request::LEN];
        file.read_exact(&mut header).map_err(|_| wrong("it is cut short".to_owned()))?;
        let header = RequestHeader::from_bytes(&header).map_err(wrong)?;
        if header.record_len as usize != Request::LEN || header.requests == RequestHeader::UNKNOWN {
            return Err(wrong("it is not a shard of 48-byte records with their number in its header".to_owned()));
        }
        Ok(Self { file, name, left: header.requests })
    }
}

impl Shard for ShardFile {
    fn next(&mut self, mut chunk: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        if self.left == 0 {
            return Ok(None);
        }
        let requests = self.left.min((CHUNK_BYTES / Request::LEN) as u64);
        chunk.resize(requests as usize * Request::LEN, 0);
        // The shard was complete when the job was made.
        let cut = |error| Failure::host(format!("{}: {error}", self.name));
        self.file.read_exact(&mut chunk).map_err(cut)?;
        self.left -= requests;
        Ok(Some(chunk))
    }
}

//! Shards as files of a folder: `1.req` or `1.csv`, …

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use contract::{Request, RequestHeader};
use failure::Failure;
use trace::writer::{TraceFormat, TraceWriter};

/// Requests in memory: of all shards together, and upper limit of one shard.
const BUFFER_REQUESTS: usize = (64 << 20) / Request::LEN;
const BATCH_REQUESTS: usize = 4096;

/// Receives the workers' shards.
pub trait Shards: Send {
    /// Sends the trace's next requests; `workers` has the worker, from 0, of each.
    ///
    /// # Errors
    /// If a shard can't be written.
    fn send(&mut self, requests: &[Request], workers: &[u32]) -> anyhow::Result<()>;
}

/// A folder of shards that are being written.
pub struct ShardFiles {
    shards: Vec<ShardFile>,
    batch: usize,
    records: bool,
    /// Its name in errors.
    trace: String,
}

struct ShardFile {
    path: PathBuf,
    /// Its name in errors.
    shown: PathBuf,
    requests: Vec<Request>,
    written: u64,
    writer: TraceWriter<Appending>,
}

impl ShardFiles {
    /// Starts the shards of `workers` in `folder`, as records or as CSV.
    ///
    /// # Errors
    /// If they can't be made.
    pub fn create(folder: &Path, workers: usize, records: bool) -> anyhow::Result<Self> {
        let (format, extension) = if records {
            (TraceFormat::Records { requests: RequestHeader::UNKNOWN }, "req")
        } else {
            (TraceFormat::FullCsv, "csv")
        };
        let shard = |number: usize| {
            let path = folder.join(format!("{number}.{extension}"));
            let writer =
                TraceWriter::new(Appending(path.clone()), format).with_context(|| path.display().to_string())?;
            Ok(ShardFile { shown: path.clone(), path, requests: Vec::new(), written: 0, writer })
        };
        let shards = (1..=workers).map(shard).collect::<anyhow::Result<_>>()?;
        Ok(Self {
            shards,
            batch: (BUFFER_REQUESTS / workers).clamp(1, BATCH_REQUESTS),
            records,
            trace: "the trace".to_owned(),
        })
    }

    /// Makes errors name the trace, and the shards as files of `folder`, into which they will be renamed.
    pub fn shown_as(mut self, folder: &Path, trace: &str) -> Self {
        trace.clone_into(&mut self.trace);
        for shard in &mut self.shards {
            shard.shown = folder.join(shard.path.file_name().unwrap_or_default());
        }
        self
    }

    /// Writes the rest from memory, and the number of records in the headers.
    ///
    /// # Errors
    /// If it can't be written.
    pub fn finish(mut self) -> anyhow::Result<()> {
        for shard in &mut self.shards {
            shard.append(&self.trace)?;
            shard.close(self.records).with_context(|| shard.shown.display().to_string())?;
        }
        Ok(())
    }
}

impl Shards for ShardFiles {
    fn send(&mut self, requests: &[Request], workers: &[u32]) -> anyhow::Result<()> {
        for (request, &worker) in requests.iter().zip(workers) {
            let shard = &mut self.shards[worker as usize];
            shard.requests.push(*request);
            if shard.requests.len() == self.batch {
                shard.append(&self.trace)?;
            }
        }
        Ok(())
    }
}

impl ShardFile {
    fn append(&mut self, trace: &str) -> anyhow::Result<()> {
        self.writer.write(&self.requests).map_err(|error| match error.downcast::<Failure>() {
            // The format can't represent a request.
            Ok(failure) => anyhow::Error::from(failure).context(trace.to_owned()),
            Err(error) => error.context(self.shown.display().to_string()),
        })?;
        self.written += self.requests.len() as u64;
        self.requests.clear();
        Ok(())
    }

    /// Syncs the file. If `header`, its header receives the number of requests.
    fn close(&self, header: bool) -> io::Result<()> {
        let mut file = File::options().write(true).open(&self.path)?;
        if header {
            file.write_all(&RequestHeader::new(self.written).to_bytes())?;
        }
        file.sync_all()
    }
}

/// A file that is open only while data is appended, because 1,000 shards are 1,000 files.
struct Appending(PathBuf);

impl Write for Appending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        File::options().append(true).create(true).open(&self.0)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

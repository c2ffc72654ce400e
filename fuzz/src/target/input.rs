//! The trace of a case, as a file and as a pipe, and the result of reading it.

use std::cell::RefCell;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use contract::Request;
use failure::Failure;
use random::demand::{Demands, ServiceDistribution};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use trace::reader::{ReadFlags, TraceReader, TraceSummary};

/// The sampler of demands.
pub(super) fn demands() -> Demands {
    Demands::new(1_000, ServiceDistribution::Exponential, 1)
}

/// The result of reading a trace.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) requests: Vec<Request>,
    pub(super) summary: TraceSummary,
    pub(super) remarks: Vec<String>,
}

/// The files of one thread: a case's trace, and a pipe.
pub(super) struct Input {
    folder: tempfile::TempDir,
}

thread_local! {
    static INPUT: RefCell<Option<Input>> = const { RefCell::new(None) };
    static OTHER: RefCell<Option<Input>> = const { RefCell::new(None) };
}

impl Input {
    /// Calls `work` with `trace` as input.
    pub(super) fn with<T>(trace: &[u8], work: impl FnOnce(&Input) -> Result<T, String>) -> Result<T, String> {
        INPUT.with_borrow_mut(|input| Self::filled(input, trace, work))
    }

    /// As [`Input::with`], within it.
    pub(super) fn with_other<T>(trace: &[u8], work: impl FnOnce(&Input) -> Result<T, String>) -> Result<T, String> {
        OTHER.with_borrow_mut(|input| Self::filled(input, trace, work))
    }

    fn filled<T>(
        input: &mut Option<Self>,
        trace: &[u8],
        work: impl FnOnce(&Input) -> Result<T, String>,
    ) -> Result<T, String> {
        let input = match input {
            Some(input) => input,
            None => input.insert(Self::new().map_err(|error| format!("no folder for cases: {error}"))?),
        };
        fs::write(input.file(), trace).map_err(|error| format!("the case can't be written: {error}"))?;
        work(input)
    }

    fn new() -> std::io::Result<Self> {
        let input = Self { folder: tempfile::tempdir()? };
        mknodat(CWD, input.pipe(), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
        Ok(input)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("case")
    }

    /// The name of the trace in errors.
    pub(super) fn name(&self) -> String {
        self.file().display().to_string()
    }

    pub(super) fn pipe(&self) -> String {
        self.folder.path().join("pipe").display().to_string()
    }

    /// Reads the trace from its file.
    pub(super) fn read(&self, flags: &ReadFlags) -> Result<Read, Failure> {
        read(&[&self.file()], flags)
    }

    /// Reads it as two files.
    pub(super) fn read_twice(&self, flags: &ReadFlags) -> Result<Read, Failure> {
        read(&[&self.file(), &self.file()], flags)
    }

    /// Reads it from a pipe that returns uneven chunks.
    pub(super) fn read_piped(&self, flags: &ReadFlags) -> Result<Read, Failure> {
        let (trace, pipe) = (fs::read(self.file())?, self.pipe());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut pipe = OpenOptions::new().write(true).open(&pipe)?;
                // The reader may stop early: then the pipe is closed.
                trace.chunks(4_099).try_for_each(|chunk| pipe.write_all(chunk))
            });
            read(&[Path::new(&pipe)], flags)
        })
    }
}

fn read(paths: &[&Path], flags: &ReadFlags) -> Result<Read, Failure> {
    let mut reader = TraceReader::open(paths, flags, demands())?;
    let mut requests = Vec::new();
    reader.read(|some, _| {
        requests.extend_from_slice(some);
        Ok::<(), Failure>(())
    })?;
    Ok(Read { requests, summary: reader.summary(), remarks: reader.remarks() })
}

/// Words for edits: separators, boundary values of numbers, beginnings of formats.
pub(super) const WORDS: &[&[u8]] = &[
    b",",
    b"\n",
    b"\r\n",
    b"\r",
    b"\"",
    b".",
    b"0",
    b"9",
    b"r",
    b"W",
    b" ",
    b"\t",
    b";",
    b"|",
    b"'",
    b"\\",
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b"null",
    b"\\u0000",
    b"-",
    b"+.5",
    b"5.",
    b"2.0",
    b"1e-05",
    b"e9",
    b"# origin_ns=7\n",
    b"; ",
    b"\0",
    b"\"\"",
    b"-1",
    b"+1",
    b"1e3",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\x1b[2J",
    b"\xe2\x80\xae",
    b"\xd8\x80",
    b"\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81",
    b"000000000000000000000000000000000000000000000000",
    b"0.00000000000000000000009",
    b"65536",
    b"4294967296",
    b"18446744073709551616",
    b"4611686018427387903",
    b"4611686018427387904",
    b"9999-12-31 23:59:60",
    b"1677-09-21 00:12:43",
    b"id",
    b"client",
    b"arrival_ns",
    b"arrival_s",
    b"service_ms",
    b"TIMESTAMP",
    b"app",
    b"0,0,r,1,1\n",
    b"1 1 1 1 1\n",
    b"QBOXREQ\n",
    b"QBOXREQ\n\x01\0\0\0\x30\0\0\0",
];

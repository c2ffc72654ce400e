//! Tests of reading: accepted and rejected traces, with the texts of errors.

mod agreement;
mod broken;
mod foreign;
mod native;
mod other_files;
mod parts;
mod records;

use std::io::{self, Read};
use std::path::Path;

use super::cut::BLOCK_SIZE;
use super::file::TraceFile;
use crate::input::Input;
use crate::location::Location;

use super::{ReadFlags, TraceReader, TraceSummary};
use contract::Request;
use failure::{At, Class, Failure};
use random::demand::{Demands, ServiceDistribution};

/// The result of reading a trace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) requests: Vec<Request>,
    pub(crate) remarks: Vec<String>,
    pub(crate) summary: TraceSummary,
}

/// Returns its bytes in chunks, as a pipe may.
struct Pipe(Vec<u8>, usize);

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // Larger ones of a long trace.
        let chunk = if self.0.len() > 100_000 { 4_001 } else { 5 };
        let len = into.len().min(chunk).min(self.0.len() - self.1);
        into[..len].copy_from_slice(&self.0[self.1..self.1 + len]);
        self.1 += len;
        Ok(len)
    }
}

/// Fails at once.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

pub(crate) fn demands() -> Demands {
    Demands::new(1_000, ServiceDistribution::Exponential, 1)
}

/// Opens `trace` as a file, or as a pipe.
pub(crate) fn open(trace: &[u8], flags: &ReadFlags, block_size: usize, is_piped: bool) -> Result<TraceReader, Failure> {
    open_input(Box::new(Pipe(trace.to_vec(), 0)), flags, block_size, is_piped)
}

fn open_input(
    bytes: Box<dyn Read + Send>,
    flags: &ReadFlags,
    block_size: usize,
    is_piped: bool,
) -> Result<TraceReader, Failure> {
    let location = Location::new(Path::new("t.csv"));
    let (input, options) = (Input::new(bytes, None, is_piped, &location)?, flags.options()?);
    let file = TraceFile::start(location, input, &options, block_size)?;
    TraceReader::of_files(vec![file], options, flags.given(), demands())
}

/// Reads in blocks of `block_size`, small ones on several threads.
fn read_in_blocks(trace: &[u8], flags: &ReadFlags, block_size: usize) -> Result<Outcome, Failure> {
    let threads = if block_size == BLOCK_SIZE { 1 } else { 3 };
    outcome(open(trace, flags, block_size, false)?, threads)
}

fn outcome(mut reader: TraceReader, threads: usize) -> Result<Outcome, Failure> {
    let mut requests = Vec::new();
    reader.read_with_threads(threads, |some, _| {
        assert!(!some.is_empty());
        requests.extend_from_slice(some);
        Ok::<_, Failure>(())
    })?;
    Ok(Outcome { requests, remarks: reader.remarks(), summary: reader.summary() })
}

/// Reads a trace; the result must not depend on the block size.
pub(crate) fn read_with(trace: impl AsRef<[u8]>, flags: &ReadFlags) -> Result<Outcome, Failure> {
    let read = |block_size| read_in_blocks(trace.as_ref(), flags, block_size);
    let outcome = read(BLOCK_SIZE);
    for block_size in [1, 7, 64, 1_000] {
        assert_eq!(read(block_size), outcome, "in blocks of {block_size}");
    }
    outcome
}

/// Reads a trace from a pipe.
fn read_piped(trace: impl AsRef<[u8]>, flags: &ReadFlags) -> Result<Outcome, Failure> {
    outcome(open(trace.as_ref(), flags, 64, true)?, 3)
}

pub(crate) fn read(trace: impl AsRef<[u8]>) -> Outcome {
    read_with(trace, &ReadFlags::default()).unwrap()
}

fn requests(trace: impl AsRef<[u8]>) -> Vec<Request> {
    read(trace).requests
}

/// The error text of a rejected trace.
pub(crate) fn refused(trace: impl AsRef<[u8]>) -> String {
    refused_with(trace, &ReadFlags::default())
}

/// The error that the trace `t.csv` breaks `rule`.
fn breaks(at: Option<At>, rule: &str) -> Failure {
    Failure::Trace { file: Some("t.csv".to_owned()), at, rule: rule.to_owned() }
}

pub(crate) fn refused_with(trace: impl AsRef<[u8]>, flags: &ReadFlags) -> String {
    let failure = read_with(trace, flags).unwrap_err();
    assert_eq!(failure.class(), Class::Trace, "{failure}");
    failure.to_string()
}

pub(crate) fn format(name: &str) -> ReadFlags {
    ReadFlags { trace_format: Some(name.to_owned()), ..ReadFlags::default() }
}

fn sort() -> ReadFlags {
    ReadFlags { sort: true, ..ReadFlags::default() }
}

fn origin(origin: &str) -> ReadFlags {
    ReadFlags { origin: Some(origin.to_owned()), ..ReadFlags::default() }
}

#[test]
fn flags_are_the_same_for_all_programs() {
    #[derive(clap::Parser)]
    #[command(about = "What it does")]
    struct Program {
        #[command(flatten)]
        read: ReadFlags,
    }
    let flags = <Program as clap::Parser>::parse_from(["program", "--trace-format", "mqsim", "--sort"]).read;
    assert_eq!((flags.trace_format.as_deref(), flags.sort, flags.skip_bad_rows), (Some("mqsim"), true, false));
    let help = <Program as clap::CommandFactory>::command().render_help().to_string();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.starts_with("What it does Usage"), "{help}");
    assert!(help.contains("records, csv, original, azure-functions-2021, azure-llm, mqsim"), "{help}");
}

#[test]
fn a_missing_trace_is_named_in_the_error() {
    let open = |path: &Path| TraceReader::open(&[path], &ReadFlags::default(), demands()).err().unwrap();
    let missing = open(Path::new("no/such.csv"));
    let whole =
        |file: &str, rule: &str| Failure::Trace { file: Some(file.to_owned()), at: None, rule: rule.to_owned() };
    assert_eq!(missing, whole("no/such.csv", "No such file or directory (os error 2)"));
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(open(folder.path()), whole(&folder.path().display().to_string(), "is a folder, not a trace"));
}

#[test]
fn a_file_is_read_and_its_length_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "arrival_ns\n0\n").unwrap();
    let mut reader = TraceReader::open(&[&path], &ReadFlags::default(), demands()).unwrap();
    assert_eq!((reader.format().as_str(), reader.has_blocks(), reader.has_service()), ("csv", false, false));
    let expected = [Request { service_ns: demands().sample(0), ..Request::default() }];
    let each = |requests: &[Request], bytes| {
        assert_eq!((requests, bytes), (&expected[..], 13));
        Ok::<_, Failure>(())
    };
    assert_eq!(reader.read(each), Ok(()));
    assert_eq!(reader.size(), Some(13));
}

#[test]
fn a_failing_input_is_named_in_the_error() {
    let location = Location::new(Path::new("-"));
    let input = Input::new(Box::new(Broken), None, false, &location);
    assert_eq!(input.err(), Some(Failure::host("stdin: the disk is gone")));
}

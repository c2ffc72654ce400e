//! Merges the runs of the temporary file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use contract::Request;
use failure::Failure;

use super::{Run, failed, key};

/// Largest read of one run \[requests\], about 1 MiB.
const READ_REQUESTS: usize = (1 << 20) / Request::LEN;

/// Runs that are being merged.
#[derive(Debug)]
pub(super) struct Merge {
    file: File,
    folder: PathBuf,
    runs: Vec<Reading>,
    /// The key of each run's next request, and the run's number. Of equal keys the earlier run is first: its requests
    /// were pushed before.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
}

/// A run that is being read.
#[derive(Debug)]
struct Reading {
    /// The part that is still in the file.
    rest: Run,
    /// Encoded requests.
    bytes: Vec<u8>,
    /// The start of the next one in `bytes`.
    at: usize,
}

impl Merge {
    /// Starts to merge `runs` of `file` in `memory` \[bytes\], at least a request for each run. `folder` is the folder of
    /// the file, for errors.
    ///
    /// # Errors
    /// If the file can't be read.
    pub(super) fn new(file: File, runs: &[Run], memory: usize, folder: PathBuf) -> Result<Self, Failure> {
        let most = (memory / Request::LEN / runs.len().max(1)).clamp(1, READ_REQUESTS);
        let mut readings = Vec::with_capacity(runs.len());
        let mut heads = Vec::with_capacity(runs.len());
        for (number, &rest) in runs.iter().enumerate() {
            let bytes = vec![0; read_len(rest, most)];
            let mut reading = Reading { rest, at: bytes.len(), bytes };
            let next = reading.next_key(&file).map_err(|error| failed(&folder, &error))?;
            heads.extend(next.map(|key| Reverse((key, number))));
            readings.push(reading);
        }
        Ok(Self { file, folder, runs: readings, heads: heads.into() })
    }

    /// Appends the next `at_most` requests to `batch`, or all that are left.
    ///
    /// # Errors
    /// If the file can't be read.
    pub(super) fn next(&mut self, batch: &mut Vec<Request>, at_most: usize) -> Result<(), Failure> {
        let Self { file, folder, runs, heads } = self;
        for _ in 0..at_most {
            let Some(mut head) = heads.peek_mut() else { return Ok(()) };
            let Reverse((_, number)) = *head;
            let run = &mut runs[number];
            batch.push(run.take());
            match run.next_key(file).map_err(|error| failed(folder, &error))? {
                Some(key) => *head = Reverse((key, number)),
                None => drop(PeekMut::pop(head)),
            }
        }
        Ok(())
    }
}

impl Reading {
    /// The next request, whose key is known.
    fn take(&mut self) -> Request {
        let request = Request::from_bytes(&self.bytes[self.at..]);
        self.at += Request::LEN;
        request
    }

    /// The key of the next request; None at the end of the run.
    fn next_key(&mut self, file: &File) -> io::Result<Option<u64>> {
        if self.at == self.bytes.len() {
            let Run { start, end } = self.rest;
            self.bytes.truncate(read_len(self.rest, self.bytes.len() / Request::LEN));
            file.read_exact_at(&mut self.bytes, start * Request::LEN as u64)?;
            self.rest = Run { start: start + (self.bytes.len() / Request::LEN) as u64, end };
            self.at = 0;
        }
        Ok((self.at < self.bytes.len()).then(|| key(&Request::from_bytes(&self.bytes[self.at..]))))
    }
}

/// The length of the next read of a run, of at most `most` requests \[bytes\].
fn read_len(rest: Run, most: usize) -> usize {
    usize::try_from(rest.end - rest.start).map_or(most, |len| len.min(most)) * Request::LEN
}

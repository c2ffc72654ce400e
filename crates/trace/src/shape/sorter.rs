//! Sorts requests by arrival in bounded memory, whatever their number: an external merge sort.
//!
//! Requests are held until the memory is full, sorted, and written as one *run* to a temporary file. At the end all
//! runs are merged. Requests that fit into the memory are never written.

mod merge;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use contract::Request;
use failure::Failure;

use merge::Merge;

/// The memory of a sort, unless there is a reason for another \[bytes\].
pub const MEMORY: usize = 256 << 20;

/// Memory of a request while its run is sorted: the request, and its entry in the order \[bytes\].
const REQUEST_BYTES: usize = Request::LEN + size_of::<u128>();

/// Requests that are encoded and written together.
const BATCH_REQUESTS: usize = 8_192;

/// Takes requests in any order.
#[derive(Debug)]
pub struct Sorter {
    /// The requests that are not in the file.
    held: Vec<Request>,
    /// The largest number of those.
    most: usize,
    memory: usize,
    /// The folder of the temporary file.
    folder: PathBuf,
    spilled: Option<Spilled>,
    len: u64,
}

/// The requests in the temporary file.
#[derive(Debug)]
struct Spilled {
    file: File,
    /// The runs, one after another; each in order.
    runs: Vec<Run>,
    /// Its length \[requests\].
    len: u64,
    /// The largest key of the last run.
    last: u64,
}

/// Consecutive requests of the temporary file, from `start` to before `end`, counted from 0.
#[derive(Debug, Clone, Copy)]
struct Run {
    start: u64,
    end: u64,
}

/// The requests in order: by arrival, and those of one arrival in the order in which they were pushed.
#[derive(Debug)]
pub struct Sorted {
    len: u64,
    requests: Requests,
}

#[derive(Debug)]
enum Requests {
    Held {
        requests: Vec<Request>,
        /// The order, unless the requests are in order themselves.
        order: Option<Vec<u128>>,
        /// The number of requests that were passed on.
        passed: usize,
    },
    Merged(Merge),
}

impl Sorter {
    /// A sorter that takes about `memory` \[bytes\], and for more requests a temporary file of 48 bytes each in the
    /// folder for such files (TMPDIR).
    ///
    /// The number of requests is limited by the disk alone. From n = memory²/2¹⁸ requests on (275 billion with
    /// [`MEMORY`]), a read of the merge is shorter than 4 KiB.
    pub fn new(memory: usize) -> Self {
        Self::in_folder(memory, std::env::temp_dir())
    }

    fn in_folder(memory: usize, folder: PathBuf) -> Self {
        let most = (memory / REQUEST_BYTES).max(1);
        Self { held: Vec::new(), most, memory, folder, spilled: None, len: 0 }
    }

    /// Adds `requests`.
    ///
    /// # Errors
    /// [`Failure::Host`], which names the folder, if the temporary file can't be made or written, for instance because the
    /// disk is full.
    pub fn push(&mut self, mut requests: &[Request]) -> Result<(), Failure> {
        self.len += requests.len() as u64;
        while !requests.is_empty() {
            if self.held.len() == self.most {
                self.spill()?;
            }
            let (now, later) = requests.split_at(requests.len().min(self.most - self.held.len()));
            self.reserve(now.len());
            self.held.extend_from_slice(now);
            requests = later;
        }
        Ok(())
    }

    /// The requests in order.
    ///
    /// # Errors
    /// As [`Sorter::push`], or if the temporary file can't be read.
    pub fn finish(mut self) -> Result<Sorted, Failure> {
        if self.spilled.is_some() {
            self.spill()?;
        }
        let Self { held, memory, folder, spilled, len, .. } = self;
        let requests = match spilled {
            None => Requests::Held { order: order(&held), requests: held, passed: 0 },
            Some(Spilled { file, runs, .. }) => {
                drop(held);
                Requests::Merged(Merge::new(file, &runs, memory, folder)?)
            }
        };
        Ok(Sorted { len, requests })
    }

    /// Makes room for `more` requests. The room doubles, but never passes the limit.
    fn reserve(&mut self, more: usize) {
        let needed = self.held.len() + more;
        if needed > self.held.capacity() {
            let room = needed.max(2 * self.held.capacity()).min(self.most);
            self.held.reserve_exact(room - self.held.len());
        }
    }

    /// Moves the held requests to the file, as a run.
    fn spill(&mut self) -> Result<(), Failure> {
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => {
                let file = tempfile::tempfile_in(&self.folder).map_err(|error| failed(&self.folder, &error))?;
                none.insert(Spilled { file, runs: Vec::new(), len: 0, last: 0 })
            }
        };
        spilled.append(&self.held).map_err(|error| failed(&self.folder, &error))?;
        self.held.clear();
        Ok(())
    }
}

impl Spilled {
    /// Appends `requests`, which are in any order.
    fn append(&mut self, requests: &[Request]) -> io::Result<()> {
        let order = order(requests);
        let at = |place: usize| in_order(requests, order.as_deref(), place);
        let (Some(first), Some(last)) = (requests.first().map(|_| at(0)), requests.len().checked_sub(1).map(at)) else {
            return Ok(());
        };
        let mut bytes = Vec::with_capacity(BATCH_REQUESTS * Request::LEN);
        for start in (0..requests.len()).step_by(BATCH_REQUESTS) {
            bytes.clear();
            let end = requests.len().min(start + BATCH_REQUESTS);
            (start..end).for_each(|place| bytes.extend_from_slice(&at(place).to_bytes()));
            self.file.write_all(&bytes)?;
        }
        let start = self.len;
        self.len += requests.len() as u64;
        match self.runs.last_mut() {
            // Of requests that come in order there is one run, which needs no merge.
            Some(run) if self.last <= key(first) => run.end = self.len,
            _ => self.runs.push(Run { start, end: self.len }),
        }
        self.last = key(last);
        Ok(())
    }
}

impl Sorted {
    /// The number of all requests.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Replaces `batch` by the next requests, at most `at_most` of them (at least 1); false after the last.
    ///
    /// # Errors
    /// [`Failure::Host`], which names the folder, if the temporary file can't be read.
    pub fn next(&mut self, batch: &mut Vec<Request>, at_most: usize) -> Result<bool, Failure> {
        batch.clear();
        match &mut self.requests {
            Requests::Held { requests, order, passed } => {
                let end = requests.len().min(passed.saturating_add(at_most));
                batch.extend((*passed..end).map(|place| in_order(requests, order.as_deref(), place)));
                *passed = end;
            }
            Requests::Merged(merge) => merge.next(batch, at_most)?,
        }
        Ok(!batch.is_empty())
    }
}

/// What requests are sorted by: their arrival, in the order of unsigned integers.
fn key(request: &Request) -> u64 {
    request.arrival_ns ^ (1 << 63)
}

/// The order of `requests`: the key of each, and its position in the lower half; None if they are in order.
fn order(requests: &[Request]) -> Option<Vec<u128>> {
    if requests.is_sorted_by_key(key) {
        return None;
    }
    let entry = |(position, request): (usize, &Request)| u128::from(key(request)) << 64 | position as u128;
    let mut order = Vec::with_capacity(requests.len());
    order.extend(requests.iter().enumerate().map(entry));
    // Every entry differs, so that this is stable; a stable sort would need memory of its own.
    order.sort_unstable();
    Some(order)
}

/// The request at `place` in the order.
#[inline]
fn in_order<'a>(requests: &'a [Request], order: Option<&[u128]>, place: usize) -> &'a Request {
    &requests[order.map_or(place, |order| order[place] as u64 as usize)]
}

/// The failure of the temporary file in `folder`.
fn failed(folder: &Path, error: &io::Error) -> Failure {
    let folder = failure::printable(folder.as_os_str().as_encoded_bytes(), 1000);
    Failure::host(format!(
        "{folder}: the temporary file of the sort: {error}; it takes 48 bytes a request; TMPDIR selects another folder"
    ))
}

#[cfg(test)]
mod tests;

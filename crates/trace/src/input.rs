//! The bytes of a trace: from a file or a pipe, decompressed, as UTF-8.

mod compression;
mod utf16;

use std::fs::File;
use std::io::{self, Cursor, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use failure::Failure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::location::Location;

pub(crate) use compression::Compression;

/// Bytes that are enough to recognise compression and encoding.
const START: usize = 8;

/// The input of one trace.
pub(crate) struct Input {
    pub(crate) bytes: Box<dyn Read + Send>,
    /// Its size as it is stored \[bytes\], if it is a file.
    pub(crate) size: Option<u64>,
    /// Whether it is not a regular file. If its writer stops early, the trace looks complete.
    pub(crate) is_piped: bool,
    /// Its compression, if it has one.
    pub(crate) compression: Option<Compression>,
    /// Bytes read so far, as they are stored.
    pub(crate) position: Position,
    /// Ends a read that waits for the writer of a pipe.
    pub(crate) stop: Option<Stop>,
}

/// The number of bytes read so far, which the reader counts.
#[derive(Clone, Default)]
pub(crate) struct Position(Arc<AtomicU64>);

impl Position {
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Input {
    /// The input at `path`, `-` for stdin.
    ///
    /// # Errors
    /// [`Failure::Trace`] if it can't be opened, is a folder, or is compressed in a way that is not read.
    pub(crate) fn open(path: &Path, location: &Location) -> Result<Self, Failure> {
        if path == Path::new("-") {
            let file = io::stdin().as_fd().try_clone_to_owned().map(File::from);
            let file = file.map_err(|error| Failure::host(format!("stdin: {error}")))?;
            let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
            return if is_file {
                Self::new(Box::new(file), None, false, location)
            } else {
                Self::piped(file, location)
            };
        }
        let file = File::open(path).map_err(|error| location.whole(&error.to_string()))?;
        let metadata = file.metadata().map_err(|error| location.whole(&error.to_string()))?;
        if metadata.is_dir() {
            return Err(location.whole("is a folder, not a trace"));
        }
        if metadata.is_file() {
            return Self::new(Box::new(file), Some(metadata.len()), false, location);
        }
        Self::piped(file, location)
    }

    fn piped(file: File, location: &Location) -> Result<Self, Failure> {
        let (stopped, stop) = io::pipe().map_err(|error| Failure::host(format!("a pipe: {error}")))?;
        let stop = Stop(Arc::new(Mutex::new(Some(stop))));
        let input = Self::new(Box::new(Pipe { file, stopped }), None, true, location)?;
        Ok(Self { stop: Some(stop), ..input })
    }

    /// The input whose stored bytes are `bytes`.
    ///
    /// # Errors
    /// As [`Input::open`].
    pub(crate) fn new(
        bytes: Box<dyn Read + Send>,
        size: Option<u64>,
        is_piped: bool,
        location: &Location,
    ) -> Result<Self, Failure> {
        let position = Position::default();
        let counted = Counted { bytes, position: position.clone() };
        let failed = |error: io::Error| location.reading(&error);
        let (start, bytes) = peeked(counted).map_err(failed)?;
        compression::refuse_others(&start).map_err(|rule| location.whole(&rule))?;
        let compression = Compression::of(&start);
        let (start, bytes) = match compression {
            None => (start, Box::new(bytes) as Box<dyn Read + Send>),
            Some(compression) => peeked(compression.reader(bytes)).map_err(failed).map(|(start, bytes)| {
                let bytes: Box<dyn Read + Send> = Box::new(bytes);
                (start, bytes)
            })?,
        };
        let bytes = match utf16::Endian::of(&start) {
            None => bytes,
            Some(endian) => Box::new(utf16::Utf8::new(bytes, endian)),
        };
        Ok(Self { bytes, size, is_piped, compression, position, stop: None })
    }
}

/// What was read ahead, and the rest.
type Peeked<R> = io::Chain<Cursor<Vec<u8>>, R>;

/// The first bytes of `bytes`, and all of them.
fn peeked<R: Read>(mut bytes: R) -> io::Result<(Vec<u8>, Peeked<R>)> {
    let mut start = vec![0; START];
    let mut len = 0;
    while len < START {
        match bytes.read(&mut start[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    start.truncate(len);
    Ok((start.clone(), Cursor::new(start).chain(bytes)))
}

/// Counts what is read.
struct Counted<R> {
    bytes: R,
    position: Position,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(into)?;
        self.position.0.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Stops a pipe, when nothing that may come from it is of use.
#[derive(Clone)]
pub(crate) struct Stop(Arc<Mutex<Option<PipeWriter>>>);

impl Stop {
    fn now(&self) {
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

/// Stops a pipe when it is dropped: at the end of a thread, also by a panic, so that no other waits for the writer.
pub(crate) struct StopAtEnd(pub(crate) Stop);

impl Drop for StopAtEnd {
    fn drop(&mut self) {
        self.0.now();
    }
}

/// A pipe. A read waits for the first byte alone, so that a row of a live trace is processed when it is written, and
/// takes as much as is there, so that a fast one is read in large blocks.
struct Pipe {
    file: File,
    /// At its end when the pipe is stopped.
    stopped: PipeReader,
}

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.waits_for_nothing() {
            return Ok(0);
        }
        let mut len = self.file.read(into)?;
        while len > 0 && len < into.len() && self.is_ready() {
            match self.file.read(&mut into[len..]) {
                Ok(0) => break,
                Ok(read) => len += read,
                // It is reported when nothing but the error is left to return.
                Err(_) => break,
            }
        }
        Ok(len)
    }
}

impl Pipe {
    /// Waits until there is something to read; true if the pipe is stopped.
    fn waits_for_nothing(&self) -> bool {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN), PollFd::new(&self.stopped, PollFlags::IN)];
        while let Err(rustix::io::Errno::INTR) = poll(&mut fds, None) {}
        !fds[1].revents().is_empty()
    }

    fn is_ready(&self) -> bool {
        let mut fds = [PollFd::new(&self.file, PollFlags::IN)];
        let ready = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        ready.is_ok_and(|ready| ready > 0) && fds[0].revents().contains(PollFlags::IN)
    }
}

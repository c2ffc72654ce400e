//! Descriptors, and their functions other than reading and writing. An invalid descriptor and a standard stream are
//! handled here; wasmtime-wasi gets only calls on files, which no simulator has. It copies or checks the memory that
//! arguments point at, sometimes before it checks the descriptor, and its runtime has threads.

use std::convert::identity;

use wasmtime::{Caller, Linker};
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as theirs, WasiSnapshotPreview1 as _};
use wasmtime_wasi::runtime::in_tokio;
use wiggle::GuestMemory;

use super::{Guest, Result, WASI, answer, delegate, errno, put, worked};
use crate::limits;

/// A standard stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standard {
    Input,
    Output,
    Error,
}

/// The standard stream of each descriptor, None after it was closed.
pub(crate) struct StdStreams {
    at: [(Standard, Option<u32>); 3],
    /// Whether other descriptors may be files. wasmtime-wasi manages those, and then these three as well, so that both
    /// agree on free numbers.
    files: bool,
}

impl StdStreams {
    /// For a simulator, which has no files.
    pub(crate) fn new() -> Self {
        Self { at: [(Standard::Input, Some(0)), (Standard::Output, Some(1)), (Standard::Error, Some(2))], files: false }
    }

    /// For a command, which may have files.
    #[cfg(feature = "testing")]
    pub(crate) fn beside_files() -> Self {
        Self { files: true, ..Self::new() }
    }

    /// The standard stream of `descriptor`, None if it may be a file; otherwise the error number.
    pub(super) fn find(&self, descriptor: u32) -> std::result::Result<Option<Standard>, u32> {
        match self.at.iter().find(|(_, at)| *at == Some(descriptor)) {
            None if !self.files => Err(errno::BADF),
            found => Ok(found.map(|(stream, _)| *stream)),
        }
    }

    fn close(&mut self, descriptor: u32) {
        self.at.iter_mut().filter(|(_, at)| *at == Some(descriptor)).for_each(|(_, at)| *at = None);
    }

    fn renumber(&mut self, from: u32, to: u32) {
        if from != to {
            self.close(to);
            self.at.iter_mut().filter(|(_, at)| *at == Some(from)).for_each(|(_, at)| *at = Some(to));
        }
    }
}

impl Guest {
    /// Whether `descriptor` can be written to, or read from.
    pub(super) fn is_open(&mut self, descriptor: u32, to_write: bool) -> bool {
        match self.streams.find(descriptor) {
            Ok(Some(stream)) => (stream != Standard::Input) == to_write,
            Ok(None) => {
                let no_memory = &mut GuestMemory::Unshared(&mut []);
                in_tokio(self.wasi.fd_fdstat_get(no_memory, descriptor.into())).is_ok()
            }
            Err(_) => false,
        }
    }
}

/// Adds functions that return an error number for a standard stream, and delegate a file to wasmtime-wasi, in its
/// runtime or without.
macro_rules! add {
    ($linker:ident: $($name:ident($($argument:ident: $kind:ty),+) of $fd:ident => $stream:ident, $run:ident;)+) => {$(
        $linker.func_wrap(
            WASI,
            stringify!($name),
            |mut caller: Caller<'_, Guest>, $($argument: $kind),+| -> Result<u32> {
                match caller.data().streams.find($fd as u32) {
                    Ok(None) => delegate(&mut caller, |wasi, memory| $run(theirs::$name(wasi, memory, $($argument),+))),
                    Ok(Some(_)) => worked(&mut caller, limits::CALL_BYTES).map(|()| errno::$stream),
                    Err(error) => worked(&mut caller, limits::CALL_BYTES).map(|()| error),
                }
            },
        )?;
    )+};
}

pub(super) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    add! { linker:
        fd_advise(fd: i32, offset: i64, len: i64, advice: i32) of fd => BADF, in_tokio;
        fd_allocate(fd: i32, offset: i64, len: i64) of fd => BADF, identity;
        fd_datasync(fd: i32) of fd => BADF, in_tokio;
        fd_fdstat_set_flags(fd: i32, flags: i32) of fd => BADF, identity;
        fd_fdstat_set_rights(fd: i32, base: i64, inheriting: i64) of fd => BADF, identity;
        fd_filestat_set_size(fd: i32, size: i64) of fd => BADF, in_tokio;
        fd_filestat_set_times(fd: i32, accessed: i64, modified: i64, flags: i32) of fd => BADF, in_tokio;
        fd_pread(fd: i32, iovecs: i32, count: i32, offset: i64, read: i32) of fd => SPIPE, in_tokio;
        fd_prestat_dir_name(fd: i32, path: i32, len: i32) of fd => BADF, identity;
        fd_prestat_get(fd: i32, to: i32) of fd => BADF, identity;
        fd_pwrite(fd: i32, iovecs: i32, count: i32, offset: i64, written: i32) of fd => SPIPE, in_tokio;
        fd_readdir(fd: i32, to: i32, len: i32, cookie: i64, used: i32) of fd => BADF, in_tokio;
        fd_seek(fd: i32, offset: i64, whence: i32, to: i32) of fd => SPIPE, in_tokio;
        fd_sync(fd: i32) of fd => BADF, in_tokio;
        fd_tell(fd: i32, to: i32) of fd => SPIPE, identity;
        path_create_directory(fd: i32, path: i32, len: i32) of fd => BADF, in_tokio;
        path_filestat_get(fd: i32, flags: i32, path: i32, len: i32, to: i32) of fd => BADF, in_tokio;
        path_filestat_set_times(fd: i32, follow: i32, path: i32, len: i32, accessed: i64, modified: i64, flags: i32) of fd
            => BADF, in_tokio;
        path_link(fd: i32, flags: i32, from: i32, from_len: i32, to_fd: i32, to: i32, to_len: i32) of fd => BADF, in_tokio;
        path_open(fd: i32, follow: i32, path: i32, len: i32, flags: i32, base: i64, inheriting: i64, fd_flags: i32, to: i32) of fd
            => BADF, in_tokio;
        path_readlink(fd: i32, path: i32, len: i32, to: i32, to_len: i32, used: i32) of fd => BADF, in_tokio;
        path_remove_directory(fd: i32, path: i32, len: i32) of fd => BADF, in_tokio;
        path_rename(fd: i32, from: i32, from_len: i32, to_fd: i32, to: i32, to_len: i32) of fd => BADF, in_tokio;
        path_symlink(target: i32, target_len: i32, fd: i32, path: i32, len: i32) of fd => BADF, in_tokio;
        path_unlink_file(fd: i32, path: i32, len: i32) of fd => BADF, in_tokio;
        sock_accept(fd: i32, flags: i32, to: i32) of fd => NOTSOCK, identity;
        sock_recv(fd: i32, iovecs: i32, count: i32, flags: i32, read: i32, out_flags: i32) of fd => NOTSOCK, identity;
        sock_send(fd: i32, iovecs: i32, count: i32, flags: i32, written: i32) of fd => NOTSOCK, identity;
        sock_shutdown(fd: i32, how: i32) of fd => NOTSOCK, identity;
    }
    linker.func_wrap(WASI, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(WASI, "fd_filestat_get", fd_filestat_get)?;
    linker.func_wrap(WASI, "fd_close", fd_close)?;
    linker.func_wrap(WASI, "fd_renumber", fd_renumber)?;
    Ok(())
}

/// For a stream: unknown type, and the right to read or to write.
fn fd_fdstat_get(mut caller: Caller<'_, Guest>, fd: u32, to: u32) -> Result<u32> {
    const READ: u64 = 1 << 1;
    const WRITE: u64 = 1 << 6;
    let right = match caller.data().streams.find(fd) {
        Ok(None) => {
            return delegate(&mut caller, |wasi, memory| {
                in_tokio(theirs::fd_fdstat_get(wasi, memory, fd as i32, to as i32))
            });
        }
        Ok(Some(Standard::Input)) => Ok(READ),
        Ok(Some(_)) => Ok(WRITE),
        Err(error) => Err(error),
    };
    answer(&mut caller, |memory, _| {
        let right = right?.to_le_bytes();
        put(memory, to, [[0; 8], right, right].as_flattened())
    })
}

/// For a stream: unknown type, and zeros.
fn fd_filestat_get(mut caller: Caller<'_, Guest>, fd: u32, to: u32) -> Result<u32> {
    const FILESTAT: usize = 64;
    match caller.data().streams.find(fd) {
        Ok(None) => {
            delegate(&mut caller, |wasi, memory| in_tokio(theirs::fd_filestat_get(wasi, memory, fd as i32, to as i32)))
        }
        found => answer(&mut caller, |memory, _| found.and_then(|_| put(memory, to, &[0; FILESTAT]))),
    }
}

fn fd_close(mut caller: Caller<'_, Guest>, fd: u32) -> Result<u32> {
    let answer = if caller.data().streams.files {
        delegate(&mut caller, |wasi, memory| in_tokio(theirs::fd_close(wasi, memory, fd as i32)))?
    } else {
        answer(&mut caller, |_, guest| guest.streams.find(fd).map(drop))?
    };
    if answer == errno::SUCCESS {
        caller.data_mut().streams.close(fd);
    }
    Ok(answer)
}

fn fd_renumber(mut caller: Caller<'_, Guest>, from: u32, to: u32) -> Result<u32> {
    let answer = if caller.data().streams.files {
        delegate(&mut caller, |wasi, memory| in_tokio(theirs::fd_renumber(wasi, memory, from as i32, to as i32)))?
    } else {
        answer(&mut caller, |_, guest| guest.streams.find(from).and(guest.streams.find(to)).map(drop))?
    };
    if answer == errno::SUCCESS {
        caller.data_mut().streams.renumber(from, to);
    }
    Ok(answer)
}

/// Reads from a file.
pub(super) fn file_read(caller: &mut Caller<'_, Guest>, arguments: [u32; 4]) -> Result<u32> {
    let [fd, iovecs, count, read] = arguments.map(|number| number as i32);
    delegate(caller, |wasi, memory| in_tokio(theirs::fd_read(wasi, memory, fd, iovecs, count, read)))
}

/// Writes to a file.
pub(super) fn file_write(caller: &mut Caller<'_, Guest>, arguments: [u32; 4]) -> Result<u32> {
    let [fd, iovecs, count, written] = arguments.map(|number| number as i32);
    delegate(caller, |wasi, memory| in_tokio(theirs::fd_write(wasi, memory, fd, iovecs, count, written)))
}

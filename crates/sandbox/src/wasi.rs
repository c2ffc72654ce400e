//! The functions of WASI preview 1 that a module may import. Each counts as work against the limit of CPU time.
//!
//! The standard streams are implemented here: through wasmtime-wasi they cost more than the simulation. Time is virtual
//! and randomness is a stream of SEED and WORKER, so that a simulator can't distinguish one run from the next.
//! wasmtime-wasi handles arguments and environment, and files, which only the commands of `command.rs` have
//! (`wasi/descriptors.rs`).

use failure::{Failure, Limit};
use random::streams::Stream;
use wasmtime::{AsContextMut as _, Caller, Extern, Linker, Memory};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p1::wasi_snapshot_preview1::{self as theirs, WasiSnapshotPreview1};
use wiggle::GuestMemory;

use crate::error_text::ErrorText;
use crate::ledger::Ledger;
use crate::limits;
use crate::meter::{Memories, Time};
use crate::streams::{Input, Output};

mod descriptors;

pub(crate) use descriptors::StdStreams;
use descriptors::{Standard, file_read, file_write};

/// The state that one simulator's functions work on.
pub(crate) struct Guest {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) memories: Memories,
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) error_text: ErrorText,
    pub(crate) ledger: Ledger,
    pub(crate) random: Stream,
    pub(crate) clock_ns: u64,
    pub(crate) time: Time,
    pub(crate) streams: StdStreams,
}

/// The end of a simulator by `proc_exit`.
#[derive(Debug, thiserror::Error)]
#[error("exit code {0}")]
pub(crate) struct Exit(pub(crate) u32);

type Result<T> = std::result::Result<T, wasmtime::Error>;

/// Error numbers of WASI.
mod errno {
    pub(super) const SUCCESS: u32 = 0;
    pub(super) const BADF: u32 = 8;
    pub(super) const FAULT: u32 = 21;
    pub(super) const INVAL: u32 = 28;
    pub(super) const NOTSOCK: u32 = 57;
    pub(super) const SPIPE: u32 = 70;
}

/// The result of a function, or the error number that the simulator gets instead.
type Answer = std::result::Result<(), u32>;

const WASI: &str = "wasi_snapshot_preview1";
/// Clocks 0 to 3 are the same clock.
const CLOCKS: u32 = 4;

/// Adds all of WASI preview 1 to `linker`. wasmtime-wasi's own linker is not used: its functions are not metered, and
/// some copy the simulator's arguments before they check the descriptor.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    descriptors::add_to_linker(linker)?;
    linker.func_wrap(WASI, "fd_read", fd_read)?;
    linker.func_wrap(WASI, "fd_write", fd_write)?;
    linker.func_wrap(WASI, "clock_time_get", |mut caller: Caller<'_, Guest>, clock: u32, _: u64, time: u32| {
        // Each reading advances the clock, so that a simulator that waits for time to pass makes progress.
        let guest = caller.data_mut();
        guest.clock_ns = guest.clock_ns.saturating_add(1);
        let now = caller.data().clock_ns;
        answer(
            &mut caller,
            |memory, _| if clock < CLOCKS { put(memory, time, &now.to_le_bytes()) } else { Err(errno::INVAL) },
        )
    })?;
    linker.func_wrap(WASI, "clock_res_get", |mut caller: Caller<'_, Guest>, clock: u32, resolution: u32| {
        answer(&mut caller, |memory, _| {
            if clock < CLOCKS { put(memory, resolution, &1u64.to_le_bytes()) } else { Err(errno::INVAL) }
        })
    })?;
    linker.func_wrap(WASI, "random_get", random_get)?;
    linker.func_wrap(WASI, "poll_oneoff", poll_oneoff)?;
    linker.func_wrap(WASI, "proc_exit", |code: u32| -> Result<()> { Err(Exit(code).into()) })?;
    linker.func_wrap(WASI, "proc_raise", |mut caller: Caller<'_, Guest>, signal: i32| {
        delegate(&mut caller, |wasi, memory| theirs::proc_raise(wasi, memory, signal))
    })?;
    linker
        .func_wrap(WASI, "sched_yield", |mut caller: Caller<'_, Guest>| delegate(&mut caller, theirs::sched_yield))?;
    linker.func_wrap(WASI, "args_sizes_get", |mut caller: Caller<'_, Guest>, number: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::args_sizes_get)?;
        delegate(&mut caller, |wasi, memory| theirs::args_sizes_get(wasi, memory, number, bytes))
    })?;
    linker.func_wrap(WASI, "args_get", |mut caller: Caller<'_, Guest>, at: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::args_sizes_get)?;
        delegate(&mut caller, |wasi, memory| theirs::args_get(wasi, memory, at, bytes))
    })?;
    linker.func_wrap(WASI, "environ_sizes_get", |mut caller: Caller<'_, Guest>, number: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::environ_sizes_get)?;
        delegate(&mut caller, |wasi, memory| theirs::environ_sizes_get(wasi, memory, number, bytes))
    })?;
    linker.func_wrap(WASI, "environ_get", |mut caller: Caller<'_, Guest>, at: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::environ_sizes_get)?;
        delegate(&mut caller, |wasi, memory| theirs::environ_get(wasi, memory, at, bytes))
    })?;
    Ok(())
}

fn fd_read(mut caller: Caller<'_, Guest>, fd: u32, iovecs: u32, count: u32, read: u32) -> Result<u32> {
    worked(&mut caller, vectors(count))?;
    match caller.data().streams.find(fd) {
        Ok(Some(Standard::Input)) => {}
        Ok(Some(_)) => return Ok(errno::BADF),
        Ok(None) => return file_read(&mut caller, [fd, iovecs, count, read]),
        Err(error) => return Ok(error),
    }
    if count > limits::VECTORS {
        return Ok(errno::INVAL);
    }
    let memory = memory(&mut caller)?;
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let mut total = 0;
    for number in 0..count {
        let Some((at, len)) = iovec(memory, iovecs, number) else { return Ok(errno::FAULT) };
        // Iovecs may overlap, but the number of bytes read must fit into 32 bits.
        let len = len.min(u32::MAX as usize - total);
        let Some(buffer) = memory.get_mut(at..at + len) else { return Ok(errno::FAULT) };
        let filled = guest.input.read(buffer, &mut guest.ledger)?;
        total += filled;
        if filled < len {
            break;
        }
    }
    guest.time.work(total, &guest.ledger)?;
    Ok(put(memory, read, &(total as u32).to_le_bytes()).err().unwrap_or(errno::SUCCESS))
}

fn fd_write(mut caller: Caller<'_, Guest>, fd: u32, iovecs: u32, count: u32, written: u32) -> Result<u32> {
    worked(&mut caller, vectors(count))?;
    let stream = match caller.data().streams.find(fd) {
        Ok(Some(Standard::Input)) => return Ok(errno::BADF),
        Ok(Some(stream)) => stream,
        Ok(None) => return file_write(&mut caller, [fd, iovecs, count, written]),
        Err(error) => return Ok(error),
    };
    if count > limits::VECTORS {
        return Ok(errno::INVAL);
    }
    let memory = memory(&mut caller)?;
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let mut total = 0;
    for number in 0..count {
        let Some((at, len)) = iovec(memory, iovecs, number) else { return Ok(errno::FAULT) };
        let Some(bytes) = memory.get(at..at + len) else { return Ok(errno::FAULT) };
        match stream {
            Standard::Output => guest.output.write(bytes, &mut guest.ledger)?,
            _ => guest.error_text.write(bytes)?,
        }
        total += len;
    }
    guest.time.work(total, &guest.ledger)?;
    Ok(put(memory, written, &(total as u32).to_le_bytes()).err().unwrap_or(errno::SUCCESS))
}

fn random_get(mut caller: Caller<'_, Guest>, at: u32, len: u32) -> Result<u32> {
    let (at, len) = (at as usize, len as usize);
    if len > limits::RANDOM_BYTES {
        let mebibytes = limits::RANDOM_BYTES as u64 / limits::MIB;
        return Err(
            Failure::limit(Limit::RandomBytes, format!("one call asked for {len}, more than {mebibytes} MiB")).into()
        );
    }
    answer(&mut caller, |memory, guest| {
        let bytes = memory.get_mut(at..at + len).ok_or(errno::FAULT)?;
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&guest.random.bits().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    })
    .and_then(|answer| worked(&mut caller, len).map(|()| answer))
}

/// No call waits: streams and files are always ready, and a sleep only advances the clock.
fn poll_oneoff(mut caller: Caller<'_, Guest>, subscriptions: u32, events: u32, count: u32, ready: u32) -> Result<u32> {
    const SUBSCRIPTION: usize = 48;
    const EVENT: usize = 32;
    const ABSOLUTE: u16 = 1;
    const CLOCK: u8 = 0;
    const WRITE: u8 = 2;
    answer(&mut caller, |memory, guest| {
        let (from, to) = (subscriptions as usize, events as usize);
        let count = count as usize;
        if !(1..=limits::EVENTS).contains(&count) {
            return Err(errno::INVAL);
        }
        let asked = memory.get(from..from + count * SUBSCRIPTION).ok_or(errno::FAULT)?;
        memory.get(to..to + count * EVENT).ok_or(errno::FAULT)?;
        let u64_at = |record: &[u8], at: usize| u64::from_le_bytes(record[at..at + 8].try_into().unwrap_or_default());
        let clock_ns = guest.clock_ns;
        let due = |record: &[u8]| {
            let absolute = u16::from_le_bytes([record[40], record[41]]) & ABSOLUTE != 0;
            if absolute { u64_at(record, 24) } else { clock_ns.saturating_add(u64_at(record, 24)) }
        };
        let kind = |record: &[u8]| record[8];
        // The clock or the descriptor.
        let what = |record: &[u8]| u32::from_le_bytes(record[16..20].try_into().unwrap_or_default());
        let records = || asked.chunks_exact(SUBSCRIPTION);
        if records().any(|record| kind(record) > WRITE || kind(record) == CLOCK && what(record) >= CLOCKS) {
            return Err(errno::INVAL);
        }
        // With a stream among the subscriptions no time passes; otherwise the clock advances to the earliest one.
        let until = if records().any(|record| kind(record) != CLOCK) { None } else { records().map(due).min() };
        let now = until.map_or(clock_ns, |until| until.max(clock_ns));
        let mut out = Vec::new();
        for record in records().filter(|record| kind(record) != CLOCK || due(record) <= now) {
            let mut event = [0; EVENT];
            event[..8].copy_from_slice(&record[..8]);
            event[10] = kind(record);
            if kind(record) != CLOCK {
                match guest.is_open(what(record), kind(record) == WRITE) {
                    // The number of bytes that can be read is not known in advance.
                    true => event[16] = 1,
                    false => event[8] = errno::BADF as u8,
                }
            }
            out.extend_from_slice(&event);
        }
        guest.clock_ns = now;
        put(memory, events, &out)?;
        put(memory, ready, &((out.len() / EVENT) as u32).to_le_bytes())
    })
    // Checking a subscription takes longer than filling its bytes.
    .and_then(|answer| worked(&mut caller, count as usize * 16 * SUBSCRIPTION).map(|()| answer))
}

/// Counts the work of a call: `bytes`, or the number of bytes that are copied in the same time.
fn worked(caller: &mut Caller<'_, Guest>, bytes: usize) -> Result<()> {
    let guest = caller.data_mut();
    Ok(guest.time.work(bytes, &guest.ledger)?)
}

/// The work of a call with `count` iovecs, whatever their lengths.
fn vectors(count: u32) -> usize {
    limits::CALL_BYTES + count.min(limits::VECTORS) as usize * limits::IOVEC_BYTES
}

/// Counts the work of wasmtime-wasi on the arguments or the environment, of these `sizes`: each call copies all of
/// them.
fn given<E>(
    caller: &mut Caller<'_, Guest>,
    sizes: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> std::result::Result<(u32, u32), E>,
) -> Result<()> {
    let (number, bytes) = sizes(&mut caller.data_mut().wasi, &mut GuestMemory::Unshared(&mut [])).unwrap_or_default();
    worked(caller, number as usize * limits::CALL_BYTES + bytes as usize)
}

/// The result of a function of wasmtime-wasi. Its linker has no functions that accept this store; the public functions,
/// of which the linker's are made, do.
fn delegate(
    caller: &mut Caller<'_, Guest>,
    call: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> Result<i32>,
) -> Result<u32> {
    worked(caller, limits::CALL_BYTES)?;
    let most_copied = caller.as_context_mut().hostcall_fuel();
    let memory = memory(caller)?;
    let (memory, guest) = memory.data_and_store_mut(caller);
    guest.wasi.set_hostcall_fuel(most_copied);
    call(&mut guest.wasi, &mut GuestMemory::Unshared(memory)).map(|answer| answer as u32)
}

fn memory(caller: &mut Caller<'_, Guest>) -> Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        // The module's exports were checked before.
        _ => Err(Failure::module("it exports no memory").into()),
    }
}

fn answer(caller: &mut Caller<'_, Guest>, work: impl FnOnce(&mut [u8], &mut Guest) -> Answer) -> Result<u32> {
    worked(caller, limits::CALL_BYTES)?;
    let memory = memory(caller)?;
    let (memory, guest) = memory.data_and_store_mut(caller);
    Ok(work(memory, guest).err().unwrap_or(errno::SUCCESS))
}

/// Iovec number `number` at `iovecs`, as address and length.
fn iovec(memory: &[u8], iovecs: u32, number: u32) -> Option<(usize, usize)> {
    let at = iovecs as usize + number as usize * 8;
    let (address, len) = (memory.get(at..at + 4)?, memory.get(at + 4..at + 8)?);
    let number = |bytes: &[u8]| bytes.try_into().map(u32::from_le_bytes).unwrap_or_default() as usize;
    Some((number(address), number(len)))
}

fn put(memory: &mut [u8], at: u32, bytes: &[u8]) -> Answer {
    let at = at as usize;
    memory.get_mut(at..at + bytes.len()).ok_or(errno::FAULT)?.copy_from_slice(bytes);
    Ok(())
}

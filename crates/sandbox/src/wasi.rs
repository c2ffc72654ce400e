//! The functions of WASI preview 1 that a module may import, each of which counts as work against the limit of CPU time.
//!
//! The standard streams are the host's own: through wasmtime-wasi they cost more than the simulation. Time is virtual and
//! randomness is a stream of SEED and WORKER, so that a simulator can't tell one run from the next. wasmtime-wasi answers for
//! arguments and environment, and for files, which only the commands of `command.rs` have (`wasi/descriptors.rs`).

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

pub(crate) use descriptors::Streams;
use descriptors::{Standard, file_read, file_write};

/// What one simulator's functions work on.
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
    pub(crate) streams: Streams,
}

/// How a simulator ends that calls `proc_exit`.
#[derive(Debug, thiserror::Error)]
#[error("exit code {0}")]
pub(crate) struct Exit(pub(crate) u32);

type Result<T> = std::result::Result<T, wasmtime::Error>;

/// WASI's numbers for errors.
mod errno {
    pub(super) const SUCCESS: u32 = 0;
    pub(super) const BADF: u32 = 8;
    pub(super) const FAULT: u32 = 21;
    pub(super) const INVAL: u32 = 28;
    pub(super) const NOTSOCK: u32 = 57;
    pub(super) const SPIPE: u32 = 70;
}

/// An answer to the simulator, or the error number that it gets instead.
type Answer = std::result::Result<(), u32>;

const WASI: &str = "wasi_snapshot_preview1";
/// Clocks 0 to 3 are one.
const CLOCKS: u32 = 4;

/// Adds all of WASI preview 1 to `linker`. Nothing is taken from wasmtime-wasi's own linker: its functions are not metered, and
/// some copy what the simulator names before they look at the descriptor.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    descriptors::add_to_linker(linker)?;
    linker.func_wrap(WASI, "fd_read", fd_read)?;
    linker.func_wrap(WASI, "fd_write", fd_write)?;
    linker.func_wrap(WASI, "clock_time_get", |mut caller: Caller<'_, Guest>, clock: u32, _: u64, time: u32| {
        // Reading it advances it, so that a simulator which waits for time to pass gets on.
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
        pass_on(&mut caller, |wasi, memory| theirs::proc_raise(wasi, memory, signal))
    })?;
    linker.func_wrap(WASI, "sched_yield", |mut caller: Caller<'_, Guest>| pass_on(&mut caller, theirs::sched_yield))?;
    linker.func_wrap(WASI, "args_sizes_get", |mut caller: Caller<'_, Guest>, number: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::args_sizes_get)?;
        pass_on(&mut caller, |wasi, memory| theirs::args_sizes_get(wasi, memory, number, bytes))
    })?;
    linker.func_wrap(WASI, "args_get", |mut caller: Caller<'_, Guest>, at: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::args_sizes_get)?;
        pass_on(&mut caller, |wasi, memory| theirs::args_get(wasi, memory, at, bytes))
    })?;
    linker.func_wrap(WASI, "environ_sizes_get", |mut caller: Caller<'_, Guest>, number: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::environ_sizes_get)?;
        pass_on(&mut caller, |wasi, memory| theirs::environ_sizes_get(wasi, memory, number, bytes))
    })?;
    linker.func_wrap(WASI, "environ_get", |mut caller: Caller<'_, Guest>, at: i32, bytes: i32| {
        given(&mut caller, WasiSnapshotPreview1::environ_sizes_get)?;
        pass_on(&mut caller, |wasi, memory| theirs::environ_get(wasi, memory, at, bytes))
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
        // Vectors may overlap, but what is read must fit into 32 bits.
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

/// Nothing ever waits here: streams and files are always ready, and a sleep only advances the clock.
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
        // Which clock or descriptor.
        let what = |record: &[u8]| u32::from_le_bytes(record[16..20].try_into().unwrap_or_default());
        let records = || asked.chunks_exact(SUBSCRIPTION);
        if records().any(|record| kind(record) > WRITE || kind(record) == CLOCK && what(record) >= CLOCKS) {
            return Err(errno::INVAL);
        }
        // With a stream among them no time passes; else the earliest clock is waited for.
        let until = if records().any(|record| kind(record) != CLOCK) { None } else { records().map(due).min() };
        let now = until.map_or(clock_ns, |until| until.max(clock_ns));
        let mut out = Vec::new();
        for record in records().filter(|record| kind(record) != CLOCK || due(record) <= now) {
            let mut event = [0; EVENT];
            event[..8].copy_from_slice(&record[..8]);
            event[10] = kind(record);
            if kind(record) != CLOCK {
                match guest.is_open(what(record), kind(record) == WRITE) {
                    // How many bytes can be read is not known before they are.
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
    // Looking at a subscription takes longer than filling its bytes.
    .and_then(|answer| worked(&mut caller, count as usize * 16 * SUBSCRIPTION).map(|()| answer))
}

/// A call worked on `bytes`, or as long as that takes.
fn worked(caller: &mut Caller<'_, Guest>, bytes: usize) -> Result<()> {
    let guest = caller.data_mut();
    Ok(guest.time.work(bytes, &guest.ledger)?)
}

/// What a call with `count` vectors counts as, whatever their lengths.
fn vectors(count: u32) -> usize {
    limits::CALL + count.min(limits::VECTORS) as usize * limits::VECTOR
}

/// Counts what wasmtime-wasi does with the arguments or the environment, whose `sizes` are: each call copies all of them.
fn given<E>(
    caller: &mut Caller<'_, Guest>,
    sizes: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> std::result::Result<(u32, u32), E>,
) -> Result<()> {
    let (number, bytes) = sizes(&mut caller.data_mut().wasi, &mut GuestMemory::Unshared(&mut [])).unwrap_or_default();
    worked(caller, number as usize * limits::CALL + bytes as usize)
}

/// What wasmtime-wasi answers. Its functions can't be had from a linker with the simulator as who calls them; these, which the
/// linker's are made of, are public.
fn pass_on(
    caller: &mut Caller<'_, Guest>,
    call: impl FnOnce(&mut WasiP1Ctx, &mut GuestMemory<'_>) -> Result<i32>,
) -> Result<u32> {
    worked(caller, limits::CALL)?;
    let most_copied = caller.as_context_mut().hostcall_fuel();
    let memory = memory(caller)?;
    let (memory, guest) = memory.data_and_store_mut(caller);
    guest.wasi.set_hostcall_fuel(most_copied);
    call(&mut guest.wasi, &mut GuestMemory::Unshared(memory)).map(|answer| answer as u32)
}

fn memory(caller: &mut Caller<'_, Guest>) -> Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        // The module's exports are checked before it runs.
        _ => Err(Failure::module("it exports no memory").into()),
    }
}

fn answer(caller: &mut Caller<'_, Guest>, work: impl FnOnce(&mut [u8], &mut Guest) -> Answer) -> Result<u32> {
    worked(caller, limits::CALL)?;
    let memory = memory(caller)?;
    let (memory, guest) = memory.data_and_store_mut(caller);
    Ok(work(memory, guest).err().unwrap_or(errno::SUCCESS))
}

/// Number `number` of the vectors at `iovecs`, as address and length.
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

//! The functions of WASI preview 1 that the host answers itself; all others are wasmtime-wasi's, over no files at all.
//!
//! Streams go straight from and to the simulator's memory: through wasmtime-wasi's own they cost more than the
//! simulation. Time is virtual and randomness is a stream of SEED and WORKER, so that a simulator can't tell one run from
//! the next.

use trace::Failure;
use trace::random::Stream;
use wasmtime::{Caller, Extern, Linker, Memory};
use wasmtime_wasi::p1::WasiP1Ctx;

use crate::ledger::Ledger;
use crate::limits;
use crate::sandbox::Memories;
use crate::streams::{ErrorText, Input, Output};

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
    /// Which stream each of the descriptors 0, 1 and 2 is; there are no others.
    pub(crate) descriptors: [Option<Standard>; 3],
}

/// A standard stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standard {
    Input,
    Output,
    Error,
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
}

/// An answer to the simulator, or the error number that it gets instead.
type Answer = std::result::Result<(), u32>;

const WASI: &str = "wasi_snapshot_preview1";

/// Adds all of WASI preview 1 to `linker`.
pub(crate) fn add_to_linker(linker: &mut Linker<Guest>) -> Result<()> {
    wasmtime_wasi::p1::add_to_linker_sync(linker, |guest| &mut guest.wasi)?;
    linker.allow_shadowing(true);
    linker.func_wrap(WASI, "fd_read", fd_read)?;
    linker.func_wrap(WASI, "fd_write", fd_write)?;
    linker.func_wrap(WASI, "fd_close", |mut caller: Caller<'_, Guest>, fd: u32| match standard(&mut caller, fd) {
        Some(slot) => {
            *slot = None;
            errno::SUCCESS
        }
        None => errno::BADF,
    })?;
    linker.func_wrap(WASI, "fd_renumber", |mut caller: Caller<'_, Guest>, from: u32, to: u32| {
        let Some(stream) = standard(&mut caller, from).copied() else { return errno::BADF };
        if standard(&mut caller, to).is_none() {
            return errno::BADF;
        }
        let descriptors = &mut caller.data_mut().descriptors;
        descriptors[from as usize] = None;
        descriptors[to as usize] = stream;
        errno::SUCCESS
    })?;
    linker.func_wrap(WASI, "clock_time_get", |mut caller: Caller<'_, Guest>, clock: u32, _: u64, time: u32| {
        // Reading it advances it, so that a simulator which waits for time to pass gets on.
        let guest = caller.data_mut();
        guest.clock_ns = guest.clock_ns.saturating_add(1);
        let now = caller.data().clock_ns;
        answer(
            &mut caller,
            |memory, _| if clock < 4 { put(memory, time, &now.to_le_bytes()) } else { Err(errno::INVAL) },
        )
    })?;
    linker.func_wrap(WASI, "clock_res_get", |mut caller: Caller<'_, Guest>, clock: u32, resolution: u32| {
        answer(
            &mut caller,
            |memory, _| {
                if clock < 4 { put(memory, resolution, &1u64.to_le_bytes()) } else { Err(errno::INVAL) }
            },
        )
    })?;
    linker.func_wrap(WASI, "random_get", random_get)?;
    linker.func_wrap(WASI, "poll_oneoff", poll_oneoff)?;
    linker.func_wrap(WASI, "proc_exit", |code: u32| -> Result<()> { Err(Exit(code).into()) })?;
    Ok(())
}

fn fd_read(mut caller: Caller<'_, Guest>, fd: u32, iovecs: u32, count: u32, read: u32) -> Result<u32> {
    if standard(&mut caller, fd).copied().flatten() != Some(Standard::Input) {
        return Ok(errno::BADF);
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
    Ok(put(memory, read, &(total as u32).to_le_bytes()).err().unwrap_or(errno::SUCCESS))
}

fn fd_write(mut caller: Caller<'_, Guest>, fd: u32, iovecs: u32, count: u32, written: u32) -> Result<u32> {
    let stream = match standard(&mut caller, fd).copied().flatten() {
        Some(stream) if stream != Standard::Input => stream,
        _ => return Ok(errno::BADF),
    };
    if count > limits::VECTORS {
        return Ok(errno::INVAL);
    }
    let memory = memory(&mut caller)?;
    let (memory, guest) = memory.data_and_store_mut(&mut caller);
    let mut total = 0u64;
    for number in 0..count {
        let Some((at, len)) = iovec(memory, iovecs, number) else { return Ok(errno::FAULT) };
        let Some(bytes) = memory.get(at..at + len) else { return Ok(errno::FAULT) };
        match stream {
            Standard::Output => guest.output.write(bytes, &mut guest.ledger)?,
            _ => guest.error_text.write(bytes)?,
        }
        total += len as u64;
    }
    Ok(put(memory, written, &(total as u32).to_le_bytes()).err().unwrap_or(errno::SUCCESS))
}

fn random_get(mut caller: Caller<'_, Guest>, at: u32, len: u32) -> Result<u32> {
    let (at, len) = (at as usize, len as usize);
    if len > limits::RANDOM_BYTES {
        let mebibytes = limits::RANDOM_BYTES as u64 / crate::MIB;
        return Err(Failure::Limit(format!("random bytes: one call asked for {len}, more than {mebibytes} MiB")).into());
    }
    answer(&mut caller, |memory, guest| {
        let bytes = memory.get_mut(at..at + len).ok_or(errno::FAULT)?;
        for piece in bytes.chunks_mut(8) {
            piece.copy_from_slice(&guest.random.bits().to_le_bytes()[..piece.len()]);
        }
        Ok(())
    })
}

/// Nothing ever waits here: streams are always ready, and a sleep only advances the clock.
fn poll_oneoff(mut caller: Caller<'_, Guest>, subscriptions: u32, events: u32, count: u32, ready: u32) -> Result<u32> {
    const SUBSCRIPTION: usize = 48;
    const EVENT: usize = 32;
    const ABSOLUTE: u16 = 1;
    answer(&mut caller, |memory, guest| {
        let (from, to) = (subscriptions as usize, events as usize);
        let count = count as usize;
        if !(1..=limits::EVENTS).contains(&count) {
            return Err(errno::INVAL);
        }
        let asked = memory.get(from..from + count * SUBSCRIPTION).ok_or(errno::FAULT)?;
        memory.get(to..to + count * EVENT).ok_or(errno::FAULT)?;
        let u64_at = |record: &[u8], at: usize| u64::from_le_bytes(record[at..at + 8].try_into().unwrap_or_default());
        let due = |record: &[u8]| {
            let absolute = u16::from_le_bytes([record[40], record[41]]) & ABSOLUTE != 0;
            if absolute { u64_at(record, 24) } else { guest.clock_ns.saturating_add(u64_at(record, 24)) }
        };
        let kind = |record: &[u8]| record[8];
        let records = || asked.chunks_exact(SUBSCRIPTION);
        // With a stream among them no time passes; else the earliest clock is waited for.
        let until = if records().any(|record| kind(record) != 0) { None } else { records().map(due).min() };
        let now = until.map_or(guest.clock_ns, |until| until.max(guest.clock_ns));
        let mut out = Vec::new();
        for record in records().filter(|record| kind(record) != 0 || due(record) <= now) {
            let mut event = [0; EVENT];
            event[..8].copy_from_slice(&record[..8]);
            event[10] = kind(record);
            out.extend_from_slice(&event);
        }
        guest.clock_ns = now;
        put(memory, events, &out)?;
        put(memory, ready, &((out.len() / EVENT) as u32).to_le_bytes())
    })
}

/// The descriptor's stream; None where there is no such descriptor or it is closed.
fn standard<'a>(caller: &'a mut Caller<'_, Guest>, fd: u32) -> Option<&'a mut Option<Standard>> {
    caller.data_mut().descriptors.get_mut(fd as usize).filter(|stream| stream.is_some())
}

fn memory(caller: &mut Caller<'_, Guest>) -> Result<Memory> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory),
        // The module's exports are checked before it runs.
        _ => Err(Failure::Module("it exports no memory".to_owned()).into()),
    }
}

fn answer(caller: &mut Caller<'_, Guest>, work: impl FnOnce(&mut [u8], &mut Guest) -> Answer) -> Result<u32> {
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

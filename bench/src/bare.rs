//! A plain embedding of wasmtime without the host's checks: once without and once with limits, so that the difference
//! is the cost of limits.

use std::time::Duration;

use anyhow::Context as _;
use rustix::time::{ClockId, clock_gettime};
use wasmtime::{
    Caller, Config, Engine, Extern, InstancePre, Linker, Module, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline,
};
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_sync};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder};

const WASI: &str = "wasi_snapshot_preview1";

/// A compiled module.
pub(crate) struct Bare {
    instance: InstancePre<Guest>,
    discipline: String,
    limits: bool,
}

struct Guest {
    wasi: WasiP1Ctx,
    limits: StoreLimits,
    input: &'static [u8],
    /// Bytes of `input` that were read.
    read: usize,
    /// Bytes that were written and discarded.
    written: u64,
}

impl Bare {
    /// Compiles `module`; if `limits`, with those of the host: time, stack, memory, canonical NaNs.
    pub(crate) fn new(module: &[u8], discipline: &str, limits: bool) -> anyhow::Result<Self> {
        let engine = Engine::new(&if limits { sandbox::config() } else { Config::new() })?;
        let mut linker = Linker::new(&engine);
        add_to_linker_sync(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
        linker.allow_shadowing(true);
        linker.func_wrap(WASI, "fd_read", fd_read)?;
        linker.func_wrap(WASI, "fd_write", fd_write)?;
        if limits {
            let engine = engine.weak();
            std::thread::spawn(move || {
                while let Some(engine) = engine.upgrade() {
                    engine.increment_epoch();
                    std::thread::sleep(sandbox::limits::TICK);
                }
            });
        }
        let instance = linker.instantiate_pre(&Module::new(&engine, module)?)?;
        Ok(Self { instance, discipline: discipline.to_owned(), limits })
    }

    /// Runs the module over `shard`, which has `requests` requests, and returns the CPU time.
    pub(crate) fn run(&self, shard: &'static [u8], requests: u64) -> anyhow::Result<Duration> {
        let started = cpu_time();
        let mut wasi = WasiCtxBuilder::new();
        wasi.arg("sim").env("SIM_CONTRACT", "1").env("DISCIPLINE", &self.discipline);
        let limits = StoreLimitsBuilder::new().memory_size(256 << 20).build();
        let guest = Guest { wasi: wasi.build_p1(), limits, input: shard, read: 0, written: 0 };
        let mut store = Store::new(self.instance.module().engine(), guest);
        if self.limits {
            store.limiter(|guest| &mut guest.limits);
            store.epoch_deadline_callback(move |_| match cpu_time() - started < Duration::from_secs(3600) {
                true => Ok(UpdateDeadline::Continue(1)),
                false => Err(wasmtime::Error::msg("too long")),
            });
            store.set_epoch_deadline(1);
        }
        let instance = self.instance.instantiate(&mut store)?;
        let ended = instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ());
        ended.or_else(|error| match error.downcast_ref() {
            Some(I32Exit(0)) => Ok(()),
            _ => Err(error),
        })?;
        let taken = cpu_time() - started;
        let whole = store.data().written == (requests + 1) * contract::Completion::LEN as u64;
        whole.then_some(taken).context("the module did not complete its whole shard")
    }
}

fn fd_read(mut caller: Caller<'_, Guest>, _: u32, iovecs: u32, count: u32, read: u32) -> wasmtime::Result<u32> {
    let (memory, guest) = memory(&mut caller)?;
    let mut total = 0;
    for number in 0..count {
        let (at, len) = iovec(memory, iovecs, number);
        let len = len.min(guest.input.len() - guest.read);
        memory[at..at + len].copy_from_slice(&guest.input[guest.read..guest.read + len]);
        guest.read += len;
        total += len as u32;
    }
    memory[read as usize..][..4].copy_from_slice(&total.to_le_bytes());
    Ok(0)
}

fn fd_write(mut caller: Caller<'_, Guest>, _: u32, iovecs: u32, count: u32, written: u32) -> wasmtime::Result<u32> {
    let (memory, guest) = memory(&mut caller)?;
    let total: u32 = (0..count).map(|number| iovec(memory, iovecs, number).1 as u32).sum();
    guest.written += u64::from(total);
    memory[written as usize..][..4].copy_from_slice(&total.to_le_bytes());
    Ok(0)
}

fn memory<'a>(caller: &'a mut Caller<'_, Guest>) -> wasmtime::Result<(&'a mut [u8], &'a mut Guest)> {
    match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => Ok(memory.data_and_store_mut(caller)),
        _ => Err(wasmtime::Error::msg("the module exports no memory")),
    }
}

fn iovec(memory: &[u8], iovecs: u32, number: u32) -> (usize, usize) {
    let word = |at: usize| u32::from_le_bytes(memory[at..at + 4].try_into().expect("four bytes")) as usize;
    let at = iovecs as usize + number as usize * 8;
    (word(at), word(at + 4))
}

/// CPU time of this thread, which does all the work: other programs on the machine affect it less than wall-clock time.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

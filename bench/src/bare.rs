//! wasmtime embedded as plainly as it goes: no limits, no checks. What it takes less than the host is what those cost.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use wasmtime::{Caller, Config, Engine, Extern, InstancePre, Linker, Module, Store};
use wasmtime_wasi::p1::{WasiP1Ctx, add_to_linker_sync};
use wasmtime_wasi::p2::pipe::{MemoryInputPipe, SinkOutputStream};
use wasmtime_wasi::{I32Exit, WasiCtxBuilder};

use crate::processor_time;

const WASI: &str = "wasi_snapshot_preview1";

/// Who moves the bytes of stdin and stdout.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Streams {
    /// Functions of our own, straight from and to the module's memory.
    Own,
    /// wasmtime-wasi: a pipe in memory, and a stream that drops what is written.
    Wasi,
}

/// A compiled module.
pub(crate) struct Bare {
    instance: InstancePre<Guest>,
    streams: Streams,
}

struct Guest {
    wasi: WasiP1Ctx,
    input: &'static [u8],
    /// Bytes of `input` that are read.
    read: usize,
    /// What was written last, and how much in all.
    output: Vec<u8>,
    written: u64,
}

impl Bare {
    /// Compiles `module`.
    pub(crate) fn new(module: &[u8], streams: Streams) -> anyhow::Result<Self> {
        let engine = Engine::new(&Config::new())?;
        let mut linker = Linker::new(&engine);
        add_to_linker_sync(&mut linker, |guest: &mut Guest| &mut guest.wasi)?;
        if streams == Streams::Own {
            linker.allow_shadowing(true);
            linker.func_wrap(WASI, "fd_read", fd_read)?;
            linker.func_wrap(WASI, "fd_write", fd_write)?;
        }
        Ok(Self { instance: linker.instantiate_pre(&Module::new(&engine, module)?)?, streams })
    }

    /// Runs the module over `shard`, which has `requests`, and says how long that took.
    pub(crate) fn run(&self, shard: &'static [u8], requests: u64) -> anyhow::Result<Duration> {
        let started = processor_time();
        let pipe = MemoryInputPipe::new(Bytes::from_static(shard));
        let mut wasi = WasiCtxBuilder::new();
        wasi.arg("sim").env("SIM_CONTRACT", "1");
        if self.streams == Streams::Wasi {
            wasi.stdin(pipe.clone()).stdout(SinkOutputStream);
        }
        let guest = Guest { wasi: wasi.build_p1(), input: shard, read: 0, output: Vec::new(), written: 0 };
        let mut store = Store::new(self.instance.module().engine(), guest);
        let instance = self.instance.instantiate(&mut store)?;
        let ended = instance.get_typed_func::<(), ()>(&mut store, "_start")?.call(&mut store, ());
        ended.or_else(|error| match error.downcast_ref() {
            Some(I32Exit(0)) => Ok(()),
            _ => Err(error),
        })?;
        let taken = processor_time() - started;
        let whole = match self.streams {
            Streams::Own => store.data().written == (requests + 1) * trace::Completion::LEN as u64,
            Streams::Wasi => pipe.is_empty(),
        };
        whole.then_some(taken).context("the module did not answer its whole shard")
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
    guest.output.clear();
    for number in 0..count {
        let (at, len) = iovec(memory, iovecs, number);
        guest.output.extend_from_slice(&memory[at..at + len]);
    }
    let total = guest.output.len() as u32;
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

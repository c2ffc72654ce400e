//! `sandbox MODULE SHARD [DISCIPLINE]`: the time of a simulator over a shard in memory, in the host's sandbox, in a bare embedding
//! of wasmtime, and natively. Each runs once; the output is JSON, with CPU time in seconds.

mod bare;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bare::{Bare, cpu_time};
use cli::program;
use contract::{Request, RequestHeader};
use failure::Failure;
use measure::Outcome;
use measure::Tally;
use queuebox_bench::{InMemory, job};
use sandbox::Simulator;
use sandbox::shard::Shard;
use serde_json::json;

fn main() -> ExitCode {
    program::main(|| {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let (module, shard, discipline) = match arguments.as_slice() {
            [module, shard] => (module, shard, "fifo"),
            [module, shard, discipline] => (module, shard, discipline.as_str()),
            _ => return Err(Failure::usage("sandbox MODULE SHARD [DISCIPLINE]").into()),
        };
        // The host requires a shard with a static lifetime.
        let bytes: &'static [u8] = std::fs::read(shard).with_context(|| shard.clone())?.leak();
        let (header, records) = bytes.split_first_chunk().context("the shard has no header")?;
        let header = RequestHeader::from_bytes(header).map_err(anyhow::Error::msg)?;
        anyhow::ensure!(
            header.record_len as usize == Request::LEN,
            "the shard's records are not {} bytes",
            Request::LEN
        );
        let requests = (records.len() / Request::LEN) as u64;

        let simulator = Simulator::load(Path::new(module), cli::program::end)?;
        let (bare, limited) = (
            Bare::new(simulator.module().bytes(), discipline, false)?,
            Bare::new(simulator.module().bytes(), discipline, true)?,
        );
        let (sandbox, expected) =
            on_a_thread(|| over(|shard| sandbox::simulate(&simulator, &job(discipline), shard, None), records))?;
        let (native, tally) = over(|shard| sandbox::native::simulate(&job(discipline), shard), records)?;
        anyhow::ensure!(tally == expected, "the sandbox and the native build do not agree");
        println!(
            "{}",
            json!({
                "requests": requests,
                "host": sandbox.as_secs_f64(),
                "native": native.as_secs_f64(),
                "bare": on_a_thread(|| bare.run(bytes, requests))?.as_secs_f64(),
                "bare, with limits": on_a_thread(|| limited.run(bytes, requests))?.as_secs_f64(),
            })
        );
        Ok(())
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = cpu_time();
    let result = work();
    (cpu_time() - started, result)
}

/// Runs `work` on a thread with the stack that a simulator needs.
fn on_a_thread<T: Send>(work: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    std::thread::scope(|scope| {
        sandbox::spawn(scope, "simulator".to_owned(), work)?.join().map_err(|_| sandbox::panicked())?
    })
}

/// Runs `simulate` over `records`; returns its CPU time and the tally.
fn over(simulate: impl FnOnce(Box<dyn Shard>) -> Outcome, records: &'static [u8]) -> anyhow::Result<(Duration, Tally)> {
    let (taken, outcome) = timed(|| simulate(Box::new(InMemory(records))));
    Ok((taken, outcome.result?.tally))
}

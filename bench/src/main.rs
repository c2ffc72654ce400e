//! `sandbox MODULE SHARD`: how long a simulator takes over a shard in memory, in the host's sandbox, in a bare embedding of
//! wasmtime, and natively. Each runs
//! once; prints JSON, processor time in seconds.

mod bare;
mod native;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use bare::{Bare, Streams};
use host::limits::Limits;
use host::measure::Tally;
use host::shard::Shard;
use host::{Job, Model, Simulator};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;
use sim_wasm::filter;
use trace::demand::Law;
use trace::{Failure, Request, RequestHeader, program};

/// Bytes of a shard that come at once, as from the middleware.
const PIECE: usize = (1 << 18) / Request::LEN * Request::LEN;

fn main() -> ExitCode {
    program::main(|| {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let [module, shard] = arguments.as_slice() else {
            return Err(Failure::Usage("sandbox MODULE SHARD".to_owned()).into());
        };
        // A shard may outlive this function, as far as the host knows.
        let bytes: &'static [u8] = std::fs::read(shard).with_context(|| shard.clone())?.leak();
        let (header, records) = bytes.split_first_chunk().context("the shard has no header")?;
        let header = RequestHeader::from_bytes(header).map_err(anyhow::Error::msg)?;
        anyhow::ensure!(
            header.record_len as usize == Request::LEN,
            "the shard's records are not {} bytes",
            Request::LEN
        );
        let requests = (records.len() / Request::LEN) as u64;

        let simulator = Simulator::load(Path::new(module))?;
        let own = Bare::new(simulator.bytes(), Streams::Own)?;
        let wasi = Bare::new(simulator.bytes(), Streams::Wasi)?;
        let (sandbox, expected) = on_a_thread(|| in_the_host(&simulator, records))?;
        let (native, tally) = timed(|| native::simulate(records));
        anyhow::ensure!(tally == expected, "the sandbox and the native build do not agree");
        let (unchecked, ()) = timed(|| unchecked(bytes));
        println!(
            "{}",
            json!({
                "requests": requests,
                "host": sandbox.as_secs_f64(),
                "native": native.as_secs_f64(),
                "native, unchecked": unchecked.as_secs_f64(),
                "bare, own streams": on_a_thread(|| own.run(bytes, requests))?.as_secs_f64(),
                "bare, wasmtime-wasi's streams": on_a_thread(|| wasi.run(bytes, requests))?.as_secs_f64(),
            })
        );
        Ok(())
    })
}

/// Processor time of this thread, which does all the work: other programs on the machine change it less than they do the time
/// that passes.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let started = processor_time();
    let result = work();
    (processor_time() - started, result)
}

/// On a thread with the stack that a simulator needs.
fn on_a_thread<T: Send>(work: impl FnOnce() -> anyhow::Result<T> + Send) -> anyhow::Result<T> {
    std::thread::scope(|scope| {
        host::spawn(scope, "simulator".to_owned(), work)?.join().map_err(|_| host::panicked())?
    })
}

/// With all limits and checks.
fn in_the_host(simulator: &Simulator, records: &'static [u8]) -> anyhow::Result<(Duration, Tally)> {
    let (taken, outcome) = timed(|| host::simulate(simulator, &job(), Box::new(Pieces(records)), None));
    Ok((taken, outcome.result?.tally))
}

/// The default simulator natively, its completions dropped.
fn unchecked(mut shard: &[u8]) {
    let model = sim_wasm::Model { servers: 1, capacity: 0, delay: 0 };
    filter(&mut shard, &mut std::io::sink(), model).expect("the shard is one");
}

fn job() -> Job {
    let model = Model {
        st_ns: 0,
        service: Law::Exponential,
        servers: 1,
        discipline: "fifo".to_owned(),
        capacity: 0,
        delay: 0,
        seed: 1,
    };
    let limits = Limits { memory: 256 << 20, processor_time: Duration::from_secs(30), unanswered: 1_000_000 };
    Job { worker: 1, workers: 1, model, arguments: Vec::new(), limits, verify: false, says: None }
}

/// The records not yet given out.
struct Pieces(&'static [u8]);

impl Shard for Pieces {
    fn next(&mut self, mut spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        let (piece, rest) = self.0.split_at(self.0.len().min(PIECE));
        self.0 = rest;
        spent.clear();
        spent.extend_from_slice(piece);
        Ok((!piece.is_empty()).then_some(spent))
    }
}

//! The default simulator gives the same results natively, in the sandbox, and as the oracle.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use contract::{Completion, Request};
use failure::{Failure, printable};
use proptest::prelude::*;
use random::streams::Streams;
use sandbox::limits::Limits;
use sandbox::shard::Shard;
use sandbox::{Completions, Job, Simulator, simulate};
use sim_wasm::{Discipline, Model, Patience};

use crate::oracle;
use crate::support::{Folder, shard, sim_wasm};

/// Small traces with ties, zero service demands and skipped ids.
fn traces() -> impl Strategy<Value = Vec<Request>> {
    let interarrival = prop_oneof![3 => Just(0), 2 => 1..4u64, 1 => 4..30u64];
    let demand = prop_oneof![2 => Just(0), 3 => 1..4u64, 3 => 4..30u64];
    let step = prop_oneof![3 => Just(1), 1 => 2..1000u64];
    prop::collection::vec((interarrival, demand, step, 0..3u16, 0..2u8), 0..40).prop_map(|rows| {
        let (mut id, mut arrival_ns) = (0, 0);
        let request = |(interarrival, service_ns, step, class, op)| {
            (id, arrival_ns) = (id + step, arrival_ns + interarrival);
            Request { id, arrival_ns, service_ns, class, op, ..Request::default() }
        };
        rows.into_iter().map(request).collect()
    })
}

/// A longer one, of many chunks of 64 KiB.
fn long_trace(requests: u64) -> Vec<Request> {
    let mut random = Streams::new(5, "tests").of(0);
    let mut arrival_ns = 0;
    let request = |id| {
        arrival_ns += random.below(3) * random.below(8);
        Request { id: 3 * id, arrival_ns, service_ns: random.below(4) * random.below(12), ..Request::default() }
    };
    (0..requests).map(request).collect()
}

/// The completions of the library, in this process.
fn native(requests: &[Request], model: Model) -> Vec<Completion> {
    let mut out = Vec::new();
    sim_wasm::filter(&mut shard(requests).as_slice(), &mut out, model).unwrap();
    let (records, rest) = out.as_chunks();
    assert!(rest.is_empty());
    by_id(records[1..].iter().map(Completion::from_bytes).collect())
}

/// The completions of the module in its sandbox, from records of `record_len` bytes each.
fn sandboxed(requests: &[Request], record_len: usize, model: Model) -> Vec<Completion> {
    static SIMULATOR: LazyLock<Simulator> = LazyLock::new(|| Simulator::load(&sim_wasm(), cli::program::end).unwrap());
    let capabilities = Some(model.capabilities());
    let Model { discipline, servers, capacity, delay, patience, seed, worker } = model;
    let discipline = discipline.name().to_owned();
    let model =
        sandbox::Model { discipline, servers, capacity, delay, patience, seed, ..sandbox::Model::of_defaults(1) };
    let limits = Limits { memory: 1 << 24, cpu_time: Duration::from_secs(10), unanswered: 10_000 };
    let job = Job { worker, workers: worker, capabilities, verify: true, ..Job::alone(model, limits) };
    let answers = Collected::default();
    let long = |request: &Request| {
        let mut record = request.to_bytes().to_vec();
        record.resize(record_len, 0xff);
        record
    };
    let shard = OneChunk { records: requests.iter().flat_map(long).collect(), record_len };
    simulate(&SIMULATOR, &job, Box::new(shard), Some(Box::new(answers.clone()))).result.unwrap();
    by_id(std::mem::take(&mut answers.0.lock().unwrap()))
}

/// A shard in one chunk.
struct OneChunk {
    records: Vec<u8>,
    record_len: usize,
}

impl Shard for OneChunk {
    fn record_len(&self) -> usize {
        self.record_len
    }

    fn next(&mut self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        Ok(Some(std::mem::take(&mut self.records)).filter(|chunk| !chunk.is_empty()))
    }
}

#[derive(Clone, Default)]
struct Collected(Arc<Mutex<Vec<Completion>>>);

impl Completions for Collected {
    fn take(&mut self, _: u64, _: u64, completion: &Completion) -> io::Result<()> {
        self.0.lock().unwrap().push(*completion);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn by_id(mut completions: Vec<Completion>) -> Vec<Completion> {
    completions.sort_by_key(|completion| completion.id);
    completions
}

/// Every DELAY, to beyond the shard, with every CAPACITY from none to more than the shard needs.
fn models(requests: &[Request]) -> impl Iterator<Item = Model> {
    let delays = requests.len() as u64 + 2;
    let rooms = (1..=4).flat_map(|servers| (0..=6).chain([1000]).map(move |capacity| (servers, capacity)));
    rooms.flat_map(move |(servers, capacity)| {
        (0..=delays).map(move |delay| Model { servers, capacity, delay, ..Model::default() })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_by_event_simulation_gives_the_same(requests in traces()) {
        for model in models(&requests) {
            let Model { servers, capacity, delay, .. } = model;
            let obvious = oracle::completions(&requests, servers as usize, capacity as usize, delay);
            prop_assert_eq!(native(&requests, model), obvious, "{:?}", model);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_sandbox_gives_the_native_completions(
        requests in traces(), servers in 1..=4u32, capacity in 0..7u64, delay in prop_oneof![Just(0), 0..42u64],
        more in prop::sample::select(vec![0, 8, 64]), discipline in prop::sample::select(Discipline::ALL.to_vec()),
        mean_ns in prop_oneof![Just(0), 1..30u64], exponential: bool, seed: u64, worker in 1..9u32,
    ) {
        let mean_ns = if discipline == Discipline::Ps { 0 } else { mean_ns };
        let patience = Patience { mean_ns, exponential };
        let model = Model { discipline, servers, capacity, delay, patience, seed, worker };
        prop_assert_eq!(sandboxed(&requests, Request::LEN + more, model), native(&requests, model), "{:?}", model);
    }
}

#[test]
fn unknown_bytes_of_longer_records_are_skipped() {
    let requests = long_trace(3000);
    let model = Model { servers: 2, capacity: 5, ..Model::default() };
    for record_len in [48, 56, 4096] {
        assert!(sandboxed(&requests, record_len, model) == native(&requests, model), "{record_len}");
    }
}

#[test]
fn the_host_s_completions_are_those_of_the_oracle() {
    let requests = long_trace(6000);
    let folder = Folder::with("trace.req", shard(&requests));
    for (servers, capacity) in [(1, 0), (1, 3), (2, 2), (3, 7), (4, 1)] {
        for delay in [0, 1, 3000, 5999, 6000, 6001] {
            let flags = format!("--servers {servers} --capacity {capacity} --delay {delay}");
            folder.host(&format!("trace.req --verify --completions out {flags}")).succeeds();
            let expected = oracle::completions(&requests, servers, capacity, delay);
            assert!(folder.completions("out") == expected, "{flags}");
        }
    }
}

#[test]
fn an_unsupported_setting_is_rejected_with_its_reason() {
    let folder = Folder::with("trace.csv", "arrival_ms\n0\n");
    folder
        .host("trace.csv --discipline edf")
        .exits(2)
        .says("the simulator does not support a setting (exit code 64); stderr: DISCIPLINE=edf is not supported");
    folder
        .host("trace.csv --discipline ps --patience 5ms")
        .exits(2)
        .says("PATIENCE=5ms is not defined under DISCIPLINE=ps, where every request is in service at once");
}

#[test]
fn it_runs_as_a_plain_wasm_command() {
    let module = std::fs::read(sim_wasm()).unwrap();
    assert!(module.starts_with(b"\0asm\x01\0\0\0"), "{}", printable(&module[..8], 8));
    assert!(module.len() < 256 << 10, "the module has grown to {} bytes", module.len());
}

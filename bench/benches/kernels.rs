//! The kernels, each alone: sampling, writing, reading, record codec, policies, the model, a worker that checks and
//! folds. `cargo bench` runs them.

use std::fs;
use std::hint::black_box;
use std::io::sink;
use std::path::Path;

use cli::settings::of_flags;
use contract::{Request, RequestHeader};
use divan::Bencher;
use divan::counter::ItemsCount;
use failure::Failure;
use generator::{Generation, Generator};
use queuebox_bench::{InMemory, job};
use random::demand::{Demands, ServiceDistribution};
use sim_wasm::{Discipline, Model, Queue};
use trace::reader::{ReadFlags, TraceReader};
use trace::writer::{TraceFormat, TraceWriter};

fn main() {
    divan::main();
}

const REQUESTS: usize = 200_000;
/// About as many as a policy gets at a time.
const BATCH_REQUESTS: usize = 4096;

/// Each worker is busy three quarters of the time.
fn demands(workers: usize) -> Demands {
    Demands::new(2_500_000 * workers as u64, ServiceDistribution::Exponential, 1)
}

fn generate(clients: u32) -> Vec<Request> {
    let flags = [format!("--samples={REQUESTS}"), format!("--concurrency={clients}")];
    let (settings, seed) = (of_flags(flags).expect("flags"), of_flags(["--seed=1"]).expect("flags"));
    let mut generator = Generator::new(&Generation::from_settings(&settings, &seed).expect("settings"));
    let mut requests = Vec::with_capacity(REQUESTS);
    while generator.fill(&mut requests, BATCH_REQUESTS).expect("times fit") > 0 {}
    requests
}

/// A trace for `workers`, with its demands.
fn requests(workers: usize) -> Vec<Request> {
    let (mut requests, demands) = (generate(3), demands(workers));
    requests.iter_mut().for_each(|request| request.service_ns = demands.sample(request.id));
    requests
}

fn written(format: TraceFormat) -> Vec<u8> {
    let mut writer = TraceWriter::new(Vec::new(), format).expect("a vector takes all");
    writer.write(&requests(1)).expect("a vector takes all");
    writer.finish().expect("a vector takes all")
}

#[divan::bench(args = [1, 16, 1000])]
fn sample_arrivals(bencher: Bencher, clients: u32) {
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| generate(clients));
}

#[divan::bench]
fn sample_demands(bencher: Bencher) {
    let demands = demands(1);
    let sample = || (0..REQUESTS as u64).map(|id| demands.sample(id)).fold(0, u64::wrapping_add);
    bencher.counter(ItemsCount::new(REQUESTS)).bench(sample);
}

const FORMATS: [(&str, TraceFormat); 3] = [
    ("csv", TraceFormat::Csv),
    ("full csv", TraceFormat::FullCsv),
    ("records", TraceFormat::Records { requests: RequestHeader::UNKNOWN }),
];

fn format(name: &str) -> TraceFormat {
    FORMATS.iter().find(|(of, _)| *of == name).expect("a format").1
}

#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn write(bencher: Bencher, name: &str) {
    let requests = requests(1);
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| {
        let mut writer = TraceWriter::new(sink(), format(name))?;
        requests.chunks(BATCH_REQUESTS).try_for_each(|batch| writer.write(batch))?;
        writer.finish().map(drop)
    });
}

/// From a file in the page cache, with its BLAKE3, on as many threads as in a run.
#[divan::bench(args = FORMATS.map(|(name, _)| name))]
fn read(bencher: Bencher, name: &str) {
    read_bytes(bencher, &written(format(name)));
}

/// Columns in another order than tracegen's.
#[divan::bench]
fn read_other_columns(bencher: Bencher) {
    let text = String::from_utf8(written(TraceFormat::Csv)).expect("text");
    let turned = text.lines().map(|row| row.rsplit(',').collect::<Vec<_>>().join(",") + "\n");
    read_bytes(bencher, turned.collect::<String>().as_bytes());
}

fn read_bytes(bencher: Bencher, bytes: &[u8]) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("trace");
    fs::write(&path, bytes).expect("room for a trace");
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| read_file(&path).expect("it is a trace"));
}

fn read_file(path: &Path) -> Result<u64, Failure> {
    let mut reader = TraceReader::open(&[path], &ReadFlags::default(), demands(1))?;
    let mut work = 0;
    reader.read(|requests, _| {
        work += requests.iter().map(|request| request.service_ns).sum::<u64>();
        Ok::<_, Failure>(())
    })?;
    Ok(work)
}

#[divan::bench]
fn encode_requests(bencher: Bencher) {
    let (requests, mut bytes) = (requests(1), Vec::with_capacity(REQUESTS * Request::LEN));
    bencher.counter(ItemsCount::new(REQUESTS)).bench_local(|| {
        bytes.clear();
        requests.iter().for_each(|request| bytes.extend_from_slice(&request.to_bytes()));
        black_box(&bytes);
    });
}

#[divan::bench]
fn decode_requests(bencher: Bencher) {
    let bytes: Vec<u8> = requests(1).iter().flat_map(Request::to_bytes).collect();
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| {
        let requests = bytes.chunks_exact(Request::LEN).map(Request::from_bytes);
        requests.map(|request| request.arrival_ns ^ request.service_ns).fold(0, u64::wrapping_add)
    });
}

const POLICIES: [&str; 11] =
    ["R", "RR", "WRR", "TC", "POWER:3", "POWER:2,replacement", "JSQ", "SED", "LW", "SITA", "HASH"];

#[divan::bench(args = POLICIES, consts = [4, 1000])]
fn policy<const WORKERS: usize>(bencher: Bencher, name: &str) {
    let (requests, mut workers) = (requests(WORKERS), Vec::new());
    bencher
        .counter(ItemsCount::new(REQUESTS))
        .with_inputs(|| policy::assigner(name, WORKERS, &requests))
        .bench_local_values(|assigner| {
            let mut assign = assigner.expect("a policy");
            for batch in requests.chunks(BATCH_REQUESTS) {
                assign(batch, &mut workers).expect("few requests are in system");
                black_box(&workers);
            }
        });
}

#[divan::bench(args = Discipline::ALL.map(Discipline::name))]
fn model(bencher: Bencher, word: &str) {
    let requests = requests(1);
    let discipline = Discipline::named(word).expect("a discipline");
    bencher.counter(ItemsCount::new(REQUESTS)).bench(|| {
        let mut queue = Queue::new(Model { discipline, ..Model::default() });
        for request in &requests {
            queue.arrive(request, &mut |answer| _ = black_box(answer));
        }
    });
}

/// A whole worker without the sandbox: the model, and the checks and folding of its completions.
#[divan::bench]
fn worker(bencher: Bencher) {
    let bytes: Vec<u8> = requests(1).iter().flat_map(Request::to_bytes).collect();
    let bytes: &'static [u8] = bytes.leak();
    let serve = || sandbox::native::simulate(&job("fifo"), Box::new(InMemory(bytes)));
    bencher.counter(ItemsCount::new(REQUESTS)).bench(serve);
}

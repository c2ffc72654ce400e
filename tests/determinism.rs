//! The same module over the same requests gives the same bytes: on any number of processors and threads, on both
//! executors, repeatedly, even if the module uses the clock and randomness or the bits of NaNs.

use std::path::Path;
use std::sync::{Arc, Mutex};

use contract::{Completion, Request};
use failure::Failure;
use sandbox::limits::Limits;
use sandbox::shard::Shard;
use sandbox::{Completions, Job, Model, Simulator, simulate};

use crate::docker_support::{Workers, local_results};
use crate::examples::compile_simulator;
use crate::stranger::Stranger;
use crate::support::{Folder, shard, sim_wasm};

/// Number of repetitions, and in the large grid.
const TIMES: usize = 2;
const TIMES_IN_GRID: usize = 10;

/// Modules whose completions might differ each time: the default one, which runs in threads; one that uses time and
/// randomness for every request; one with the order of Rust's hash maps; one whose demands are the bits of NaNs.
const MODULES: [&str; 4] = ["default", "chance", "hashes", "nans"];

/// A folder with all of them.
fn with_modules() -> Folder {
    let chance = Stranger::in_order().saying(2 + 16).before(
        "(drop (call $random_get (i32.const 128) (i32.const 8)))
         (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 136)))
         (local.set $service (i64.add (i64.load (i32.const 136)) (i64.shr_u (i64.load (i32.const 128)) (i64.const 40))))",
    );
    let folder = Folder::new()
        .and("default.wasm", std::fs::read(sim_wasm()).unwrap())
        .and_module("chance", &chance.text())
        .and_module("nans", &Stranger::of("nans").saying(16).text());
    compile_simulator(Path::new("guests_in_rust/hashes.rs"), &folder.path("hashes.wasm"));
    folder
}

/// The bytes of the report and the completions of a run with the local executor.
#[cfg(target_os = "linux")]
fn run(folder: &Folder, arguments: &str) -> [Vec<u8>; 2] {
    folder
        .run("middleware", &format!("run --executor local --report r.json --completions c.csv {arguments}"))
        .succeeds();
    [folder.read("r.json"), folder.read("c.csv")]
}

#[cfg(target_os = "linux")]
#[test]
fn on_any_number_of_processors() {
    same_on_processors(TIMES);
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_processors() {
    same_on_processors(TIMES_IN_GRID);
}

#[cfg(target_os = "linux")]
fn same_on_processors(times: usize) {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let folder = with_modules();
    // Several blocks for the reading threads, several chunks for every pipe.
    folder.run("tracegen", "--samples 25000 --out t.csv").succeeds();
    // Children run on the processors of this thread.
    let all = sched_getaffinity(None).unwrap();
    let all: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|processor| all.is_set(*processor)).collect();
    for module in MODULES {
        let arguments = format!("--trace t.csv --workers 4 --balancer TC --module {module}.wasm");
        let expected = run(&folder, &arguments);
        for processors in [1, 2, 4, 8].into_iter().filter(|processors| *processors <= all.len()) {
            let mut these = CpuSet::new();
            all[..processors].iter().for_each(|processor| these.set(*processor));
            sched_setaffinity(None, &these).unwrap();
            for time in 1..=times {
                let same = run(&folder, &arguments) == expected;
                assert!(same, "{module}: other bytes on {processors} processors, the {time}. time");
            }
        }
    }
}

#[test]
fn on_any_number_of_threads() {
    same_on_threads(TIMES);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_threads() {
    same_on_threads(TIMES_IN_GRID);
}

fn same_on_threads(times: usize) {
    let folder = with_modules();
    let requests: Vec<Request> = (0..3000)
        .map(|id| Request { id, arrival_ns: id * 700, service_ns: id % 13 * 100, ..Request::default() })
        .collect();
    let records = Arc::new(shard(&requests)[48..].to_vec());
    for module in MODULES {
        let simulator = Simulator::load(&folder.path(&format!("{module}.wasm")), cli::program::end).unwrap();
        let expected = simulated(&simulator, &records, 1, 1);
        assert_eq!(expected.1.len(), 3000 * Completion::LEN);
        for threads in [1, 2, 4, 8] {
            for time in 1..=times {
                std::thread::scope(|scope| {
                    let one = |thread: usize| {
                        let (simulator, records) = (&simulator, &records);
                        // Each worker gets its shard in chunks of another size.
                        let work = move || simulated(simulator, records, 1, 1 + thread * 17);
                        sandbox::spawn(scope, format!("copy {thread}"), work).unwrap()
                    };
                    let copies: Vec<_> = (0..threads).map(one).collect();
                    for copy in copies {
                        assert!(
                            copy.join().unwrap() == expected,
                            "{module}: other bytes on {threads} threads, time {time}"
                        );
                    }
                });
            }
        }
        // Another seed changes the completions of a module that uses randomness; otherwise this test would be void.
        let other = std::thread::scope(|scope| {
            sandbox::spawn(scope, "seed 2".to_owned(), || simulated(&simulator, &records, 2, 1))
                .unwrap()
                .join()
                .unwrap()
        });
        assert_eq!(other != expected, ["chance", "hashes"].contains(&module), "{module}");
    }
}

#[test]
fn a_nan_has_the_same_bits_on_every_machine() {
    let folder = with_modules().and("t.csv", format!("arrival_ns,service_ns\n{}", "0,1\n".repeat(9)));
    folder.host_with("nans", "t.csv --completions c").succeeds();
    // Those of the canonical NaN, whatever the processor produces.
    let canonical = f64::from_bits(0x7ff8_0000_0000_0000).to_bits() >> 32;
    let services: Vec<u64> = folder.completions("c").iter().map(|completion| completion.service_ns).collect();
    assert_eq!(services, [canonical; 9]);
}

#[test]
fn instructions_that_differ_between_machines_are_rejected() {
    let trace = Folder::with("t.csv", "arrival_ns,service_ns\n0,1\n");
    let refused = |folder: Folder, what: &str, definitions: &str| {
        let text = format!("(module (memory (export \"memory\") 1) {definitions} (func (export \"_start\")))");
        let folder = folder.and_module("m", &text);
        folder.host_with("m", "t.csv").exits(4).says("error: m.wasm: ").says(what);
        folder
    };
    let vector = "(v128.const f32x4 1 2 3 4)";
    let fused = format!("(func (drop (f32x4.relaxed_madd {vector} {vector} {vector})))");
    let folder = refused(trace, "relaxed SIMD", &fused);
    let folder = refused(folder, "threads", "(func (drop (i32.atomic.load (i32.const 0))))");
    let folder = refused(folder, "gc", "(type $point (struct)) (func (drop (struct.new $point)))");
    let folder = refused(folder, "exceptions", "(tag $oops)");
    refused(folder, "function references", "(type $f (func)) (func (param (ref $f)) (call_ref $f (local.get 0)))");
}

#[test]
fn in_docker_containers_as_in_threads() {
    same_in_containers(TIMES);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_containers() {
    same_in_containers(TIMES_IN_GRID);
}

fn same_in_containers(times: usize) {
    let Some(workers) = Workers::up(2) else { return };
    let folder = with_modules();
    for module in MODULES {
        let arguments = format!("--samples 6000 --workers 2 --balancer TC --module {module}.wasm");
        let expected = local_results(&folder, &arguments);
        for _ in 0..times {
            workers.run_gives(&folder, &arguments, &expected);
        }
    }
    workers.come_to_rest();
}

/// A worker's outcome, as JSON, and its completions, as records.
fn simulated(simulator: &Simulator, records: &Arc<Vec<u8>>, seed: u64, requests_per_chunk: usize) -> (String, Vec<u8>) {
    let job = Job::alone(Model { seed, ..Model::of_defaults(1000) }, Limits::default());
    let kept = Kept::default();
    let chunks = Chunks { records: records.clone(), at: 0, length: requests_per_chunk * Request::LEN };
    let outcome = simulate(simulator, &job, Box::new(chunks), Some(Box::new(kept.clone())));
    let completions = kept.0.lock().unwrap().clone();
    (serde_json::to_string(&outcome).unwrap(), completions)
}

/// A shard in chunks of `length` bytes.
struct Chunks {
    records: Arc<Vec<u8>>,
    at: usize,
    length: usize,
}

impl Shard for Chunks {
    fn next(&mut self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        let rest = &self.records[self.at..];
        let chunk = rest[..self.length.min(rest.len())].to_vec();
        self.at += chunk.len();
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

/// Collects completions.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Completions for Kept {
    fn take(&mut self, _: u64, _: u64, completion: &Completion) -> std::io::Result<()> {
        self.0.lock().unwrap().extend(completion.to_bytes());
        Ok(())
    }

    fn end(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

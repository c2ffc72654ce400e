//! `host check`: what a module breaks of the contract, told in a second to who writes it.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use trace::demand::Law;
use trace::random::Streams;
use trace::{Completion, Failure, Request, Says, output};

use crate::ledger::Completions;
use crate::limits::Limits;
use crate::shard::Shard;
use crate::worker::{Job, Model, Outcome, preflight, simulate};
use crate::{Simulator, verify};

/// Requests of the shard that tells the speed.
const MANY: u64 = 1_000_000;

/// What each bit stands for.
const BITS: [(Says, &str); 6] = [
    (Says::SERVERS, "honours SERVERS"),
    (Says::DISCIPLINE, "honours DISCIPLINE"),
    (Says::CAPACITY, "honours CAPACITY"),
    (Says::DELAY, "honours DELAY"),
    (Says::OWN_DEMANDS, "has demands of its own"),
    (Says::SHARED, "shares or interrupts service"),
];

/// One run of the module over a built-in shard.
struct Case {
    name: String,
    requests: Arc<[Request]>,
    record_len: usize,
    model: Model,
}

/// Checks `simulator`, printing a line a check.
///
/// # Errors
/// The first failure, once all checks are made.
pub fn check(simulator: &Simulator, name: &str) -> anyhow::Result<()> {
    let mut job = job();
    output::print(&format!("{name} (SHA-256 {})\n", &simulator.sha256()[..16]))?;
    let says = preflight(simulator, &job)?;
    let bits: Vec<&str> = BITS.into_iter().filter(|(bit, _)| says.has(*bit)).map(|(_, words)| words).collect();
    output::print(&format!(
        "says {}: {}\n",
        says.0,
        if bits.is_empty() { "nothing".to_owned() } else { bits.join(", ") }
    ))?;
    job.verify = verify::check(says, &job.model.discipline).is_ok();
    job.says = Some(says);
    if !job.verify {
        output::print("its order of service or its demands are its own: held against the contract's rules alone\n")?;
    }

    let mut failures = Vec::new();
    for case in cases(says) {
        let result = passes(simulator, &job, &case);
        output::print(&line(&case.name, result.as_ref().map(|_| ())))?;
        failures.extend(result.err());
        if let Some(Failure::Limit(_)) = failures.last() {
            // Each further one could take as long.
            return summary(failures);
        }
    }
    let speed =
        Case { name: String::new(), requests: random(MANY, 1_000), record_len: Request::LEN, model: job.model.clone() };
    job.verify = false;
    let started = Instant::now();
    match run(simulator, &job, &speed, None).result {
        Ok(_) => {
            let ns = started.elapsed().as_nanos() as u64 / MANY;
            output::print(&format!("{MANY} requests at {ns} ns each, checked and measured\n"))?;
        }
        Err(failure) => {
            output::print(&line("a million requests", Err(&failure)))?;
            failures.push(failure);
        }
    }
    summary(failures)
}

/// The first of the failures, if there are any, for the exit code.
fn summary(mut failures: Vec<Failure>) -> anyhow::Result<()> {
    match failures.len() {
        0 => Ok(()),
        failed => Err(anyhow::Error::from(failures.swap_remove(0)).context(match failed {
            1 => "a check failed".to_owned(),
            _ => format!("{failed} checks failed, the first"),
        })),
    }
}

fn line(name: &str, result: Result<(), &Failure>) -> String {
    match result {
        Ok(()) => format!("  ok    {name}\n"),
        Err(failure) => format!("  FAIL  {name}: {failure}\n"),
    }
}

fn job() -> Job {
    let model = Model {
        st_ns: 1_000,
        service: Law::Exponential,
        servers: 1,
        discipline: "fifo".to_owned(),
        capacity: 0,
        delay: 0,
        seed: 1,
    };
    let limits = Limits { memory: 256 << 20, processor_time: Duration::from_millis(500), unanswered: 1_000_000 };
    Job { worker: 1, workers: 1, model, arguments: Vec::new(), limits, verify: false, says: None }
}

/// Every built-in shard with the settings at their defaults, and a mixed one with every setting that it says it honours.
fn cases(says: Says) -> Vec<Case> {
    let default = job().model;
    let mixed = random(500, 900);
    let case = |name: &str, requests: &Arc<[Request]>, record_len, model: &Model| Case {
        name: name.to_owned(),
        requests: requests.clone(),
        record_len,
        model: model.clone(),
    };
    let fixed = |rows: &[(u64, u64, u64)]| -> Arc<[Request]> {
        let request = |&(id, arrival_ns, service_ns): &(u64, u64, u64)| Request {
            id,
            arrival_ns,
            service_ns,
            ..Request::default()
        };
        rows.iter().map(request).collect()
    };
    let mut cases = vec![
        case("one request", &fixed(&[(0, 5, 7)]), 48, &default),
        case(
            "ties: all arrive at once",
            &(0..20).map(|id| Request { id, service_ns: 3, ..Request::default() }).collect(),
            48,
            &default,
        ),
        case("demands of nothing", &fixed(&[(0, 0, 0), (1, 0, 4), (2, 0, 0), (3, 4, 0), (4, 4, 0)]), 48, &default),
        case("gaps in ids", &fixed(&[(7, 0, 4), (1 << 40, 1, 4), ((1 << 40) + 5, 1, 4)]), 48, &default),
        case("late and large times", &fixed(&[(0, 1 << 60, 1 << 60), (1, 1 << 60, 1 << 60)]), 48, &default),
        case("records of 56 bytes", &mixed, 56, &default),
        case("a mixed shard", &mixed, 48, &default),
    ];
    let settings = [
        ("SERVERS=3", Says::SERVERS, Model { servers: 3, ..default.clone() }),
        ("CAPACITY=1", Says::CAPACITY, Model { capacity: 1, ..default.clone() }),
        ("CAPACITY=4", Says::CAPACITY, Model { capacity: 4, ..default.clone() }),
        ("DELAY=1", Says::DELAY, Model { delay: 1, ..default.clone() }),
        ("DELAY=200", Says::DELAY, Model { delay: 200, ..default.clone() }),
        ("DELAY beyond the shard", Says::DELAY, Model { delay: 501, ..default.clone() }),
        (
            "SERVERS=2 CAPACITY=3 DELAY=100",
            Says::SERVERS.and(Says::CAPACITY).and(Says::DELAY),
            Model { servers: 2, capacity: 3, delay: 100, ..default.clone() },
        ),
    ];
    let honoured = settings.iter().filter(|(_, bits, _)| says.has(*bits));
    cases.extend(honoured.map(|(name, _, model)| case(&format!("a mixed shard, {name}"), &mixed, 48, model)));
    cases
}

/// Bursts, gaps in ids and demands of nothing, of which one server has `load` thousandths of what it can do.
fn random(requests: u64, load: u64) -> Arc<[Request]> {
    let streams = Streams::new(1, "check");
    let (mut id, mut arrival_ns) = (0, 0);
    let request = |n| {
        let mut stream = streams.of(n);
        id += 1 + stream.below(3);
        if stream.below(3) > 0 {
            arrival_ns += stream.below(3_000);
        }
        Request { id, arrival_ns, service_ns: stream.below(2 * load + 1), ..Request::default() }
    };
    (0..requests).map(request).collect()
}

/// Runs a case twice: it must pass, and answer the same.
fn passes(simulator: &Simulator, job: &Job, case: &Case) -> Result<(), Failure> {
    let answers = || {
        let answers = Answers::default();
        run(simulator, job, case, Some(Box::new(answers.clone()))).result.map(|_| answers.take_all())
    };
    if answers()? == answers()? {
        return Ok(());
    }
    Err(Failure::Contract("the same shard twice: its answers differ".to_owned()))
}

fn run(simulator: &Simulator, job: &Job, case: &Case, completions: Option<Box<dyn Completions>>) -> Outcome {
    let job = Job { model: case.model.clone(), ..job.clone() };
    let shard = BuiltIn { requests: case.requests.clone(), at: 0, record_len: case.record_len };
    simulate(simulator, &job, Box::new(shard), completions)
}

/// A shard in memory.
struct BuiltIn {
    requests: Arc<[Request]>,
    at: usize,
    record_len: usize,
}

impl Shard for BuiltIn {
    fn record_len(&self) -> usize {
        self.record_len
    }

    fn next(&mut self, mut spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        spent.clear();
        for request in self.requests[self.at..].iter().take(4096) {
            spent.extend_from_slice(&request.to_bytes());
            // What a later contract may add.
            spent.resize(spent.len() + self.record_len - Request::LEN, 0xff);
            self.at += 1;
        }
        Ok((!spent.is_empty()).then_some(spent))
    }
}

/// All answers of a run, in the order of ids.
#[derive(Clone, Default)]
struct Answers(Arc<Mutex<Vec<Completion>>>);

impl Answers {
    fn take_all(&self) -> Vec<Completion> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }
}

impl Completions for Answers {
    fn take(&mut self, _: u64, completion: &Completion) -> io::Result<()> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(*completion);
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}

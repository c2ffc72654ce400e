//! `host check`: reports within seconds what a module breaks of the contract.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cli::{output, program};
use contract::{Capabilities, Request};
use failure::{Failure, printable};
use random::streams::Streams;
use run::outputs::stderr_lines;

use sandbox::limits::{self, Limits};
use sandbox::shard::{Empty, Shard};
use sandbox::{Job, Model, Simulator, panicked, preflight, simulate, spawn, verify};
use sim_wasm::{Discipline, Patience};

/// What `host check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckFlags {
    /// The module: a WebAssembly file, or WebAssembly text.
    module: PathBuf,
    /// CPU time of the simulator in each check, besides 2 µs for every request that it reads [s].
    #[arg(long, value_name = "SECONDS", default_value_t = limits::CHECK_TIME_DEFAULT, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    limit_time: u64,
    /// Print what the simulator wrote to stderr in each check, the first and the last 2 KiB.
    #[arg(long)]
    stderr: bool,
    /// Arguments for the simulator.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl CheckFlags {
    /// The job of every check: all settings are at their defaults.
    fn job(&self) -> Job {
        let limits = Limits { cpu_time: Duration::from_secs(self.limit_time), ..Limits::default() };
        Job { arguments: self.arguments.clone(), ..Job::alone(default_model(), limits) }
    }
}

/// Requests of the shard that measures the speed.
const MANY: u64 = 1_000_000;

/// The names of the bits.
const BITS: [(Capabilities, &str); 7] = [
    (Capabilities::SERVERS, "SERVERS"),
    (Capabilities::DISCIPLINE, "DISCIPLINE"),
    (Capabilities::CAPACITY, "CAPACITY"),
    (Capabilities::DELAY, "DELAY"),
    (Capabilities::OWN_DEMANDS, "has demands of its own"),
    (Capabilities::SHARED, "shares or interrupts service"),
    (Capabilities::PATIENCE, "PATIENCE"),
];

/// One run of the module over a built-in shard.
struct Case {
    name: String,
    requests: Arc<[Request]>,
    record_len: usize,
    model: Model,
    /// The capabilities under another DISCIPLINE than the default.
    capabilities: Option<Capabilities>,
}

/// Checks the module that `flags` name, printing a line a check.
///
/// # Errors
/// The first failure, once all checks are made.
pub(crate) fn check(flags: &CheckFlags) -> anyhow::Result<()> {
    let simulator = Simulator::load(&flags.module, program::end)?;
    let sha256 = &simulator.module().sha256()[..16];
    output::print(&format!("{} (SHA-256 {sha256})\n", crate::shown(&flags.module)))?;
    std::thread::scope(|scope| {
        spawn(scope, "check".to_owned(), || check_all(&simulator, flags))?.join().map_err(|_| panicked())?
    })
}

fn check_all(simulator: &Simulator, flags: &CheckFlags) -> anyhow::Result<()> {
    let mut job = flags.job();
    let capabilities = preflight(simulator, &job)?;
    let bits: Vec<&str> = BITS.into_iter().filter(|(bit, _)| capabilities.has(*bit)).map(|(_, words)| words).collect();
    output::print(&format!(
        "capabilities {}: {}\n",
        capabilities.0,
        if bits.is_empty() { "none".to_owned() } else { bits.join(", ") }
    ))?;
    job.verify = verify::check(capabilities, &job.model.discipline).is_ok();
    job.capabilities = Some(capabilities);
    if !job.verify {
        output::print("its order of service or its demands are its own: checked by the rules of the contract alone\n")?;
    }

    let mut checks = Checks { failed: Vec::new(), stderr: flags.stderr };
    if capabilities.has(Capabilities::DISCIPLINE) {
        let name = "an unknown DISCIPLINE is refused (exit code 64)".to_owned();
        checks.settle(name, refuses_an_unknown_word(simulator, &job))?;
    }
    let (disciplines, refused) = disciplines(simulator, &job)?;
    if !refused.is_empty() {
        output::print(&format!("  -     DISCIPLINE: {} refused (exit code 64)\n", refused.join(", ")))?;
    }
    for case in cases(capabilities).into_iter().chain(disciplines) {
        checks.settle(case.name.clone(), run(simulator, &job, &case))?;
        if checks.hangs() {
            // Each further one could take as long.
            return checks.summary();
        }
    }
    let speed = case("", &random(MANY, 1_000), Request::LEN, &job.model);
    job.verify = false;
    let started = Instant::now();
    let outcome = run(simulator, &job, &speed);
    if outcome.0.is_ok() {
        let ns = started.elapsed().as_nanos() as u64 / MANY;
        output::print(&format!("{MANY} requests at {ns} ns each, checked and measured\n"))?;
    } else {
        checks.settle("a million requests".to_owned(), outcome)?;
    }
    checks.summary()
}

/// The checks so far.
struct Checks {
    /// Those that failed: the check's name, and why.
    failed: Vec<(String, Failure)>,
    /// Whether the simulator's stderr is printed.
    stderr: bool,
}

impl Checks {
    /// Prints how a check ended.
    fn settle(&mut self, name: String, (result, stderr): (Result<(), Failure>, String)) -> io::Result<()> {
        let shown = |failure: &Failure| printable(failure.to_string().as_bytes(), 2000);
        match result {
            Ok(()) => output::print(&format!("  ok    {name}\n"))?,
            // A module may support only some values of a setting.
            Err(failure @ Failure::Usage { .. }) => {
                output::print(&format!("  -     {name}: {}\n", shown(&failure)))?;
            }
            Err(failure) => {
                output::print(&format!("  FAIL  {name}: {}\n", shown(&failure)))?;
                self.failed.push((name, failure));
            }
        }
        let mut lines = stderr_lines(&stderr).filter(|_| self.stderr);
        lines.try_for_each(|line| output::print(&format!("        stderr: {line}\n")))
    }

    /// Whether the last failure took all the time that it was given.
    fn hangs(&self) -> bool {
        matches!(self.failed.last(), Some((_, Failure::Limit { .. })))
    }

    /// The first of the failures, if there are any, for the exit code.
    fn summary(mut self) -> anyhow::Result<()> {
        let failed = self.failed.len();
        if failed == 0 {
            return Ok(());
        }
        let (name, failure) = self.failed.swap_remove(0);
        let failed =
            if failed == 1 { "a check failed".to_owned() } else { format!("{failed} checks failed, the first") };
        Err(anyhow::Error::from(failure).context(name).context(failed))
    }
}

fn default_model() -> Model {
    Model::of_defaults(1_000)
}

fn case(name: &str, requests: &Arc<[Request]>, record_len: usize, model: &Model) -> Case {
    Case { name: name.to_owned(), requests: requests.clone(), record_len, model: model.clone(), capabilities: None }
}

/// Bursts, gaps in ids, demands of 0, classes and writes.
fn mixed() -> Arc<[Request]> {
    random(500, 900)
}

/// For each discipline of the contract that a module with the capability supports: a mixed shard with one server, and one with every
/// other setting that its capabilities include. Also the words that the module refuses.
///
/// # Errors
/// If the module fails on an empty shard.
fn disciplines(simulator: &Simulator, job: &Job) -> anyhow::Result<(Vec<Case>, Vec<&'static str>)> {
    let (mut cases, mut refused) = (Vec::new(), Vec::new());
    let declared = job.capabilities.is_some_and(|capabilities| capabilities.has(Capabilities::DISCIPLINE));
    for word in Discipline::ALL.map(Discipline::name).into_iter().filter(|_| declared) {
        let mut model = Model { discipline: word.to_owned(), ..job.model.clone() };
        let asked = Job { model: model.clone(), verify: false, capabilities: None, ..job.clone() };
        let capabilities = match preflight(simulator, &asked) {
            Ok(capabilities) => capabilities,
            Err(error) if matches!(error.downcast_ref(), Some(Failure::Usage { .. })) => {
                refused.push(word);
                continue;
            }
            Err(error) => return Err(error.context(format!("DISCIPLINE={word}"))),
        };
        let mut name = format!("a mixed shard, DISCIPLINE={word}");
        let of = |name: &str, model: &Model| Case {
            capabilities: Some(capabilities),
            ..case(name, &mixed(), Request::LEN, model)
        };
        cases.push(of(&name, &model));
        if capabilities.has(Capabilities::SERVERS) {
            (name, model.servers) = (name + " SERVERS=2", 2);
        }
        if capabilities.has(Capabilities::CAPACITY) {
            (name, model.capacity) = (name + " CAPACITY=5", 5);
        }
        if capabilities.has(Capabilities::PATIENCE) && word != Discipline::Ps.name() {
            name += " PATIENCE=exponential:1us";
            model.patience = Patience { mean_ns: 1_000, exponential: true };
        }
        cases.push(of(&name, &model));
    }
    Ok((cases, refused))
}

/// Every built-in shard with the settings at their defaults, and a mixed one with every setting that its capabilities include.
fn cases(capabilities: Capabilities) -> Vec<Case> {
    let default = default_model();
    let mixed = mixed();
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
        case("zero service demands", &fixed(&[(0, 0, 0), (1, 0, 4), (2, 0, 0), (3, 4, 0), (4, 4, 0)]), 48, &default),
        case("gaps in ids", &fixed(&[(7, 0, 4), (1 << 40, 1, 4), ((1 << 40) + 5, 1, 4)]), 48, &default),
        case("late and large times", &fixed(&[(0, 1 << 60, 1 << 60), (1, 1 << 60, 1 << 60)]), 48, &default),
        case("records of 56 bytes", &mixed, 56, &default),
        case("a mixed shard", &mixed, 48, &default),
    ];
    let settings = [
        ("SERVERS=3", Capabilities::SERVERS, Model { servers: 3, ..default.clone() }),
        ("CAPACITY=1", Capabilities::CAPACITY, Model { capacity: 1, ..default.clone() }),
        ("CAPACITY=4", Capabilities::CAPACITY, Model { capacity: 4, ..default.clone() }),
        ("DELAY=1", Capabilities::DELAY, Model { delay: 1, ..default.clone() }),
        ("DELAY=200", Capabilities::DELAY, Model { delay: 200, ..default.clone() }),
        (
            "PATIENCE=700ns",
            Capabilities::PATIENCE,
            Model { patience: Patience { mean_ns: 700, exponential: false }, ..default.clone() },
        ),
        ("DELAY beyond the shard", Capabilities::DELAY, Model { delay: 501, ..default.clone() }),
        (
            "SERVERS=2 CAPACITY=3 DELAY=100",
            Capabilities::SERVERS.and(Capabilities::CAPACITY).and(Capabilities::DELAY),
            Model { servers: 2, capacity: 3, delay: 100, ..default.clone() },
        ),
    ];
    let honoured = settings.iter().filter(|(_, bits, _)| capabilities.has(*bits));
    cases.extend(honoured.map(|(name, _, model)| case(&format!("a mixed shard, {name}"), &mixed, 48, model)));
    cases
}

/// Bursts, interarrival times in ids and zero service demands, of which one server has `load` thousandths of what it can do.
fn random(requests: u64, load: u64) -> Arc<[Request]> {
    let streams = Streams::new(1, "check");
    let (mut id, mut arrival_ns) = (0, 0);
    let request = |n| {
        let mut stream = streams.of(n);
        id += 1 + stream.below(3);
        if stream.below(3) > 0 {
            arrival_ns += stream.below(3_000);
        }
        let service_ns = stream.below(2 * load + 1);
        let (class, op) = (stream.below(3) as u16, stream.below(2) as u8);
        Request { id, arrival_ns, service_ns, class, op, ..Request::default() }
    };
    (0..requests).map(request).collect()
}

/// A module that honours DISCIPLINE must exit with code 64 for a word that it does not know.
fn refuses_an_unknown_word(simulator: &Simulator, job: &Job) -> (Result<(), Failure>, String) {
    let model = Model { discipline: "no-such-discipline".to_owned(), ..job.model.clone() };
    let outcome = simulate(simulator, &Job { model, verify: false, ..job.clone() }, Box::new(Empty), None);
    let result = match outcome.result {
        Err(Failure::Usage { .. }) => Ok(()),
        Err(other) => Err(other),
        Ok(_) => {
            Err(Failure::contract("it has the capability DISCIPLINE (bit 2), but accepts a word that means nothing"))
        }
    };
    (result, outcome.stderr)
}

fn run(simulator: &Simulator, job: &Job, case: &Case) -> (Result<(), Failure>, String) {
    let capabilities = case.capabilities.or(job.capabilities);
    let verify = match case.capabilities {
        Some(capabilities) => verify::check(capabilities, &case.model.discipline).is_ok(),
        None => job.verify,
    };
    let job = Job { model: case.model.clone(), verify, capabilities, ..job.clone() };
    let shard = BuiltIn { requests: case.requests.clone(), at: 0, record_len: case.record_len };
    let outcome = simulate(simulator, &job, Box::new(shard), None);
    (outcome.result.map(drop), outcome.stderr)
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

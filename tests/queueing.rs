//! Delays in queue against theory. Run `cargo test --release queueing -- --nocapture`, with the environment that `make
//! test` sets, to see them.
//!
//! Every case is simulated `REPLICATIONS` times with different seeds, and theory must lie within the confidence
//! interval of 99.9 % for the mean, by Student's distribution. A replication starts with an empty system; its first
//! `WARM_UP` requests are not measured. The slowest case, M/M/1 at 0.9, forgets its initial state with a time constant
//! of 1/(1 − √0.9)² = 380 service times (Cohen, "The Single Server Queue", 1982); the warm-up is more than 50 of them.

use cli::settings::{DemandSettings, SeedSettings, of_flags};
use contract::{Completion, Request};
use generator::{Generation, Generator, GeneratorSettings};
use sim_wasm::{Fifo, Model};

use crate::support::Folder;

pub(crate) const REPLICATIONS: u64 = 30;
/// Student's quantile of 0.9995 with 29 degrees of freedom.
pub(crate) const STUDENT: f64 = 3.659;
const WARM_UP: u64 = 20_000;
const MEASURED: u64 = 200_000;

/// One queue with a mean interarrival time of 10 ms.
struct Case {
    name: &'static str,
    utilization: f64,
    servers: u32,
    service: &'static str,
    /// Number of clients; each is a Poisson process.
    clients: u64,
}

const MM1: Case = Case { name: "M/M/1", utilization: 0.75, servers: 1, service: "exponential", clients: 1 };
const MD1: Case = Case { name: "M/D/1", service: "deterministic", ..MM1 };

impl Case {
    fn service_ms(&self) -> f64 {
        10.0 * self.utilization * f64::from(self.servers)
    }

    /// The mean delay in queue \[ms\]: Erlang's C (1917) divided by the excess of the service rate over the arrival
    /// rate; for one server and deterministic service half of it, by the formula of Pollaczek and Khinchine.
    fn theory_ms(&self) -> f64 {
        let servers = i32::try_from(self.servers).unwrap();
        let load = self.utilization * f64::from(servers);
        let term = |n: i32| (1..=n).fold(1.0, |term, i| term * load / f64::from(i));
        let all_busy = term(servers) / (1.0 - self.utilization);
        let waits = all_busy / ((0..servers).map(term).sum::<f64>() + all_busy);
        let delay = waits * self.service_ms() / (f64::from(servers) * (1.0 - self.utilization));
        if self.service == "deterministic" { delay / 2.0 } else { delay }
    }

    fn arrivals(&self) -> Arrivals {
        Arrivals {
            clients: self.clients,
            service: self.service,
            service_ms: self.service_ms(),
            requests: WARM_UP + MEASURED,
        }
    }

    /// The mean delay in queue of one replication \[ms\].
    fn simulate(&self, seed: u64) -> f64 {
        let mut delays_ns: u128 = 0;
        let model = Model { servers: self.servers, ..Model::default() };
        self.arrivals().each(seed, model, |request, answer| {
            if request.id >= WARM_UP {
                delays_ns += u128::from(answer.start_ns - request.arrival_ns);
            }
        });
        delays_ns as f64 / MEASURED as f64 / 1e6
    }

    /// The confidence interval contains theory, and its half-width is at most `precision` of it.
    fn holds(&self, precision: f64) {
        let delays: Vec<f64> = (1..=REPLICATIONS).map(|seed| self.simulate(seed)).collect();
        let (mean, half) = interval(&delays, STUDENT);
        self.compare("", mean, half);
        assert!(half < precision * self.theory_ms(), "{}: a half-width of {half} ms is too large", self.name);
    }

    fn compare(&self, how: &str, mean: f64, half: f64) {
        let theory = self.theory_ms();
        let line = format!(
            "{}{how} at {:.2}: theory {theory:.4} ms, measured {mean:.4} ± {half:.4} ms",
            self.name, self.utilization
        );
        println!("{line}");
        assert!((mean - theory).abs() <= half, "{line}");
    }
}

/// The arrivals of one replication: Poisson processes with a mean interarrival time of 10 ms in all.
pub(crate) struct Arrivals {
    pub(crate) clients: u64,
    pub(crate) service: &'static str,
    pub(crate) service_ms: f64,
    pub(crate) requests: u64,
}

/// The settings that [`Arrivals::flags`] give.
#[derive(Debug, clap::Args)]
struct All {
    #[command(flatten)]
    generator: GeneratorSettings,
    #[command(flatten)]
    demand: DemandSettings,
    #[command(flatten)]
    seed: SeedSettings,
}

impl Arrivals {
    /// The flags of `tracegen`.
    pub(crate) fn flags(&self, seed: u64) -> String {
        let Self { clients, service, service_ms, requests } = self;
        let (gap_ms, st_ns) = (10 * clients, (service_ms * 1e6).round());
        format!(
            "--env-file /dev/null --distribution poisson --inter-arrival {gap_ms}ms --concurrency {clients} \
             --samples {requests} --seed {seed} --st {st_ns}ns --service {service}"
        )
    }

    /// Passes each request of the replication `seed` with its completion in `model`, which must be certain at once.
    pub(crate) fn each(&self, seed: u64, model: Model, mut each: impl FnMut(&Request, Completion)) {
        let All { generator, demand, seed } = of_flags(self.flags(seed).split(' ')).unwrap();
        let demands = demand.demands(&seed).unwrap();
        let mut generator = Generator::new(&Generation::from_settings(&generator, &seed).unwrap());
        let mut fifo = Fifo::new(model);
        let mut batch: Vec<Request> = Vec::new();
        while generator.fill(&mut batch, 4096).unwrap() > 0 {
            for request in &mut batch {
                request.service_ns = demands.sample(request.id);
                fifo.arrive(request, &mut |answer| each(request, answer));
            }
            batch.clear();
        }
    }
}

/// The mean over replications, and the half-width of its confidence interval.
pub(crate) fn interval(values: &[f64], student: f64) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, student * (variance / n).sqrt())
}

#[test]
fn theory_agrees_with_published_formulas() {
    let close = |case: Case, ms: f64| assert!((case.theory_ms() - ms).abs() < 1e-9, "{}", case.theory_ms());
    // ρ/(1 − ρ) service times, half of it, and for two servers at 0.5: ρ²/(1 − ρ²) service times.
    close(MM1, 22.5);
    close(MD1, 11.25);
    close(Case { utilization: 0.5, servers: 2, ..MM1 }, 10.0 / 3.0);
}

#[test]
fn mm1_has_the_delay_of_theory() {
    MM1.holds(0.02);
}

#[test]
fn md1_has_half_the_delay_of_mm1() {
    MD1.holds(0.02);
}

#[test]
fn mmc_has_the_delay_of_erlang_c() {
    Case { name: "M/M/2", servers: 2, ..MM1 }.holds(0.02);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_utilizations_and_servers() {
    Case { utilization: 0.5, ..MM1 }.holds(0.02);
    Case { utilization: 0.9, ..MM1 }.holds(0.05);
    Case { utilization: 0.5, ..MD1 }.holds(0.02);
    Case { utilization: 0.9, ..MD1 }.holds(0.05);
    Case { name: "M/M/5", servers: 5, utilization: 0.9, ..MM1 }.holds(0.06);
}

#[test]
fn clients_with_exponential_interarrival_times_are_one_poisson_process() {
    Case { name: "M/M/1 of 5 clients", clients: 5, ..MM1 }.holds(0.02);
}

#[test]
fn constant_interarrival_times_and_shorter_service_never_wait() {
    let folder = Folder::new();
    let made = "--distribution deterministic --samples 1000 --concurrency 1 --inter-arrival 10 --out trace.csv";
    folder.run("tracegen", made).succeeds();
    let report = folder.host("trace.csv --st 9.9 --service deterministic --json").succeeds().json();
    assert_eq!(report["tally"]["delay_sum_ns"], "0");
    assert_eq!(report["tally"]["service_sum_ns"], "9900000000");
}

/// The programs, from `tracegen` to the host's report. The whole trace is measured: among so many requests, the first
/// ones, which meet an emptier system, lower the mean by less than a thousandth at this utilization.
#[test]
fn the_programs_have_the_delay_of_theory() {
    the_programs_agree(&[MM1]);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_the_programs() {
    the_programs_agree(&[MM1, MD1]);
}

fn the_programs_agree(cases: &[Case]) {
    for case in cases {
        let (mut delays, mut utilizations) = (Vec::new(), Vec::new());
        for seed in 1..=12 {
            let flags = case.arrivals().flags(seed);
            let folder = Folder::new();
            folder.run("tracegen", &format!("{flags} --format records --out trace.req")).succeeds();
            let report = folder.host(&format!("trace.req --seed {seed} --json")).succeeds().json();
            let tally = &report["tally"];
            let number = |name: &str| tally[name].as_str().unwrap().parse::<f64>().unwrap();
            assert_eq!(tally["started"], WARM_UP + MEASURED);
            // Little's law, exact if all requests have left: the area of those waiting is the sum of their delays.
            assert_eq!(tally["waiting_area_ns"], tally["delay_sum_ns"]);
            delays.push(number("delay_sum_ns") / tally["started"].as_f64().unwrap() / 1e6);
            utilizations.push(number("service_sum_ns") / tally["end_ns"].as_f64().unwrap());
        }
        // Student's quantile of 0.9995 with 11 degrees of freedom.
        let (mean, half) = interval(&delays, 4.437);
        case.compare(" by the programs", mean, half);
        assert!(half < 0.04 * case.theory_ms(), "{half}");
        let (utilization, half) = interval(&utilizations, 4.437);
        assert!((utilization - case.utilization).abs() <= half && half < 0.01, "{utilization} ± {half}");
    }
}

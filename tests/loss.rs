//! Rejected requests against theory: M/M/1/K and M/M/c/c, as delays in `queueing.rs`. Run `cargo test --release loss --
//! --nocapture` to see them.
//!
//! A loss system forgets its initial state within some service times, so a short warm-up is enough.

use contract::Completion;
use sim_wasm::Model;

use crate::queueing::{Arrivals, REPLICATIONS, STUDENT, interval};
use crate::support::Folder;

const WARM_UP: u64 = 5_000;
const MEASURED: u64 = 200_000;

/// One queue with `servers` servers and room for `capacity` requests, with the offered load `load` in servers.
#[derive(Clone, Copy)]
struct Case {
    load: f64,
    servers: u32,
    capacity: u64,
    service: &'static str,
}

/// M/M/1/K.
const fn mm1k(load: f64, capacity: u64) -> Case {
    Case { load, servers: 1, capacity, service: "exponential" }
}

/// M/M/c/c.
const fn mmcc(load: f64, servers: u32) -> Case {
    Case { load, servers, capacity: servers as u64, service: "exponential" }
}

/// Erlang's B formula (1917) by its recursion: the share of requests that find all `servers` busy.
fn erlang_b(load: f64, servers: u32) -> f64 {
    (1..=servers).fold(1.0, |loss, server| load * loss / (f64::from(server) + load * loss))
}

impl Case {
    /// The probabilities of 0 to K requests in the system, by the balance equations.
    fn distribution(&self) -> Vec<f64> {
        let deaths = |number: u64| number.min(u64::from(self.servers)) as f64;
        let mut weights = vec![1.0];
        weights.extend((1..=self.capacity).scan(1.0, |weight, number| {
            *weight *= self.load / deaths(number);
            Some(*weight)
        }));
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    }

    /// Arrivals see time averages: the rejected share is the share of time in which the system is full.
    fn loss(&self) -> f64 {
        *self.distribution().last().unwrap()
    }

    fn number_in_system(&self) -> f64 {
        self.distribution().iter().zip(0u32..).map(|(share, number)| share * f64::from(number)).sum()
    }

    fn name(&self) -> String {
        let Self { load, servers, capacity, service } = self;
        let distribution = if *service == "deterministic" { "D" } else { "M" };
        format!("M/{distribution}/{servers}/{capacity} at {load}")
    }

    fn arrivals(&self, requests: u64) -> Arrivals {
        Arrivals { clients: 1, service: self.service, service_ms: 10.0 * self.load, requests }
    }

    /// The rejected share and the mean number in the system of one replication.
    fn simulate(&self, seed: u64) -> [f64; 2] {
        let model = Model { servers: self.servers, capacity: self.capacity, ..Model::default() };
        let (mut lost, mut area_ns, mut ends) = (0u64, 0u128, [0, 0]);
        self.arrivals(WARM_UP + MEASURED).each(seed, model, |request, answer| {
            if request.id < WARM_UP {
                ends[0] = request.arrival_ns;
                return;
            }
            ends[1] = request.arrival_ns;
            lost += u64::from(answer.start_ns == Completion::NOT_SERVED);
            area_ns += u128::from(answer.finish_ns - request.arrival_ns);
        });
        // Little's law: each request contributes the time that it stays.
        [lost as f64 / MEASURED as f64, area_ns as f64 / (ends[1] - ends[0]) as f64]
    }

    /// Theory lies within the confidence intervals, whose half-widths are less than `precision` of it. Returns the
    /// relative errors of both means.
    fn holds(&self, precision: f64) -> [f64; 2] {
        let measured: Vec<[f64; 2]> = (1..=REPLICATIONS).map(|seed| self.simulate(seed)).collect();
        let compare = |place: usize, what: &str, theory: f64| {
            let values: Vec<f64> = measured.iter().map(|values| values[place]).collect();
            let (mean, half) = interval(&values, STUDENT);
            let line = format!("{}: {what} {theory:.6}, measured {mean:.6} ± {half:.6}", self.name());
            println!("{line}, {:+.2} %", 100.0 * (mean / theory - 1.0));
            assert!((mean - theory).abs() <= half, "{line}");
            assert!(half < precision * theory, "{line}: the interval is too wide");
            (mean / theory - 1.0).abs()
        };
        [compare(0, "loss", self.loss()), compare(1, "number in system", self.number_in_system())]
    }
}

#[test]
fn theory_agrees_with_published_formulas() {
    let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
    // M/M/1/K: (1 − ρ)ρ^K/(1 − ρ^(K+1)), and 1/(K + 1) at ρ = 1.
    close(mm1k(0.5, 3).loss(), 0.5 * 0.125 / (1.0 - 0.0625));
    close(mm1k(1.0, 4).loss(), 0.2);
    // Its number in the system: ρ/(1 − ρ) − (K + 1)ρ^(K+1)/(1 − ρ^(K+1)), and K/2 at ρ = 1.
    close(mm1k(0.5, 3).number_in_system(), 1.0 - 4.0 * 0.0625 / (1.0 - 0.0625));
    close(mm1k(1.0, 4).number_in_system(), 2.0);
    // M/M/c/c: Erlang's B; the number in the system is the load that is not lost.
    for (load, servers) in [(1.0, 1), (1.0, 2), (3.0, 5), (12.0, 20), (84.1, 100)] {
        close(mmcc(load, servers).loss(), erlang_b(load, servers));
        close(mmcc(load, servers).number_in_system(), load * (1.0 - erlang_b(load, servers)));
    }
    // Published tables of Erlang's B give the load at which 1 % is lost: 1.36 on 5 lines, 4.46 on 10, 12.0 on 20, 84.1
    // on 100.
    for (load, digit, servers) in [(1.36, 0.005, 5), (4.46, 0.005, 10), (12.0, 0.05, 20), (84.1, 0.05, 100)] {
        assert!(erlang_b(load - digit, servers) < 0.01 && 0.01 < erlang_b(load + digit, servers), "{servers}");
    }
}

#[test]
fn mm1k_rejects_the_share_of_theory() {
    mm1k(0.9, 5).holds(0.02);
}

#[test]
fn mmcc_rejects_the_share_of_erlang_b() {
    mmcc(3.0, 5).holds(0.02);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_loads() {
    for (load, capacity) in [(0.5, 2), (0.9, 5), (1.0, 3), (1.5, 10)] {
        mm1k(load, capacity).holds(0.02);
    }
    let loads = [(0.5, 1), (1.0, 2), (3.0, 5), (4.46, 10), (12.0, 20), (90.0, 100)];
    let errors = loads.map(|(load, servers)| mmcc(load, servers).holds(0.06)[0]);
    println!("the largest relative error against Erlang's B: {:.2} %", 100.0 * errors.into_iter().fold(0.0, f64::max));
}

/// Erlang's B depends on the distribution of service only through its mean (Sevastyanov, 1957).
#[test]
fn erlang_b_does_not_depend_on_the_service_distribution() {
    Case { service: "deterministic", ..mmcc(3.0, 5) }.holds(0.02);
}

/// The programs, from `tracegen` to the host's report.
#[test]
fn the_programs_reject_the_share_of_theory() {
    the_programs_agree(&[mm1k(0.9, 5)]);
}

#[test]
#[ignore = "a large grid: make truth"]
fn grid_of_the_programs() {
    the_programs_agree(&[mm1k(0.9, 5), mmcc(3.0, 5)]);
}

fn the_programs_agree(cases: &[Case]) {
    for case in cases {
        let measure = |seed: u64| {
            let folder = Folder::new();
            let flags = case.arrivals(50_000).flags(seed);
            folder.run("tracegen", &format!("{flags} --format records --out trace.req")).succeeds();
            let Case { servers, capacity, .. } = case;
            let flags = format!("--servers {servers} --capacity {capacity} --verify --json");
            let tally = folder.host(&format!("trace.req {flags}")).succeeds().json()["tally"].clone();
            let count = |name: &str| tally["counts"][name].as_f64().unwrap();
            assert_eq!(count("completed") + count("rejected"), 50_000.0);
            let area: f64 = tally["system_area_ns"].as_str().unwrap().parse().unwrap();
            [count("rejected") / 50_000.0, area / tally["end_ns"].as_f64().unwrap()]
        };
        let measured: Vec<[f64; 2]> = (1..=12).map(measure).collect();
        for (place, theory) in [case.loss(), case.number_in_system()].into_iter().enumerate() {
            let values: Vec<f64> = measured.iter().map(|values| values[place]).collect();
            // Student's quantile of 0.9995 with 11 degrees of freedom.
            let (mean, half) = interval(&values, 4.437);
            assert!(
                (mean - theory).abs() <= half && half < 0.05 * theory,
                "{}: {mean} ± {half}, not {theory}",
                case.name()
            );
        }
    }
}

//! Requests that are rejected or abandon.

use sim_wasm::Discipline;

use super::super::formulas::{Patience, erlang_a, erlang_b, mean, mmc_with_patience, mmck};
use super::super::scenario::{Figure, Scenario};
use super::super::service::{PARETO, Service};

const BALANCE: &str = "balance equations";
const ERLANG_B: &str = "Erlang's B formula (1917)";
const INSENSITIVE: &str = "Erlang's B formula, insensitive to service (Sevastyanov, 1957)";

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (load, servers, capacity) in [(0.5, 1, 2), (0.9, 1, 5), (1.0, 1, 3), (1.5, 1, 10), (3.2, 4, 8), (4.0, 4, 6)] {
        all.push(limited(load, servers, capacity, Discipline::Fifo));
    }
    // The number in system does not depend on the order of service.
    all.push(limited(3.2, 4, 8, Discipline::Lifo));
    all.push(limited(0.9, 1, 5, Discipline::Siro));
    for (load, servers) in [(0.5, 1), (1.0, 2), (3.0, 5), (12.0, 20), (90.0, 100)] {
        all.push(without_queue(load, servers, Service::Exponential, ERLANG_B));
    }
    for service in [
        Service::Deterministic,
        Service::Erlang(4),
        Service::Hyperexponential(2.0),
        Service::Lognormal(2.0),
        Service::Gamma(2.0),
        Service::Weibull(2.0),
        PARETO,
    ] {
        all.push(without_queue(3.0, 5, service, INSENSITIVE));
    }
    for (load, servers, patience) in [(0.9, 1, 1.0), (4.0, 4, 1.0), (12.0, 10, 2.0), (48.0, 50, 2.0)] {
        all.push(impatient(load, servers, Patience::Exponential(patience), Discipline::Fifo));
    }
    // With exponential patience, the number that abandon does not depend on the order of service.
    all.push(impatient(4.0, 4, Patience::Exponential(1.0), Discipline::Lifo));
    all.push(impatient(4.0, 4, Patience::Exponential(1.0), Discipline::Siro));
    for (load, servers, patience) in [(0.9, 1, 2.0), (4.0, 4, 0.5), (12.0, 10, 1.0), (1.5, 1, 1.0)] {
        all.push(impatient(load, servers, Patience::Constant(patience), Discipline::Fifo));
    }
    all
}

/// M/M/c/K.
fn limited(load: f64, servers: u32, capacity: u32, discipline: Discipline) -> Scenario {
    let numbers = mmck(load, servers, capacity);
    let rho = load / f64::from(servers);
    let order = match discipline {
        Discipline::Fifo => String::new(),
        other => format!(", {}", other.name()),
    };
    Scenario::new(format!("M/M/{servers}/{capacity} at {rho}{order}"), rho)
        .servers(servers)
        .capacity(capacity.into())
        .discipline(discipline)
        .expects(Figure::Rejected, numbers[capacity as usize], BALANCE)
        .expects(Figure::InSystem, mean(&numbers), BALANCE)
}

/// M/G/c/c.
fn without_queue(load: f64, servers: u32, service: Service, source: &'static str) -> Scenario {
    let rho = load / f64::from(servers);
    Scenario::new(format!("M/G/{servers}/{servers}, G = {}, at {rho}", service.name()), rho)
        .service(service)
        .servers(servers)
        .capacity(servers.into())
        .expects(Figure::Rejected, erlang_b(load, servers), source)
}

/// M/M/c with patience.
fn impatient(load: f64, servers: u32, patience: Patience, discipline: Discipline) -> Scenario {
    let rho = load / f64::from(servers);
    let (letter, mean, exponential) = match patience {
        Patience::Constant(mean) => ("D", mean, false),
        Patience::Exponential(mean) => ("M", mean, true),
    };
    let (abandoned, time) = match patience {
        Patience::Exponential(mean) => erlang_a(load, servers, mean),
        Patience::Constant(_) => mmc_with_patience(load, servers, patience),
    };
    let source = if exponential { "Erlang A: Palm (1957)" } else { "Baccelli, Hebuterne (1981)" };
    let order = match discipline {
        Discipline::Fifo => String::new(),
        other => format!(", {}", other.name()),
    };
    Scenario::new(format!("M/M/{servers}+{letter} at {rho}, mean patience {mean}{order}"), rho)
        .servers(servers)
        .patience(mean, exponential)
        .discipline(discipline)
        .expects(Figure::Abandoned, abandoned, source)
        .expects(Figure::TimeInQueue, time, source)
}

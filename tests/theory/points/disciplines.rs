//! Orders of service other than first in, first out.

use sim_wasm::Discipline;

use super::super::formulas::{
    ClassLoad, Mmc, mg1_of, mmc_preemptive_responses, mmc_priority_delays, mmck, preemptive_delays, priority_delays,
    shortest_job_delay,
};
use super::super::scenario::{Class, Figure, Of, Scenario};
use super::super::service::{PARETO, Service};

const TAKACS: &str = "Takács (1963)";
const KINGMAN: &str = "Kingman (1962)";

/// lifo, siro and sjf, without pre-emption.
pub(super) fn in_some_order() -> Vec<Scenario> {
    let mut all = Vec::new();
    // Orders that do not look at demands have the mean of first in, first out, but other mean squares.
    for (discipline, factor) in [(Discipline::Siro, siro as fn(f64) -> f64), (Discipline::Lifo, lifo)] {
        for (rho, servers) in [(0.5, 1), (0.6, 1), (0.6, 3)] {
            let queue = Mmc::new(rho, servers);
            let scenario = Scenario::new(format!("M/M/{servers}, {}, at {rho}", discipline.name()), rho);
            all.push(
                scenario
                    .servers(servers)
                    .discipline(discipline)
                    .expects(Figure::Delay(Of::All), queue.delay(), "as first in, first out")
                    .expects(Figure::SquaredDelay, factor(rho) * queue.squared_delay(), KINGMAN),
            );
        }
        for service in [Service::Deterministic, Service::Gamma(1.5)] {
            let (delay, squared) = mg1_of(0.6, service);
            let name = format!("M/G/1, G = {}, {}, at 0.6", service.name(), discipline.name());
            all.push(
                Scenario::new(name, 0.6)
                    .service(service)
                    .discipline(discipline)
                    .expects(Figure::Delay(Of::All), delay, "as first in, first out")
                    .expects(Figure::SquaredDelay, factor(0.6) * squared, TAKACS),
            );
        }
    }
    for rho in [0.5, 0.8] {
        let below = move |x: f64| rho * (1.0 - (-x).exp() * (1.0 + x));
        let delay = shortest_job_delay(rho, 2.0, 60.0, |x| (-x).exp(), below);
        all.push(sjf(rho, Service::Exponential, delay));
    }
    let (least, most) = PARETO.bounds();
    let density = |x: f64| 1.5 * least.powf(1.5) / (1.0 - 0.001) * x.powf(-2.5);
    // In logarithms, in which the density is smooth: from 0 to ln 100.
    let delay = shortest_job_delay(
        0.7,
        PARETO.moment(2),
        (most / least).ln(),
        |u| density(least * u.exp()) * least * u.exp(),
        |u| 0.7 * PARETO.part(1, least, least * u.exp()),
    );
    all.push(sjf(0.7, PARETO, delay));
    all
}

fn siro(rho: f64) -> f64 {
    2.0 / (2.0 - rho)
}

fn lifo(rho: f64) -> f64 {
    1.0 / (1.0 - rho)
}

fn sjf(rho: f64, service: Service, delay: f64) -> Scenario {
    Scenario::new(format!("M/G/1, G = {}, sjf, at {rho}", service.name()), rho)
        .service(service)
        .discipline(Discipline::Sjf)
        .expects(Figure::Delay(Of::All), delay, "Phipps (1956)")
}

const fn class(share: f64, mean: f64, number: u16, write: bool) -> Class {
    Class { share, mean, number, write }
}

/// Three classes, of which the second and the third differ only in their operation. Their mean service time is 1.
const CLASSES: [Class; 3] = [class(0.4, 0.5, 0, true), class(0.3, 1.0, 3, false), class(0.3, 5.0 / 3.0, 3, true)];
/// As [`CLASSES`], but with the same service.
const ALIKE: [Class; 3] = [class(0.4, 1.0, 0, true), class(0.3, 1.0, 3, false), class(0.3, 1.0, 3, true)];

/// priority and priority-preemptive.
pub(super) fn priorities() -> Vec<Scenario> {
    let mut all = Vec::new();
    for (rho, service) in [(0.7, Service::Exponential), (0.9, Service::Exponential), (0.7, Service::Gamma(1.5))] {
        let loads = CLASSES.map(|class| ClassLoad {
            rate: rho * class.share,
            mean: class.mean,
            second: class.mean.powi(2) * service.moment(2),
        });
        let name = |order: &str| format!("M/G/1 with 3 classes, G = {}, {order}, at {rho}", service.name());
        let scenario = |order: Discipline| {
            Scenario::new(name(order.name()), rho).service(service).classes(&CLASSES).discipline(order)
        };
        let mut cobham = scenario(Discipline::Priority);
        for (place, delay) in priority_delays(&loads).into_iter().enumerate() {
            cobham = cobham.expects(Figure::Delay(Of::Class(place)), delay, "Cobham (1954)");
        }
        let mut preemptive = scenario(Discipline::PriorityPreemptive);
        for (place, (delay, response)) in preemptive_delays(&loads).into_iter().enumerate() {
            const SOURCE: &str = "Conway, Maxwell, Miller (1967)";
            preemptive = preemptive.expects(Figure::Response(Of::Class(place)), response, SOURCE);
            if place == 2 {
                preemptive = preemptive.expects(Figure::Delay(Of::Class(place)), delay, SOURCE);
            }
        }
        all.extend([cobham, preemptive]);
    }
    let rates = ALIKE.map(|class| 0.8 * 3.0 * class.share);
    let scenario = |order: Discipline| {
        let name = format!("M/M/3 with 3 classes, {}, at 0.8", order.name());
        Scenario::new(name, 0.8).servers(3).classes(&ALIKE).discipline(order)
    };
    let mut cobham = scenario(Discipline::Priority);
    for (place, delay) in mmc_priority_delays(&rates, 3).into_iter().enumerate() {
        cobham = cobham.expects(Figure::Delay(Of::Class(place)), delay, "Cobham (1954)");
    }
    let mut preemptive = scenario(Discipline::PriorityPreemptive);
    for (place, response) in mmc_preemptive_responses(&rates, 3).into_iter().enumerate() {
        preemptive = preemptive.expects(Figure::Response(Of::Class(place)), response, "M/M/c of the higher classes");
    }
    all.extend([cobham, preemptive]);
    all
}

/// ps.
pub(super) fn sharing() -> Vec<Scenario> {
    let mut all = Vec::new();
    let new = |name: String, rho: f64| Scenario::new(name, rho).discipline(Discipline::Ps);
    for (rho, service) in [
        (0.5, Service::Exponential),
        (0.8, Service::Exponential),
        (0.9, Service::Exponential),
        (0.7, Service::Deterministic),
        (0.7, Service::Hyperexponential(2.0)),
        (0.7, Service::Lognormal(2.0)),
        (0.7, PARETO),
    ] {
        const SOURCE: &str = "Sakata, Noguchi, Oizumi (1971)";
        let scenario = new(format!("M/G/1, G = {}, ps, at {rho}", service.name()), rho).service(service);
        let mut scenario = scenario.expects(Figure::Response(Of::All), 1.0 / (1.0 - rho), SOURCE);
        if service != Service::Deterministic {
            for (from, to) in [(0.0, 1.0), (1.0, 3.0), (3.0, f64::INFINITY)] {
                scenario = scenario.expects(Figure::Stretch(from, to), 1.0 / (1.0 - rho), SOURCE);
            }
        }
        if service == Service::Exponential && rho < 0.9 {
            let squared = 4.0 / (2.0 - rho) / (1.0 - rho).powi(2);
            scenario = scenario.expects(Figure::SquaredResponse, squared, "Coffman, Muntz, Trotter (1970)");
        }
        all.push(scenario);
    }
    // With c servers, n requests are served at the rate min(n, c) in all: the number in system has the distribution of
    // M/M/c whatever the service.
    const SYMMETRIC: &str = "symmetric queue: Kelly (1979)";
    for service in [Service::Exponential, Service::Deterministic, Service::Hyperexponential(2.0), PARETO] {
        let scenario = new(format!("M/G/4, G = {}, ps, at 0.8", service.name()), 0.8).service(service).servers(4);
        all.push(scenario.expects(Figure::InSystem, Mmc::new(0.8, 4).in_system(), SYMMETRIC));
    }
    for service in [Service::Exponential, Service::Hyperexponential(2.0)] {
        let numbers = mmck(0.9, 1, 5);
        let scenario = new(format!("M/G/1/5, G = {}, ps, at 0.9", service.name()), 0.9).service(service).capacity(5);
        all.push(scenario.expects(Figure::Rejected, numbers[5], SYMMETRIC));
    }
    all
}

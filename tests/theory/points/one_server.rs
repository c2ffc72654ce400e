//! One server, first in, first out.

use random::distribution::Distribution;

use super::super::crommelin::Mdc;
use super::super::formulas::{Mmc, gim1, gim1_delay, gim1_delay_above, mg1_of};
use super::super::scenario::{Figure, Of, Scenario};
use super::super::service::{PARETO, Service};

const EXPONENTIAL: &str = "Erlang's C formula; those that wait wait exponentially long";
const PK: &str = "Pollaczek (1930), Khinchine (1932)";

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    for rho in [0.5, 0.7, 0.9, 0.95] {
        all.push(exponential(rho));
    }
    for rho in [0.5, 0.9] {
        all.push(constant(rho));
    }
    for (rho, service) in [
        (0.5, Service::Erlang(4)),
        (0.9, Service::Erlang(4)),
        (0.7, Service::Hyperexponential(2.0)),
        (0.8, Service::Hyperexponential(1.5)),
        (0.7, Service::Lognormal(1.5)),
        (0.7, Service::Gamma(0.5)),
        (0.7, Service::Gamma(2.0)),
        (0.7, Service::Weibull(0.7)),
        (0.7, Service::Weibull(2.0)),
        (0.7, PARETO),
    ] {
        let scenario = Scenario::new(format!("M/G/1, G = {}, at {rho}", service.name()), rho).service(service);
        all.push(scenario.expects(Figure::Delay(Of::All), mg1_of(rho, service).0, PK));
    }
    all.extend(renewal_arrivals());
    all
}

fn exponential(rho: f64) -> Scenario {
    let queue = Mmc::new(rho, 1);
    let mut scenario = Scenario::new(format!("M/M/1 at {rho}"), rho).expects(
        Figure::Delay(Of::All),
        queue.delay(),
        "Erlang's C formula (1917)",
    );
    // In mean delays of those that wait.
    let multiples: &[f64] = if rho < 0.9 { &[0.0, 0.5, 1.0, 2.0] } else { &[0.0, 0.5, 1.0] };
    for multiple in multiples {
        let x = (multiple / (1.0 - rho) * 10.0).round() / 10.0;
        scenario = scenario.expects(Figure::DelayAbove(x), queue.delay_above(x), EXPONENTIAL);
    }
    if rho < 0.9 { scenario.expects(Figure::SquaredDelay, queue.squared_delay(), EXPONENTIAL) } else { scenario }
}

fn constant(rho: f64) -> Scenario {
    let queue = Mdc::new(rho, 1);
    let mut scenario = Scenario::new(format!("M/D/1 at {rho}"), rho).service(Service::Deterministic).expects(
        Figure::Delay(Of::All),
        mg1_of(rho, Service::Deterministic).0,
        PK,
    );
    let xs = if rho < 0.8 { [0.5, 1.0, 2.0] } else { [1.0, 4.0, 10.0] };
    for x in xs {
        scenario = scenario.expects(Figure::DelayAbove(x), queue.delay_above(x), "Franx (2001), Markov chain");
    }
    scenario
}

/// GI/M/1 by the Laplace transform of interarrival times of mean 1/ρ.
fn renewal_arrivals() -> Vec<Scenario> {
    const SOURCE: &str = "GI/M/1: Kendall (1953)";
    let gamma = |cv: f64| Distribution::gamma(cv).unwrap();
    let new = |name: &str, rho: f64, arrivals, transform: &dyn Fn(f64) -> f64| {
        let sigma = gim1(transform);
        let x = (1.0 / (1.0 - sigma)).round();
        Scenario::new(format!("{name}/M/1 at {rho}"), rho)
            .arrivals(arrivals)
            .expects(Figure::Delay(Of::All), gim1_delay(sigma), SOURCE)
            .expects(Figure::DelayAbove(x), gim1_delay_above(sigma, x), SOURCE)
    };
    vec![
        new("D", 0.8, Distribution::Constant, &|s| (-s / 0.8).exp()),
        new("U", 0.8, Distribution::Uniform, &|s| (1.0 - (-2.0 * s / 0.8).exp()) * 0.8 / (2.0 * s).max(1e-300)),
        new("gamma (cv 0.5)", 0.7, gamma(0.5), &|s| (1.0 + 0.25 * s / 0.7).powf(-4.0)),
        new("gamma (cv 2)", 0.7, gamma(2.0), &|s| (1.0 + 4.0 * s / 0.7).powf(-0.25)),
    ]
}

//! The formulas against published values and special cases.

use measure::theory::{ekm1_delay, mg1_delay, mmc_delay};

use super::formulas::*;
use super::service::{PARETO, Service};

#[track_caller]
fn close(found: f64, expected: f64, within: f64) {
    assert!((found - expected).abs() <= within, "{found}, not {expected}");
}

#[test]
fn erlang_b_is_that_of_published_tables() {
    // The load at which 1 % is lost, to the digits of the tables: 1.36 on 5 lines, 4.46 on 10, 12.0 on 20, 84.1 on 100.
    for (load, digit, servers) in [(1.36, 0.005, 5), (4.46, 0.005, 10), (12.0, 0.05, 20), (84.1, 0.05, 100)] {
        assert!(erlang_b(load - digit, servers) < 0.01 && 0.01 < erlang_b(load + digit, servers), "{servers}");
    }
}

#[test]
fn loss_systems_have_their_closed_forms() {
    // M/M/1/K: (1 − ρ)ρ^K/(1 − ρ^(K+1)), and 1/(K + 1) at ρ = 1.
    close(mmck(0.5, 1, 3)[3], 0.5 * 0.125 / (1.0 - 0.0625), 1e-12);
    close(mmck(1.0, 1, 4)[4], 0.2, 1e-12);
    // Its number in the system: ρ/(1 − ρ) − (K + 1)ρ^(K+1)/(1 − ρ^(K+1)), and K/2 at ρ = 1.
    close(mean(&mmck(0.5, 1, 3)), 1.0 - 4.0 * 0.0625 / (1.0 - 0.0625), 1e-12);
    close(mean(&mmck(1.0, 1, 4)), 2.0, 1e-12);
    // M/M/c/c: Erlang's B; the number in the system is the load that is not lost.
    for (load, servers) in [(1.0, 1), (1.0, 2), (3.0, 5), (12.0, 20), (84.1, 100)] {
        let chain = mmck(load, servers, servers);
        close(chain[servers as usize], erlang_b(load, servers), 1e-12);
        close(mean(&chain), load * (1.0 - erlang_b(load, servers)), 1e-9);
    }
}

#[test]
fn many_servers_have_the_delay_of_erlang_c() {
    // ρ/(1 − ρ), and for two servers ρ²/(1 − ρ²).
    close(Mmc::new(0.75, 1).delay(), 3.0, 1e-12);
    close(Mmc::new(0.5, 2).delay(), 1.0 / 3.0, 1e-12);
    close(Mmc::new(0.9, 1).squared_delay(), 2.0 * 0.9 / 0.01, 1e-9);
    // M/M/4 at 0.8: mean response 1.74554.
    close(1.0 + Mmc::new(0.8, 4).delay(), 1.74554, 5e-6);
}

/// Mandelbaum and Zeltyn ("The Palm/Erlang-A queue, with applications to call centers", 2005): 50 agents, 48 calls a
/// minute of a minute each: a mean wait of 20.8 s; if the mean patience is 2 minutes, 3.1 % abandon and the mean wait is 3.7 s.
#[test]
fn erlang_a_has_its_published_example() {
    close(60.0 * Mmc::new(48.0 / 50.0, 50).delay(), 20.8, 0.05);
    let (abandoned, wait) = erlang_a(48.0, 50, 2.0);
    close(abandoned, 0.031, 0.0005);
    close(60.0 * wait, 3.7, 0.05);
}

#[test]
fn the_formula_for_any_patience_agrees_with_erlang_a() {
    for (load, servers, patience) in [(0.8, 1, 1.0), (4.0, 4, 2.0), (12.0, 10, 0.5), (48.0, 50, 2.0)] {
        let (abandoned, wait) = erlang_a(load, servers, patience);
        let (by_integral, wait_by_integral) = mmc_with_patience(load, servers, Patience::Exponential(patience));
        close(by_integral, abandoned, 1e-7);
        close(wait_by_integral, wait, 1e-6);
    }
    // With endless patience, M/M/c: no request leaves.
    let (none, delay) = mmc_with_patience(1.6, 2, Patience::Constant(200.0));
    close(none, 0.0, 1e-9);
    close(delay, Mmc::new(0.8, 2).delay(), 1e-6);
    // M/M/1+D: a request leaves if it finds work of at least d. P(V > d) by the equation of that queue's work, which has the
    // density P(idle)·λ·e^((λ−1)x) below d and decays at rate 1 above.
    let (rho, d) = (0.9, 2.0);
    let density = |x: f64| rho * ((rho - 1.0) * x).exp();
    let idle = 1.0 / (1.0 + integral(0.0, d, density) + density(d));
    close(mmc_with_patience(rho, 1, Patience::Constant(d)).0, idle * density(d), 1e-9);
}

#[test]
fn general_service_has_the_delay_of_pollaczek_and_khinchine() {
    let (delay, squared) = mg1_of(0.8, Service::Exponential);
    close(delay, 4.0, 1e-12);
    close(squared, 2.0 * 0.8 / 0.04, 1e-9);
    close(mg1_of(0.8, Service::Deterministic).0, 2.0, 1e-12);
    close(mg1_of(0.5, Service::Lognormal(2.0)).0, 0.5 * 5.0 / 2.0 / 0.5, 1e-12);
    close(PARETO.part(0, 0.0f64.max(PARETO.bounds().0), PARETO.bounds().1), 1.0, 1e-12);
}

/// Kleinrock ("Queueing systems", volume 2, 1976, 3.3): the conservation law, Σ ρ(k)·W(k) = ρ·W of first in, first out.
#[test]
fn priorities_conserve_work() {
    let classes = [(0.2, 0.5, 0.6), (0.25, 1.0, 2.0), (0.1, 2.0, 9.0)].map(|(rate, mean, second)| ClassLoad {
        rate,
        mean,
        second,
    });
    let load = |class: &ClassLoad| class.rate * class.mean;
    let rho: f64 = classes.iter().map(load).sum();
    let residual: f64 = classes.iter().map(|class| class.rate * class.second / 2.0).sum();
    let delays = priority_delays(&classes);
    let sum: f64 = classes.iter().zip(&delays).map(|(class, delay)| load(class) * delay).sum();
    close(sum, rho * residual / (1.0 - rho), 1e-12);
    // The highest class alone sees M/G/1 if it pre-empts.
    let (delay, response) = preemptive_delays(&classes)[0];
    close(delay, mg1(0.1, [0.5, 0.6, 0.0]).0, 1e-12);
    close(response, delay + 0.5, 1e-12);
}

#[test]
fn priorities_over_many_servers_agree_with_one_server() {
    let rates = [0.3, 0.5];
    let classes = rates.map(|rate| ClassLoad { rate, mean: 1.0, second: 2.0 });
    for (many, one) in mmc_priority_delays(&rates, 1).into_iter().zip(priority_delays(&classes)) {
        close(many, one, 1e-12);
    }
    for (many, (_, one)) in mmc_preemptive_responses(&rates, 1).into_iter().zip(preemptive_delays(&classes)) {
        close(many, one, 1e-12);
    }
}

/// Each size is a class of Cobham's formula: here 4,000 sizes of equal probability, from the quantiles of the exponential
/// distribution.
#[test]
fn shortest_job_first_is_a_priority_for_each_size() {
    for rho in [0.5, 0.8] {
        let below = move |x: f64| rho * (1.0 - (-x).exp() * (1.0 + x));
        let found = shortest_job_delay(rho, 2.0, 60.0, |x| (-x).exp(), below);
        let size = |k: u32| -(1.0 - (f64::from(k) + 0.5) / 4000.0).ln();
        let class = |k| ClassLoad { rate: rho / 4000.0, mean: size(k), second: size(k).powi(2) };
        let delays = priority_delays(&(0..4000).map(class).collect::<Vec<_>>());
        close(found, delays.iter().sum::<f64>() / 4000.0, 0.005 * found);
    }
    // Nearly equal sizes are served in random order, which has the mean delay of any order that ignores sizes: the
    // integral of 1/(1 − ρu)² over u is 1/(1 − ρ).
    close(shortest_job_delay(0.6, 1.0, 1.0, |_| 1.0, |u| 0.6 * u), 0.6 / 2.0 / 0.4, 1e-9);
}

#[test]
fn renewal_arrivals_have_their_roots() {
    // M/M/1: σ = ρ. D/M/1: σ = exp(−(1 − σ)/ρ); at 0.5 the root is 0.20319.
    close(erlang_arrivals(0.7, 1), 0.7, 1e-9);
    close(gim1(|s| (-s / 0.5).exp()), 0.20319, 5e-6);
    // Many phases approach constant interarrival times. RR over 4 workers at 0.8: mean response 3.26738.
    close(erlang_arrivals(0.5, 100_000), gim1(|s| (-s / 0.5).exp()), 1e-5);
    close(1.0 + gim1_delay(erlang_arrivals(0.8, 4)), 3.26738, 5e-6);
}

/// By the definition, P(response > x) = P(S > x) + ∫ P(delay > x − s) dP(S ≤ s) over the service times up to x.
#[test]
fn responses_are_delays_and_service() {
    let by_definition = |x: f64, delay_above: &dyn Fn(f64) -> f64| {
        (-x).exp() + integral(0.0, x, |service| (-service).exp() * delay_above(x - service))
    };
    for (rho, servers) in [(0.7, 1), (0.5, 2), (0.8, 4), (0.8, 5), (0.96, 8)] {
        let system = Mmc::new(rho, servers);
        for x in [0.1, 1.0, 4.6, 12.0] {
            close(system.response_above(x), by_definition(x, &|t| system.delay_above(t)), 1e-9);
        }
    }
    for sigma in [0.05, 0.3, 0.667] {
        for x in [0.1, 1.0, 4.6, 12.0] {
            let expected = by_definition(x, &|t| gim1_delay_above(sigma, t));
            close(gim1_response_above(sigma, x), expected, 1e-9);
        }
    }
    // p99 of M/M/1: ln 100 / (1 − ρ).
    close(quantile(|x| Mmc::new(0.7, 1).response_above(x), 0.01), 100f64.ln() / 0.3, 1e-9);
    close(quantile(|x| gim1_response_above(erlang_arrivals(0.7, 1), x), 0.01), 100f64.ln() / 0.3, 1e-6);
}

/// The formulas of reports against those above, which are computed in another way.
#[test]
fn reports_have_the_same_delays() {
    for rho in [0.05, 0.5, 0.8, 0.95] {
        for service in [Service::Deterministic, Service::Erlang(3), Service::Lognormal(2.0), PARETO] {
            close(mg1_delay(rho, service.squared_cv()), mg1_of(rho, service).0, 1e-9);
        }
        for servers in [1, 2, 7] {
            // The queue of M/M/c/K with much room, by Little's law; the load of waiting requests is that of M/M/c.
            let load = rho * f64::from(servers);
            let waiting = mean(&mmck(load, servers, 2000)[servers as usize..]);
            close(mmc_delay(rho, servers), waiting / load, 1e-9);
            close(ekm1_delay(rho, servers), gim1_delay(erlang_arrivals(rho, servers)), 1e-9);
        }
    }
}

/// One choice is M/M/1; two at 0.9: 2.3527 requests a server (Gast, Van Houdt: "A refined mean field approximation", 2017).
#[test]
fn the_mean_field_is_the_published_series() {
    close(mean_field(0.9, 2), 2.3527, 5e-5);
    close((1..200).map(|i| 0.5f64.powi(i)).sum(), 1.0, 1e-12);
}

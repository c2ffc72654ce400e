//! Mean delays by queueing theory, in a steady state.
//!
//! Formulas have the service time as their unit: a delay of 4.5 is 4.5 mean service times. They consist of operations and of
//! functions of `libm` that give the same bits on every platform.

use serde::{Deserialize, Serialize};

/// The mean delay in queue by queueing theory, of a run that meets its assumptions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Theory {
    /// The queue in Kendall's notation, such as M/M/1: that of each worker, or with LW that of all servers together.
    pub model: String,
    /// The mean delay in queue in a steady state \[ns\].
    pub mean_delay_ns: f64,
    /// The formula.
    pub source: String,
}

/// The share of requests that are lost in M/M/c/c, which has no queue, at the offered load `load` \[servers\]: Erlang's B
/// formula (1917) by its recursion.
pub fn erlang_b(load: f64, servers: u32) -> f64 {
    let mut loss = 1.0;
    for server in 1..=servers {
        loss = load * loss / (f64::from(server) + load * loss);
        if loss == 0.0 {
            // It only falls.
            break;
        }
    }
    loss
}

/// The share of requests that wait in M/M/c at the offered load `load` \[servers\], below `servers`: Erlang's C formula (1917).
pub fn erlang_c(load: f64, servers: u32) -> f64 {
    let loss = erlang_b(load, servers);
    loss / (1.0 - load / f64::from(servers) * (1.0 - loss))
}

/// The mean delay of M/M/c at the `utilization`, below 1 \[mean service times\].
pub fn mmc_delay(utilization: f64, servers: u32) -> f64 {
    let servers_f64 = f64::from(servers);
    erlang_c(utilization * servers_f64, servers) / (servers_f64 * (1.0 - utilization))
}

/// The mean delay of M/G/1 at the `utilization`, below 1, if service has this squared coefficient of variation \[mean service
/// times\]: the formula of Pollaczek (1930) and Khinchine (1932).
pub fn mg1_delay(utilization: f64, squared_cv: f64) -> f64 {
    utilization * (1.0 + squared_cv) / 2.0 / (1.0 - utilization)
}

/// The mean delay of Ek/M/1 at the `utilization`, above 0 and below 1 \[mean service times\]: a server gets every k-th request
/// of a Poisson process, k = `dealt_to`.
///
/// A request of GI/M/1 finds a busy server with probability σ, the root of σ = A*(1 − σ), where A* is the Laplace transform
/// of interarrival times (Kendall, "Stochastic processes occurring in the theory of queues", 1953). The mean delay is
/// σ/(1 − σ). With s = 1 − σ, the equation for Erlang interarrival times is 1 − s = (1 + s/(kρ))^(−k).
pub fn ekm1_delay(utilization: f64, dealt_to: u32) -> f64 {
    let k = f64::from(dealt_to);
    // Concave, 0 at s = 0 and at the root, and positive between them.
    let excess = |s: f64| k * libm::log1p(s / (k * utilization)) + libm::log1p(-s);
    let (mut low, mut high) = (0.0, 1.0);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return (1.0 - middle) / middle;
        }
        if excess(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found}, not {expected}");
    }

    #[test]
    fn one_server_has_its_published_delays() {
        // ρ/(1 − ρ), and half of it if service is deterministic.
        close(mmc_delay(0.9, 1), 9.0, 1e-12);
        close(mg1_delay(0.9, 1.0), 9.0, 1e-12);
        close(mg1_delay(0.9, 0.0), 4.5, 1e-12);
        // Erlang-2 service: 3/4 of M/M/1.
        close(mg1_delay(0.8, 0.5), 3.0, 1e-12);
        close(mg1_delay(0.0, 1.0), 0.0, 0.0);
    }

    #[test]
    fn many_servers_have_their_published_delays() {
        close(mmc_delay(0.5, 2), 1.0 / 3.0, 1e-12);
        // M/M/4 at 0.8: mean response 1.74554.
        close(1.0 + mmc_delay(0.8, 4), 1.74554, 5e-6);
        // Mandelbaum and Zeltyn (2005): 50 agents, 48 calls a minute of a minute each: 20.8 s.
        close(60.0 * mmc_delay(48.0 / 50.0, 50), 20.8, 0.05);
        close(mmc_delay(0.1, 1_000_000), 0.0, 0.0);
    }

    #[test]
    fn erlang_arrivals_have_their_published_delays() {
        // RR over 4 workers at 0.8: mean response 3.26738.
        close(1.0 + ekm1_delay(0.8, 4), 3.26738, 5e-6);
        // E2/M/1: σ = (1 + 4ρ − √(1 + 8ρ))/2.
        for rho in [0.01f64, 0.5, 0.9] {
            let sigma = f64::midpoint(1.0 + 4.0 * rho, -(1.0 + 8.0 * rho).sqrt());
            close(ekm1_delay(rho, 2), sigma / (1.0 - sigma), 1e-9);
        }
        // One phase is M/M/1, also close to saturation; many approach D/M/1, of which σ is 0.20319 at 0.5.
        for rho in [1e-9, 0.3, 0.9, 0.999_999] {
            close(ekm1_delay(rho, 1) * (1.0 - rho) / rho, 1.0, 1e-6);
        }
        close(ekm1_delay(0.5, 1_000_000), 0.20319 / 0.79681, 1e-5);
        assert!(ekm1_delay(1.0 - 1e-9, 4096) > 1e8 && ekm1_delay(1e-9, 4096) >= 0.0);
    }
}

//! Several workers behind a policy.

use super::super::chains::{Choice, dealt, response, unequal, unequal_servers};
use super::super::formulas::{Mmc, erlang_arrivals, gim1_delay, gim1_delay_above, mean_field, mg1};
use super::super::scenario::{Figure, Of, Scenario};
use super::super::service::{PARETO, Service};

const CHAIN: &str = "Markov chain, solved";

pub(super) fn scenarios() -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend(without_state());
    all.extend(with_state());
    all
}

/// R, RR.
fn without_state() -> Vec<Scenario> {
    let mut all = Vec::new();
    let rho = 0.8;
    all.push(Scenario::new("R over 4 workers, M/M/1 each, at 0.8", rho).behind("R", 4).knows(
        Figure::Delay(Of::All),
        Mmc::new(rho, 1).delay(),
        "Erlang's C formula (1917)",
    ));
    for (rho, workers) in [(0.5, 2), (0.8, 4), (0.9, 3), (0.9, 10)] {
        const SOURCE: &str = "GI/M/1: Kendall (1953)";
        let sigma = erlang_arrivals(rho, workers);
        let x = (1.0 / (1.0 - sigma)).round();
        all.push(
            Scenario::new(format!("RR over {workers} workers, E{workers}/M/1 each, at {rho}"), rho)
                .behind("RR", workers as usize)
                .knows(Figure::Delay(Of::All), gim1_delay(sigma), SOURCE)
                .knows(Figure::DelayAbove(x), gim1_delay_above(sigma, x), SOURCE),
        );
    }
    all
}

/// JSQ, TC, LW.
fn with_state() -> Vec<Scenario> {
    let mut all = Vec::new();
    let mean = |name: &str, rho: f64, workers: usize, theory: f64, source| {
        Scenario::new(format!("{name} over {workers} workers, exponential, at {rho}"), rho)
            .behind(name, workers)
            .knows(Figure::Response(Of::All), theory, source)
    };
    all.push(mean("JSQ", 0.5, 2, response::<2>(0.5, Choice::Shortest, 120, 30), CHAIN));
    all.push(mean("JSQ", 0.9, 2, response::<2>(0.9, Choice::Shortest, 300, 40), CHAIN));
    all.push(mean("JSQ", 0.8, 3, response::<3>(0.8, Choice::Shortest, 150, 20), CHAIN));
    all.push(mean("JSQ", 0.8, 4, response::<4>(0.8, Choice::Shortest, 130, 14), CHAIN));
    all.push(mean("TC", 0.8, 3, response::<3>(0.8, Choice::TwoDistinct, 150, 20), CHAIN));
    all.push(mean("TC", 0.8, 4, response::<4>(0.8, Choice::TwoDistinct, 130, 18), CHAIN));
    for (rho, workers) in [(0.8, 4), (0.85, 8)] {
        let queue = Mmc::new(rho, workers);
        const SOURCE: &str = "M/M/c: Kiefer, Wolfowitz (1955)";
        let x = (1.0 / f64::from(workers) / (1.0 - rho) * 10.0).round() / 10.0;
        all.push(
            mean("LW", rho, workers as usize, 1.0 + queue.delay(), SOURCE).knows(
                Figure::DelayAbove(x),
                queue.delay_above(x),
                SOURCE,
            ),
        );
    }
    const MEAN_FIELD: &str = "mean field: Vvedenskaya, Dobrushin, Karpelevich (1996)";
    for rho in [0.7, 0.9] {
        all.push(
            Scenario::new(format!("TC over 1000 workers, exponential, at {rho}"), rho)
                .behind("TC", 1000)
                .warm_up(200.0)
                .knows(Figure::InSystemPerWorker, mean_field(rho, 2), MEAN_FIELD),
        );
    }
    all
}

//! Many servers, first in, first out.

use super::super::crommelin::Mdc;
use super::super::formulas::Mmc;
use super::super::scenario::{Figure, Of, Scenario};
use super::super::service::Service;

pub(super) fn scenarios() -> Vec<Scenario> {
    let exponential = [(0.7, 2), (0.9, 2), (0.8, 5), (0.85, 20), (0.95, 5)].map(|(rho, servers)| {
        let queue = Mmc::new(rho, servers);
        let x = (1.0 / f64::from(servers) / (1.0 - rho) * 10.0).round() / 10.0;
        Scenario::new(format!("M/M/{servers} at {rho}"), rho)
            .servers(servers)
            .expects(Figure::Delay(Of::All), queue.delay(), "Erlang's C formula (1917)")
            .expects(
                Figure::DelayAbove(x),
                queue.delay_above(x),
                "Erlang's C formula; those that wait wait exponentially long",
            )
    });
    let constant = [(0.7, 2), (0.9, 2), (0.8, 5), (0.9, 10)].map(|(rho, servers)| {
        let queue = Mdc::new(rho, servers as usize);
        let x = (2.0 / f64::from(servers) / (1.0 - rho)).round() / 4.0;
        Scenario::new(format!("M/D/{servers} at {rho}"), rho)
            .service(Service::Deterministic)
            .servers(servers)
            .expects(Figure::Delay(Of::All), queue.delay(), "Crommelin (1932), Markov chain")
            .expects(Figure::DelayAbove(x), queue.delay_above(x), "Franx (2001), Markov chain")
    });
    exponential.into_iter().chain(constant).collect()
}

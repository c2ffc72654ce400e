//! A few points through the programs, each of which passes the generator, the sandbox and the report.

use sim_wasm::Discipline;

use super::super::chains::{Choices, response};
use super::super::formulas::{Mmc, erlang_a, mean, mmck};
use super::super::programs::Program;
use super::super::scenario::{Figure, Of, Scenario};
use super::super::service::Service;

pub(super) fn scenarios() -> Vec<Scenario> {
    let limited = mmck(0.9, 1, 5);
    let queue = Mmc::new(0.75, 1);
    let jsq = response::<4>(0.8, Choices::distinct(4), 130, 14);
    vec![
        Scenario::new("tracegen, host: M/M/1 at 0.75", 0.75)
            .by(Program::Host)
            .expects(Figure::Delay(Of::All), queue.delay(), "Erlang's C formula (1917)")
            .expects(Figure::InSystem, queue.in_system(), "Erlang's C formula (1917)"),
        Scenario::new("tracegen, host: M/M/1 of 5 clients at 0.5", 0.5).clients(5).by(Program::Host).expects(
            Figure::Delay(Of::All),
            1.0,
            "Erlang's C formula (1917)",
        ),
        Scenario::new("tracegen, host: M/M/1/5 at 0.9", 0.9)
            .capacity(5)
            .by(Program::Host)
            .expects(Figure::Rejected, limited[5], "balance equations")
            .expects(Figure::InSystem, mean(&limited), "balance equations"),
        Scenario::new("tracegen, host: M/M/4+M at 1, mean patience 1", 1.0)
            .servers(4)
            .patience(1.0, true)
            .by(Program::Host)
            .expects(Figure::Abandoned, erlang_a(4.0, 4, 1.0).0, "Erlang A: Palm (1957)"),
        Scenario::new("middleware run: M/G/1, G = H2 (cv 1.5), ps, at 0.7", 0.7)
            .service(Service::Hyperexponential(1.5))
            .discipline(Discipline::Ps)
            .by(Program::Run)
            .expects(Figure::InSystem, 0.7 / 0.3, "Sakata, Noguchi, Oizumi (1971)"),
        Scenario::new("middleware run: JSQ over 4 workers, M, at 0.8", 0.8).behind("JSQ", 4).by(Program::Run).expects(
            Figure::InSystem,
            jsq * 3.2,
            "Markov chain, solved",
        ),
    ]
}

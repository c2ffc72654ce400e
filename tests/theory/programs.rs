//! One replication of a scenario through the programs: the generator, the policy, the simulator in its sandbox and the
//! report. The whole trace is measured: the first requests, which meet an emptier system, change no figure by more than a
//! thousandth at the loads of these points.

use std::fmt::Write as _;

use serde_json::Value;

use super::scenario::{Figure, Of, Scenario};
use crate::middleware::report;
use crate::support::Folder;

/// The mean service time \[ns\]: that of the shipped settings.
const UNIT_NS: u64 = 10_000_000;

/// Which programs simulate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Program {
    /// `tracegen`, and `host --verify` over its trace.
    Host,
    /// `middleware run`.
    Run,
}

/// The figures of the replication with the seed `seed` and `requests` requests.
pub(super) fn replicate(scenario: &Scenario, program: Program, seed: u64, requests: u64) -> Vec<f64> {
    let folder = Folder::new();
    let trace = format!(
        "--env-file /dev/null --distribution poisson --concurrency {} --inter-arrival {}ns --samples {requests} \
         --seed {seed} --st {UNIT_NS}ns --service {}",
        scenario.clients,
        (f64::from(scenario.clients) * UNIT_NS as f64 / scenario.rate).round(),
        scenario.service.setting(UNIT_NS).name(),
    );
    let figures = match program {
        Program::Host => {
            folder.run("tracegen", &format!("{trace} --format records --out trace.req")).succeeds();
            let flags = format!("trace.req --seed {seed} {} --verify --json", station(scenario));
            of_host(&folder.host(&flags).succeeds().json()["tally"])
        }
        Program::Run => {
            let Scenario { balancer, workers, .. } = scenario;
            let flags = format!("{trace} {} --balancer {balancer} --workers {}", station(scenario), workers.len());
            of_run(&report(&folder, &flags)["run"])
        }
    };
    let value = |(figure, _): &(Figure, _)| match figure {
        Figure::Delay(Of::All) => figures.delay_ns / UNIT_NS as f64,
        Figure::InSystem => figures.in_system,
        Figure::Rejected => figures.rejected,
        Figure::Abandoned => figures.abandoned,
        other => panic!("{other:?} is not measured by the programs"),
    };
    scenario.figures.iter().map(value).collect()
}

/// The flags of the workers' queues.
fn station(scenario: &Scenario) -> String {
    let model = scenario.workers[0].model;
    let mut flags =
        format!("--servers {} --capacity {} --discipline {}", model.servers, model.capacity, model.discipline.name());
    if !model.patience.is_endless() {
        // In units of the programs.
        let mean_ns = model.patience.mean_ns / (super::scenario::UNIT_NS / UNIT_NS);
        let distribution = if model.patience.exponential { "exponential:" } else { "" };
        // Writing to a string can't fail.
        let _ = write!(flags, " --patience {distribution}{mean_ns}ns");
    }
    flags
}

struct Figures {
    delay_ns: f64,
    in_system: f64,
    rejected: f64,
    abandoned: f64,
}

fn of_host(tally: &Value) -> Figures {
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap();
    let offered = number(&tally["counts"]["offered"]);
    Figures {
        delay_ns: number(&tally["delay_sum_ns"]) / number(&tally["started"]),
        in_system: number(&tally["system_area_ns"]) / number(&tally["end_ns"]),
        rejected: number(&tally["counts"]["rejected"]) / offered,
        abandoned: number(&tally["counts"]["abandoned"]) / offered,
    }
}

fn of_run(run: &Value) -> Figures {
    let number = |name: &str| run[name].as_f64().unwrap();
    let share = |name: &str| run["counts"][name].as_f64().unwrap() / run["counts"]["offered"].as_f64().unwrap();
    Figures {
        delay_ns: number("average_delay_in_queue_ns"),
        in_system: number("average_number_in_system"),
        rejected: share("rejected"),
        abandoned: share("abandoned"),
    }
}

/// Requests that are shorter than their interarrival times never wait.
#[test]
fn constant_interarrival_times_and_shorter_service_never_wait() {
    let folder = Folder::new();
    let made = "--distribution deterministic --samples 1000 --concurrency 1 --inter-arrival 10 --out trace.csv";
    folder.run("tracegen", made).succeeds();
    let report = folder.host("trace.csv --st 9.9 --service deterministic --json").succeeds().json();
    assert_eq!(report["tally"]["delay_sum_ns"], "0");
    assert_eq!(report["tally"]["service_sum_ns"], "9900000000");
}

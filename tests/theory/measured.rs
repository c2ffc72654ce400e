//! One server, first in, first out, measured and evaluated as a worker of a run is: by the product's measurements, which
//! give each figure with its confidence interval.

use contract::Capabilities;
use measure::provenance::Provenance;
use measure::run_report::RunReport;
use measure::worker_report::WorkerReport;
use measure::{End, Evaluation, Figures, Kind, Measured, Measurement, Outcome, Percentile, Randomness};

/// The mean service time \[ns\]. Rounding to whole nanoseconds changes no figure by more than 10⁻⁶ of it.
pub(super) const SERVICE_NS: u64 = 1_000_000;

/// The measurements of a run of `requests`, whose `next` returns arrival and demand \[ns\]. The recursion of the queue is
/// checked elsewhere; here it saves most of the time.
pub(super) fn measure(requests: u64, mut next: impl FnMut(u64) -> (u64, u64)) -> Measured {
    let mut measurement = Measurement::new(1, 0);
    let mut free = 0;
    for id in 0..requests {
        let (arrival, service) = next(id);
        let start = arrival.max(free);
        free = start + service;
        measurement.all.tally.counts.offered += 1;
        measurement.all.tally.demand_sum_ns += u128::from(service);
        measurement.end(Kind::default(), arrival, End::Completed { start, finish: free, service });
    }
    measurement.close(free);
    let (course, classes, _) = measurement.finish();
    Measured { windows: course.windows, classes, ..Measured::of_sums(course.tally) }
}

/// The figures of one run with their intervals, as the report of its worker has them.
pub(super) fn figures(measured: &Measured, randomness: Randomness) -> Figures {
    WorkerReport::new(provenance(), Vec::new(), 1, measured, evaluation(randomness)).figures
}

/// The figures of several replications, as the report of their run has them.
pub(super) fn figures_of_replications(replications: Vec<Measured>, randomness: Randomness) -> Figures {
    let outcome = |measured: Measured| {
        [Outcome { offered: measured.tally.counts.offered, result: Ok(measured), stderr: String::new() }]
    };
    let outcomes: Vec<[Outcome; 1]> = replications.into_iter().map(outcome).collect();
    let outcomes: Vec<&[Outcome]> = outcomes.iter().map(|outcome| &outcome[..]).collect();
    RunReport::collect(provenance(), Vec::new(), &outcomes, evaluation(randomness)).run.unwrap()
}

fn evaluation(randomness: Randomness) -> Evaluation<'static> {
    Evaluation { percentiles: &Percentile::DEFAULT, randomness }
}

/// Of one worker with one server. Only the number of its servers takes part in the figures.
fn provenance() -> Provenance {
    let trace = r#"{"files": [], "requests": 0, "offset_ns": 0}"#;
    let settings =
        r#"{"CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 1, "SIM_ARGS": "", "WORKERS": 1}"#;
    let (trace, settings) = (serde_json::from_str(trace).unwrap(), serde_json::from_str(settings).unwrap());
    Provenance::new("module", Capabilities(0), trace, settings)
}

//! A row of the file of completions, and the outcome in it.

use contract::{Capabilities, Completion, NONE};
use serde::Serialize;

use super::part::PartRecord;

/// The columns of the CSV.
pub(super) const COLUMNS: [&str; 7] = ["id", "arrival_ns", "start_ns", "finish_ns", "service_ns", "worker", "outcome"];

/// What came of a request that has a completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Completed,
    /// It found the system full.
    Rejected,
    /// It left before it had the service that it needed.
    Abandoned,
    /// When the simulation ended.
    InService,
}

impl Outcome {
    /// By the rules that the counts of a report follow: of a request with this arrival and demand, whose module has
    /// `capabilities`.
    fn of(completion: &Completion, arrival_ns: u64, demand_ns: u64, capabilities: Capabilities) -> Self {
        match (completion.start_ns, completion.finish_ns) {
            (Completion::NOT_SERVED, finish_ns) if finish_ns == arrival_ns => Outcome::Rejected,
            (Completion::NOT_SERVED, _) => Outcome::Abandoned,
            (_, Completion::IN_SERVICE) => Outcome::InService,
            _ if completion.service_ns == demand_ns || capabilities.has(Capabilities::OWN_DEMANDS) => {
                Outcome::Completed
            }
            _ => Outcome::Abandoned,
        }
    }
}

/// A row of the CSV.
#[derive(Serialize)]
pub(super) struct CompletionRow {
    id: u64,
    arrival_ns: u64,
    start_ns: Option<u64>,
    finish_ns: Option<u64>,
    service_ns: u64,
    worker: u32,
    outcome: Outcome,
}

impl CompletionRow {
    /// The row of the completion in `record`, of worker `worker`, whose module has `capabilities`.
    pub(super) fn new(record: &PartRecord, worker: u32, capabilities: Capabilities) -> Self {
        let PartRecord { completion, arrival_ns, demand_ns } = *record;
        let given = |ns: u64| (ns != NONE).then_some(ns);
        Self {
            id: completion.id,
            arrival_ns,
            start_ns: given(completion.start_ns),
            finish_ns: given(completion.finish_ns),
            service_ns: completion.service_ns,
            worker,
            outcome: Outcome::of(&completion, arrival_ns, demand_ns, capabilities),
        }
    }

    /// Its completion.
    pub(super) fn completion(&self) -> Completion {
        let Self { id, start_ns, finish_ns, service_ns, .. } = *self;
        Completion {
            id,
            start_ns: start_ns.unwrap_or(Completion::NOT_SERVED),
            finish_ns: finish_ns.unwrap_or(Completion::IN_SERVICE),
            service_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_follows_from_the_record_and_its_request() {
        let of = |start_ns, finish_ns, service_ns, capabilities| {
            Outcome::of(&Completion { id: 0, start_ns, finish_ns, service_ns }, 10, 5, capabilities)
        };
        let fifo = Capabilities::default();
        assert_eq!(of(10, 15, 5, fifo), Outcome::Completed);
        assert_eq!(of(NONE, 10, 0, fifo), Outcome::Rejected);
        assert_eq!(of(NONE, 11, 0, fifo), Outcome::Abandoned);
        assert_eq!(of(12, NONE, 5, fifo), Outcome::InService);
        // Less service than the demand, unless the simulator decides what the demand is.
        assert_eq!(of(10, 14, 4, fifo), Outcome::Abandoned);
        assert_eq!(of(10, 14, 4, Capabilities::OWN_DEMANDS), Outcome::Completed);
    }
}

//! The report of a scenario.

use measure::provenance::{Provenance, SettingsUsed};
use measure::run_report::{RunReport, measured};
use measure::{Evaluation, Outcome, Percentile};

use crate::notes;
use crate::plan::Execution;
use crate::randomness::randomness;
use crate::scenario::{Scenario, capacity};
use crate::source::Source;
use crate::theory;

/// The report of `scenario` over `source`, with all notes on both. It was executed once, or several times: then the figures are
/// those of all `executions` together, and the other notes are on the first one, which read `source`. The `percentiles` must rise.
pub fn report(scenario: &Scenario, executions: &[Execution], source: &Source, percentiles: &[Percentile]) -> RunReport {
    let outcomes: Vec<&[Outcome]> = executions.iter().map(|execution| &execution.outcomes[..]).collect();
    let capabilities = scenario.first().capabilities.unwrap_or_default();
    let sampled = source.sampled();
    let provenance = provenance(scenario, source, executions.len() as u32);

    let capacity = capacity(&scenario.workers);
    let mut notes: Vec<String> = notes::of_replications(provenance.replications).into_iter().collect();
    if let Some(first) = executions.first() {
        let Execution { outcomes, load, policy } = first;
        let offered = source.offered(capacity).or_else(|| load.utilization(capacity));
        notes.extend(source.notes(load, capacity, capabilities));
        notes.extend(notes::of_run(scenario, &sampled, load, offered, &measured(outcomes).collect::<Vec<_>>()));
        let fitted = scenario.policy.as_ref().zip(policy.as_ref());
        notes.extend(fitted.and_then(|(asked, used)| notes::of_fit(asked, used)));
    }
    let report = RunReport::collect(provenance, notes, &outcomes, evaluation(scenario, source, percentiles));
    let theory = report.run.as_ref().and_then(|_| theory::theory(scenario, source));
    RunReport { theory, ..report }
}

/// The provenance of the run of `scenario` over `source` in this many replications; complete after the end of the trace.
pub fn provenance(scenario: &Scenario, source: &Source, replications: u32) -> Provenance {
    let (capabilities, sampled) = (scenario.first().capabilities.unwrap_or_default(), source.sampled());
    let cost = sampled.cost();
    let used = SettingsUsed {
        st_per_size_ns: cost.map(|cost| cost.per_size_ns),
        st_per_reply_ns: cost.map(|cost| cost.per_reply_ns),
        write_factor: cost.map(notes::write_factor),
        ..scenario.used(sampled.any())
    };
    Provenance { replications, ..Provenance::new(scenario.module.sha256(), capabilities, source.name(), used) }
}

/// What is random in the run of `scenario` over `source`, and the percentiles, which must rise; complete after the end of the
/// trace.
pub fn evaluation<'a>(scenario: &Scenario, source: &Source, percentiles: &'a [Percentile]) -> Evaluation<'a> {
    Evaluation { percentiles, randomness: randomness(scenario, source) }
}

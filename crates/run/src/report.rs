//! The report of a scenario.

use measure::Percentile;
use measure::provenance::{Provenance, SettingsUsed};
use measure::run_report::{RunReport, measured};

use crate::notes;
use crate::plan::Execution;
use crate::scenario::{Scenario, capacity};
use crate::source::Source;
use crate::theory;

/// The report of `scenario` over `source`, with all notes on both, and with these percentiles, which must rise.
pub fn report(scenario: &Scenario, execution: &Execution, source: &Source, percentiles: &[Percentile]) -> RunReport {
    let (capabilities, outcomes) = (scenario.first().capabilities.unwrap_or_default(), &execution.outcomes);
    let sampled = source.sampled();
    let cost = sampled.cost();
    let used = SettingsUsed {
        st_per_size_ns: cost.map(|cost| cost.per_size_ns),
        st_per_reply_ns: cost.map(|cost| cost.per_reply_ns),
        write_factor: cost.map(notes::write_factor),
        ..scenario.used(sampled.any())
    };
    let provenance = Provenance::new(scenario.module.sha256(), capabilities, source.name(), used);

    let capacity = capacity(&scenario.workers);
    let offered = source.offered(capacity).or_else(|| execution.load.utilization(capacity));
    let mut notes = source.notes(&execution.load, capacity, capabilities);
    notes.extend(notes::of_run(scenario, &sampled, &execution.load, offered, &measured(outcomes).collect::<Vec<_>>()));
    notes.extend(
        scenario.policy.as_ref().zip(execution.policy.as_ref()).and_then(|(asked, used)| notes::of_fit(asked, used)),
    );
    let report = RunReport::collect(provenance, notes, outcomes, percentiles);
    let theory = report.run.as_ref().and_then(|_| theory::theory(scenario, source));
    RunReport { theory, ..report }
}

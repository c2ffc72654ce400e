//! The report of a scenario.

use measure::provenance::{Provenance, SettingsUsed};
use measure::run_report::{RunReport, measured};

use crate::notes;
use crate::plan::Execution;
use crate::scenario::Scenario;
use crate::source::Source;

/// The report of `scenario` over `source`, with all notes on both.
pub fn report(scenario: &Scenario, execution: &Execution, source: &Source) -> RunReport {
    let (job, outcomes) = (&scenario.job, &execution.outcomes);
    let (capabilities, servers) = (job.capabilities.unwrap_or_default(), job.model.servers);
    let sampled = source.sampled();
    let balancer = scenario.policy.as_ref().map(ToString::to_string);
    let cost = sampled.cost();
    let used = SettingsUsed {
        balancer,
        st_per_size_ns: cost.map(|cost| cost.per_size_ns),
        st_per_reply_ns: cost.map(|cost| cost.per_reply_ns),
        write_factor: cost.map(notes::write_factor),
        ..job.used(sampled.any())
    };
    let provenance = Provenance::new(scenario.module.sha256(), capabilities, source.name(), used);

    let all_servers = scenario.workers().len() as u64 * u64::from(servers);
    let offered = source.offered(all_servers).or_else(|| execution.load.utilization(all_servers));
    let mut notes = source.notes(&execution.load, all_servers, capabilities);
    notes.extend(notes::of_run(scenario, &sampled, offered, &measured(outcomes).collect::<Vec<_>>()));
    notes.extend(
        scenario.policy.as_ref().zip(execution.policy.as_ref()).and_then(|(asked, used)| notes::of_fit(asked, used)),
    );
    RunReport::collect(provenance, notes, outcomes, servers, job.model.delay)
}

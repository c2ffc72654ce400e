//! The report of a scenario.

use contract::Capabilities;
use measure::provenance::{Provenance, SettingsUsed};
use measure::run_report::{RunReport, measured};

use crate::notes;
use crate::plan::Execution;
use crate::scenario::Scenario;
use crate::source::Source;

/// The report of `scenario` over `source`.
pub fn report(scenario: &Scenario, execution: &Execution, source: &Source) -> RunReport {
    let (job, outcomes) = (&scenario.job, &execution.outcomes);
    let (capabilities, model) = (job.capabilities.unwrap_or_default(), &job.model);
    let sampled = source.sampled().0 > 0;
    let balancer = scenario.policy.map(|policy| policy.name.to_owned());
    let used = SettingsUsed { balancer, ..job.used(sampled) };
    let provenance = Provenance::new(scenario.module.sha256(), capabilities, source.name(), used);

    let workers = scenario.workers().len() as u32;
    let all_servers = u64::from(workers) * u64::from(model.servers);
    let offered = source.offered(all_servers).or_else(|| execution.load.utilization(all_servers));
    let mut notes = notes::notes(model, sampled, offered, workers, &measured(outcomes).collect::<Vec<_>>());
    if let Some(policy) = scenario.policy {
        if execution.requests() < u64::from(workers) {
            notes.push(format!("there are more workers ({workers}) than requests ({})", execution.requests()));
        }
        let is_model = capabilities.has(Capabilities::DISCIPLINE)
            && !capabilities.has(Capabilities::SHARED)
            && model.discipline == "fifo";
        if policy.sees_state && !is_model {
            notes.push(format!("{} used a first-in, first-out model of the workers' state", policy.name));
        }
    }
    RunReport::collect(provenance, notes, outcomes, model.servers, model.delay)
}

//! The report of a scenario.

use contract::Says;
use measure::provenance::{Provenance, SettingsUsed};
use measure::run_report::{RunReport, measured};

use crate::notes;
use crate::plan::Execution;
use crate::scenario::Scenario;
use crate::source::Source;

/// What the workers of `scenario` measured over `source`, and what made it.
pub fn report(scenario: &Scenario, execution: &Execution, source: &Source) -> RunReport {
    let (job, outcomes) = (&scenario.job, &execution.outcomes);
    let (says, model) = (job.says.unwrap_or_default(), &job.model);
    let drawn = source.drawn().0 > 0;
    let balancer = scenario.policy.map(|policy| policy.name.to_owned());
    let used = SettingsUsed { balancer, ..job.used(drawn) };
    let provenance = Provenance::new(scenario.module.sha256(), says, source.name(), used);

    let workers = scenario.workers().len() as u32;
    let all_servers = u64::from(workers) * u64::from(model.servers);
    let offered = source.offered(all_servers).or_else(|| execution.load.utilization(all_servers));
    let mut notes = notes::notes(model, drawn, offered, workers, &measured(outcomes).collect::<Vec<_>>());
    if let Some(policy) = scenario.policy {
        if execution.requests() < u64::from(workers) {
            notes.push(format!("there are more workers ({workers}) than requests ({})", execution.requests()));
        }
        let is_model = says.has(Says::DISCIPLINE) && !says.has(Says::SHARED) && model.discipline == "fifo";
        if policy.sees_backlog && !is_model {
            notes.push(format!("the backlog that {} saw is a first-in first-out model's", policy.name));
        }
    }
    RunReport::collect(provenance, notes, outcomes, model.servers, model.delay)
}

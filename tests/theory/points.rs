//! The list of all points: scenarios and the values of their figures by theory, in families.

mod disciplines;
mod losses;
mod many_servers;
mod one_server;
mod policies;
mod programs;

use super::scenario::Scenario;

/// A family of systems.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) scenarios: Vec<Scenario>,
}

pub(super) fn families() -> Vec<Family> {
    let family = |name, scenarios| Family { name, scenarios };
    vec![
        family("One server, first in, first out", one_server::scenarios()),
        family("Many servers", many_servers::scenarios()),
        family("Capacity and patience", losses::scenarios()),
        family("Order of service", disciplines::in_some_order()),
        family("Priorities", disciplines::priorities()),
        family("Processor sharing", disciplines::sharing()),
        family("Policies that do not look at workers", policies::without_state()),
        family("Policies that look at workers", policies::with_state()),
        family("The programs, from the generator to the report", programs::scenarios()),
    ]
}

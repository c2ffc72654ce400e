//! The demands that a trace does not give, in notes.

use contract::Capabilities;
use random::cost::Cost;
use random::demand::Demands;
use trace::reader::TraceSummary;

use super::{decimal, duration};

/// The demands of a trace that were sampled, or computed from the requests.
#[derive(Debug, Clone)]
pub struct Sampled {
    /// How many.
    pub number: u64,
    /// Requests of the trace.
    pub requests: u64,
    /// Where they come from.
    pub demands: Demands,
}

impl Sampled {
    /// Those of the recorded trace with this `summary`, sampled from `demands`.
    pub fn of(summary: &TraceSummary, demands: Demands) -> Self {
        Self { number: summary.sampled, requests: summary.requests, demands }
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.number > 0
    }

    /// Whether one of them depends on SEED.
    pub fn are_random(&self) -> bool {
        self.any() && self.demands.is_random()
    }

    /// Notes on them: their number, unless the simulator, with these `capabilities`, decides demands itself, which is a
    /// note on the run; and what rounding does to them.
    pub fn notes(&self, capabilities: Capabilities) -> Vec<String> {
        let Self { number, requests, demands } = self;
        let counted = || format!("{number} of {requests} demands {}: {}", self.made(), self.distribution());
        let number = (!capabilities.has(Capabilities::OWN_DEMANDS)).then(counted);
        number.into_iter().chain(demands.rounding_note()).filter(|_| self.any()).collect()
    }

    /// The cost, if demands were computed.
    pub fn cost(&self) -> Option<&Cost> {
        self.demands.distribution.as_cost().filter(|_| self.any())
    }

    /// How they were made.
    pub(super) fn made(&self) -> &'static str {
        if self.demands.distribution.as_cost().is_some() { "computed" } else { "sampled" }
    }

    pub(super) fn distribution(&self) -> String {
        let name = short_service(self.demands.distribution.name());
        let mean = duration(self.demands.mean_ns);
        let Some(cost) = self.demands.distribution.as_cost() else { return format!("{name}, mean {mean}") };
        let terms = [(cost.per_size_ns, "size"), (cost.per_reply_ns, "reply_size")];
        let terms = terms.into_iter().filter(|(ns, _)| *ns > 0).map(|(ns, of)| format!(" + {} · {of}", duration(ns)));
        let writes = match cost.write_factor {
            Cost::FACTOR_ONE => String::new(),
            _ => format!(", writes × {}", write_factor(cost)),
        };
        format!("{name}, {mean}{}{writes}", terms.collect::<String>())
    }
}

/// The text of SERVICE with the first 16 digits of a SHA-256: a line has 80 columns. The report has all of them.
pub fn short_service(name: &str) -> String {
    match name.rsplit_once("sha256:") {
        Some((kind, digest)) => format!("{kind}sha256:{digest:.16}"),
        None => name.to_owned(),
    }
}

/// WRITE_FACTOR as a decimal number.
pub fn write_factor(cost: &Cost) -> String {
    decimal(cost.write_factor, 9)
}

//! What is odd about a run, and about what it was given.

use cli::reporter::Reporter;
use cli::settings::DemandSettings;
use contract::{Capabilities, Request};
use trace::reader::{ReadFlags, Summary};

use measure::outcome::Measured;
use measure::provenance::RecordedTrace;
use sandbox::Model;

/// A recorded trace, as a report names it.
pub fn recorded(summary: &Summary, flags: &ReadFlags) -> RecordedTrace {
    RecordedTrace {
        blake3: summary.blake3.clone(),
        format: summary.format.to_owned(),
        requests: summary.requests,
        offset_ns: summary.offset_ns,
        sorted: flags.sort,
        rebased: flags.rebase,
    }
}

/// Tells the user of an ST or SERVICE that was asked for where a trace brings demands of its own: all but `sampled` of its
/// `requests`.
pub fn warn_of_unused_service(settings: &DemandSettings, sampled: u64, requests: u64, reporter: &dyn Reporter) {
    let own = requests - sampled;
    for key in settings.given().into_iter().filter(|_| own > 0) {
        reporter.warn(&format!(
            "the trace brings the demands of {own} of {requests} requests, which {key} does not change"
        ));
    }
}

/// With fewer requests nobody can tell what a trace offers in the long run.
const FEW: u64 = 30;

/// What a trace asks of the servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Load {
    requests: u64,
    demands_ns: u128,
    /// The first arrival and the last \[ns\].
    ends_ns: Option<(u64, u64)>,
}

impl Load {
    /// How many requests it has.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Counts `requests` in, which come in order of arrival.
    pub fn add(&mut self, requests: &[Request]) {
        self.requests += requests.len() as u64;
        self.demands_ns += requests.iter().map(|request| u128::from(request.service_ns)).sum::<u128>();
        if let (Some(first), Some(last)) = (requests.first(), requests.last()) {
            let (first_ns, _) = self.ends_ns.unwrap_or((first.arrival_ns, 0));
            self.ends_ns = Some((first_ns, last.arrival_ns));
        }
    }

    /// Utilization offered: all demands over what `servers` give between the first arrival and the last; None where that
    /// is 0, or the requests are too few to tell.
    pub fn utilization(&self, servers: u64) -> Option<f64> {
        let (first_ns, last_ns) = self.ends_ns?;
        utilization(self.demands_ns, last_ns - first_ns, servers).filter(|_| self.requests >= FEW)
    }
}

/// What `servers` servers must do of what they can: demands over a time \[ns\]; None where the time is 0.
pub fn utilization(demands_ns: u128, time_ns: u64, servers: u64) -> Option<f64> {
    let time = u128::from(time_ns) * u128::from(servers);
    (time > 0).then(|| demands_ns as f64 / time as f64)
}

/// What is odd about a run of workers that measured `measured` and are offered the utilization `offered`, a line each; `sampled`
/// where a demand was.
pub fn notes(model: &Model, sampled: bool, offered: Option<f64>, workers: u32, measured: &[&Measured]) -> Vec<String> {
    let mut notes: Vec<String> = model.demands().rounding_note().filter(|_| sampled).into_iter().collect();
    // Workers that got no request are nothing odd, but to run nothing is.
    if !measured.is_empty() && measured.iter().all(|worker| worker.tally.counts.offered == 0) {
        notes.push("the trace has no requests: averages are over nothing".to_owned());
    }
    if let Some(offered) = offered.filter(|&offered| offered >= 1.0) {
        notes.push(format!(
            "the trace offers {offered:.2} times what {workers} worker(s) of {} server(s) can serve: the longer it is, the \
             longer requests wait",
            model.servers
        ));
    }
    if model.delay > 0 {
        let missed = measured.iter().filter(|worker| !worker.delay_reached);
        let longest = missed.clone().map(|worker| worker.tally.counts.offered).max().unwrap_or(0);
        if let number @ 1.. = missed.count() {
            notes.push(format!(
                "DELAY={} was not reached by {number} of {} worker(s): the longest of their shards has {longest} requests",
                model.delay,
                measured.len()
            ));
        }
        if measured.len() > 1 {
            notes.push(
                "with DELAY each worker ends by its own: the run's average numbers are sums of the workers' own"
                    .to_owned(),
            );
        }
    }
    let Some(capabilities) = measured.first().map(|worker| worker.capabilities) else { return notes };
    if !capabilities.has(Capabilities::DISCIPLINE) {
        notes.push("the order of service is the simulator's own".to_owned());
    }
    if capabilities.has(Capabilities::OWN_DEMANDS) {
        notes.push("the service that requests got is the simulator's own; policies saw the trace's demands".to_owned());
    }
    if capabilities.has(Capabilities::SHARED) {
        notes.push(
            "service may be interrupted or shared: the delay in queue is the delay until first service".to_owned(),
        );
    }
    notes
}

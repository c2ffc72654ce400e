//! Notes and warnings on a run and its inputs.

use cli::reporter::Reporter;
use cli::settings::DemandSettings;
use contract::{Capabilities, Request};
use trace::reader::{FileSummary, TraceSummary};

use measure::outcome::Measured;
use measure::provenance::{FileUsed, RecordedTrace};
use sandbox::Model;

/// A recorded trace, for a report.
pub fn recorded(summary: TraceSummary) -> RecordedTrace {
    let file = |file: FileSummary| FileUsed {
        blake3: file.blake3,
        format: file.format.to_owned(),
        compression: file.compression.map(str::to_owned),
    };
    RecordedTrace {
        files: summary.files.into_iter().map(file).collect(),
        requests: summary.requests,
        offset_ns: summary.offset_ns,
        reading: summary.flags.into_iter().map(|(flag, value)| (flag.to_owned(), value)).collect(),
        skipped_rows: summary.skipped,
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

/// With fewer requests, the long-run load of a trace can't be estimated.
const FEW: u64 = 30;

/// The load that a trace offers to the servers.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfferedLoad {
    requests: u64,
    demands_ns: u128,
    /// The first and the last arrival \[ns\].
    first_and_last_ns: Option<(u64, u64)>,
}

impl OfferedLoad {
    /// Number of requests.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Adds `requests`, which come in order of arrival.
    pub fn add(&mut self, requests: &[Request]) {
        self.requests += requests.len() as u64;
        self.demands_ns += requests.iter().map(|request| u128::from(request.service_ns)).sum::<u128>();
        if let (Some(first), Some(last)) = (requests.first(), requests.last()) {
            let (first_ns, _) = self.first_and_last_ns.unwrap_or((first.arrival_ns, 0));
            self.first_and_last_ns = Some((first_ns, last.arrival_ns));
        }
    }

    /// Offered utilization: all demands divided by the capacity of `servers` between the first and the last arrival;
    /// None if that is 0, or there are too few requests.
    pub fn utilization(&self, servers: u64) -> Option<f64> {
        let (first_ns, last_ns) = self.first_and_last_ns?;
        utilization(self.demands_ns, last_ns - first_ns, servers).filter(|_| self.requests >= FEW)
    }
}

/// Demands divided by the capacity of `servers` servers during a time \[ns\]; None if the time is 0.
pub fn utilization(demands_ns: u128, time_ns: u64, servers: u64) -> Option<f64> {
    let time = u128::from(time_ns) * u128::from(servers);
    (time > 0).then(|| demands_ns as f64 / time as f64)
}

/// Notes on a run of workers that measured `measured` under the offered utilization `offered`, one line each.
/// `sampled`: whether a demand was sampled.
pub fn notes(model: &Model, sampled: bool, offered: Option<f64>, workers: u32, measured: &[&Measured]) -> Vec<String> {
    let mut notes: Vec<String> = model.demands().rounding_note().filter(|_| sampled).into_iter().collect();
    // A worker without requests is not remarkable; a run without requests is.
    if !measured.is_empty() && measured.iter().all(|worker| worker.tally.counts.offered == 0) {
        notes.push("the trace has no requests, so averages are undefined".to_owned());
    }
    if let Some(offered) = offered.filter(|&offered| offered >= 1.0) {
        notes.push(format!(
            "the trace offers {offered:.2} times what {workers} worker(s) of {} server(s) can serve: the system is \
             overloaded, and waiting times grow with the length of the trace",
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
                "with DELAY each worker stops at its own time: the run's average numbers are the sums of the workers' averages"
                    .to_owned(),
            );
        }
    }
    let Some(capabilities) = measured.first().map(|worker| worker.capabilities) else { return notes };
    if !capabilities.has(Capabilities::DISCIPLINE) {
        notes.push("the simulator decides the order of service itself".to_owned());
    }
    if capabilities.has(Capabilities::OWN_DEMANDS) {
        notes.push("the simulator decides service demands itself; policies used the demands of the trace".to_owned());
    }
    if capabilities.has(Capabilities::SHARED) {
        notes.push(
            "service may be interrupted or shared: the delay in queue is the time until service first starts"
                .to_owned(),
        );
    }
    notes
}

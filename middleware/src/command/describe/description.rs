//! The figures of a description, each computed once from the counted integers.

use std::collections::BTreeMap;

use measure::Percentile;
use measure::provenance::RecordedTrace;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::counted::Counted;
use super::distribution::{PERCENTILES, Summary};
use super::hyper_log_log::HyperLogLog;
use super::load::{Load, Stations};
use super::popularity::Popular;
use super::windows::Busiest;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

/// The description of a trace, as it is written to JSON; `null` means that the trace does not have the figure.
#[derive(Debug, Serialize)]
pub(super) struct Description {
    pub(super) queuebox: &'static str,
    /// The trace, in the form that reports use.
    pub(super) trace: RecordedTrace,
    /// The settings that were used.
    pub(super) settings: BTreeMap<&'static str, Value>,
    pub(super) requests: u64,
    /// The first arrival \[ns\].
    pub(super) first_arrival_ns: u64,
    /// Last arrival − first arrival \[ns\].
    pub(super) span_ns: u64,
    /// Number of interarrival times / span.
    pub(super) mean_rate_per_s: Option<f64>,
    pub(super) peak: Option<Peak>,
    #[serde(serialize_with = "times")]
    pub(super) interarrival: Summary,
    pub(super) interarrival_of_0: u64,
    pub(super) operations: Option<Operations>,
    #[serde(serialize_with = "numbers")]
    pub(super) size: Option<Summary>,
    #[serde(serialize_with = "numbers")]
    pub(super) reply_size: Option<Summary>,
    pub(super) clients: Share,
    pub(super) blocks: Option<Share>,
    /// Demands that were sampled because the trace does not give them.
    pub(super) demands_sampled: u64,
    #[serde(serialize_with = "times")]
    pub(super) demand: Summary,
    pub(super) load: Load,
    /// Notes on the trace, a line each.
    pub(super) notes: Vec<String>,
    #[serde(skip)]
    pub(super) stations: Stations,
}

/// The peak rate of arrivals.
#[derive(Debug, Serialize)]
pub(super) struct Peak {
    pub(super) rate_per_s: f64,
    /// Length of the windows \[ns\].
    pub(super) window_ns: u64,
    /// Requests in the busiest window.
    pub(super) requests: u64,
    /// Start of that window since the start of the trace \[ns\].
    pub(super) start_ns: u64,
}

/// Requests by operation.
#[derive(Debug, Serialize)]
pub(super) struct Operations {
    pub(super) reads: u64,
    pub(super) writes: u64,
    pub(super) others: u64,
}

/// The distinct blocks or clients, and the most popular one.
#[derive(Debug, Serialize)]
pub(super) struct Share {
    pub(super) distinct: u64,
    pub(super) exact: bool,
    /// Relative standard error of `distinct`.
    pub(super) distinct_standard_error: f64,
    /// The number of the most popular one, if the figures are exact.
    pub(super) most_popular: Option<u64>,
    /// Lower and upper bound of its requests.
    pub(super) most_popular_requests: [u64; 2],
    /// Lower and upper bound of its share of all requests.
    pub(super) most_popular_share: [f64; 2],
}

impl Description {
    /// The description of `trace`, which has at least one request, from its `counted` integers. `sampled` of its
    /// demands were sampled; `notes` are on it.
    pub(super) fn new(
        trace: RecordedTrace,
        settings: BTreeMap<&'static str, Value>,
        sampled: u64,
        counted: Counted,
        stations: Stations,
        notes: Vec<String>,
    ) -> Self {
        let (first_ns, last_ns) = counted.ends_ns.unwrap_or_default();
        let (interarrival, demand) = (counted.interarrival.summary(), counted.demands.summary());
        let (requests, span_ns) = (demand.count, last_ns - first_ns);
        // All sizes are 0 if the trace does not give them.
        let if_given = |sizes: Summary| Some(sizes).filter(|sizes| sizes.sum > 0);
        Self {
            queuebox: env!("CARGO_PKG_VERSION"),
            trace,
            settings,
            requests,
            first_arrival_ns: first_ns,
            span_ns,
            mean_rate_per_s: (span_ns > 0).then(|| interarrival.count as f64 * SECOND / span_ns as f64),
            peak: (span_ns > 0).then(|| Peak::new(counted.windows.busiest(), first_ns)),
            interarrival,
            interarrival_of_0: counted.zero_gaps,
            operations: counted.ops.map(|[reads, writes, others]| Operations { reads, writes, others }),
            size: if_given(counted.sizes.summary()),
            reply_size: if_given(counted.reply_sizes.summary()),
            clients: Share::new(counted.clients.popular(), requests),
            blocks: counted.blocks.map(|blocks| Share::new(blocks.popular(), requests)),
            demands_sampled: sampled,
            load: Load::new(demand.sum, span_ns, &stations),
            demand,
            notes,
            stations,
        }
    }
}

impl Peak {
    fn new(busiest: Busiest, first_ns: u64) -> Self {
        let Busiest { window_ns, requests, start_ns } = busiest;
        Self {
            rate_per_s: requests as f64 * SECOND / window_ns as f64,
            window_ns,
            requests,
            start_ns: first_ns + start_ns,
        }
    }
}

impl Share {
    fn new(popular: Popular, requests: u64) -> Self {
        let Popular { distinct, exact, number, at_least, at_most } = popular;
        // The number of requests is an upper bound of both estimates.
        let (distinct, at_most) = (distinct.min(requests), at_most.min(requests));
        Self {
            distinct,
            exact,
            distinct_standard_error: if exact { 0.0 } else { HyperLogLog::STANDARD_ERROR },
            most_popular: number,
            most_popular_requests: [at_least, at_most],
            most_popular_share: [at_least, at_most].map(|count| count as f64 / requests as f64),
        }
    }
}

/// Writes a summary of times: names end in `_ns`, and all but the mean and the CV are integers.
fn times<S: Serializer>(summary: &Summary, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("mean_ns", &summary.mean())?;
    map.serialize_entry("cv", &summary.cv)?;
    for (name, value) in ranks(summary) {
        map.serialize_entry(&format!("{name}_ns"), &value)?;
    }
    map.end()
}

/// Writes a summary of sizes, in the unit of the trace.
fn numbers<S: Serializer>(summary: &Option<Summary>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(summary) = summary else { return serializer.serialize_none() };
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("mean", &summary.mean())?;
    map.serialize_entry("cv", &summary.cv)?;
    for (name, value) in ranks(summary) {
        map.serialize_entry(&name, &value)?;
    }
    map.end()
}

/// Minimum, percentiles and maximum, with their names.
fn ranks(summary: &Summary) -> impl Iterator<Item = (String, Option<u64>)> {
    let percentiles = PERCENTILES.map(Percentile::name).into_iter().zip(summary.percentiles);
    let extreme = |name: &str, value| std::iter::once((name.to_owned(), value));
    extreme("min", summary.min).chain(percentiles).chain(extreme("max", summary.max))
}

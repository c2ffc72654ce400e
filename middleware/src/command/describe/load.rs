//! The load that a trace offers, and the number of workers that it needs.

use failure::Failure;
use serde::Serialize;

use run::notes::utilization;

use super::DescribeSettings;

/// The workers that the offered load is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stations {
    /// WORKERS.
    pub(super) workers: u64,
    /// SERVERS of each.
    pub(super) servers: u64,
}

impl Stations {
    /// The workers that the settings describe.
    ///
    /// # Errors
    /// If one of them breaks its rule.
    pub(super) fn from_settings(settings: &DescribeSettings) -> Result<Self, Failure> {
        Ok(Self { workers: settings.workers.workers.get()?.into(), servers: settings.servers.servers.get()?.into() })
    }
}

/// The load of a trace. All figures but the sum are None if the span of the trace is 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Load {
    /// Σ demands \[ns\], as text, since it may exceed 2⁵³.
    demands_ns: String,
    /// Offered load: Σ demands / span, which is the mean number of busy servers if none is overloaded.
    pub(super) offered: Option<f64>,
    /// Offered load / (WORKERS · SERVERS).
    pub(super) utilization: Option<f64>,
    /// The fewest workers with a utilization below 0.75.
    pub(super) workers_below_0_75: Option<u64>,
    /// The fewest workers with a utilization below 1: with fewer, the queue grows without bound.
    pub(super) workers_below_1: Option<u64>,
}

impl Load {
    /// The load of requests with demands of `demands_ns` in total, which arrive within `span_ns`.
    pub(super) fn new(demands_ns: u128, span_ns: u64, stations: Stations) -> Self {
        let of_a_worker = u128::from(span_ns) * u128::from(stations.servers);
        // The smallest n with demands / (n · of_a_worker) < quarters / 4; None if it exceeds 64 bits. Each demand is
        // below 2⁶², so the factor 4 does not overflow.
        let workers_below =
            |quarters: u128| (4 * demands_ns).checked_div(quarters * of_a_worker)?.saturating_add(1).try_into().ok();
        Self {
            demands_ns: demands_ns.to_string(),
            offered: utilization(demands_ns, span_ns, 1),
            utilization: utilization(demands_ns, span_ns, stations.workers * stations.servers),
            workers_below_0_75: workers_below(3),
            workers_below_1: workers_below(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_computed_by_hand() {
        let of = |demands_ns, workers, servers| Load::new(demands_ns, 100, Stations { workers, servers });
        let load = of(300, 4, 1);
        assert_eq!((load.offered, load.utilization), (Some(3.0), Some(0.75)));
        // Four workers are at 0.75, three at 1: neither is below.
        assert_eq!((load.workers_below_0_75, load.workers_below_1), (Some(5), Some(4)));
        let load = of(299, 4, 1);
        assert_eq!((load.workers_below_0_75, load.workers_below_1), (Some(4), Some(3)));
        let load = of(300, 2, 2);
        assert_eq!((load.utilization, load.workers_below_0_75, load.workers_below_1), (Some(0.75), Some(3), Some(2)));
        let nothing = of(0, 4, 1);
        assert_eq!((nothing.offered, nothing.utilization), (Some(0.0), Some(0.0)));
        assert_eq!((nothing.workers_below_0_75, nothing.workers_below_1), (Some(1), Some(1)));
    }

    #[test]
    fn a_trace_without_a_span_has_no_load() {
        let load = Load::new(300, 0, Stations { workers: 4, servers: 1 });
        assert_eq!((load.offered, load.utilization, load.workers_below_0_75, load.workers_below_1), Default::default());
    }

    #[test]
    fn large_demands_do_not_overflow() {
        let stations = Stations { workers: 10_000, servers: 1_000_000 };
        assert_eq!(Load::new(1 << 61, 1, stations).workers_below_1, Some((1 << 61) / 1_000_000 + 1));
        assert_eq!(Load::new(u128::from(u64::MAX) << 61, 1, stations).workers_below_1, None);
    }
}

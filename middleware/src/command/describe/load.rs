//! The load that a trace offers, and the number of workers that it needs.

use failure::Failure;
use serde::Serialize;

use measure::PerWorker;
use run::notes::utilization;
use sandbox::of_worker;
use sim_wasm::Speed;

use super::DescribeSettings;

/// The workers that the offered load is compared with.
#[derive(Debug, Clone)]
pub(super) struct Stations {
    /// WORKERS.
    pub(super) workers: u32,
    /// SERVERS of each.
    pub(super) servers: PerWorker<u32>,
    /// SPEEDS.
    pub(super) speeds: PerWorker<Speed>,
}

impl Stations {
    /// The workers that the settings describe.
    ///
    /// # Errors
    /// If one of them breaks its rule, or is a list of another length.
    pub(super) fn from_settings(settings: &DescribeSettings) -> Result<Self, Failure> {
        let workers = settings.workers.workers.get()?;
        let servers = &settings.servers.servers;
        let of_servers = servers.get()?;
        let of_each = |worker| {
            Ok((of_worker(servers, &of_servers, worker, workers)?, settings.speeds.of_worker(worker, workers)?))
        };
        let (servers, speeds): (Vec<_>, Vec<_>) =
            (1..=workers).map(of_each).collect::<Result<Vec<_>, Failure>>()?.into_iter().unzip();
        Ok(Self { workers, servers: PerWorker::of_each(servers), speeds: PerWorker::of_each(speeds) })
    }

    /// The demands that they can serve together in a unit of time.
    pub(super) fn capacity(&self) -> f64 {
        let each = self.servers.each().zip(self.speeds.each()).take(self.workers as usize);
        each.map(|(&servers, speed)| f64::from(servers) * speed.as_f64()).sum()
    }
}

/// The load of a trace. All figures but the sum are None if the span of the trace is 0.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Load {
    /// Σ demands \[ns\], as text, since it may exceed 2⁵³.
    demands_ns: String,
    /// Offered load: Σ demands / span, which is the mean number of busy servers of speed 1 if none is overloaded.
    pub(super) offered: Option<f64>,
    /// Offered load / Σ (SERVERS · speed) of all workers.
    pub(super) utilization: Option<f64>,
    /// The fewest workers with a utilization below 0.75; None if workers differ.
    pub(super) workers_below_0_75: Option<u64>,
    /// The fewest workers with a utilization below 1: with fewer, the queue grows without bound. None if workers differ.
    pub(super) workers_below_1: Option<u64>,
}

impl Load {
    /// The load of requests with demands of `demands_ns` in total, which arrive within `span_ns`.
    pub(super) fn new(demands_ns: u128, span_ns: u64, stations: &Stations) -> Self {
        // The smallest n with demands / (n · span · SERVERS · speed) < quarters / 4; None if it exceeds 64 bits.
        let workers_below = |quarters: u64| {
            let (PerWorker::All(servers), PerWorker::All(speed)) = (&stations.servers, &stations.speeds) else {
                return None;
            };
            let demands = demands_ns.checked_mul(4 * u128::from(speed.denominator()))?;
            let of_a_worker =
                u128::from(span_ns).checked_mul(u128::from(*servers) * u128::from(quarters * speed.numerator()))?;
            demands.checked_div(of_a_worker)?.saturating_add(1).try_into().ok()
        };
        Self {
            demands_ns: demands_ns.to_string(),
            offered: utilization(demands_ns, span_ns, 1.0),
            utilization: utilization(demands_ns, span_ns, stations.capacity()),
            workers_below_0_75: workers_below(3),
            workers_below_1: workers_below(4),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stations(workers: u32, servers: u32) -> Stations {
        Stations { workers, servers: PerWorker::All(servers), speeds: PerWorker::All(Speed::ONE) }
    }

    #[test]
    fn as_computed_by_hand() {
        let of = |demands_ns, workers, servers| Load::new(demands_ns, 100, &stations(workers, servers));
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
    fn speeds_count() {
        let speeds = |texts: &[&str]| PerWorker::of_each(texts.iter().map(|text| Speed::parse(text).unwrap()));
        // Workers of two servers at half the speed are as good as workers of one server.
        let load = Load::new(300, 100, &Stations { speeds: speeds(&["0.5"]), ..stations(4, 2) });
        assert_eq!((load.offered, load.utilization), (Some(3.0), Some(0.75)));
        assert_eq!((load.workers_below_0_75, load.workers_below_1), (Some(5), Some(4)));
        // Servers of 4 · 1 and 2 · 1/2.
        let servers = PerWorker::Each(vec![4, 2]);
        let load = Load::new(300, 100, &Stations { workers: 2, servers, speeds: speeds(&["1", "1/2"]) });
        assert_eq!((load.utilization, load.workers_below_0_75, load.workers_below_1), (Some(0.6), None, None));
    }

    #[test]
    fn a_trace_without_a_span_has_no_load() {
        let load = Load::new(300, 0, &stations(4, 1));
        assert_eq!((load.offered, load.utilization, load.workers_below_0_75, load.workers_below_1), Default::default());
    }

    #[test]
    fn large_demands_do_not_overflow() {
        let stations = stations(4_000, 1_000_000);
        assert_eq!(Load::new(1 << 61, 1, &stations).workers_below_1, Some((1 << 61) / 1_000_000 + 1));
        assert_eq!(Load::new(u128::from(u64::MAX) << 61, 1, &stations).workers_below_1, None);
        let fast = Stations { speeds: PerWorker::All(Speed::parse("1/1000000").unwrap()), ..stations };
        assert_eq!(Load::new(u128::from(u64::MAX) << 61, u64::MAX, &fast).workers_below_1, None);
    }
}

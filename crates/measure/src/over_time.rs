//! Figures over time, for charts.

use serde::{Deserialize, Serialize};

use crate::coarse::Coarse;
use crate::measurement::{Source, merged_windows};
use crate::window::Window;
use crate::{Percentile, Windows};

/// Upper limit of the windows of a report.
const MOST: usize = 300;

/// With more workers than this, reports have the figures over time of the whole run alone.
pub(crate) const WORKERS: usize = 32;

/// Figures of consecutive windows of time of the same width. A request belongs to the window in which it arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OverTime {
    /// Window number i, from 0, begins at i · width \[ns\].
    pub width_ns: u64,
    /// Arrivals.
    pub arrivals: Vec<u64>,
    /// Mean response time \[ns\]; `null` without completed requests.
    pub mean_response_ns: Vec<Option<f64>>,
    /// Time average of the number in system.
    pub number_in_system: Vec<f64>,
    /// Server time over the time of all servers; absent if the simulator may share or interrupt service, because completions
    /// do not have the times at which it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utilization: Option<Vec<f64>>,
    /// p99 of the response time \[ns\], the shortest number in its bucket, which is 3.2 % wide; of the whole run alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_response_ns: Option<Vec<Option<u64>>>,
}

impl OverTime {
    /// Of `windows` until `end_ns`, with `servers` servers in all; `shared`: service may be shared or interrupted. None
    /// without time.
    pub(crate) fn of(windows: &Windows, end_ns: u64, servers: u64, shared: bool, with_p99: bool) -> Option<Self> {
        let per_cell = 1usize << windows.cell_shift();
        // Cells have the histograms, so that windows of the report are cells if there are not too few of them.
        let mut together = per_cell;
        while windows.windows.len().div_ceil(together) > MOST {
            together *= 2;
        }
        let width_ns = (together as u64).checked_shl(windows.shift)?;
        let areas = windows.areas(end_ns);
        let (mut arrivals, mut mean_response_ns, mut p99) = (Vec::new(), Vec::new(), Vec::new());
        let (mut number_in_system, mut utilization) = (Vec::new(), Vec::new());
        let number = end_ns.div_ceil(width_ns) as usize;
        for place in 0..number.min(windows.windows.len().div_ceil(together)) {
            // What happens at T belongs to the last window.
            let from = place * together;
            let to =
                if place + 1 == number { windows.windows.len() } else { (from + together).min(windows.windows.len()) };
            let group = &windows.windows[from..to];
            let mut sum = Window::default();
            group.iter().for_each(|window| sum.add(window));
            let own = areas[from..to].iter();
            let (waiting, system) =
                own.fold((0, 0), |(waiting, system), areas| (waiting + areas.waiting, system + areas.system));
            let time_ns = (end_ns - place as u64 * width_ns).min(width_ns) as f64;
            let busy = system.saturating_sub(waiting);
            arrivals.push(sum.arrived.number);
            mean_response_ns.push((sum.completed > 0).then(|| sum.response_sum_ns as f64 / sum.completed as f64));
            number_in_system.push(system as f64 / time_ns);
            utilization.push(busy as f64 / (time_ns * servers as f64));
            if with_p99 {
                let cells = windows.cells.iter().skip(from / per_cell).take(group.len().div_ceil(per_cell));
                p99.push(Coarse::sum(cells.map(|cell| &cell.response)).percentile_ns(Percentile::P99));
            }
        }
        let utilization = (!shared).then_some(utilization);
        let p99_response_ns = with_p99.then_some(p99);
        (number > 0).then_some(Self {
            width_ns,
            arrivals,
            mean_response_ns,
            number_in_system,
            utilization,
            p99_response_ns,
        })
    }

    /// Of `workers`, with these servers in all.
    pub(crate) fn of_workers(workers: &[Source<'_>], servers: u64, shared: bool, with_p99: bool) -> Option<Self> {
        let end_ns = workers.iter().map(|worker| worker.tally.end_ns).max()?;
        Self::of(&merged_windows(workers), end_ns, servers, shared, with_p99)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{End, Kind, Measurement};

    #[test]
    fn each_window_has_what_happened_in_it() {
        let mut measurement = Measurement::new(1, 0);
        // One server: from 100 to 1100, one request after the other, the second half of which waits twice as long.
        for i in 0..1000u64 {
            let (arrival, start) = (i, 100 + i);
            measurement.end(Kind::default(), arrival, End::Completed { start, finish: start + 1, service: 1 });
        }
        measurement.close(1100);
        let (course, ..) = measurement.finish();
        let over = OverTime::of(&course.windows, 1100, 1, false, true).unwrap();
        assert_eq!(over.arrivals.iter().sum::<u64>(), 1000);
        assert!(over.arrivals.len() <= MOST);
        let time = |values: &[f64]| -> f64 {
            let width = |place: usize| (1100 - place as u64 * over.width_ns).min(over.width_ns) as f64;
            values.iter().enumerate().map(|(place, value)| value * width(place)).sum()
        };
        assert!((time(&over.number_in_system) - 101_000.0).abs() < 1e-6);
        assert!((time(&over.utilization.unwrap()) - 1000.0).abs() < 1e-6);
        assert_eq!((over.mean_response_ns[0], over.mean_response_ns.last()), (Some(101.0), Some(&None)));
        // 101 ns are in the bucket from 97 to 128.
        assert_eq!(over.p99_response_ns.unwrap()[0], Some(100));
        assert_eq!(OverTime::of(&course.windows, 0, 1, false, true), None);
        assert_eq!(OverTime::of(&course.windows, 1100, 1, true, false).unwrap().utilization, None);
    }
}

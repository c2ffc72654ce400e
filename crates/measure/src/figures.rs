//! The figures of a report, each computed once from a tally's integers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::Value;

use super::number::{aligned, decimal, number, or_dash, percent};
use super::tally::{as_text, from_text};
use super::{Counts, Histogram, Percentile, Tally, TimeUnit};
use crate::interval::{FigureIntervals, Interval, Intervals};
use crate::tally::merged;

/// Averages, percentiles and counts of a worker or of the whole run. An average over nothing is a dash in text and
/// `null` in JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Figures {
    /// Σ (start − arrival) / requests whose service began \[ns\].
    pub average_delay_in_queue_ns: Option<f64>,
    /// (1/T) ∫₀ᵀ requests waiting dt; after a warm-up, from its end.
    pub average_number_in_queue: Option<f64>,
    /// (1/T) ∫₀ᵀ requests in the system dt.
    pub average_number_in_system: Option<f64>,
    /// Server time received within \[0, T\] / (servers · T); of a run, over the sum of its workers' servers · T.
    pub server_utilization: Option<f64>,
    /// T: when the simulation ended \[ns\].
    pub time_simulation_ended_ns: u64,
    /// Σ (finish − arrival) / requests whose service was completed \[ns\].
    pub average_response_time_ns: Option<f64>,
    /// Requests whose service began later than they arrived / requests whose service began.
    pub waited_share: Option<f64>,
    /// Start − arrival of the requests whose service began.
    pub delay_in_queue: Percentiles,
    /// Finish − arrival of the requests whose service was completed.
    pub response_time: Percentiles,
    /// The number of requests by outcome.
    pub counts: Counts,
    /// Rejected requests / all requests that arrived by T.
    pub rejected_share: Option<f64>,
    /// Abandoned requests / all requests that arrived by T.
    pub abandoned_share: Option<f64>,
    /// Σ demands of all requests offered \[ns\].
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    #[cfg_attr(test, schemars(with = "String", regex(pattern = "^[0-9]+$")))]
    pub work_offered_ns: u128,
    /// The confidence intervals of these figures, under the same names, or the reasons why there are none.
    pub intervals: Intervals,
}

/// Percentiles \[ns\]: each the shortest number in its histogram bucket of three significant digits; the maximum is exact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Percentiles {
    /// The chosen ones; none if there are no values.
    #[serde(flatten, deserialize_with = "chosen")]
    pub chosen: BTreeMap<Percentile, Option<u64>>,
    /// The largest value; none if there are no values.
    pub max_ns: Option<u64>,
}

impl Percentiles {
    fn of(histogram: &Histogram, chosen: &[Percentile]) -> Self {
        let max_ns = (histogram.count() > 0).then(|| histogram.max());
        Self { chosen: chosen.iter().copied().zip(histogram.percentiles(chosen)).collect(), max_ns }
    }

    /// The value of `percentile` \[ns\]; None if there are no values, or if it was not chosen.
    pub fn get(&self, percentile: Percentile) -> Option<u64> {
        self.chosen.get(&percentile).copied().flatten()
    }
}

/// The percentiles of a map that may have other fields too.
fn chosen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Percentile, Option<u64>>, D::Error> {
    let fields = BTreeMap::<String, Value>::deserialize(deserializer)?;
    let chosen = fields.into_iter().filter_map(|(key, value)| Some((Percentile::of_key(&key)?, value)));
    chosen.map(|(key, value)| Ok((key, Option::deserialize(value).map_err(de::Error::custom)?))).collect()
}

impl Figures {
    /// The figures of one worker with `servers` servers, with these percentiles, which must rise.
    pub fn of_worker(tally: &Tally, servers: u32, percentiles: &[Percentile]) -> Self {
        Self::new(tally, percentiles, |sum| over(sum(tally), tally.time_ns()), u128::from(servers) * tally.time_ns())
    }

    /// The figures of one worker with `servers` servers, whose tally in each replication is given: of all its requests
    /// together, and averages over time are Σ integrals / Σ T. The percentiles must rise.
    pub fn of_replications(replications: &[&Tally], servers: u32, percentiles: &[Percentile]) -> Self {
        let all = merged(replications.iter().copied());
        let time = replications.iter().map(|tally| tally.time_ns()).sum();
        Self::new(&all, percentiles, |sum| over(sum(&all), time), u128::from(servers) * time)
    }

    /// The figures of a run in all of its `replications`, one or more: each has the tallies of the workers, whose numbers of
    /// servers are `servers`. Workers share one clock, up to the largest T of a replication. With DELAY each worker stops
    /// at its own T, so that averages over time are summed worker by worker. The percentiles must rise.
    pub fn of_run(replications: &[Vec<&Tally>], servers: &[u32], delay: u64, percentiles: &[Percentile]) -> Self {
        let all = merged(replications.iter().flatten().copied());
        if delay == 0 {
            let end = |workers: &Vec<&Tally>| workers.iter().map(|tally| tally.time_ns()).max().unwrap_or(0);
            let time = replications.iter().map(end).sum();
            let servers: u128 = servers.iter().map(|&servers| u128::from(servers)).sum();
            return Self::new(&all, percentiles, |sum| over(sum(&all), time), servers * time);
        }
        let of_worker = |worker: usize, value: fn(&Tally) -> u128| -> u128 {
            replications.iter().map(|workers| value(workers[worker])).sum()
        };
        let time = |worker: usize| of_worker(worker, Tally::time_ns);
        let server_time = servers.iter().enumerate().map(|(worker, &servers)| u128::from(servers) * time(worker)).sum();
        let each = |sum: fn(&Tally) -> u128| {
            let averages = (0..servers.len()).filter_map(|worker| over(of_worker(worker, sum), time(worker)));
            (all.end_ns > 0).then(|| averages.sum())
        };
        Self::new(&all, percentiles, each, server_time)
    }

    /// The figures of a run with these sums, whose averages over time are over `time_ns`, that of the servers over
    /// `server_time_ns`. The percentiles must rise.
    pub(crate) fn of_sums(tally: &Tally, time_ns: u128, server_time_ns: u128, percentiles: &[Percentile]) -> Self {
        Self::new(tally, percentiles, |sum| over(sum(tally), time_ns), server_time_ns)
    }

    fn new(
        tally: &Tally,
        percentiles: &[Percentile],
        over_time: impl Fn(fn(&Tally) -> u128) -> Option<f64>,
        server_time: u128,
    ) -> Self {
        Self {
            average_delay_in_queue_ns: over(tally.delay_sum_ns, u128::from(tally.started)),
            average_number_in_queue: over_time(|tally| tally.waiting_area_ns),
            average_number_in_system: over_time(|tally| tally.system_area_ns),
            server_utilization: over(tally.service_sum_ns, server_time),
            time_simulation_ended_ns: tally.end_ns,
            average_response_time_ns: over(tally.response_sum_ns, u128::from(tally.counts.completed)),
            waited_share: over(tally.delay_in_queue.count_above_0().into(), u128::from(tally.started)),
            delay_in_queue: Percentiles::of(&tally.delay_in_queue, percentiles),
            response_time: Percentiles::of(&tally.response_time, percentiles),
            counts: tally.counts,
            rejected_share: tally.counts.share(tally.counts.rejected),
            abandoned_share: tally.counts.share(tally.counts.abandoned),
            work_offered_ns: tally.demand_sum_ns,
            intervals: Intervals::none("the figures are of sums alone"),
        }
    }

    /// The plain report. The four classical lines come first, with the names of the original tool. Delays and response
    /// times have one unit, in which all but the averages and the percentiles are exact.
    pub fn to_text(&self) -> String {
        let unit = |largest_ns: u128| TimeUnit::of(largest_ns as f64, 6);
        let delays = unit(self.delay_in_queue.max_ns.max(self.response_time.max_ns).unwrap_or(0).into());
        let mut text = String::new();
        let mut line = |name: &str, value: String, unit: &str, half_width: String| {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{}", format!("{name:<26}{value:>20} {unit}{half_width}").trim_end());
        };
        let each = self.intervals.each();
        let half = |interval: fn(&FigureIntervals) -> &Interval| each.and_then(|each| interval(each).half_width());
        let time = |ns: Option<f64>| ns.map_or(String::new(), |ns| format!(" ± {}", delays.mean(Some(ns))));
        let plain = |half: Option<f64>| half.map_or(String::new(), |half| format!("± {}", number(Some(half))));
        let none = String::new;
        let mean = |ns: Option<f64>| delays.mean(ns);
        line(
            "Average delay in queue",
            mean(self.average_delay_in_queue_ns),
            delays.name,
            time(half(|each| &each.average_delay_in_queue_ns)),
        );
        line(
            "Average number in queue",
            number(self.average_number_in_queue),
            "",
            plain(half(|each| &each.average_number_in_queue)),
        );
        line("Server utilization", number(self.server_utilization), "", plain(half(|each| &each.server_utilization)));
        let (end_ns, work_ns) = (u128::from(self.time_simulation_ended_ns), self.work_offered_ns);
        line("Time simulation ended", unit(end_ns).time(Some(end_ns)), unit(end_ns).name, none());
        line(
            "Average number in system",
            number(self.average_number_in_system),
            "",
            plain(half(|each| &each.average_number_in_system)),
        );
        line(
            "Average response time",
            mean(self.average_response_time_ns),
            delays.name,
            time(half(|each| &each.average_response_time_ns)),
        );
        let waited = half(|each| &each.waited_share).map_or(none(), |half| format!(" ± {}", decimal(half * 100.0, 2)));
        line("Share that waited", or_dash(self.waited_share, |share| decimal(share * 100.0, 2)), "%", waited);
        let times = [
            ("Delay in queue", &self.delay_in_queue, each.map(|each| &each.delay_in_queue)),
            ("Response time", &self.response_time, each.map(|each| &each.response_time)),
        ];
        for (name, percentiles, intervals) in times {
            for (percentile, ns) in &percentiles.chosen {
                let digits = aligned(&delays.percentile(*ns), delays.decimals as usize);
                let half = intervals.and_then(|intervals| intervals.get(percentile)?.half_width());
                let half =
                    half.map_or(none(), |half| format!(" ± {}", delays.percentile(Some(two_digits(half as u64)))));
                line(&format!("{name} {percentile}"), digits, delays.name, half);
            }
            line(&format!("{name} max"), delays.time(percentiles.max_ns.map(u128::from)), delays.name, none());
        }
        let counts = &self.counts;
        for (name, count, always) in [
            ("Requests offered", counts.offered, true),
            ("  completed", counts.completed, true),
            ("  in service", counts.in_service, false),
            ("  rejected", counts.rejected, false),
            ("  abandoned", counts.abandoned, false),
            ("  waiting", counts.waiting, false),
            ("  not yet arrived", counts.not_yet_arrived, false),
            ("  in the warm-up", counts.warm_up, false),
        ] {
            let share = match name {
                "  rejected" | "  abandoned" => format!("({})", percent(counts.share(count))),
                _ => String::new(),
            };
            if always || count > 0 {
                line(name, count.to_string(), &share, none());
            }
        }
        line("Work offered", unit(work_ns).time(Some(work_ns)), unit(work_ns).name, none());
        text
    }
}

/// A half-width, rounded to two digits.
fn two_digits(ns: u64) -> u64 {
    let unit = 10u64.pow(ns.checked_ilog10().unwrap_or(0).saturating_sub(1));
    ns.saturating_add(unit / 2) / unit * unit
}

fn over(sum: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| sum as f64 / whole as f64)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;

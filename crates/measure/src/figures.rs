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
    /// (1/T) ∫₀ᵀ requests waiting dt.
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
                let half = half.map_or(none(), |half| format!(" ± {}", delays.percentile(Some(half as u64))));
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

fn over(sum: u128, whole: u128) -> Option<f64> {
    (whole > 0).then(|| sum as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One server; arrivals 0, 1, 2 with demands 4, 4, 0: starts 0, 4, 8, finishes 4, 8, 8.
    fn three() -> Tally {
        let mut tally = Tally { end_ns: 8, ..Tally::default() };
        tally.counts.offered = 3;
        tally.completed(0, 0, 4, 4);
        tally.completed(1, 4, 8, 4);
        tally.completed(2, 8, 8, 0);
        tally
    }

    #[test]
    fn figures_of_a_worker_are_those_computed_by_hand() {
        let figures = Figures::of_worker(&three(), 1, &Percentile::DEFAULT);
        assert_eq!(figures.average_delay_in_queue_ns, Some(3.0));
        assert_eq!(figures.average_number_in_queue, Some(9.0 / 8.0));
        assert_eq!(figures.average_number_in_system, Some(17.0 / 8.0));
        assert_eq!(figures.server_utilization, Some(1.0));
        assert_eq!(
            (figures.response_time.get(Percentile::DEFAULT[0]), figures.response_time.max_ns),
            (Some(6), Some(7))
        );
    }

    #[test]
    fn very_small_times_keep_their_digits() {
        // Delays 0, 3 and 7 ns: 10/3.
        let mut tally = Tally { end_ns: 1000, demand_sum_ns: 9, ..Tally::default() };
        tally.counts.offered = 3;
        [(0, 0, 4), (1, 4, 7), (0, 7, 9)].into_iter().for_each(|(a, s, f)| tally.completed(a, s, f, f - s));
        let figures = Figures::of_worker(&tally, 1, &Percentile::DEFAULT);
        assert_eq!(figures.average_delay_in_queue_ns, Some(10.0 / 3.0));
        let json = serde_json::to_value(&figures).unwrap();
        assert_eq!(
            (&json["average_delay_in_queue_ns"], &json["delay_in_queue"]["p50_ns"]),
            (&(10.0 / 3.0).into(), &3.into())
        );
        let text = figures.to_text();
        for line in [
            "Average delay in queue                   3.333 ns\n",
            "Time simulation ended                 0.001000 ms\n",
            "Average response time                    6.333 ns\n",
            "Share that waited                        66.67 %\n",
            "Delay in queue p50                           3 ns\n",
            "Response time max                            9 ns\n",
            "Work offered                                 9 ns\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    #[test]
    fn percentiles_show_the_digits_that_are_known() {
        let mut tally = Tally { end_ns: 400_000_000, ..Tally::default() };
        tally.counts.offered = 100;
        (0..99).for_each(|_| tally.completed(0, 0, 200_000_000, 200_000_000));
        tally.completed(0, 16_612_345, 316_612_345, 300_000_000);
        let figures = Figures::of_worker(&tally, 1, &Percentile::DEFAULT);
        assert_eq!(
            [&figures.response_time, &figures.delay_in_queue].map(|times| times.get(Percentile::P99)),
            [Some(200_000_000), Some(0)]
        );
        let text = figures.to_text();
        for line in [
            "Delay in queue p99                    0        ms\n",
            "Delay in queue p99.9                 16.61     ms\n",
            "Delay in queue max                   16.612345 ms\n",
            "Response time p99                   200        ms\n",
            "Response time max                   316.612345 ms\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    #[test]
    fn percentiles_are_those_that_were_chosen() {
        let chosen = ["0.5", "50", "99.999"].map(|text| Percentile::parse(text).unwrap());
        let figures = Figures::of_worker(&three(), 1, &chosen);
        let json = serde_json::to_string(&figures.response_time).unwrap();
        assert_eq!(json, r#"{"p0_5_ns":4,"p50_ns":6,"p99_999_ns":7,"max_ns":7}"#);
        assert_eq!(figures.response_time.get(Percentile::P99), None);
        let text = figures.to_text();
        let line = format!("\n{:<26}{:>20} ns\n", "Response time p99.999", 7);
        assert!(text.contains(&line) && !text.contains("p99 "), "{text}");
        // In any order, and beside fields of a later version.
        let other = r#"{"max_ns":7,"p99_999_ns":7,"p50_ns":6,"p0_5_ns":4,"mean_ns":5.5}"#;
        assert_eq!(serde_json::from_str::<Percentiles>(other).unwrap(), figures.response_time);
        assert!(serde_json::from_str::<Percentiles>(r#"{"p50_ns":"6","max_ns":7}"#).is_err());
    }

    #[test]
    fn figures_of_a_run_come_from_the_merged_population() {
        let (busy, idle) = (three(), Tally { end_ns: 2, ..Tally::default() });
        let run = Figures::of_run(&[vec![&busy, &idle]], &[1, 1], 0, &Percentile::DEFAULT);
        assert_eq!((run.average_number_in_queue, run.server_utilization), (Some(9.0 / 8.0), Some(0.5)));
        assert_eq!((run.average_response_time_ns, run.waited_share), (Some(17.0 / 3.0), Some(2.0 / 3.0)));
        // With DELAY the averages of each worker are over its own T.
        let mut late = three();
        late.end_ns = 16;
        let run = Figures::of_run(&[vec![&busy, &late, &Tally::default()]], &[1, 1, 1], 3, &Percentile::DEFAULT);
        assert_eq!(run.average_number_in_queue, Some(9.0 / 8.0 + 9.0 / 16.0));
        assert_eq!(run.server_utilization, Some(16.0 / 24.0));
        assert_eq!(run.time_simulation_ended_ns, 16);
    }

    #[test]
    fn utilization_counts_the_servers_of_each_worker() {
        let (busy, idle) = (three(), Tally { end_ns: 2, ..Tally::default() });
        // 8 ns of service by time 8: of 1 + 3 servers, and with DELAY of 1 · 8 + 3 · 2 ns.
        assert_eq!(
            Figures::of_run(&[vec![&busy, &idle]], &[1, 3], 0, &Percentile::DEFAULT).server_utilization,
            Some(8.0 / 32.0)
        );
        assert_eq!(
            Figures::of_run(&[vec![&busy, &idle]], &[1, 3], 1, &Percentile::DEFAULT).server_utilization,
            Some(8.0 / 14.0)
        );
    }

    #[test]
    fn replications_are_added_each_with_its_own_time() {
        // T of 8 and 16: the integrals 9 + 9 and 17 + 17, and 8 + 8 ns of service, of two replications.
        let (first, mut second, idle) = (three(), three(), Tally::default());
        second.end_ns = 16;
        let worker = Figures::of_replications(&[&first, &second], 1, &Percentile::DEFAULT);
        assert_eq!((worker.average_number_in_queue, worker.server_utilization), (Some(18.0 / 24.0), Some(16.0 / 24.0)));
        assert_eq!((worker.average_number_in_system, worker.average_delay_in_queue_ns), (Some(34.0 / 24.0), Some(3.0)));
        assert_eq!((worker.counts.completed, worker.time_simulation_ended_ns), (6, 16));
        let percentiles = &Percentile::DEFAULT;
        assert_eq!(Figures::of_replications(&[&first], 1, percentiles), Figures::of_worker(&first, 1, percentiles));
        // The other worker serves nothing; its T is below that of its replication, or above.
        let ends_last = Tally { end_ns: 20, ..Tally::default() };
        let run = |delay| {
            Figures::of_run(&[vec![&first, &idle], vec![&second, &ends_last]], &[1, 1], delay, &Percentile::DEFAULT)
        };
        assert_eq!((run(0).average_number_in_queue, run(0).server_utilization), (Some(18.0 / 28.0), Some(16.0 / 56.0)));
        assert_eq!((run(1).average_number_in_queue, run(1).server_utilization), (Some(18.0 / 24.0), Some(16.0 / 44.0)));
    }

    #[test]
    fn an_average_over_nothing_is_a_dash() {
        let figures = Figures::of_worker(&Tally::default(), 1, &Percentile::DEFAULT);
        let text = figures.to_text();
        assert!(!text.contains("rejected"), "{text}");
        assert!(
            text.starts_with(
                "Average delay in queue                       - ms\nAverage number in queue                      -\n"
            ),
            "{text}"
        );
        assert!(text.contains("\nAverage response time                        - ms\n"), "{text}");
        assert!(text.contains("\nShare that waited                            - %\n"), "{text}");
        let json = serde_json::to_value(&figures).unwrap();
        for figure in ["server_utilization", "average_response_time_ns", "waited_share"] {
            assert!(json[figure].is_null(), "{figure}");
        }
    }

    #[test]
    fn losses_have_their_share_of_what_arrived() {
        let mut tally = three();
        tally.counts.offered = 11;
        (tally.counts.rejected, tally.counts.abandoned, tally.counts.not_yet_arrived) = (5, 2, 1);
        let text = Figures::of_worker(&tally, 1, &Percentile::DEFAULT).to_text();
        for line in [
            "  rejected                                   5 (50.00 %)\n",
            "  abandoned                                  2 (20.00 %)\n",
            "  not yet arrived                            1\n",
        ] {
            assert!(text.contains(line), "{line}{text}");
        }
    }

    #[test]
    fn requests_without_completion_are_waiting_or_not_yet_arrived() {
        let mut tally = Tally { end_ns: 10, ..Tally::default() };
        tally.in_service(2, 4, 6);
        tally.add_time_in_system(1, 2);
        tally.add_without_completion(9);
        tally.add_without_completion(10);
        assert_eq!((tally.counts.waiting, tally.counts.not_yet_arrived), (1, 1));
        assert_eq!((tally.waiting_area_ns, tally.system_area_ns, tally.service_sum_ns), (3, 9, 6));
    }
}

//! The sums of whole runs, from which their figures follow: what is kept of many replications of many scenarios.

use crate::interval::Part;
use crate::metric::{Metric, Times};
use crate::observation::Observation;
use crate::{Figures, Measured, Percentile, Tally};

/// The sums of all workers of a run, in one replication or several.
#[derive(Debug, Clone, Default)]
pub struct RunSums {
    tally: Tally,
    time_ns: u128,
    server_time_ns: u128,
}

impl RunSums {
    /// Of one replication of a run, whose `workers` have these numbers of `servers`. Workers share one clock, up to the
    /// largest T; with DELAY, `delay`, each stops at its own.
    pub fn of_run(workers: &[&Measured], servers: &[u32], delay: u64) -> Self {
        let mut tally = Tally::default();
        workers.iter().for_each(|worker| tally.add(&worker.tally));
        let time_ns = workers.iter().map(|worker| worker.tally.time_ns()).max().unwrap_or(0);
        let of_worker = |(worker, &servers): (&&Measured, &u32)| {
            u128::from(servers) * if delay > 0 { worker.tally.time_ns() } else { time_ns }
        };
        Self { tally, time_ns, server_time_ns: workers.iter().zip(servers).map(of_worker).sum() }
    }

    /// Adds those of another replication.
    pub fn add(&mut self, other: &Self) {
        self.tally.add(&other.tally);
        self.time_ns += other.time_ns;
        self.server_time_ns += other.server_time_ns;
    }

    /// The figures of all replications together, without intervals. The percentiles must rise.
    pub fn figures(&self, percentiles: &[Percentile]) -> Figures {
        Figures::of_sums(&self.tally, self.time_ns, self.server_time_ns, percentiles)
    }

    /// What these sums contribute to `metric`. A percentile or a maximum contributes its value.
    pub fn part(&self, metric: Metric) -> Part {
        let tally = &self.tally;
        let sums = Observation::over(tally, self.time_ns);
        match metric {
            Metric::Mean(Times::Delay) => sums.mean_delay(),
            Metric::Mean(Times::Response) => sums.mean_response(),
            Metric::Percentile(percentile, Times::Delay) => value(tally.delay_in_queue.percentile(percentile)),
            Metric::Percentile(percentile, Times::Response) => value(tally.response_time.percentile(percentile)),
            Metric::Max(Times::Delay) => value(Some(tally.delay_in_queue.max())),
            Metric::Max(Times::Response) => value(Some(tally.response_time.max())),
            Metric::Utilization => {
                Part { numerator: tally.service_sum_ns as f64, denominator: self.server_time_ns as f64 }
            }
            Metric::Waited => {
                Part { numerator: tally.delay_in_queue.count_above_0() as f64, denominator: tally.started as f64 }
            }
            Metric::Rejected => sums.rejected(),
            Metric::Abandoned => sums.abandoned(),
            Metric::InQueue => sums.number_in_queue(),
            Metric::InSystem => sums.number_in_system(),
        }
    }
}

fn value(ns: Option<u64>) -> Part {
    ns.map_or(Part::default(), |ns| Part { numerator: ns as f64, denominator: 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker(arrivals: u64, end_ns: u64) -> Measured {
        let mut tally = Tally { end_ns, ..Tally::default() };
        for i in 0..arrivals {
            tally.counts.offered += 1;
            tally.completed(10 * i, 10 * i + i, 10 * i + 5 + i, 5);
        }
        Measured::of_sums(tally)
    }

    #[test]
    fn figures_are_those_of_a_run() {
        let workers = [worker(9, 200), worker(4, 100)];
        let (workers, servers) = (workers.iter().collect::<Vec<_>>(), [2, 1]);
        for delay in [0, 3] {
            let mut sums = RunSums::of_run(&workers, &servers, delay);
            let tallies: Vec<&Tally> = workers.iter().map(|worker| &worker.tally).collect();
            let of_run = Figures::of_run(&[tallies.clone(), tallies], &servers, delay, &Percentile::DEFAULT);
            sums.add(&sums.clone());
            let figures = sums.figures(&Percentile::DEFAULT);
            assert_eq!(figures.server_utilization, of_run.server_utilization);
            if delay == 0 {
                assert_eq!(figures, of_run);
            }
            for words in ["delay", "response", "p99 response", "max delay", "waited", "rejected", "utilization"] {
                let metric = Metric::of_words(&words.split(' ').collect::<Vec<_>>()).unwrap();
                let Part { numerator, denominator } = sums.part(metric);
                assert_eq!(metric.of(&figures), Some(numerator / denominator), "{words}");
            }
        }
    }
}

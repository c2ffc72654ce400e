//! The uncertainty of a single long run, for decisions on it: half-widths at any level, from batch means.

use crate::coarse::Coarse;
use crate::evaluation::{Group, drain_of};
use crate::intervals::Observations;
use crate::metric::{Metric, Times};
use crate::observation::Observation;
use crate::{Measured, Randomness};

/// The batches of a run.
pub struct Batches {
    observations: Observations,
    servers: u64,
}

impl Batches {
    /// Of a run of `workers` with these numbers of `servers`, without DELAY.
    ///
    /// # Errors
    /// The reason why there are none.
    pub fn of_run(workers: &[&Measured], servers: &[u32], randomness: Randomness) -> Result<Self, String> {
        let sources = workers.iter().map(|worker| worker.source()).collect();
        let group = Group { replications: vec![sources], servers, delay: 0 };
        let observations = group.observations(randomness, Some(drain_of(workers, servers)))?;
        Ok(Self { observations, servers: group.all_servers() })
    }

    /// The half-width of the interval of `metric` at this `level`.
    ///
    /// # Errors
    /// The reason why there is none; percentiles and maxima have none, [`Batches::share_over`] has.
    pub fn half_width(&self, metric: Metric, level: f64) -> Result<f64, &'static str> {
        let part: &dyn Fn(&Observation) -> _ = match metric {
            Metric::Mean(Times::Delay) => &Observation::mean_delay,
            Metric::Mean(Times::Response) => &Observation::mean_response,
            Metric::Utilization => &|batch| batch.utilization(self.servers),
            Metric::Waited => &Observation::waited,
            Metric::Rejected => &Observation::rejected,
            Metric::Abandoned => &Observation::abandoned,
            Metric::InQueue => &Observation::number_in_queue,
            Metric::InSystem => &Observation::number_in_system,
            Metric::Percentile(..) | Metric::Max(_) => return Err("it is not a mean"),
        };
        if matches!(metric, Metric::Waited | Metric::Rejected | Metric::Abandoned) {
            return self.observations.share_half_width(level, part);
        }
        self.observations.half_width_at(level, part)
    }

    /// The half-width of the interval, at this `level`, of the share of requests whose time is `limit_ns` or longer, for the
    /// decision whether it is below `allowed`.
    ///
    /// # Errors
    /// The reason why there is none.
    pub fn share_over(&self, times: Times, limit_ns: u64, allowed: f64, level: f64) -> Result<f64, &'static str> {
        let counts: fn(&Observation) -> &Coarse = match times {
            Times::Delay => |batch| &batch.times.delay,
            Times::Response => |batch| &batch.times.response,
        };
        self.observations.share_over(counts, limit_ns, allowed, level)
    }
}

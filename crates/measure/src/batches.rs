//! The uncertainty of a single long run, for decisions on it: half-widths at any level, from batch means.

use crate::coarse::{self, Coarse};
use crate::evaluation::{Group, drain_of};
use crate::histogram;
use crate::interval::Part;
use crate::intervals::{Observations, SHORTEST_ABOVE};
use crate::metric::{Metric, Times};
use crate::observation::{Observation, above};
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

impl Observations {
    /// The half-width of a share at this level.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(crate) fn share_half_width(
        &self,
        level: f64,
        part: &dyn Fn(&Observation) -> Part,
    ) -> Result<f64, &'static str> {
        let Part { numerator, denominator } = part(&self.all);
        if numerator.min(denominator - numerator) < self.fewest_on_a_side() {
            return Err("too few requests are in this share, or outside of it");
        }
        self.half_width_at(level, part)
    }

    /// The half-width, at this level, of the share of times that are `limit_ns` or longer, for the decision whether it is below
    /// `allowed`: the larger one of that at the limit, and that where the share is `allowed`. Both are at the nearest edges of
    /// coarse buckets.
    ///
    /// # Errors
    /// The reason why there is none.
    pub(crate) fn share_over(
        &self,
        counts: fn(&Observation) -> &Coarse,
        limit_ns: u64,
        allowed: f64,
        level: f64,
    ) -> Result<f64, &'static str> {
        let (all, least) = (counts(&self.all), self.fewest_on_a_side());
        if allowed.min(1.0 - allowed) * (all.total() as f64) < least || self.drains * allowed < SHORTEST_ABOVE {
            return Err("too few requests are above it, or below it");
        }
        let share = |bucket: usize| {
            let Part { numerator, denominator } = above(all, bucket);
            Some(numerator / denominator).filter(|_| numerator.min(denominator - numerator) >= least)
        };
        let half_width = |bucket: usize| self.half_width_at(level, &|batch| above(counts(batch), bucket));
        let mut widest: Option<f64> = None;
        let at_limit = coarse::of_fine(histogram::index(limit_ns.saturating_sub(1)));
        if share(at_limit).is_some() {
            widest = Some(half_width(at_limit)?);
        }
        // The edge where about as many are above as are allowed.
        let buckets = all.counts().map(|(bucket, _)| bucket);
        let nearest = buckets
            .filter_map(|bucket| Some((bucket, share(bucket)?)))
            .min_by(|(_, a), (_, b)| libm::fabs(a - allowed).total_cmp(&libm::fabs(b - allowed)));
        if let Some((bucket, share)) = nearest {
            let scale = (allowed * (1.0 - allowed) / (share * (1.0 - share))).sqrt();
            let half_width = half_width(bucket)? * scale;
            widest = Some(widest.map_or(half_width, |widest| widest.max(half_width)));
        }
        widest.ok_or("too few requests are above it, or below it")
    }
}

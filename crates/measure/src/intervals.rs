//! Confidence intervals of all figures of a worker or a run, from batches of one run or from replications.

use crate::coarse::{self, Coarse};
use crate::histogram;
use crate::interval::{FigureIntervals, Interval, Intervals, LEVEL, Method, Part, deviations, half_width};
use crate::observation::{Cells, Observation, above, sum};
use crate::student::chi_square_001;
use crate::{Figures, Histogram, Percentile, Percentiles, Randomness, Tally};

/// The fewest and the most batches whose independence is tested, and the shortest length of one, in drain times: many batches
/// show cycles that few would hide.
const TESTED: [usize; 2] = [16, 128];
const TESTED_DRAINS: f64 = 60.0;

/// The fewest and the most batches for the variance, and the shortest length of one, in drain times: they are fewer, so that
/// they are long, while Student's quantile is hardly larger than that of many.
const BATCHES: [usize; 2] = [8, 20];
const BATCH_DRAINS: f64 = 150.0;

/// The shortest run with intervals, in drain times and in requests.
const SHORTEST_DRAINS: f64 = 1000.0;
const FEWEST_REQUESTS: u64 = 1000;

/// The fewest requests on each side of a share that has an interval.
const FEWEST_ON_A_SIDE: f64 = 100.0;

/// The shortest run with an interval of a percentile, in drain times, times the share of requests above it: those come in
/// groups, since a long queue delays many requests.
pub(crate) const SHORTEST_ABOVE: f64 = 40.0;

/// The reason why batches of a run with this randomness give no interval; None if they do.
pub(crate) fn refusal(random: Randomness) -> Option<&'static str> {
    let Randomness { arrivals, demands, model, policy, rate_changes } = random;
    if !random.any() {
        Some("nothing is random: the figures are exact for this trace alone")
    } else if rate_changes {
        Some("ARRIVALS is not constant, so that parts of the run differ: use --replications")
    } else if !arrivals && !demands {
        debug_assert!(model || policy);
        Some(
            "the trace gives arrivals and demands, and only choices are random: --replications gives intervals for this trace",
        )
    } else {
        None
    }
}

/// The state of a worker or a run that decides how long batches must be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drain {
    /// The time in which spare capacity would serve the average number in system \[ns\].
    pub(crate) time_ns: f64,
    /// Its weight in the run: the average number in system.
    weight: f64,
    is_overloaded: bool,
}

impl Drain {
    /// Of a worker with `servers`, whose last request arrived by `last_ns`. Lost work reduces its load, so it counts as spare capacity.
    pub(crate) fn of_worker(tally: &Tally, servers: u32, last_ns: u64) -> Self {
        let (time_ns, servers) = (tally.time_ns() as f64, f64::from(servers));
        let busy_ns = tally.service_sum_ns as f64;
        let mean_service_ns = busy_ns / (tally.started as f64).max(1.0);
        let lost_ns = (tally.counts.rejected + tally.counts.abandoned) as f64 * mean_service_ns;
        let spare = (servers * time_ns - busy_ns + lost_ns) / time_ns;
        let weight = if time_ns > 0.0 { tally.system_area_ns as f64 / time_ns } else { 0.0 };
        let arriving_ns = last_ns.saturating_sub(tally.from_ns) as f64;
        Self {
            time_ns: weight * mean_service_ns / spare,
            weight,
            is_overloaded: lost_ns == 0.0 && busy_ns >= arriving_ns * servers,
        }
    }

    /// Of a run of these workers: their mean, weighted by the requests in them.
    pub(crate) fn of_run(workers: &[Self]) -> Self {
        let weight: f64 = workers.iter().map(|worker| worker.weight).sum();
        let weighted: f64 =
            workers.iter().filter(|worker| worker.weight > 0.0).map(|worker| worker.time_ns * worker.weight).sum();
        let overloaded: f64 = workers.iter().filter(|worker| worker.is_overloaded).map(|worker| worker.weight).sum();
        let time_ns = if weight > 0.0 { weighted / weight } else { 0.0 };
        Self { time_ns, weight, is_overloaded: overloaded > 0.5 * weight && weight > 0.0 }
    }
}

/// What intervals are made of.
pub(crate) struct Observations {
    method: Method,
    /// Independent, if the tested ones are.
    batches: Vec<Observation>,
    /// Shorter ones, whose independence is tested; none of replications.
    tested: Vec<Observation>,
    pub(crate) all: Observation,
    /// Length of the run in drain times; infinite of replications.
    pub(crate) drains: f64,
}

impl Observations {
    /// Of replications: at least two.
    pub(crate) fn of_replications(batches: Vec<Observation>) -> Self {
        let all = sum(&batches);
        Self { method: Method::Replications, batches, tested: Vec::new(), all, drains: f64::INFINITY }
    }

    /// Of batches of `cells`, which belong to a worker or run with this `drain` time.
    ///
    /// # Errors
    /// The reason why there are none.
    pub(crate) fn of_cells(cells: &Cells, drain: Drain) -> Result<Self, String> {
        let all = sum(&cells.batches(cells.len().min(1)));
        if drain.is_overloaded {
            return Err("it is overloaded: the queue grows as long as requests arrive".to_owned());
        }
        if all.arrived < FEWEST_REQUESTS {
            return Err(format!("the run is too short: fewer than {FEWEST_REQUESTS} requests"));
        }
        let drains = cells.time_ns() as f64 / drain.time_ns;
        if cells.len() < TESTED[0] {
            return Err("the run is too short: its requests arrive in too few windows".to_owned());
        }
        if drains.is_nan() || drains < SHORTEST_DRAINS {
            return Err(format!(
                "the run is too short: it lasts {drains:.0} drain times, and {SHORTEST_DRAINS} are needed"
            ));
        }
        let number = |drains_each: f64, [least, most]: [usize; 2]| {
            ((drains / drains_each) as usize).clamp(least, most.min(cells.len()))
        };
        let tested = cells.batches(number(TESTED_DRAINS, TESTED));
        let arrivals: Vec<Part> = tested.iter().map(Observation::arrivals).collect();
        if !are_independent(&arrivals) {
            return Err("it is not stationary: the rate of arrivals changes over time".to_owned());
        }
        let batches = cells.batches(number(BATCH_DRAINS, BATCHES));
        Ok(Self { method: Method::BatchMeans, batches, tested, all, drains })
    }

    /// The intervals of `figures`, of `servers` servers, whose percentiles are from these histograms. With DELAY, averages
    /// over time of a run are sums over its workers, which have none.
    pub(crate) fn intervals(
        &self,
        figures: &Figures,
        servers: u64,
        times: [&Histogram; 2],
        sums_over_time: bool,
    ) -> Intervals {
        let over_time = |part: &dyn Fn(&Observation) -> Part| {
            if sums_over_time {
                return unknown("with DELAY, the averages of the workers are added");
            }
            self.mean(part)
        };
        let percentiles = |figures: &Percentiles, histogram, counts: fn(&Observation) -> &Coarse| {
            let interval = |(&percentile, &value): (&Percentile, &Option<u64>)| {
                (
                    percentile,
                    value.map_or_else(
                        || unknown("there are no values"),
                        |value| self.percentile(percentile, value, histogram, counts),
                    ),
                )
            };
            figures.chosen.iter().map(interval).collect()
        };
        let [delays, responses] = times;
        Intervals::Each(Box::new(FigureIntervals {
            average_delay_in_queue_ns: self.of_waiting(|| self.mean(&Observation::mean_delay)),
            average_number_in_queue: self.of_waiting(|| over_time(&Observation::number_in_queue)),
            average_number_in_system: over_time(&Observation::number_in_system),
            server_utilization: over_time(&|batch| batch.utilization(servers)),
            average_response_time_ns: self.mean(&Observation::mean_response),
            waited_share: self.share(&Observation::waited),
            delay_in_queue: percentiles(&figures.delay_in_queue, delays, |batch| &batch.times.delay),
            response_time: percentiles(&figures.response_time, responses, |batch| &batch.times.response),
            rejected_share: self.share(&Observation::rejected),
            abandoned_share: self.share(&Observation::abandoned),
        }))
    }

    /// The interval of Σ numerators / Σ denominators.
    fn mean(&self, part: &dyn Fn(&Observation) -> Part) -> Interval {
        match self.half_width(part) {
            Ok(half_width) => self.known(half_width),
            Err(reason) => unknown(reason),
        }
    }

    /// The `interval` of a mean over times of which few may be above 0.
    fn of_waiting(&self, interval: impl FnOnce() -> Interval) -> Interval {
        if self.all.waited().numerator < self.fewest_on_a_side() {
            return unknown("too few requests waited");
        }
        interval()
    }

    /// The interval of a share.
    fn share(&self, part: &dyn Fn(&Observation) -> Part) -> Interval {
        match self.share_half_width(LEVEL, part) {
            Ok(half_width) => self.known(half_width),
            Err(reason) => unknown(reason),
        }
    }

    /// The interval of a percentile, whose value is `value`: that of the share of requests above it, which the histogram
    /// turns into times (Woodruff, "Confidence intervals for medians and other position measures", 1952). The half-width
    /// is the larger distance. Batches count requests above the edges of coarse buckets, so that the share is that above
    /// the nearest edge, and its error is scaled to the percentile.
    fn percentile(
        &self,
        percentile: Percentile,
        value: u64,
        times: &Histogram,
        counts: fn(&Observation) -> &Coarse,
    ) -> Interval {
        let share = 1.0 - percentile.fraction();
        let (all, least) = (counts(&self.all), self.fewest_on_a_side());
        if share.min(1.0 - share) * (all.total() as f64) < least || self.drains * share < SHORTEST_ABOVE {
            return unknown("too few requests are above it, or below it");
        }
        let near = coarse::of_fine(histogram::index(value));
        let distance = |bucket: &usize| {
            let Part { numerator, denominator } = above(all, *bucket);
            let ratio = numerator / denominator / share;
            if ratio > 0.0 { ratio.max(1.0 / ratio) } else { f64::INFINITY }
        };
        let edges = [near.saturating_sub(1), near];
        let [lower, upper] = edges.each_ref().map(distance);
        let edge = edges[usize::from(upper < lower)];
        let Part { numerator, denominator } = above(all, edge);
        let at_edge = numerator / denominator;
        match self.half_width(&|batch| above(counts(batch), edge)) {
            Ok(half) => {
                let half = half * (share * (1.0 - share) / (at_edge * (1.0 - at_edge))).sqrt();
                let at = |fraction: f64| times.at(fraction).map(|bound| bound as f64);
                match (at(1.0 - share - half), at(1.0 - share + half)) {
                    (Some(low), Some(high)) if half < share => {
                        // Its bucket does not determine the value better.
                        let (lower, upper) = histogram::ends(histogram::index(value));
                        let half = (value as f64 - low).max(high - value as f64).max((upper - lower) as f64);
                        if half > 0.0 { self.known(half) } else { unknown("it does not vary") }
                    }
                    _ => unknown("too few requests are above it, or below it"),
                }
            }
            Err(reason) => unknown(reason),
        }
    }

    pub(crate) fn fewest_on_a_side(&self) -> f64 {
        match self.method {
            Method::BatchMeans => FEWEST_ON_A_SIDE,
            Method::Replications => 0.2 * FEWEST_ON_A_SIDE,
        }
    }

    /// # Errors
    /// The reason why there is no interval.
    fn half_width(&self, part: &dyn Fn(&Observation) -> Part) -> Result<f64, &'static str> {
        self.half_width_at(LEVEL, part)
    }

    /// # Errors
    /// The reason why there is no interval at this level.
    pub(crate) fn half_width_at(&self, level: f64, part: &dyn Fn(&Observation) -> Part) -> Result<f64, &'static str> {
        let parts = |observations: &[Observation]| observations.iter().map(part).collect::<Vec<_>>();
        if self.tested.len() > 1 && !are_independent(&parts(&self.tested)) {
            return Err("it is not stationary, or the run is too short: parts of the run depend on those before");
        }
        let Part { numerator, denominator } = part(&self.all);
        match half_width(&parts(&self.batches), level) {
            None => Err("there are no values"),
            // Rounding may leave a little.
            Some(half) if half <= 1e-12 * numerator / denominator => Err("it does not vary"),
            Some(half) => Ok(half),
        }
    }

    fn known(&self, half_width: f64) -> Interval {
        Interval::Known { half_width, level: LEVEL, method: self.method, n: self.batches.len() as u32 }
    }
}

fn unknown(reason: impl Into<String>) -> Interval {
    Interval::Unknown { reason: reason.into() }
}

/// Whether consecutive `parts` may be independent, by the test of Ljung and Box ("On a measure of lack of fit in time series
/// models", 1978) on their deviations: it rejects about one in a hundred series that are. Trends and cycles are correlated.
fn are_independent(parts: &[Part]) -> bool {
    let Some(deviations) = deviations(parts) else { return true };
    let squares: f64 = deviations.iter().map(|deviation| deviation * deviation).sum();
    if squares == 0.0 {
        return true;
    }
    let (n, lags) = (deviations.len(), deviations.len() / 4);
    let correlation = |lag: usize| {
        let products: f64 = deviations.iter().zip(&deviations[lag..]).map(|(early, late)| early * late).sum();
        products / squares
    };
    let statistic: f64 = (1..=lags).map(|lag| correlation(lag) * correlation(lag) / (n - lag) as f64).sum();
    statistic * (n * (n + 2)) as f64 <= chi_square_001(lags as u32)
}

#[cfg(test)]
#[path = "intervals_tests.rs"]
mod tests;

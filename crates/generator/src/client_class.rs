//! A class of clients: how they send requests.

use std::path::PathBuf;

use failure::Failure;
use measure::provenance::ClientsUsed;

use crate::arrival_rate::TimeChange;
use crate::family::Family;
use crate::popularity::Places;
use crate::settings::GeneratorSettings;
use crate::sizes::Sizes;
use random::distribution::{Distribution, Unmet};

/// Clients that send in the same way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClientClass {
    /// Number of clients.
    pub(crate) clients: u32,
    /// The `class` of their requests.
    pub(crate) priority: u16,
    /// Mean operational time between two requests of a client \[ns\]: INTER_ARRIVAL, unless rates of a file replace it.
    pub(crate) mean_ns: u64,
    /// Interarrival times at a constant rate, in units of that mean.
    pub(crate) interarrivals: Distribution,
    /// The time of each arrival by its operational time.
    pub(crate) change: TimeChange,
    pub(crate) sizes: Sizes,
    pub(crate) places: Places,
    /// READ_RATIO \[per cent\].
    pub(crate) read_ratio: f64,
    /// SAS \[blocks\].
    pub(crate) sas: u64,
    /// The files that its settings name.
    pub(crate) files: Vec<PathBuf>,
    /// Its settings that took part, for a report.
    pub(crate) used: ClientsUsed,
}

/// Half of one seed in a million.
const RARE: f64 = 5e-7;

/// The most periods of bursts of which one request can be the only one on average. More would change nothing, as bursts that
/// are far shorter than the time between requests are not seen, and take time.
const PERIODS_PER_REQUEST: f64 = 1000.0;

/// The length of the operational time of one second, if rates are those of all clients \[ns\].
const SECOND_NS: u64 = 1_000_000_000;

impl ClientClass {
    /// The class that settings describe. Those that take no part are not looked at.
    ///
    /// # Errors
    /// If a setting is invalid, or settings contradict each other.
    pub(crate) fn new(settings: &GeneratorSettings, priority: u16) -> Result<Self, Failure> {
        let (family, sas) = (settings.distribution.get()?, settings.sas.get()?);
        let clients = settings.concurrency.get()?;
        let (sizes, rate) = (settings.sizes.get()?, settings.arrivals.get()?);
        let files = [sizes.file(), rate.file()].into_iter().flatten().map(PathBuf::from).collect();
        let table = sizes.table(sas, |rule| settings.sizes.refuse(rule))?;
        let Shape { interarrivals, sizes, size, moments } = Shape::of(family, settings, sas, table.is_none())?;
        let (change, arrivals) = rate.change(|rule| settings.arrivals.refuse(rule))?;
        let inter_arrival_ns = match change {
            TimeChange::Rates(_) => None,
            _ => Some(settings.inter_arrival.get()?),
        };
        if let (Some(mean_ns), Some(cycle_ns)) = (inter_arrival_ns, rate.mean_cycle_ns())
            && mean_ns as f64 > PERIODS_PER_REQUEST * cycle_ns
        {
            let rule = format!(
                "has bursts that are more than {PERIODS_PER_REQUEST} times shorter than the mean interarrival time of {mean_ns} ns \
                 (INTER_ARRIVAL): they would change nothing"
            );
            return Err(settings.arrivals.refuse(&rule));
        }
        let places = settings.popularity.get()?;
        let read_ratio = read_ratio(settings)?;
        let used = ClientsUsed {
            size,
            inter_arrival_ns,
            read_ratio,
            sas,
            distribution: family.name(),
            mean: moments.map(|(mean, _)| mean),
            stdev: moments.map(|(_, stdev)| stdev),
            concurrency: clients,
            arrivals,
            popularity: places.used,
            sizes: table.as_ref().map(|table| table.used.clone()),
        };
        let mean_ns = inter_arrival_ns.unwrap_or(u64::from(clients) * SECOND_NS);
        let sizes = table.map_or(sizes, Sizes::Table);
        let places = places.places;
        Ok(Self { clients, priority, mean_ns, interarrivals, change, sizes, places, read_ratio, sas, files, used })
    }

    /// Refuses a class whose clients may not make `samples` requests in time, with more than one seed in a million.
    ///
    /// The mean operational time of the trace is at most half of what the upper limit of times holds, and each of two random
    /// deviations at most a quarter, with half of that probability each: a client's first interarrival time, and the sum of
    /// its further ones minus their mean (by Chebyshev's inequality; the variances of the clients' sums add up to that of
    /// all, and so do the probabilities).
    pub(crate) fn refuse_too_long(&self, samples: u64, settings: &GeneratorSettings) -> Result<(), Failure> {
        let (limit_ns, mean_ns) = (self.change.operational_limit_ns(), self.mean_ns as f64);
        let of_a_client = samples.div_ceil(u64::from(self.clients));
        if of_a_client as f64 * mean_ns > limit_ns / 2.0 {
            let years = if self.change == TimeChange::None { 73 } else { 18 };
            let rule = match self.change {
                TimeChange::Rates(_) => {
                    "is too many: the rates of ARRIVALS may not give them within 146 years".to_owned()
                }
                _ => format!(
                    "is too many: {of_a_client} interarrival times of a mean of {} ns (INTER_ARRIVAL) make a client's trace longer than \
                     {years} years",
                    self.mean_ns
                ),
            };
            return Err(settings.samples.refuse(&rule));
        }
        let (Some(mean), Some(stdev)) = (self.used.mean, self.used.stdev) else { return Ok(()) };
        let (cv, largest_excess) = (stdev / mean, limit_ns / 4.0);
        let variance = samples as f64 * (mean_ns * cv) * (mean_ns * cv);
        // The bound for one client: with several, those that start in time fill the trace without one that does not.
        let late = self.interarrivals.first_above(largest_excess / mean_ns);
        let largest_variance = largest_excess * largest_excess * RARE;
        if !self.interarrivals.is_long_tailed() || (variance <= largest_variance && late <= RARE) {
            return Ok(());
        }
        let rule = format!(
            "is too long: {samples} interarrival times with a coefficient of variation (STDEV/MEAN) of {cv} may, with more than one seed \
             in a million, make a trace longer than 146 years"
        );
        Err(settings.inter_arrival.refuse(&rule))
    }

    /// Whether the arrivals of each client are a Poisson process of constant rate, also under families that have the
    /// exponential distribution as a special case.
    pub(crate) fn is_poisson(&self) -> bool {
        self.interarrivals == Distribution::Exponential && self.change == TimeChange::None
    }

    /// The demand that the clients offer per nanosecond in the long run, if a request's mean demand is `demand_ns`. None if
    /// the rate follows a curve, of which the trace may hold a part.
    pub(crate) fn offered(&self, demand_ns: f64, capacity: f64) -> Option<f64> {
        if self.change.is_a_curve() {
            return None;
        }
        Some(f64::from(self.clients) * demand_ns / (self.mean_ns as f64 * capacity))
    }
}

/// The distributions of a family.
struct Shape {
    interarrivals: Distribution,
    sizes: Sizes,
    /// SIZE, if it takes part.
    size: Option<u32>,
    /// MEAN and STDEV, if they take part.
    moments: Option<(f64, f64)>,
}

impl Shape {
    /// Of `family`. Without `with_sizes`, a table replaces its sizes.
    fn of(family: Family, settings: &GeneratorSettings, sas: u64, with_sizes: bool) -> Result<Self, Failure> {
        let by_size = |interarrivals, sizes: fn(u32) -> Sizes| {
            let size = if with_sizes { Some(size(settings, sas)?) } else { None };
            Ok(Self { interarrivals, sizes: sizes(size.unwrap_or(1)), size, moments: None })
        };
        let by_moments = |distribution: fn(f64) -> Result<Distribution, Unmet>| {
            let (mean, stdev) = moments(settings, sas, with_sizes)?;
            let interarrivals = distribution(stdev / mean).map_err(|Unmet { side, bound, reason }| {
                let times = if bound == 1.0 { String::new() } else { format!("{bound} times ") };
                settings.stdev.refuse(&format!("is {side} {times}MEAN={mean}: {reason}"))
            })?;
            let sizes = Sizes::Rounded { mean, distribution: interarrivals };
            Ok(Self { interarrivals, sizes, size: None, moments: Some((mean, stdev)) })
        };
        match family {
            Family::Uniform => by_size(Distribution::Uniform, |size| Sizes::Uniform { size }),
            Family::Poisson => by_size(Distribution::Exponential, Sizes::poisson),
            Family::Deterministic => by_size(Distribution::Constant, |size| Sizes::Constant { size }),
            Family::Normal => by_moments(Distribution::normal),
            Family::Lognormal => by_moments(Distribution::lognormal),
            Family::Gamma => by_moments(Distribution::gamma),
            Family::Weibull => by_moments(Distribution::weibull),
            Family::Pareto => by_moments(Distribution::pareto),
        }
    }
}

fn size(settings: &GeneratorSettings, sas: u64) -> Result<u32, Failure> {
    let size = settings.size.get()?;
    if u64::from(size) > sas {
        return Err(settings.size.refuse(&format!("is above SAS={sas}: a request lies within the storage array")));
    }
    Ok(size)
}

/// MEAN and STDEV; MEAN is also that of sizes if `with_sizes`.
fn moments(settings: &GeneratorSettings, sas: u64, with_sizes: bool) -> Result<(f64, f64), Failure> {
    let mean = settings.mean.get()?;
    let most = sas.min(u64::from(u32::MAX));
    if mean <= 0.0 {
        return Err(settings.mean.refuse("must be above 0"));
    }
    if with_sizes && mean > most as f64 {
        let rule = format!("must be at most {most}: a request lies within the storage array (SAS={sas})");
        return Err(settings.mean.refuse(&rule));
    }
    Ok((mean, settings.stdev.get()?))
}

fn read_ratio(settings: &GeneratorSettings) -> Result<f64, Failure> {
    let ratio = settings.read_ratio.get()?;
    if ratio > 0.0 && ratio < 1.0 {
        return Err(settings.read_ratio.refuse("must be 0 or from 1 to 100: per cent is meant (80, not 0.8)"));
    }
    if ratio > 100.0 {
        return Err(settings.read_ratio.refuse("must be at most 100: per cent is meant"));
    }
    Ok(ratio)
}

//! The settings of a generated trace.

use cli::settings::SeedSettings;
use failure::Failure;
use measure::provenance::GeneratorUsed;

use crate::family::Family;
use crate::settings::GeneratorSettings;
use crate::sizes::Sizes;
use random::distribution::{Distribution, Unmet};

/// The settings of a generated trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// SAMPLES: requests.
    pub samples: u64,
    /// CONCURRENCY: clients.
    pub concurrency: u32,
    /// INTER_ARRIVAL: mean time between one client's requests \[ns\].
    pub inter_arrival_ns: u64,
    /// DISTRIBUTION.
    pub family: Family,
    /// Interarrival times, in units of INTER_ARRIVAL.
    pub(crate) interarrivals: Distribution,
    pub(crate) sizes: Sizes,
    /// READ_RATIO \[per cent\].
    pub(crate) read_ratio: f64,
    /// SAS \[blocks\].
    pub(crate) sas: u64,
    pub(crate) seed: u64,
}

/// The longest mean duration of a trace, about 73 years \[ns\]: half of the upper limit of times in the contract. The
/// remaining half covers random deviations.
const LONGEST_TRACE_NS: u128 = 1 << 61;

/// Upper limit of a client's first interarrival time, and of the sum of its further ones minus their mean, under a
/// long-tailed distribution. Each exceeds it with probability [`RARE`] at most. With the mean of 2⁶¹ ns at most, the
/// sum is below 2⁶² ns \[ns\].
const LARGEST_EXCESS_NS: f64 = (LONGEST_TRACE_NS / 2) as f64;

/// Half of one seed in a million.
const RARE: f64 = 5e-7;

/// The largest variance of the sum of all interarrival times under a long-tailed distribution \[ns²\], by Chebyshev's
/// inequality. The variances of the clients' sums add up to this one, and so do the probabilities.
const LARGEST_VARIANCE: f64 = LARGEST_EXCESS_NS * LARGEST_EXCESS_NS * RARE;

impl Generation {
    /// The trace that settings describe. Those that its family does not use are not looked at.
    ///
    /// # Errors
    /// If a setting is invalid, or settings contradict each other.
    pub fn from_settings(settings: &GeneratorSettings, seed: &SeedSettings) -> Result<Self, Failure> {
        let family = settings.distribution.get()?;
        let sas = settings.sas.get()?;
        let (interarrivals, sizes) = match family {
            Family::Uniform => (Distribution::Uniform, Sizes::Uniform { size: size(settings, sas)? }),
            Family::Poisson => (Distribution::Exponential, Sizes::poisson(size(settings, sas)?)),
            Family::Deterministic => (Distribution::Constant, Sizes::Constant { size: size(settings, sas)? }),
            Family::Normal => by_moments(settings, sas, Distribution::normal)?,
            Family::Lognormal => by_moments(settings, sas, Distribution::lognormal)?,
            Family::Gamma => by_moments(settings, sas, Distribution::gamma)?,
            Family::Weibull => by_moments(settings, sas, Distribution::weibull)?,
            Family::Pareto => by_moments(settings, sas, Distribution::pareto)?,
        };
        let generation = Self {
            samples: settings.samples.get()?,
            concurrency: settings.concurrency.get()?,
            inter_arrival_ns: settings.inter_arrival.get()?,
            family,
            interarrivals,
            sizes,
            read_ratio: read_ratio(settings)?,
            sas,
            seed: seed.seed.get()?,
        };
        let of_a_client = generation.samples.div_ceil(u64::from(generation.concurrency));
        if u128::from(of_a_client) * u128::from(generation.inter_arrival_ns) > LONGEST_TRACE_NS {
            let rule = format!(
                "is too many: {of_a_client} interarrival times of a mean of {} ns (INTER_ARRIVAL) make a client's trace longer than 73 \
                 years",
                generation.inter_arrival_ns
            );
            return Err(settings.samples.refuse(&rule));
        }
        generation.refuse_too_long_a_tail(settings)?;
        Ok(generation)
    }

    /// Refuses a distribution with a tail whose interarrival times may not hold.
    fn refuse_too_long_a_tail(&self, settings: &GeneratorSettings) -> Result<(), Failure> {
        let Sizes::Rounded { mean, stdev, .. } = self.sizes else { return Ok(()) };
        let (cv, mean_ns) = (stdev / mean, self.inter_arrival_ns as f64);
        let variance = self.samples as f64 * (mean_ns * cv) * (mean_ns * cv);
        // The bound for one client: with several, those that start in time fill the trace without one that does not.
        let late = self.interarrivals.first_above(LARGEST_EXCESS_NS / mean_ns);
        if !self.interarrivals.is_long_tailed() || (variance <= LARGEST_VARIANCE && late <= RARE) {
            return Ok(());
        }
        let rule = format!(
            "is too long: {} interarrival times with a coefficient of variation (STDEV/MEAN) of {cv} may, with more than one seed in a \
             million, make a trace longer than 146 years",
            self.samples
        );
        Err(settings.inter_arrival.refuse(&rule))
    }

    /// The settings for a report: only those that took part.
    pub fn used(&self) -> GeneratorUsed {
        let (size, mean, stdev) = match self.sizes {
            Sizes::Constant { size } | Sizes::Uniform { size } | Sizes::Poisson { size, .. } => {
                (Some(size), None, None)
            }
            Sizes::Rounded { mean, stdev, .. } => (None, Some(mean), Some(stdev)),
        };
        GeneratorUsed {
            samples: self.samples,
            size,
            inter_arrival_ns: self.inter_arrival_ns,
            read_ratio: self.read_ratio,
            sas: self.sas,
            distribution: self.family.name(),
            mean,
            stdev,
            concurrency: self.concurrency,
        }
    }
}

/// Interarrival times and sizes of a family that uses MEAN and STDEV.
fn by_moments(
    settings: &GeneratorSettings,
    sas: u64,
    distribution: fn(f64) -> Result<Distribution, Unmet>,
) -> Result<(Distribution, Sizes), Failure> {
    let (mean, stdev) = moments(settings, sas)?;
    let distribution = distribution(stdev / mean).map_err(|Unmet { side, bound, reason }| {
        let times = if bound == 1.0 { String::new() } else { format!("{bound} times ") };
        settings.stdev.refuse(&format!("is {side} {times}MEAN={mean}: {reason}"))
    })?;
    Ok((distribution, Sizes::Rounded { mean, stdev, distribution }))
}

fn size(settings: &GeneratorSettings, sas: u64) -> Result<u32, Failure> {
    let size = settings.size.get()?;
    if u64::from(size) > sas {
        return Err(settings.size.refuse(&format!("is above SAS={sas}: a request lies within the storage array")));
    }
    Ok(size)
}

/// MEAN and STDEV.
fn moments(settings: &GeneratorSettings, sas: u64) -> Result<(f64, f64), Failure> {
    let mean = settings.mean.get()?;
    let most = sas.min(u64::from(u32::MAX));
    if mean <= 0.0 {
        return Err(settings.mean.refuse("must be above 0"));
    }
    if mean > most as f64 {
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

#[cfg(test)]
#[path = "generation_tests.rs"]
mod tests;

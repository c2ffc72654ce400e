//! The settings of a generated trace, but for SEED.

use cli::settings::{MAX_COUNT, Setting, choice, count, duration, number, optional, text};

use crate::arrival_rate::ArrivalRate;
use crate::family::Family;
use crate::popularity::PlaceChoice;
use crate::size_table::SizeChoice;

/// What [`crate::Generation`] reads besides SEED.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The generated trace")]
pub struct GeneratorSettings {
    /// Requests to generate.
    #[arg(long, env, default_value = "1000000", value_parser = count(1..=MAX_COUNT))]
    pub samples: Setting<u64>,
    /// Size of a request in blocks of 512 bytes.
    ///
    /// From 1 to SIZE under uniform, a Poisson variate of mean SIZE (at least 1) under poisson, always SIZE under deterministic.
    #[arg(long, env, default_value = "64", value_parser = count(1..=u64::from(u32::MAX)).map(|size| size as u32))]
    pub size: Setting<u32>,
    /// Mean interarrival time of one client's requests, above 0.
    #[arg(long, env, default_value = "10ms", value_parser = duration(1))]
    pub inter_arrival: Setting<u64>,
    /// Percentage of reads: 0, or from 1 to 100.
    #[arg(long, env, default_value = "70", value_parser = number())]
    pub read_ratio: Setting<f64>,
    /// Storage array size in blocks: all of a request lies within blocks 1 to SAS.
    #[arg(long, env, default_value = "1000000", value_parser = count(1..=MAX_COUNT))]
    pub sas: Setting<u64>,
    /// Distribution of interarrival times and sizes.
    #[arg(long, env, default_value = "poisson", value_parser = choice::<Family>())]
    pub distribution: Setting<Family>,
    /// Mean size in blocks under normal, lognormal, gamma, weibull and pareto (SIZE is not used then).
    #[arg(long, env, default_value = "8", value_parser = number())]
    pub mean: Setting<f64>,
    /// Standard deviation of the sizes under those distributions.
    ///
    /// STDEV/MEAN is also the coefficient of variation of the interarrival times: 0 to 1 under normal, to 80 under lognormal, 1000
    /// under gamma, 400 under weibull, 2.5 under pareto.
    #[arg(long, env, default_value = "4", value_parser = number())]
    pub stdev: Setting<f64>,
    /// Number of clients. They do not wait for their responses (open loop).
    ///
    /// Each has its own stream of interarrival times, and the trace is all of their requests in time order.
    #[arg(long, env, default_value = "3", value_parser = count(1..=1_000_000).map(|clients| clients as u32))]
    pub concurrency: Setting<u32>,
    /// How the rate of arrivals changes over time.
    ///
    /// Its mean stays 1/INTER_ARRIVAL for each client, and DISTRIBUTION that of interarrival times at a constant rate.
    #[arg(long, env, default_value = "constant", value_parser = ArrivalRate::rule())]
    pub arrivals: Setting<ArrivalRate>,
    /// Popularity of blocks, at which requests start.
    #[arg(long, env, default_value = "uniform", value_parser = PlaceChoice::rule())]
    pub popularity: Setting<PlaceChoice>,
    /// Sizes of requests.
    #[arg(long, env, default_value = "distribution", value_parser = SizeChoice::rule())]
    pub sizes: Setting<SizeChoice>,
    /// Classes of clients, from a TOML file; empty = one class, which these settings describe.
    ///
    /// Each class has a name, a number of clients, the priority of its requests, and settings of its own; for others, these hold.
    #[arg(long, env, default_value = "", value_parser = optional(text("a file")), value_hint = clap::ValueHint::FilePath)]
    pub classes: Setting<Option<String>>,
}

impl GeneratorSettings {
    /// The names of those that were given for this call.
    pub fn given(&self) -> Vec<&str> {
        let Self { samples, size, inter_arrival, read_ratio, sas, distribution, mean, stdev, concurrency, .. } = self;
        let Self { arrivals, popularity, sizes, classes, .. } = self;
        let given = [samples.given(), size.given(), inter_arrival.given(), read_ratio.given(), sas.given()];
        let others = [distribution.given(), mean.given(), stdev.given(), concurrency.given()];
        let kinds = [arrivals.given(), popularity.given(), sizes.given(), classes.given()];
        given.into_iter().chain(others).chain(kinds).flatten().collect()
    }

    /// These settings of a class, and for those that it does not have the ones of `all`.
    pub(crate) fn or(self, all: &Self) -> Self {
        Self {
            samples: self.samples.or(&all.samples),
            size: self.size.or(&all.size),
            inter_arrival: self.inter_arrival.or(&all.inter_arrival),
            read_ratio: self.read_ratio.or(&all.read_ratio),
            sas: self.sas.or(&all.sas),
            distribution: self.distribution.or(&all.distribution),
            mean: self.mean.or(&all.mean),
            stdev: self.stdev.or(&all.stdev),
            concurrency: self.concurrency.or(&all.concurrency),
            arrivals: self.arrivals.or(&all.arrivals),
            popularity: self.popularity.or(&all.popularity),
            sizes: self.sizes.or(&all.sizes),
            classes: self.classes.or(&all.classes),
        }
    }
}

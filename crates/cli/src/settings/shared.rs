//! Settings that several crates read.

use clap::builder::PossibleValue;
use failure::Failure;
use random::demand::{Demands, ServiceDistribution};

use super::{Rule, Setting, count, duration, one_of};

/// SEED.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct SeedSettings {
    /// Seed of all random streams.
    #[arg(long, env, default_value = "1", value_parser = count(0..=u64::MAX))]
    pub seed: Setting<u64>,
}

/// The service times that are sampled.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The service")]
pub struct DemandSettings {
    /// Mean service time, sampled for each request whose trace does not give it.
    #[arg(long, env, default_value = "10ms", value_parser = duration(0))]
    pub st: Setting<u64>,
    /// Distribution of the service times that are sampled.
    #[arg(long, env, default_value = "exponential", value_parser = services())]
    pub service: Setting<ServiceDistribution>,
}

impl DemandSettings {
    /// The demands that these settings describe, sampled from the random streams of `seed`.
    ///
    /// # Errors
    /// If one of them breaks its rule.
    pub fn demands(&self, seed: &SeedSettings) -> Result<Demands, Failure> {
        Ok(Demands::new(self.st.get()?, self.service.get()?, seed.seed.get()?))
    }

    /// The names of those settings that a flag or the environment sets.
    pub fn given(&self) -> Vec<&str> {
        let Self { st, service } = self;
        [st.given(), service.given()].into_iter().flatten().collect()
    }
}

fn services() -> Rule<ServiceDistribution> {
    one_of(ServiceDistribution::NAMES.map(|(name, distribution)| (PossibleValue::new(name), distribution)))
}

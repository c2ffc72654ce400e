//! Settings that several crates read.

use std::path::{Path, PathBuf};

use failure::Failure;
use random::cost::Cost;
use random::demand::{Demands, ServiceDistribution};
use trace::decimal;

use super::service::{ServiceChoice, empirical};
use super::table_file::TextFile;
use super::{Rule, Setting, count, duration};

/// SEED.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct SeedSettings {
    /// Seed of all random streams.
    #[arg(long, env, default_value = "1", value_parser = count(0..=u64::MAX))]
    pub seed: Setting<u64>,
}

/// The demands that a trace does not give.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The service")]
pub struct DemandSettings {
    /// Mean service time, for each request whose trace does not give it.
    #[arg(long, env, default_value = "10ms", value_parser = duration(0))]
    pub st: Setting<u64>,
    /// Distribution of the service times that the trace does not give, or their cost.
    #[arg(long, env, default_value = "exponential", value_parser = ServiceChoice::rule())]
    pub service: Setting<ServiceChoice>,
    /// With SERVICE=cost: service time for each unit of a request's size.
    #[arg(long, env, default_value = "0", value_parser = duration(0))]
    pub st_per_size: Setting<u64>,
    /// With SERVICE=cost: service time for each unit of a request's reply_size.
    #[arg(long, env, default_value = "0", value_parser = duration(0))]
    pub st_per_reply: Setting<u64>,
    /// With SERVICE=cost: the service time of a write is multiplied by this.
    #[arg(long, env, default_value = "1", value_parser = factor())]
    pub write_factor: Setting<u64>,
}

impl DemandSettings {
    /// The demands that these settings describe, sampled from the random streams of `seed`. A file that SERVICE names is read.
    ///
    /// # Errors
    /// If one of them breaks its rule, or the file.
    pub fn demands(&self, seed: &SeedSettings) -> Result<Demands, Failure> {
        let service = self.service.get()?;
        // ST that takes no part is not looked at.
        let st_ns = if service.has_own_mean() { 0 } else { self.st.get()? };
        let distribution = match service {
            ServiceChoice::Distribution(distribution) => distribution,
            ServiceChoice::File(path) => empirical(&TextFile::read(&path).map_err(|rule| self.service.refuse(&rule))?)?,
            ServiceChoice::Cost => ServiceDistribution::cost(Cost {
                per_size_ns: self.st_per_size.get()?,
                per_reply_ns: self.st_per_reply.get()?,
                write_factor: self.write_factor.get()?,
            }),
        };
        Ok(Demands::new(st_ns, distribution, seed.seed.get()?))
    }

    /// The file that SERVICE names: an input, which no output may overwrite.
    pub fn file(&self) -> Option<PathBuf> {
        self.service.get().ok()?.file().map(Path::to_owned)
    }

    /// The names of those settings that a flag or the environment sets, and that take part.
    pub fn given(&self) -> Vec<&str> {
        let [st, cost] = self.take_part();
        let st = self.st.given().filter(|_| st);
        let cost = self.cost_given().into_iter().filter(|_| cost);
        st.into_iter().chain(self.service.given()).chain(cost).collect()
    }

    /// Notes on those that a flag or the environment sets, and that SERVICE leaves without effect.
    pub fn without_effect(&self) -> Vec<String> {
        let Ok(service) = self.service.get() else { return Vec::new() };
        let [st, cost] = self.take_part();
        let kind = service.kind();
        let mut notes = Vec::new();
        if !st && self.st.given().is_some() {
            notes.push(format!("SERVICE={kind} has a mean of its own, so ST changes nothing"));
        }
        if !cost && !self.cost_given().is_empty() {
            notes.push(format!("SERVICE={kind} is not cost, so {}", changes_nothing(&self.cost_given())));
        }
        notes
    }

    /// Whether ST takes part, and the settings of a cost.
    fn take_part(&self) -> [bool; 2] {
        self.service.get().map_or([true; 2], |service| [!service.has_own_mean(), service == ServiceChoice::Cost])
    }

    fn cost_given(&self) -> Vec<&str> {
        let Self { st_per_size, st_per_reply, write_factor, .. } = self;
        [st_per_size.given(), st_per_reply.given(), write_factor.given()].into_iter().flatten().collect()
    }
}

/// The end of a note that settings with these names, at least one, have no effect.
pub fn changes_nothing(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let change = if names.len() == 1 { "changes" } else { "change" };
    format!("{} {change} nothing", names.join(", "))
}

/// Whether the decimal number `text` has at most nine decimal places.
pub(super) fn nine_places(text: &str) -> Option<()> {
    let places = text.split_once('.').map_or(0, |(_, places)| places.trim_end_matches('0').len());
    (places <= 9).then_some(())
}

/// A decimal number in 10⁻⁹.
fn factor() -> Rule<u64> {
    const MAX: u64 = 1_000_000;
    Rule::new(format!("a decimal number from 0 to {MAX}, with at most nine decimal places"), |text| {
        nine_places(text)?;
        decimal::scaled(text.as_bytes(), Cost::FACTOR_ONE).filter(|factor| *factor <= MAX * Cost::FACTOR_ONE)
    })
}

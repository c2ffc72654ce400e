//! The settings of the queue model that each worker simulates, but for SEED.

use clap::builder::PossibleValue;
use cli::settings::{DemandSettings, Rule, Setting, count, duration, word};
use sim_wasm::{Discipline, Patience};

/// What [`crate::Model`] reads besides SEED.
#[derive(Debug, Clone, clap::Args)]
pub struct ModelSettings {
    /// The service times that are sampled.
    #[command(flatten)]
    pub demand: DemandSettings,
    /// Servers of a worker.
    #[command(flatten)]
    pub servers: ServerSettings,
    /// What happens to requests that wait.
    #[command(flatten)]
    pub queue: QueueSettings,
}

/// SERVERS.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Each worker")]
pub struct ServerSettings {
    /// Servers of a worker.
    #[arg(long, env, default_value = "1", value_parser = count(1..=1_000_000).map(|servers| servers as u32))]
    pub servers: Setting<u32>,
}

/// The queue of each worker.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Each worker")]
pub struct QueueSettings {
    /// Order of service.
    ///
    /// Another module may support other words.
    #[arg(long, env, default_value = "fifo", value_parser = disciplines())]
    pub discipline: Setting<String>,
    /// Largest number of requests in a worker, those in service included; 0 = no limit.
    #[arg(long, env, default_value = "0", value_parser = count(0..=u64::MAX))]
    pub capacity: Setting<u64>,
    /// Stop each worker after this many service starts; 0 = the whole shard.
    #[arg(long, env, default_value = "0", value_parser = count(0..=u64::MAX))]
    pub delay: Setting<u64>,
    /// How long a request waits for its service to begin before it leaves; 0 = for ever.
    #[arg(long, env, default_value = "0", value_parser = patience())]
    pub patience: Setting<Patience>,
}

/// A word, which the simulator refuses if it does not support it.
fn disciplines() -> Rule<String> {
    let described = |discipline: Discipline| PossibleValue::new(discipline.name()).help(discipline.summary());
    word().listing(Discipline::ALL.map(described))
}

/// TIME or exponential:TIME.
fn patience() -> Rule<Patience> {
    Rule::new("a duration such as 50ms, or a distribution and its mean: exponential:50ms", |text| {
        let (exponential, mean) = match text.split_once(':') {
            Some((word, mean)) if word.eq_ignore_ascii_case("exponential") => (true, mean),
            Some(_) => return None,
            None => (false, text),
        };
        Some(Patience { mean_ns: duration(0).parse(mean).ok()?, exponential })
    })
}

//! The settings of the queue model that each worker simulates, but for SEED.

use cli::settings::{DemandSettings, Setting, count, word};

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
    /// Order of service: fifo (first in, first out), or a word that the module knows.
    #[arg(long, env, default_value = "fifo", value_parser = word())]
    pub discipline: Setting<String>,
    /// Largest number of requests in a worker, those in service included; 0 = no limit.
    #[arg(long, env, default_value = "0", value_parser = count(0..=u64::MAX))]
    pub capacity: Setting<u64>,
    /// Stop each worker after this many service starts; 0 = the whole shard.
    #[arg(long, env, default_value = "0", value_parser = count(0..=u64::MAX))]
    pub delay: Setting<u64>,
}

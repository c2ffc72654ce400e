//! The settings that choose an executor.

use clap::ValueEnum;
use clap::builder::PossibleValue;
use cli::settings::{Rule, Setting, choice, count, one_of, optional, text};

/// EXECUTOR, and the address of a Docker engine.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The run")]
pub struct ExecutorSettings {
    /// Where the workers run.
    #[arg(long, env, default_value = "auto", value_parser = choice::<Asked>())]
    pub(super) executor: Setting<Asked>,
    /// The engine, if it is to be one.
    #[command(flatten)]
    pub(super) docker: DockerSettings,
}

/// What EXECUTOR asks for.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Asked {
    /// In containers if a Docker engine answers, else as threads of this process.
    Auto,
    /// As threads of this process.
    Local,
    /// In containers.
    Docker,
}

/// Where a Docker engine is, and which version of its API is used.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "The Docker Engine API")]
pub(super) struct DockerSettings {
    /// Address of the Docker engine; empty = that of DOCKER_HOST, of the Docker context, or the local socket.
    #[arg(long, env, default_value = "", value_parser = optional(text("an address")))]
    pub(super) server_ip: Setting<Option<String>>,
    /// Port of the Docker engine; empty = 2375, or 2376 with TLS.
    #[arg(long, env, default_value = "", value_parser = optional(count(1..=65535)))]
    pub(super) server_port: Setting<Option<u64>>,
    /// Version of the API, such as v1.41; empty = negotiated.
    #[arg(long, env, default_value = "", value_parser = optional(version()))]
    pub(super) api_version: Setting<Option<(usize, usize)>>,
    /// 1 allows plain TCP to an engine that is not on this machine.
    #[arg(long, env, default_value = "", value_parser = optional(one_of([("0", false), ("1", true)].map(switch))))]
    pub(super) insecure_tcp: Setting<Option<bool>>,
}

fn switch((name, value): (&'static str, bool)) -> (PossibleValue, bool) {
    (PossibleValue::new(name), value)
}

fn version() -> Rule<(usize, usize)> {
    Rule::new("a version such as v1.41", |text| {
        let (major, minor) = text.trim_start_matches('v').split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    })
}

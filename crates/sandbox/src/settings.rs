//! The settings of the queue model that each worker simulates, but for SEED.

use clap::builder::PossibleValue;
use cli::settings::{DemandSettings, Rule, Setting, count, duration, list, word};
use failure::Failure;
use measure::PerWorker;
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
    /// Servers of a worker; a list such as 4,2 gives each worker its own number.
    #[arg(long, env, default_value = "1", value_parser = per_worker(count(1..=1_000_000).map(|servers| servers as u32)))]
    pub servers: Setting<PerWorker<u32>>,
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
    /// Largest number of requests in a worker, those in service included; 0 = no limit; a list gives each worker its own.
    #[arg(long, env, default_value = "0", value_parser = per_worker(count(0..=u64::MAX)))]
    pub capacity: Setting<PerWorker<u64>>,
    /// Stop each worker after this many service starts; 0 = the whole shard.
    #[arg(long, env, default_value = "0", value_parser = count(0..=u64::MAX))]
    pub delay: Setting<u64>,
    /// How long a request waits for its service to begin before it leaves; 0 = for ever.
    #[arg(long, env, default_value = "0", value_parser = patience())]
    pub patience: Setting<Patience>,
}

/// What `rule` accepts, for all workers; or a list with a value for each of them.
pub fn per_worker<T: Clone + 'static>(rule: Rule<T>) -> Rule<PerWorker<T>> {
    list(rule).map(|values| match &values[..] {
        [value] => PerWorker::All(value.clone()),
        _ => PerWorker::Each(values),
    })
}

/// The value of worker number `worker` of `workers` among `values`, which `setting` gives.
///
/// # Errors
/// If they are a list of another length.
pub fn of_worker<S: Clone, T: Clone>(
    setting: &Setting<S>,
    values: &PerWorker<T>,
    worker: u32,
    workers: u32,
) -> Result<T, Failure> {
    let right = values.list().is_none_or(|values| values.len() == workers as usize);
    values.of(worker).filter(|_| right).cloned().ok_or_else(|| {
        let number = values.list().map_or(1, <[T]>::len);
        let (for_workers, list) = match workers {
            1 => ("1 worker".to_owned(), String::new()),
            _ => (format!("{workers} workers"), format!(", {workers} values")),
        };
        setting.refuse(&format!("has {number} values for {for_workers}: give one value{list}, or --workers {number}"))
    })
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

//! Provenance of a report: everything that is needed to repeat the run.

use std::collections::BTreeMap;

use contract::Capabilities;
use serde::{Deserialize, Serialize};
use sim_wasm::Speed;

use crate::PerWorker;
use crate::schema::SCHEMA;

/// The provenance of a report: version, module, trace, settings. The same inputs give the same report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Provenance {
    /// Version of the report's schema.
    #[cfg_attr(test, schemars(extend("const" = SCHEMA)))]
    pub schema: u32,
    /// Version of Queuebox.
    pub queuebox: String,
    /// Version of the simulator contract.
    pub contract: u32,
    /// Significant digits of percentiles; all other figures are exact.
    pub significant_digits: u32,
    /// The simulator's module.
    pub module: ModuleUsed,
    /// The trace.
    pub trace: TraceUsed,
    /// The settings that took part.
    pub settings: SettingsUsed,
    /// Number of replications, whose figures are of all together; absent if there is one.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub replications: u32,
}

fn one() -> u32 {
    1
}

/// Serde passes a reference.
fn is_one(replications: &u32) -> bool {
    *replications == 1
}

impl Provenance {
    /// Of a run of the module with this SHA-256 over `trace`.
    pub fn new(sha256: &str, capabilities: Capabilities, trace: TraceUsed, settings: SettingsUsed) -> Self {
        Self {
            schema: SCHEMA,
            queuebox: env!("CARGO_PKG_VERSION").to_owned(),
            contract: contract::CONTRACT,
            significant_digits: 3,
            module: ModuleUsed { sha256: sha256.to_owned(), capabilities },
            trace,
            settings,
            replications: 1,
        }
    }
}

/// The simulator's module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModuleUsed {
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
    /// The capabilities in the header of its completions, as one number.
    #[cfg_attr(test, schemars(with = "u64"))]
    pub capabilities: Capabilities,
}

/// The trace: a recorded one, or the settings that generated it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum TraceUsed {
    /// A recorded trace.
    Recorded(RecordedTrace),
    /// A generated trace.
    Generated {
        /// The generator's settings that took part.
        generated: GeneratorUsed,
    },
}

/// A recorded trace, and how it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordedTrace {
    /// Its files, in the order in which they were named.
    pub files: Vec<FileUsed>,
    /// Number of its requests.
    pub requests: u64,
    /// The offset that was subtracted from each arrival \[ns\].
    pub offset_ns: i64,
    /// The flags that decided how it was read, without their dashes, and their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reading: BTreeMap<String, String>,
    /// Number of rows that were skipped, by the reason; absent if none was.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub skipped_rows: BTreeMap<String, u64>,
}

impl RecordedTrace {
    /// Its formats, and the digests of its files, in one line.
    pub fn shown(&self) -> String {
        let file = |FileUsed { format, blake3, .. }: &FileUsed| format!("{format}, BLAKE3 {blake3:.16}");
        self.files.iter().map(file).collect::<Vec<_>>().join("; ")
    }
}

/// A file of a recorded trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileUsed {
    /// BLAKE3 of its bytes, decompressed, in hexadecimal digits.
    pub blake3: String,
    /// Name of its format.
    pub format: String,
    /// Name of its compression; absent if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
}

/// The settings of the generator that took part. SEED is not among them: it belongs to the whole run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct GeneratorUsed {
    /// Requests.
    pub samples: u64,
    /// The clients that sent them.
    #[serde(flatten)]
    pub traffic: TrafficUsed,
}

/// The clients of a generated trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum TrafficUsed {
    /// All are alike.
    Alike(ClientsUsed),
    /// The classes of CLASSES.
    #[serde(rename_all = "SCREAMING_SNAKE_CASE")]
    Classes {
        /// Each class, in the order of its clients' numbers.
        classes: Vec<ClassUsed>,
    },
}

/// A class of clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct ClassUsed {
    /// Its name.
    pub name: String,
    /// The `class` of its requests.
    pub priority: u16,
    /// Its settings, its own ones and those of the whole trace.
    #[serde(flatten)]
    pub clients: ClientsUsed,
}

/// The settings of clients that took part. Files that they name are given by the SHA-256 of their bytes, durations in
/// nanoseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct ClientsUsed {
    /// Largest or mean size of a request; absent if MEAN and STDEV or SIZES are used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u32>,
    /// INTER_ARRIVAL \[ns\]; absent if ARRIVALS gives the rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inter_arrival_ns: Option<u64>,
    /// Reads \[per cent\].
    pub read_ratio: f64,
    /// Size of the storage array \[blocks\].
    pub sas: u64,
    /// Name of the distribution.
    pub distribution: String,
    /// Mean size; absent if the distribution has none. Under SIZES, STDEV/MEAN alone takes part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Standard deviation of the size; absent if the distribution has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdev: Option<f64>,
    /// Clients.
    pub concurrency: u32,
    /// How the rate of arrivals changes; absent if it is constant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<String>,
    /// Popularity of blocks; absent if it is uniform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub popularity: Option<String>,
    /// The table of sizes; absent if they follow the distribution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sizes: Option<String>,
}

/// The settings that took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub struct SettingsUsed {
    /// The policy; absent in a worker's report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balancer: Option<String>,
    /// Upper limit of the number in system of a worker; 0 = no limit. A list if workers differ.
    pub capacity: PerWorker<u64>,
    /// Service starts after which the simulation of a worker stops; 0 = its whole shard.
    pub delay: u64,
    /// Order of service.
    pub discipline: String,
    /// How long a request waits before it leaves; absent if it never does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<String>,
    /// Seed of all random streams.
    pub seed: u64,
    /// Servers of a worker. A list if workers differ.
    pub servers: PerWorker<u32>,
    /// Distribution of the demands that were sampled, or `cost`; absent if the trace gave all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The simulator's arguments.
    pub sim_args: String,
    /// Speed of a worker, a fraction; demands are divided by it. A list if workers differ; absent if each is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<PerWorker<String>>"))]
    pub speeds: Option<PerWorker<Speed>>,
    /// Mean of the demands that were sampled \[ns\], of a cost ST; absent if the trace gave all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub st_ns: Option<u64>,
    /// Of a cost: for each unit of `reply_size` \[ns\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub st_per_reply_ns: Option<u64>,
    /// Of a cost: for each unit of `size` \[ns\].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub st_per_size_ns: Option<u64>,
    /// When the warm-up ended \[ns\]; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warmup_ns: Option<u64>,
    /// Weight of a worker, a fraction. A list if workers differ; absent if they are the speeds, or the policy uses none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<PerWorker<String>>"))]
    pub weights: Option<PerWorker<Speed>>,
    /// Workers.
    pub workers: u32,
    /// Of a cost: the factor of writes, a decimal number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write_factor: Option<String>,
}

impl SettingsUsed {
    /// Those of `worker` alone, counted from 1.
    #[must_use]
    pub fn of_worker(mut self, worker: u32) -> Self {
        fn own<T: Clone>(setting: PerWorker<T>, worker: u32) -> PerWorker<T> {
            setting.of(worker).cloned().map_or(setting, PerWorker::All)
        }
        self.capacity = own(self.capacity, worker);
        self.servers = own(self.servers, worker);
        self.speeds = self.speeds.map(|speeds| own(speeds, worker));
        self.weights = self.weights.map(|weights| own(weights, worker));
        self
    }
}

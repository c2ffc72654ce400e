//! `middleware describe`: summarises a trace in one pass and bounded memory.

mod counted;
mod description;
mod distribution;
mod hyper_log_log;
mod load;
mod popularity;
mod text;
mod windows;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

use cli::settings::{DemandSettings, SeedSettings, Sources};
use cli::{output, terminal};
use contract::Capabilities;
use failure::Failure;
use measure::PerWorker;
use run::notes::{self, Given, OfferedLoad, Sampled};
use run::settings::{SpeedSettings, WorkerSettings};
use sandbox::ServerSettings;
use serde_json::json;
use sim_wasm::Speed;
use trace::reader::{ReadFlags, TraceReader};

use counted::Counted;
use description::Description;
use load::Stations;

/// The arguments of `middleware describe`.
#[derive(Debug, clap::Args)]
pub struct DescribeFlags {
    /// The trace: a file, or - for stdin; several are merged by arrival.
    #[arg(value_name = "TRACE", required = true, value_hint = clap::ValueHint::FilePath)]
    traces: Vec<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    settings: DescribeSettings,
}

/// The settings of `middleware describe`.
#[derive(Debug, clap::Args)]
struct DescribeSettings {
    #[command(flatten)]
    demand: DemandSettings,
    #[command(flatten)]
    servers: ServerSettings,
    #[command(flatten)]
    speeds: SpeedSettings,
    #[command(flatten)]
    workers: WorkerSettings,
    #[command(flatten)]
    seed: SeedSettings,
}

/// Reads the trace and prints its description.
///
/// # Errors
/// If a setting or the trace breaks a rule, or the trace has no requests.
pub(crate) fn describe(flags: &DescribeFlags, sources: &Sources) -> anyhow::Result<()> {
    let inputs = flags.traces.iter().map(|path| Some(path.as_path()));
    output::distinct(&[], &inputs.chain([sources.file()]).collect::<Vec<_>>())?;
    let description = read(&flags.traces, &flags.read, &flags.settings)?;
    if flags.json {
        output::print(&(serde_json::to_string_pretty(&description)? + "\n"))?;
    } else {
        output::print_tables(&text::text(&description, terminal::width()))?;
    }
    Ok(())
}

/// The description of the trace in the files `paths`, with the notes on it.
fn read(paths: &[PathBuf], flags: &ReadFlags, settings: &DescribeSettings) -> Result<Description, Failure> {
    let demands = settings.demand.demands(&settings.seed)?;
    let stations = Stations::from_settings(settings)?;
    let mut reader = TraceReader::open(paths, flags, demands.clone())?;
    let (mut counted, mut load) = (Counted::new(reader.has_ops(), reader.has_blocks()), OfferedLoad::default());
    reader.read(|requests, _| {
        counted.add(requests);
        load.add(requests);
        Ok::<_, Failure>(())
    })?;
    reader.expect_requests()?;
    let summary = reader.summary();
    let sampled = Sampled::of(&summary, demands);
    let demands = &sampled.demands;
    let given = Given::new(&settings.demand, None);
    let notes = notes::of_recorded(&reader, &sampled, &given, &load, stations.capacity(), Capabilities::default());
    let mut used = BTreeMap::from([("WORKERS", json!(stations.workers)), ("SERVERS", json!(stations.servers))]);
    if stations.speeds != PerWorker::All(Speed::ONE) {
        used.insert("SPEEDS", json!(stations.speeds));
    }
    if sampled.any() {
        used.insert("ST_NS", json!(demands.mean_ns));
        used.insert("SERVICE", json!(demands.distribution.name()));
        used.insert("SEED", json!(demands.seed));
        if let Some(cost) = sampled.cost() {
            used.insert("ST_PER_SIZE_NS", json!(cost.per_size_ns));
            used.insert("ST_PER_REPLY_NS", json!(cost.per_reply_ns));
            used.insert("WRITE_FACTOR", json!(notes::write_factor(cost)));
        }
    }
    let sampled = summary.sampled;
    Ok(Description::new(notes::recorded(summary), used, sampled, counted, stations, notes))
}

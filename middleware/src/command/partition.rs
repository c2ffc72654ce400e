//! `middleware partition`: writes a trace as a folder of shards.

use std::path::PathBuf;

use anyhow::Context as _;
use cli::output::Unfinished;
use cli::settings::Sources;
use cli::{output, program};
use contract::Capabilities;
use failure::{Failure, printable};
use trace::reader::ReadFlags;

use cli::reporter::Terminal;
use run::notes;
use run::partition::{self, Partitioned};
use run::scenario::capacity;
use run::settings::PartitionSettings;
use run::setup::{self, Balancing};
use run::shard_files::ShardFiles;

/// The arguments of `middleware partition`.
#[derive(Debug, clap::Args)]
pub struct SplitFlags {
    /// The folder to create.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Format of the shards: records (1.req, …) or csv (1.csv, …), both with the demands.
    #[arg(long, value_name = "FORMAT", default_value = "records", value_parser = ["records", "csv"])]
    format: String,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    settings: PartitionSettings,
}

/// Partitions the trace.
///
/// # Errors
/// If the folder exists already, a setting or the trace breaks a rule, or the shards can't be written; then no folder
/// is left.
pub(crate) fn split(flags: &SplitFlags, sources: &Sources) -> anyhow::Result<()> {
    let settings = &flags.settings;
    let balancing = Balancing::from_settings(settings)?;
    let name = || flags.out.display().to_string();
    if std::fs::symlink_metadata(&flags.out).is_ok() {
        return Err(Failure::usage(format!("{} exists already; --out names a new folder", name())).into());
    }
    let traces = settings.trace.paths()?;
    let inputs = traces.iter().map(|path| Some(path.as_path()));
    output::distinct(&[], &inputs.chain([sources.file()]).collect::<Vec<_>>())?;
    let source = setup::source(settings, &flags.read, &balancing)?;
    let aside = Unfinished::folder_beside(&flags.out).with_context(name)?;
    let shards = ShardFiles::create(aside.path(), balancing.workers.len(), flags.format == "records")?;
    let mut shards = shards.shown_as(&flags.out, &source.trace());
    let Partitioned { source, load, policy } = partition::partition(source, &balancing, &mut shards, &Terminal)?;
    shards.finish()?;
    aside.rename(&flags.out).with_context(name)?;
    // There is no report, so the notes go to stderr.
    let fitted = notes::of_fit(&balancing.policy, &policy);
    let state = notes::of_state(&balancing.policy, Capabilities::DISCIPLINE, &balancing.model().discipline);
    let speeds = notes::of_speeds(&balancing.workers);
    let notes = source.notes(&load, capacity(&balancing.workers), Capabilities::default());
    notes.iter().chain(&fitted).chain(&state).chain(&speeds).for_each(|note| program::note(note));
    let shown = printable(flags.out.as_os_str().as_encoded_bytes(), 1000);
    Ok(output::print(&format!("{} requests in {} shards: {shown}\n", load.requests(), balancing.workers.len()))?)
}

//! Engines: where hosts run.

mod local;

use host::{Job, Outcome, Simulator};
use trace::Failure;
use trace::program;
use trace::settings::Settings;

use crate::partition::Partition;
use crate::shard_files::ShardFiles;

use host::completions::Parts;

/// What an engine is to run: a host for each worker, all of one simulator.
pub(crate) struct Hosts<'a> {
    /// The simulator.
    pub simulator: &'a Simulator,
    /// What each worker is to do; `worker` is set by the engine.
    pub job: &'a Job,
    /// Where workers put their completions, if they are wanted.
    pub completions: Option<&'a Parts>,
    /// Where shards are kept, if they are.
    pub shards: Option<&'a mut ShardFiles>,
}

/// Runs hosts somewhere.
pub(crate) trait Engine {
    /// Takes the whole partitioned trace and gives back what came of each worker, in the order of their numbers.
    ///
    /// # Errors
    /// Where the trace can't be read to its end or the engine fails; a worker's failure is in its outcome.
    fn run(&self, hosts: Hosts<'_>, partition: &mut Partition) -> anyhow::Result<Vec<Outcome>>;
}

/// The engine that ENGINE asks for.
///
/// # Errors
/// Where there is none of that name.
pub(crate) fn choose(settings: &Settings) -> Result<Box<dyn Engine>, Failure> {
    #[derive(Clone, Copy)]
    enum Choice {
        Auto,
        Local,
        Docker,
    }
    let names = [("auto", Choice::Auto), ("local", Choice::Local), ("docker", Choice::Docker)];
    match settings.choice("ENGINE", &names)? {
        Choice::Local => {}
        Choice::Auto => {
            program::note("engine: local, threads of this process (ENGINE=auto; this version has no other)");
            if settings.text("SERVER_IP").is_some() {
                program::warn("SERVER_IP changes nothing: this version has no Docker engine");
            }
        }
        Choice::Docker => {
            let text = "ENGINE=docker: this version has no Docker engine; ENGINE=local runs workers as threads";
            return Err(Failure::Engine(text.to_owned()));
        }
    }
    Ok(Box::new(local::Local))
}

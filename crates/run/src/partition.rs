//! Partitioning without simulation: sends every request of a trace to exactly one shard.

use cli::reporter::Reporter;
use policy::Balancer;

use crate::notes::OfferedLoad;
use crate::shard_files::Shards;
use crate::source::Source;

/// Sends all of `source`, distributed by `balancer`, to `shards`. Returns the load that it offers.
///
/// # Errors
/// If the trace is invalid or has no requests, a limit is exceeded, or a shard can't be written.
pub fn partition(
    source: &mut Source,
    mut balancer: Balancer,
    shards: &mut dyn Shards,
    reporter: &dyn Reporter,
) -> anyhow::Result<OfferedLoad> {
    let progress = reporter.begin("partitioning", source.unit(), source.length());
    let (mut workers, mut load) = (Vec::new(), OfferedLoad::default());
    source.read(|requests, position| {
        progress.reached(position);
        load.add(requests);
        balancer.assign_all(requests, &mut workers)?;
        shards.send(requests, &workers)
    })?;
    source.expect_requests()?;
    Ok(load)
}

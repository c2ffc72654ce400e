//! Partitioning without simulation: sends every request of a trace to exactly one shard.

use cli::reporter::Reporter;
use policy::Balancer;

use crate::shard_files::Shards;
use crate::source::Source;

/// Sends all of `source`, distributed by `balancer`, to `shards`. Returns the number of requests.
///
/// # Errors
/// If the trace is invalid or has no requests, a limit is exceeded, or a shard can't be written.
pub fn partition(
    source: &mut Source,
    mut balancer: Balancer,
    shards: &mut dyn Shards,
    reporter: &dyn Reporter,
) -> anyhow::Result<u64> {
    let progress = reporter.begin("partitioning", source.unit(), source.length());
    let (mut workers, mut count) = (Vec::new(), 0);
    source.read(|requests, position| {
        progress.reached(position);
        count += requests.len() as u64;
        balancer.assign_all(requests, &mut workers)?;
        shards.send(requests, &workers)
    })?;
    source.expect_requests()?;
    Ok(count)
}

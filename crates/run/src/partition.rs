//! Partitioning without simulation: sends every request of a trace to exactly one shard.

use cli::reporter::Reporter;
use policy::{Balancer, PolicySpec};

use crate::notes::OfferedLoad;
use crate::reading::Readings;
use crate::scaling::Scaling;
use crate::setup::Balancing;
use crate::shard_files::Shards;
use crate::source::Source;

/// A trace that was partitioned.
pub struct Partitioned {
    /// The trace, at its end.
    pub source: Source,
    /// The load that it offers.
    pub load: OfferedLoad,
    /// The policy, fitted to it.
    pub policy: PolicySpec,
}

/// Sends all of `source`, distributed by the policy of `balancing`, to `shards`.
///
/// # Errors
/// If the trace is invalid or has no requests, a limit is exceeded, or a shard can't be written.
pub fn partition(
    source: Source,
    balancing: &Balancing,
    shards: &mut dyn Shards,
    reporter: &dyn Reporter,
) -> anyhow::Result<Partitioned> {
    let (mut readings, cluster) = (Readings::new(source), balancing.cluster());
    let policy = balancing.policy.fitted(&readings.sizes([&balancing.policy].into_iter(), reporter)?, &cluster);
    let mut balancer = Balancer::new(&policy, &cluster)?;
    let (unit, length) = readings.length();
    let progress = reporter.begin("partitioning", unit, length);
    let mut scaling = Scaling::new(&balancing.workers);
    let (mut assigned, mut load) = (Vec::new(), OfferedLoad::default());
    readings.read(false, |requests, position| {
        progress.reached(position);
        load.add(requests);
        balancer.assign_all(requests, &mut assigned)?;
        shards.send(scaling.of_workers(requests, &assigned), &assigned)
    })?;
    let source = readings.into_source();
    source.expect_requests()?;
    Ok(Partitioned { source, load, policy })
}

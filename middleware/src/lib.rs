//! The middleware: splits a trace over workers by a policy, runs a host for each, collects what they measured.

pub mod describe;
pub mod engine;
mod partition;
mod policy;
mod report;
pub mod run;
pub mod run_folder;
mod setup;
mod shard_files;
mod source;
pub mod split;
mod table;

use trace::{Failure, Request};

/// One policy alone, so that `bench/` can measure it: puts the workers, from 0, that BALANCER `balancer` gives requests into a list
/// whose old ones go. None where there is no such policy.
#[doc(hidden)]
pub fn assigner(
    balancer: &str,
    workers: usize,
) -> Option<impl FnMut(&[Request], &mut Vec<u32>) -> Result<(), Failure>> {
    let row = policy::POLICIES.into_iter().find(|row| row.name == balancer)?;
    let mut balancer = policy::Balancer::new(row, workers, 1, 0, 1);
    Some(move |requests: &[Request], assigned: &mut Vec<u32>| balancer.assign_all(requests, assigned))
}

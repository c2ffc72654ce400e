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

/// Puts the workers, from 0, that get requests into a list whose old ones go.
#[doc(hidden)]
pub type Assign = Box<dyn FnMut(&[Request], &mut Vec<u32>) -> Result<(), Failure>>;

/// One policy alone, so that `bench/` can measure it. None where there is none of this name.
#[doc(hidden)]
pub fn assigner(balancer: &str, workers: usize) -> Option<Assign> {
    let row = policy::POLICIES.into_iter().find(|row| row.name == balancer)?;
    let mut balancer = policy::Balancer::new(row, workers, 1, 0, 1);
    Some(Box::new(move |requests, assigned| balancer.assign_all(requests, assigned)))
}

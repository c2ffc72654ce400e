//! What the containers of a run are to do.

use std::path::{Path, PathBuf};

use cli::reporter::Reporter;
use sandbox::Module;

use super::running::Running;
use crate::completions::Parts;

/// What a run's containers are given.
pub(super) struct Work<'a> {
    pub(super) module: &'a Module,
    /// The folder with the shards; None: the module runs on an empty one.
    pub(super) shards: Option<&'a Path>,
    pub(super) running: &'a Running,
    /// How many containers share a processor.
    pub(super) turns: u32,
    pub(super) completions: Option<&'a Parts>,
    pub(super) reporter: &'a dyn Reporter,
}

impl Work<'_> {
    /// The shard of `worker`.
    pub(super) fn shard(&self, worker: u32) -> Option<PathBuf> {
        self.shards.map(|shards| shards.join(format!("{worker}.req")))
    }

    /// How many requests it holds.
    pub(super) fn requests(&self, worker: u32) -> std::io::Result<u64> {
        let length = self.shard(worker).map_or(Ok(0), |shard| shard.metadata().map(|metadata| metadata.len()))?;
        Ok((length / contract::Request::LEN as u64).saturating_sub(1))
    }
}

//! A worker's shard in memory, and the worker that serves it: what the benchmarks of one worker share.

use contract::Request;
use failure::Failure;
use sandbox::limits::Limits;
use sandbox::shard::Shard;
use sandbox::{Job, Model};

/// Bytes of a shard that come at once, as from the middleware.
const CHUNK_BYTES: usize = (1 << 18) / Request::LEN * Request::LEN;

/// Records that are not yet given out.
pub struct InMemory(pub &'static [u8]);

impl Shard for InMemory {
    fn next(&mut self, mut spent: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        let (chunk, rest) = self.0.split_at(self.0.len().min(CHUNK_BYTES));
        self.0 = rest;
        spent.clear();
        spent.extend_from_slice(chunk);
        Ok((!chunk.is_empty()).then_some(spent))
    }
}

/// One worker of one server, first in, first out, within the limits that programs have by default.
pub fn job() -> Job {
    Job::alone(Model::of_defaults(0), Limits::default())
}

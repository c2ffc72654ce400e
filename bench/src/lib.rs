//! A worker's shard in memory, and its job: shared by the benchmarks of one worker.

use contract::Request;
use failure::Failure;
use sandbox::limits::Limits;
use sandbox::shard::Shard;
use sandbox::{Job, Model};

/// Bytes of a shard's chunk, as from the middleware.
const CHUNK_BYTES: usize = (1 << 18) / Request::LEN * Request::LEN;

/// Records that have not been read yet.
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

/// One worker with one server under `discipline`, with the default limits.
pub fn job(discipline: &str) -> Job {
    Job::alone(Model { discipline: discipline.to_owned(), ..Model::of_defaults(0) }, Limits::default())
}

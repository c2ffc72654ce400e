//! A simulator's input: a few requests in memory, and a job with low limits.

use std::time::Duration;

use contract::Request;
use failure::Failure;
use sandbox::limits::Limits;
use sandbox::shard::Shard;
use sandbox::{Job, Model};

/// CPU time of one simulator: the shortest that can be measured.
pub(super) const CPU_TIME: Duration = Duration::from_millis(5);
/// Its memory \[bytes\].
const MEMORY: usize = 16 << 20;
/// Requests that may be outstanding.
const UNANSWERED: usize = 64;

/// A worker's job with the settings' defaults.
pub(super) fn job() -> Job {
    let model = Model { service: "deterministic".to_owned(), ..Model::of_defaults(1_000) };
    let limits = Limits { memory: MEMORY, cpu_time: CPU_TIME, unanswered: UNANSWERED };
    Job::alone(model, limits)
}

/// A shard of one chunk, with records of `record_len` bytes.
pub(super) struct OneChunk {
    record_len: usize,
    records: Option<Vec<u8>>,
}

impl OneChunk {
    pub(super) fn new(requests: &[Request], record_len: usize) -> Box<Self> {
        let mut records = Vec::new();
        for request in requests {
            let end = records.len() + record_len;
            records.extend_from_slice(&request.to_bytes());
            records.resize(end, 0xa5);
        }
        Box::new(Self { record_len, records: (!records.is_empty()).then_some(records) })
    }
}

impl Shard for OneChunk {
    fn record_len(&self) -> usize {
        self.record_len
    }

    fn next(&mut self, _: Vec<u8>) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.records.take())
    }
}

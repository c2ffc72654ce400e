//! `--sort`: the whole trace in memory, in order of arrival.

use crate::{Failure, Request};

use super::{TraceReader, decode};

/// How many requests `--sort` holds at most, 2.4 GB of them.
pub const SORT_LIMIT: usize = 50_000_000;

/// How many requests are given out at once.
const BATCH: usize = 8_192;

impl TraceReader {
    /// As [`TraceReader::next`], of a trace of at most `limit` requests that is sorted.
    pub(super) fn next_sorted(&mut self, batch: &mut Vec<Request>, limit: usize) -> Result<bool, Failure> {
        if self.sorted.is_none() {
            self.sorted = Some(self.read_whole(limit)?.into_iter());
        }
        batch.extend(self.sorted.iter_mut().flatten().take(BATCH));
        self.drawn += decode::draw(&self.demands, batch);
        self.sequencer.pass(&self.place, batch)?;
        Ok(!batch.is_empty())
    }

    /// All requests in order of arrival, equal ones as they stand in the trace, and numbered by their place.
    fn read_whole(&mut self, limit: usize) -> Result<Vec<Request>, Failure> {
        let mut requests = Vec::new();
        while self.cutter.next(&self.place, &mut self.block)? {
            let decoded = self.decoder.decode(&self.block, &mut requests);
            decoded.map_err(|wrong| self.place.at(wrong.row, &wrong.rule))?;
            if requests.len() > limit {
                return Err(Failure::Limit(format!("{}: --sort takes at most {limit} requests", self.place.name)));
            }
        }
        self.check_count()?;
        // With the place in the key, a sort that needs no memory of its own is stable.
        number(&mut requests);
        requests.sort_unstable_by_key(|request| (request.arrival_ns as i64, request.id));
        number(&mut requests);
        Ok(requests)
    }
}

fn number(requests: &mut [Request]) {
    for (id, request) in (0..).zip(requests) {
        request.id = id;
    }
}

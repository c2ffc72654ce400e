//! `--sort`: the whole trace in memory, in order of arrival.

use contract::Request;
use failure::{Failure, Limit};

use super::parse::parse;
use super::{TraceReader, decode};

/// How many requests `--sort` holds at most, 2.4 GB of them.
pub const SORT_LIMIT: usize = 50_000_000;

/// How many requests are given out at once.
const BATCH: usize = 8_192;

impl TraceReader {
    /// As [`TraceReader::read`], of a trace of at most `limit` requests that is sorted.
    pub(super) fn read_sorted<E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        limit: usize,
        mut each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut sorted = self.read_whole(threads, limit)?;
        let bytes = self.cutter.bytes();
        for requests in sorted.chunks_mut(BATCH) {
            let completed = decode::complete(&self.demands, requests);
            self.sampled += completed.sampled;
            self.sequencer.pass(&self.place, requests, completed.in_order)?;
            each(requests, bytes)?;
        }
        Ok(())
    }

    /// All requests in order of arrival, equal ones as they stand in the trace, and numbered by their place.
    fn read_whole(&mut self, threads: usize, limit: usize) -> Result<Vec<Request>, Failure> {
        let mut all = Vec::new();
        let Self { place, cutter, decoder, .. } = self;
        parse(
            place,
            cutter,
            decoder,
            threads,
            |_| (),
            |parsed| {
                parsed.decoded.map_err(|wrong| place.at(wrong.row, &wrong.rule))?;
                all.extend_from_slice(parsed.requests);
                if all.len() > limit {
                    let name = &place.name;
                    return Err(Failure::limit(Limit::RequestsToSort, format!("{name}: --sort takes at most {limit}")));
                }
                Ok(())
            },
        )?;
        self.check_count()?;
        // With the place in the key, a sort that needs no memory of its own is stable.
        number(&mut all);
        all.sort_unstable_by_key(|request| (request.arrival_ns as i64, request.id));
        number(&mut all);
        Ok(all)
    }
}

fn number(requests: &mut [Request]) {
    for (id, request) in (0..).zip(requests) {
        request.id = id;
    }
}

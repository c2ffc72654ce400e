//! `--sort`: the whole trace in memory, in order of arrival.

use contract::Request;
use failure::{Failure, Limit};

use super::parse::parse;
use super::{TraceReader, decode};

/// The largest number of requests that `--sort` holds, 2.4 GB.
pub const SORT_LIMIT: usize = 50_000_000;

/// Requests that are passed on at a time.
const BATCH_REQUESTS: usize = 8_192;

impl TraceReader {
    /// As [`TraceReader::read`], for a trace of at most `limit` requests that is sorted first.
    pub(super) fn read_sorted<E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        limit: usize,
        mut each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut sorted = self.read_whole(threads, limit)?;
        let bytes = self.cutter.bytes();
        for requests in sorted.chunks_mut(BATCH_REQUESTS) {
            let completed = decode::complete(&self.demands, requests);
            self.sampled += completed.sampled;
            self.sequencer.pass(&self.location, requests, completed.in_order)?;
            each(requests, bytes)?;
        }
        Ok(())
    }

    /// All requests in order of arrival, equal ones in the order of the trace, numbered anew.
    fn read_whole(&mut self, threads: usize, limit: usize) -> Result<Vec<Request>, Failure> {
        let mut all = Vec::new();
        let Self { location, cutter, decoder, .. } = self;
        parse(
            location,
            cutter,
            decoder,
            threads,
            |_| (),
            |parsed| {
                parsed.decoded.map_err(|wrong| location.at(wrong.row, &wrong.rule))?;
                all.extend_from_slice(parsed.requests);
                if all.len() > limit {
                    let name = &location.name;
                    return Err(Failure::limit(Limit::RequestsToSort, format!("{name}: --sort takes at most {limit}")));
                }
                Ok(())
            },
        )?;
        self.check_count()?;
        // With the position in the key, a sort that needs no memory of its own is stable.
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

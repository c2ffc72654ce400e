//! Several files, and those that are to be sorted: an external sort puts their requests in order.

use contract::Request;
use failure::Failure;

use super::coarse::Looking;
use super::errors::{explain, stopped};
use super::parse::{Parsed, parse};
use super::sequence::Order;
use super::{TraceReader, Wrong, decode, names};
use crate::location::Location;
use crate::shape::sorter::{self, Sorter};

/// Requests that are passed on at a time.
const BATCH_REQUESTS: usize = 8_192;

impl TraceReader {
    /// As [`TraceReader::read`], for a trace that is sorted or merged first.
    pub(super) fn read_sorted<E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        mut each: impl FnMut(&[Request], u64) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut sorted = self.push_all(threads, Sorter::new(sorter::MEMORY))?.finish()?;
        let position = self.files.iter().map(|file| file.cutter.position()).sum();
        let (mut requests, mut id, looking) = (Vec::new(), 0, Looking::new());
        let Self { files, stage, .. } = self;
        let Some(file) = files.first() else { return Ok(()) };
        // The file of a request is not known any more.
        let location = Location { name: names(files), ..file.location.clone() };
        while sorted.next(&mut requests, BATCH_REQUESTS)? {
            for request in &mut requests {
                request.id = id;
                id += 1;
            }
            let completed = decode::complete(None, &mut requests, looking.is_on());
            let passed = stage.pass(&mut requests, completed, &looking, |requests| each(requests, position));
            passed.map_err(|stop| stopped(stop, &location, &file.decoder, None))?;
        }
        let ended = stage.end(|requests| each(requests, position));
        ended.map_err(|stop| stopped(stop, &location, &file.decoder, None))
    }

    /// Pushes the requests of all files to `sorter`, file by file.
    fn push_all(&mut self, threads: usize, mut sorter: Sorter) -> Result<Sorter, Failure> {
        let Self { files, options, .. } = self;
        for file in files {
            let (mut order, mut wrong) = (Order::default(), Wrong::new(file.guess()));
            let (location, cutter, decoder) = (&file.location, &mut file.cutter, &file.decoder);
            let (others, is_piped) = (&mut file.others, file.is_piped);
            let complete = |requests: &mut [Request]| decode::complete(None, requests, false);
            parse(location, cutter, decoder, threads, complete, |parsed| {
                let Parsed { block, requests, defects, completed, .. } = wrong.first(parsed, location)?;
                if !options.sort && wrong.is_empty() {
                    let checked = order.check(requests, completed.in_order);
                    checked.map_err(|unordered| explain(location, decoder, Some(block), unordered))?;
                }
                if wrong.is_empty() {
                    sorter.push(requests)?;
                }
                wrong.add(defects, others, block, is_piped, location)
            })?;
            wrong.end(location)?;
            file.check_count()?;
        }
        Ok(sorter)
    }
}

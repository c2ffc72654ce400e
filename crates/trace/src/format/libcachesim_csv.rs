//! A trace of a cache as libCacheSim's `tracePrint` writes it and as it ships one
//! (<https://github.com/1a1a11a/libCacheSim>, `data/twitter_cluster52.csv`): times in seconds, from the start of the trace or
//! since 1970.

use super::{Divider, Format, S, with_header};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "libcachesim-csv",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        // The header starts like a comment.
        ("# time", Field::Arrival(Clock::Unit(S))),
        ("object", Field::Block(Identity::Number)),
        ("size", Field::Size),
    ],
    several_units: false,
    unknown: &[],
    notes: &[],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::tests::{demands, read, refused};
    use contract::Request;

    #[test]
    fn objects_are_blocks() {
        let read = read(sample("libcachesim-csv"));
        assert_eq!(arrivals(&read), (vec![0, 0, 3_000_000_000], 0));
        let first = Request { block: 13_053_225_291_711_363_978, size: 737, ..Request::default() };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(0), ..first });
        let broken = [sample("libcachesim-csv"), b"4, 77, -5, -1\n"].concat();
        assert_eq!(refused(broken), "t.csv:5: size \"-5\" is not an integer below 2^32 (read as libcachesim-csv)");
    }
}

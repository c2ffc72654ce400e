//! The block traces of MSR Cambridge (<https://iotta.snia.org/traces/block-io/388>): times in Windows' FILETIME, ticks of 100 ns
//! since 1601. Files have no header.

use super::{Divider, Format, without_header};
use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};

pub(super) const FORMAT: Format = Format {
    name: "msr",
    shape: without_header(
        Divider::Delimited(b','),
        &["Timestamp", "Hostname", "DiskNumber", "Type", "Offset", "Size", "ResponseTime"],
    ),
    fields: &[
        ("Timestamp", Field::Arrival(Clock::Filetime)),
        ("Hostname", Field::Client(Identity::Name)),
        ("Type", Field::Op(READ_WRITE)),
        ("Offset", Field::Block(Identity::Number)),
        ("Size", Field::Size),
    ],
    several_units: false,
    unknown: &[],
    notes: &["ResponseTime holds the waiting too, so it is not read as the demand"],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::tests::{demands, read, refused};
    use contract::Request;
    use random::streams::fnv1a;

    #[test]
    fn times_are_ticks_since_1601() {
        let read = read(sample("msr"));
        assert_eq!(arrivals(&read), (vec![0, 1_000, 2_500_000_000], 1_172_163_600_306_162_900));
        let hash = fnv1a(b"web");
        let first = Request {
            client: (hash ^ (hash >> 32)) as u32,
            block: 383_496_192,
            size: 32_768,
            service_ns: demands().sample(0),
            ..Request::default()
        };
        assert_eq!((read.requests[0], read.requests[1].op), (first, Request::WRITE));
        let broken = [sample("msr"), b"128166372003061629.5,web,1,Read,0,512,7\n"].concat();
        assert_eq!(
            refused(broken),
            "t.csv:4: Timestamp \"128166372003061629.5\" is not a number of 100 ns since 1601 (read as msr)"
        );
    }
}

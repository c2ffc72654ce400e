//! The block traces of CloudPhysics as CSV, as libCacheSim ships one (<https://github.com/1a1a11a/libCacheSim>,
//! `data/cloudPhysicsIO.csv`): times in seconds from an unknown start.

use contract::Request;

use super::{Divider, Format, S, with_header};
use crate::clock::Clock;
use crate::field::{Field, Identity};

/// SCSI's commands READ and WRITE, of 6, 10, 12 and 16 bytes, in hexadecimal.
const COMMANDS: &[(&str, u8)] = &[
    ("28", Request::READ),
    ("2a", Request::WRITE),
    ("88", Request::READ),
    ("8a", Request::WRITE),
    ("a8", Request::READ),
    ("aa", Request::WRITE),
    ("8", Request::READ),
    ("a", Request::WRITE),
];

pub(super) const FORMAT: Format = Format {
    name: "cloudphysics",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        ("version", Field::Ignored),
        ("time", Field::Arrival(Clock::Unit(S))),
        ("op", Field::Op(COMMANDS)),
        ("size", Field::Size),
        ("lbn", Field::Block(Identity::Number)),
    ],
    several_units: false,
    unknown: &[],
    notes: &[],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use super::*;
    use crate::reader::tests::{demands, read, refused};

    #[test]
    fn commands_are_reads_and_writes() {
        let read = read(sample("cloudphysics"));
        assert_eq!(arrivals(&read), (vec![0, 0, 1_000_000_000], 5_633_898_000_000_000));
        let first = Request { block: 42_932_745, size: 512, op: Request::WRITE, ..Request::default() };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(0), ..first });
        assert_eq!(read.requests.iter().map(|request| request.op).collect::<Vec<_>>(), [1, 0, 1]);
        let broken = [sample("cloudphysics"), b"1,5633900,35,0,0\n"].concat();
        assert_eq!(
            refused(broken),
            "t.csv:5: op \"35\" is not one of 28, 2a, 88, 8a, a8, aa, 8, a (read as cloudphysics)"
        );
    }
}

//! The block traces of SYSTOR '17, of virtual desktops (<https://iotta.snia.org/traces/block-io/4928>): times in seconds since
//! 1970, exact to a microsecond.

use super::{Divider, Format, S, with_header};
use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};

pub(super) const FORMAT: Format = Format {
    name: "systor17",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        ("Timestamp", Field::Arrival(Clock::Unit(S))),
        ("IOType", Field::Op(READ_WRITE)),
        ("LUN", Field::Client(Identity::Number)),
        ("Offset", Field::Block(Identity::Number)),
        ("Size", Field::Size),
    ],
    several_units: false,
    unknown: &[""],
    notes: &[
        "a request with a blank IOType, whose response was not recorded, is taken as a read",
        "Response holds the waiting too, so it is not read as the demand",
    ],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::tests::{demands, read, refused};
    use contract::Request;

    #[test]
    fn a_blank_type_is_a_read() {
        let read = read(sample("systor17"));
        assert_eq!(arrivals(&read), (vec![0, 100_000, 1_250_000_000], 1_456_135_200_013_118_000));
        let first = Request { client: 4, block: 8_192, size: 4_096, op: Request::WRITE, ..Request::default() };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(0), ..first });
        assert_eq!((read.requests[1].op, read.requests[1].size), (Request::READ, 512));
        let broken = [sample("systor17"), b"1456135300.5,0.1,D,4,0,512\n"].concat();
        assert_eq!(refused(broken), "t.csv:5: IOType \"D\" is not one of r, w, read, write (read as systor17)");
    }
}

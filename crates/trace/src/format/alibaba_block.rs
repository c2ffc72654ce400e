//! The block traces of Alibaba's cloud, `io_traces.csv` (<https://github.com/alibaba/block-traces#schema>): times in
//! microseconds since 1970. The file has no header.

use super::{Divider, Format, US, without_header};
use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};

pub(super) const FORMAT: Format = Format {
    name: "alibaba-block",
    shape: without_header(Divider::Delimited(b','), &["device_id", "opcode", "offset", "length", "timestamp"]),
    fields: &[
        ("device_id", Field::Client(Identity::Number)),
        ("opcode", Field::Op(READ_WRITE)),
        ("offset", Field::Block(Identity::Number)),
        ("length", Field::Size),
        ("timestamp", Field::Arrival(Clock::Unit(US))),
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
    fn times_are_microseconds() {
        let read = read(sample("alibaba-block"));
        assert_eq!(arrivals(&read), (vec![0, 46_000, 85_000], 1_577_808_144_360_767_000));
        let first =
            Request { client: 419, block: 8_792_731_648, size: 16_384, op: Request::WRITE, ..Request::default() };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(0), ..first });
        let broken = [sample("alibaba-block"), b"1,R,-4096,512,1577808144360900\n"].concat();
        assert_eq!(refused(broken), "t.csv:4: offset \"-4096\" is not an integer below 2^64 (read as alibaba-block)");
    }
}

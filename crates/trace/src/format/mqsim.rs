//! The ASCII block traces of MQSim, with times in ns (<https://github.com/CMU-SAFARI/MQSim#defining-a-trace-based-workload>), and
//! of DiskSim, with times in ms (`--time-unit ms`; its manual is CMU-PDL-08-101). Both count from the start of the
//! trace. DiskSim's flags other than read are not accepted.

use contract::Request;

use super::{Divider, Format, NS, without_header};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "mqsim",
    shape: without_header(Divider::Blanks, &["arrival", "device", "sector", "sectors", "type"]),
    fields: &[
        ("arrival", Field::Arrival(Clock::Unit(NS))),
        ("device", Field::Client(Identity::Number)),
        ("sector", Field::Block(Identity::Number)),
        ("sectors", Field::Size),
        ("type", Field::Op(&[("0", Request::WRITE), ("1", Request::READ)])),
    ],
    several_units: true,
    unknown: &[],
    notes: &[],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::ReadFlags;
    use crate::reader::tests::{read, read_with, refused};

    #[test]
    fn times_may_be_in_another_unit() {
        let disksim = "0.5 0 12312 8 0\n1.251 0 12320 8 1\n2000 1 64 16 0\n";
        let flags = |unit: &str| ReadFlags { time_unit: Some(unit.to_owned()), ..ReadFlags::default() };
        let read_in = |unit: &str| read_with(disksim, &flags(unit)).unwrap();
        assert_eq!(arrivals(&read_in("ms")), (vec![0, 751_000, 1_999_500_000], 500_000));
        assert_eq!(arrivals(&read_in("s")), (vec![0, 751_000_000, 1_999_500_000_000], 500_000_000));
        assert_eq!(arrivals(&read(sample("mqsim"))), (vec![0, 315_000, 431_000], 938_513_000));
        // Without the unit the file is recognised, and the error names the flag.
        let error = refused(disksim);
        let expected = "t.csv:1: arrival \"0.5\" is not a whole number of nanoseconds below 2^62; if it is in another unit, \
                        --time-unit names that (s, ms, us or ns) (read as mqsim)";
        assert_eq!(error.lines().next(), Some(expected));
    }
}

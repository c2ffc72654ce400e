//! The ASCII block traces of MQSim (times in ns) and DiskSim (in ms, `--time-unit ms`):
//! <https://github.com/CMU-SAFARI/MQSim#trace-based-workload>

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

//! The native CSV: a header names an arrival and any of the other columns.

use super::{Divider, Format, Header, MS, NS, S, Shape, US};
use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};

pub(super) const FORMAT: Format = Format {
    name: "csv",
    shape: Shape::Lines { divider: Divider::Delimited(b','), header: Header::Subset, comment: None, sign: None },
    fields: &[
        ("id", Field::Id),
        ("arrival_ns", Field::Arrival(Clock::Unit(NS))),
        ("arrival_us", Field::Arrival(Clock::Unit(US))),
        ("arrival_ms", Field::Arrival(Clock::Unit(MS))),
        ("arrival_s", Field::Arrival(Clock::Unit(S))),
        ("service_ns", Field::Service(NS)),
        ("service_us", Field::Service(US)),
        ("service_ms", Field::Service(MS)),
        ("service_s", Field::Service(S)),
        ("client", Field::Client(Identity::Either)),
        ("class", Field::Class),
        ("op", Field::Op(READ_WRITE)),
        ("block", Field::Block(Identity::Either)),
        ("size", Field::Size),
        ("reply_size", Field::ReplySize),
    ],
    several_units: false,
    unknown: &[],
    notes: &[],
};

//! The output of the original generator, from which Queuebox descends.

use super::{Divider, Format, US, without_header};
use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};

pub(super) const FORMAT: Format = Format {
    name: "original",
    shape: without_header(Divider::Delimited(b','), &["arrival_us", "system", "op", "block", "size"]),
    fields: &[
        ("arrival_us", Field::Arrival(Clock::Unit(US))),
        ("system", Field::Client(Identity::Number)),
        ("op", Field::Op(READ_WRITE)),
        ("block", Field::Block(Identity::Number)),
        ("size", Field::Size),
    ],
    several_units: true,
    unknown: &[],
    notes: &[],
};

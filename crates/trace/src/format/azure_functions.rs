//! Azure Functions invocation trace 2021:
//! <https://github.com/Azure/AzurePublicDataset/blob/master/AzureFunctionsInvocationTrace2021.md>

use super::{Divider, Format, S, with_header};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "azure-functions-2021",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        ("app", Field::Client(Identity::Name)),
        ("func", Field::Block(Identity::Name)),
        ("end_timestamp", Field::Arrival(Clock::Unit(S))),
        ("duration", Field::Before(S)),
        ("duration", Field::Service(S)),
    ],
    several_units: false,
    unknown: &[],
    notes: &[],
};

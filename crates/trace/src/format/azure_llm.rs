//! Azure LLM inference traces 2023 and 2024, whose dates have an offset:
//! <https://github.com/Azure/AzurePublicDataset/blob/master/AzureLLMInferenceDataset2023.md>

use super::{Divider, Format, with_header};
use crate::clock::Clock;
use crate::field::Field;

pub(super) const FORMAT: Format = Format {
    name: "azure-llm",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        ("TIMESTAMP", Field::Arrival(Clock::Iso)),
        ("ContextTokens", Field::Size),
        ("GeneratedTokens", Field::ReplySize),
    ],
    several_units: false,
    unknown: &[],
    notes: &[],
};

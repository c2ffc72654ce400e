//! Azure LLM inference traces, dates in UTC. Those of 2024 have an offset:
//! <https://github.com/Azure/AzurePublicDataset/blob/master/AzureLLMInferenceDataset2023.md>,
//! <https://github.com/Azure/AzurePublicDataset/blob/master/AzureLLMInferenceDataset2024.md>

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

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::tests::{read, refused};

    #[test]
    fn offsets_are_subtracted() {
        assert_eq!(
            arrivals(&read(sample("azure-llm"))),
            (vec![0, 507_405_000, 990_070_000], 1_715_299_200_009_930_000)
        );
        let with_row = |row: &str| [sample("azure-llm"), row.as_bytes()].concat();
        let (other_zone, _) = arrivals(&read(with_row("2024-05-10 02:00:02+02:00,1,1\n")));
        assert_eq!(other_zone[3], 1_990_070_000);
        let error = refused(with_row("2024-05-10 00:00:02+1,1,1\n"));
        assert!(error.starts_with("t.csv:5: TIMESTAMP \"2024-05-10 00:00:02+1\" is not a date and time"), "{error}");
    }
}

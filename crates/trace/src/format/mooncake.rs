//! Mooncake's traces of requests to language models, a JSON object a line: times in milliseconds from the start of the
//! trace. <https://github.com/kvcache-ai/Mooncake/tree/main/FAST25-release#trace-format>

use super::{Divider, Format, Header, MS, Shape};
use crate::clock::Clock;
use crate::field::Field;

pub(super) const FORMAT: Format = Format {
    name: "mooncake",
    shape: Shape::Lines {
        divider: Divider::Json,
        // Some tools leave the hashes out.
        header: Header::Required(&["timestamp", "input_length", "output_length"]),
        comment: None,
        sign: None,
    },
    fields: &[
        ("timestamp", Field::Arrival(Clock::Unit(MS))),
        ("input_length", Field::Size),
        ("output_length", Field::ReplySize),
        ("hash_ids", Field::FirstOfBlocks),
    ],
    several_units: false,
    unknown: &[],
    notes: &["the block is the first of hash_ids, which prompts with the same start share, and 0 without any"],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use crate::reader::tests::{demands, read, refused};
    use contract::Request;

    #[test]
    fn the_first_hash_is_the_block() {
        let read = read(sample("mooncake"));
        assert_eq!(arrivals(&read), (vec![0, 265_091_419, 265_091_419, 3_000_000_000], 27_000_000));
        let first =
            Request { block: 46, size: 6_955, reply_size: 52, service_ns: demands().sample(0), ..Request::default() };
        assert_eq!(read.requests[0], first);
        assert_eq!(read.requests.iter().map(|request| request.block).collect::<Vec<_>>(), [46, 7, 0, 46]);
    }

    #[test]
    fn the_hashes_may_be_absent() {
        let read = read("{\"output_length\":3,\"input_length\":2,\"timestamp\":1,\"model\":\"m\"}\n");
        assert_eq!((read.summary.files[0].format, read.requests[0].size), ("mooncake", 2));
        assert!(read.remarks.contains(&"ignored columns: model".to_owned()), "{:?}", read.remarks);
    }

    #[test]
    fn broken_rows_are_named() {
        let after_a_row = |row: &str| refused([sample("mooncake"), row.as_bytes()].concat());
        let row = r#"{"timestamp": 4000, "input_length": -1, "output_length": 1, "hash_ids": [1]}"#;
        assert_eq!(after_a_row(row), "t.csv:5: input_length \"-1\" is not an integer below 2^32 (read as mooncake)");
        let row = r#"{"timestamp": 4000, "input_length": 1, "output_length": 1, "hash_ids": [[1]]}"#;
        assert_eq!(
            after_a_row(row),
            "t.csv:5: hash_ids \"[[1]]\" is not a list of integers below 2^64 (read as mooncake)"
        );
        assert!(after_a_row("{\"timestamp\": 4000,").starts_with("t.csv:5: the line is no JSON object"));
    }
}

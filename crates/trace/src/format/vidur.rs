//! Traces of Vidur, a simulator of language models (<https://github.com/microsoft/vidur>, `data/processed_traces`): times in
//! seconds from the first arrival.

use super::{Divider, Format, S, with_header};
use crate::clock::Clock;
use crate::field::Field;

pub(super) const FORMAT: Format = Format {
    name: "vidur",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        ("arrived_at", Field::Arrival(Clock::Unit(S))),
        ("num_prefill_tokens", Field::Size),
        ("num_decode_tokens", Field::ReplySize),
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
    fn times_are_seconds() {
        let read = read(sample("vidur"));
        assert_eq!(arrivals(&read), (vec![0, 51_000_000, 98_189_000], 0));
        let second =
            Request { id: 1, size: 3_180, reply_size: 8, service_ns: demands().sample(1), ..Request::default() };
        assert_eq!(read.requests[1], Request { arrival_ns: 51_000_000, ..second });
        let broken = [sample("vidur"), b"1.5,7,1.5\n"].concat();
        assert_eq!(refused(broken), "t.csv:5: num_decode_tokens \"1.5\" is not an integer below 2^32 (read as vidur)");
    }
}

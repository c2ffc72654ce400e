//! Traces of SplitwiseSim, a simulator of clusters that serve language models
//! (<https://github.com/Mutinifni/splitwise-sim#request-traces>): times in seconds from the start of the trace.

use super::{Divider, Format, S, with_header};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "splitwise",
    shape: with_header(Divider::Delimited(b',')),
    fields: &[
        ("application_id", Field::Client(Identity::Number)),
        ("arrival_timestamp", Field::Arrival(Clock::Unit(S))),
        ("prompt_size", Field::Size),
        ("token_size", Field::ReplySize),
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
    fn applications_are_clients() {
        let read = read(sample("splitwise"));
        assert_eq!(arrivals(&read), (vec![0, 1_250_000_000, 3_000_000_000], 1_000_000_000));
        let first =
            Request { client: 4, size: 4_096, reply_size: 32, service_ns: demands().sample(0), ..Request::default() };
        assert_eq!(read.requests[0], first);
        assert!(
            read.remarks.contains(&"ignored columns: request_id, request_type, batch_size".to_owned()),
            "{:?}",
            read.remarks
        );
        let broken = [sample("splitwise"), b"3,2,0,late,1,7,1\n"].concat();
        assert_eq!(
            refused(broken),
            "t.csv:5: arrival_timestamp \"late\" is not a number of seconds from 0, below 2^62 ns (read as splitwise)"
        );
    }
}

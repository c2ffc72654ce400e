//! The results of vegeta as CSV (`vegeta encode --to csv`), without a header: <https://github.com/tsenart/vegeta#encode-command>
//!
//! The time is when the attack sent the request, in ns since 1970. Results are written as they end, so that they are out of order.

use super::{Divider, Format, Header, NS, Shape};
use crate::clock::Clock;
use crate::decimal;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "vegeta",
    shape: Shape::Lines {
        divider: Divider::Delimited(b','),
        header: Header::Absent(&[
            "timestamp",
            "status",
            "latency",
            "bytes_out",
            "bytes_in",
            "error",
            "body",
            "attack",
            "seq",
            "method",
            "url",
            "headers",
        ]),
        comment: None,
        sign: Some(is_result),
    },
    fields: &[
        ("timestamp", Field::Arrival(Clock::Unit(NS))),
        ("bytes_out", Field::Size),
        ("bytes_in", Field::ReplySize),
        ("method", Field::Method),
        ("url", Field::Block(Identity::Name)),
    ],
    several_units: false,
    // Of a request that could not be made.
    unknown: &[""],
    notes: &[],
};

/// Whether a line starts with a time after 2001 and four further integers, of which the first is a status.
fn is_result(first: &[u8]) -> bool {
    let mut numbers = first.splitn(6, |&byte| byte == b',').map(decimal::integer);
    let time = numbers.next().flatten().is_some_and(|ns| ns >= 1_000_000_000_000_000_000);
    let status = numbers.next().flatten().is_some_and(|status| status < 1_000);
    let others = numbers.by_ref().take(3).filter(Option::is_some).count();
    time && status && others == 3 && numbers.next().is_some()
}

#[cfg(test)]
mod tests {
    use contract::Request;
    use random::streams::fnv1a;

    use crate::format::samples::sample;
    use crate::reader::ReadFlags;
    use crate::reader::tests::{demands, read, read_with, refused};

    #[test]
    fn results_are_requests() {
        let outcome = read(sample("vegeta"));
        assert_eq!((outcome.summary.offset_ns, outcome.summary.sampled), (1_710_498_600_250_000_007, 3));
        let row = |id: u64, arrival_ns: u64, url: &str, (size, reply_size): (u32, u32)| Request {
            id,
            arrival_ns,
            service_ns: demands().sample(id),
            block: fnv1a(url.as_bytes()),
            size,
            reply_size,
            ..Request::default()
        };
        let expected = [
            row(0, 0, "http://example.org/a", (0, 3)),
            Request { op: Request::WRITE, ..row(1, 20_000_000, "http://example.org/b", (12, 0)) },
            Request { block: 0, ..row(2, 40_000_000, "", (0, 0)) },
        ];
        assert_eq!(outcome.requests, expected);
        assert!(
            outcome.remarks.join("\n").contains("latency is not read as the service time"),
            "{:?}",
            outcome.remarks
        );
        let flags = ReadFlags { columns: Some("service=latency:ns".to_owned()), ..ReadFlags::default() };
        assert_eq!(read_with(sample("vegeta"), &flags).unwrap().requests[0].service_ns, 5_120_000);
    }

    #[test]
    fn a_wrong_row_is_named() {
        let first = std::str::from_utf8(sample("vegeta")).unwrap().lines().next().unwrap();
        let error = refused(format!("{first}\n{}", first.replace("5120000,0,3", "5120000,0,x")));
        assert!(error.starts_with("t.csv:2: bytes_in \"x\" is not an integer below 2^32"), "{error}");
        // Eight years ago, a result had nine columns.
        let error = refused(format!("{first}\n1710498600250000007,200,1,0,3,,,,0\n"));
        assert!(error.starts_with("t.csv:2: the row has 9 columns, not 12"), "{error}");
    }
}

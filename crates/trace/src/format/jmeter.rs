//! The results of JMeter as CSV (`.jtl`), with the names of columns in the first line, which is the default. Which columns
//! there are can be configured: <https://jmeter.apache.org/usermanual/listeners.html#csvlogformat>
//!
//! `timeStamp` is the start of a sample in ms since 1970, as JMeter is shipped (`sampleresult.timestamp.start=true`). `elapsed`,
//! `Latency` and `Connect` are durations that the load test measured, in ms. Sizes are in bytes.

use super::{Divider, Format, Header, MS, Shape};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "jmeter",
    shape: Shape::Lines {
        divider: Divider::Delimited(b','),
        header: Header::Required(&["timeStamp", "elapsed", "label"]),
        comment: None,
        sign: None,
    },
    fields: &[
        ("timeStamp", Field::Arrival(Clock::Unit(MS))),
        ("label", Field::Block(Identity::Name)),
        // A transaction is written behind its samples, as their sum.
        ("responseMessage", Field::Unless(&["Number of samples in transaction : "])),
        ("threadName", Field::Client(Identity::Name)),
        ("sentBytes", Field::Size),
        ("bytes", Field::ReplySize),
    ],
    several_units: false,
    unknown: &[],
    notes: &["JMeter writes the start of a sample, unless sampleresult.timestamp.start is false: then it is the end"],
};

#[cfg(test)]
mod tests {
    use contract::Request;
    use random::streams::fnv1a;

    use crate::format::samples::{hashed, sample};
    use crate::reader::tests::{demands, format, read, refused, refused_with};

    #[test]
    fn samples_are_requests_and_transactions_are_not() {
        let outcome = read(sample("jmeter"));
        assert_eq!((outcome.summary.offset_ns, outcome.summary.sampled), (1_710_498_600_250_000_000, 3));
        let row = |id: u64, arrival_ns: u64, name: &str, label: &str, (size, reply_size): (u32, u32)| Request {
            id,
            arrival_ns,
            service_ns: demands().sample(id),
            client: hashed(name),
            block: fnv1a(label.as_bytes()),
            size,
            reply_size,
            ..Request::default()
        };
        let expected = [
            row(0, 0, "Users 1-1", "log in", (133, 2_781)),
            row(1, 12_000_000, "Users 1-2", "find, then buy", (140, 350)),
            // The second has two lines, and the third is a transaction.
            row(4, 400_000_000, "Users 1-1", "log in", (133, 2_781)),
        ];
        assert_eq!(outcome.requests, expected);
        let remarks = outcome.remarks.join("\n");
        assert!(remarks.contains("no rows with responseMessage = Number of samples in transaction : …"), "{remarks}");
        assert!(remarks.contains("elapsed is not read as the service time"), "{remarks}");
    }

    #[test]
    fn columns_may_be_few_and_separated_otherwise() {
        let outcome = read("timeStamp|elapsed|label\n1500|3|a\n");
        assert_eq!((outcome.summary.files[0].format, outcome.summary.offset_ns), ("jmeter", 1_500_000_000));
    }

    #[test]
    fn a_wrong_row_is_named() {
        let error = refused("timeStamp,elapsed,label\n1500,3,a\n2024/03/15 10:30:00,3,a\n");
        assert!(
            error.starts_with("t.csv:3: timeStamp \"2024/03/15 10:30:00\" is not a number of milliseconds from 0"),
            "{error}"
        );
        let error = refused_with("timeStamp,label\n1500,a\n", &format("jmeter"));
        assert!(error.starts_with("t.csv:1: there is no column elapsed"), "{error}");
    }
}

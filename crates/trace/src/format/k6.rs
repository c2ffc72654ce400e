//! The results of k6 as CSV (`k6 run --out csv=FILE`), a row for each sample of each metric:
//! <https://grafana.com/docs/k6/latest/results-output/real-time/csv/>
//!
//! `timestamp` is when the request ended, in seconds since 1970, or in another unit (`K6_CSV_TIME_FORMAT`). Each request has one
//! row of `http_reqs`, whose value is 1, and one of `http_req_duration`, whose value is the time from sending it to the end of
//! the response, in ms. The second is read, because only that has the start.

use super::{Divider, Format, Header, MS, S, Shape};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "k6",
    shape: Shape::Lines {
        divider: Divider::Delimited(b','),
        header: Header::Required(&["metric_name", "timestamp", "metric_value"]),
        comment: None,
        sign: None,
    },
    fields: &[
        ("metric_name", Field::OnlyIf("http_req_duration")),
        ("timestamp", Field::Arrival(Clock::Unit(S))),
        ("metric_value", Field::Before(MS)),
        ("method", Field::Method),
        ("url", Field::Block(Identity::Name)),
    ],
    several_units: true,
    unknown: &[""],
    notes: &[
        "k6 writes when a request was completed: an arrival, which is that time less metric_value, is up to a second too \
              early if times are whole seconds (K6_CSV_TIME_FORMAT names other units)",
    ],
};

#[cfg(test)]
mod tests {
    use contract::Request;
    use random::streams::fnv1a;

    use crate::format::samples::sample;
    use crate::reader::ReadFlags;
    use crate::reader::tests::{demands, format, read, read_with, refused, refused_with};

    #[test]
    fn rows_of_durations_are_requests() {
        let outcome = read(sample("k6"));
        assert_eq!(outcome.summary.offset_ns, 1_710_498_600_000_000_000 - 52_250_000);
        let row = |id: u64, arrival_ns: u64, url: &str| Request {
            id,
            arrival_ns,
            service_ns: demands().sample(id),
            block: fnv1a(url.as_bytes()),
            ..Request::default()
        };
        let expected = [
            row(1, 0, "https://example.org/a?b=1"),
            Request { op: Request::WRITE, ..row(4, 1_040_250_000, "https://example.org/c") },
        ];
        assert_eq!(outcome.requests, expected);
        let remarks = outcome.remarks.join("\n");
        assert!(remarks.contains("arrival = timestamp [s], less metric_value [ms]"), "{remarks}");
        assert!(remarks.contains("rows with metric_name = http_req_duration"), "{remarks}");
    }

    #[test]
    fn times_may_have_another_unit() {
        let rows = "metric_name,timestamp,metric_value,url\nvus,1710498600250,3.0,\n\
                    http_req_duration,1710498600250,50.000000,u\n";
        let error = refused(rows);
        assert!(
            error.contains("timestamp \"1710498600250\" is not a number of seconds from 0, below 2^62 ns"),
            "{error}"
        );
        assert!(error.contains("--time-unit names that (s, ms, us or ns)"), "{error}");
        let flags = ReadFlags { time_unit: Some("ms".to_owned()), ..ReadFlags::default() };
        assert_eq!(read_with(rows, &flags).unwrap().summary.offset_ns, 1_710_498_600_200_000_000);
    }

    #[test]
    fn a_wrong_row_is_named() {
        let error = refused("metric_name,timestamp,metric_value\nvus,x,y\nhttp_req_duration,9,-1.0\n");
        assert!(error.starts_with("t.csv:3: metric_value \"-1.0\" is not a number of milliseconds from 0"), "{error}");
        let error = refused_with("timestamp,metric_value\n9,1\n", &format("k6"));
        assert!(error.starts_with("t.csv:1: there is no column metric_name"), "{error}");
    }
}

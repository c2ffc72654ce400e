//! The access log of nginx with `$request_time` as the last field, behind the combined format or that with
//! `"$http_x_forwarded_for"`: <https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format>
//!
//! nginx writes a line when the request is done. `$time_local` is that time, a date with an offset, in whole seconds;
//! `$request_time` is the time since the first byte of the request, in seconds with three decimals.

use super::combined::{self, divide, names};
use super::{Divider, Format, Header, S, Shape};
use crate::cells::Cells;
use crate::clock::Clock;
use crate::field::{Field, Identity};

/// Places of cells.
const AGENT: usize = 9;
const REQUEST_TIME: usize = 11;

const NAMES: [&str; 12] = names("request_time");

pub(super) const FORMAT: Format = Format {
    name: "nginx",
    shape: Shape::Lines {
        divider: Divider::Own(divide),
        header: Header::Absent(&NAMES),
        comment: None,
        sign: Some(|first| combined::is_access_log(first) && has_request_time(first)),
    },
    fields: &[
        ("client", Field::Client(Identity::Name)),
        ("time", Field::Arrival(Clock::Log)),
        ("method", Field::Method),
        ("path", Field::Block(Identity::Name)),
        ("bytes", Field::ReplySize),
        ("request_time", Field::Before(S)),
    ],
    several_units: false,
    unknown: &["-"],
    notes: &[
        "nginx writes when a request was completed, in whole seconds: an arrival, which is that time less request_time, is \
              up to a second too early",
    ],
};

/// Whether `line` has one field behind its agent, which only nginx writes so: seconds with three decimals.
pub(super) fn has_request_time(line: &[u8]) -> bool {
    let mut cells = Cells::default();
    if divide(line, &mut cells) != Ok(true) || cells.get(AGENT).is_empty() {
        return false;
    }
    let mut parts = cells.get(REQUEST_TIME).split(|&byte| byte == b'.');
    let is_number = |part: &&[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let (whole, decimals) = (parts.next().filter(is_number), parts.next().filter(is_number));
    whole.is_some() && decimals.is_some_and(|decimals| decimals.len() == 3) && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use contract::Request;
    use random::streams::fnv1a;

    use super::*;
    use crate::format::samples::{hashed, sample};
    use crate::reader::ReadFlags;
    use crate::reader::tests::{demands, format, read, read_with, refused, refused_with};

    #[test]
    fn requests_arrive_their_duration_before_the_time() {
        let outcome = read(sample("nginx"));
        // 05:59:59 UTC less 12 ms.
        assert_eq!(outcome.summary.offset_ns, 1_699_163_999_000_000_000 - 12_000_000);
        let row = |id: u64, arrival_ns: u64, name: &str, block: u64, reply_size: u32| Request {
            id,
            arrival_ns,
            service_ns: demands().sample(id),
            client: hashed(name),
            block,
            reply_size,
            ..Request::default()
        };
        let expected = [
            row(0, 0, "192.0.2.7", fnv1a(b"/a"), 512),
            row(1, 907_000_000, "2001:db8::7", fnv1a(b"/b"), 0),
            Request { op: Request::WRITE, ..row(2, 1_962_000_000, "192.0.2.7", fnv1a(b"/c"), 64) },
            row(3, 2_012_000_000, "198.51.100.1", 0, 157),
        ];
        assert_eq!(outcome.requests, expected);
        let remarks = outcome.remarks.join("\n");
        for part in ["arrival = time [date], less request_time [s]", "in whole seconds", "'service=request_time:UNIT'"]
        {
            assert!(remarks.contains(part), "{part} in {remarks}");
        }
    }

    #[test]
    fn the_duration_is_a_demand_only_if_it_is_named() {
        let flags = ReadFlags { columns: Some("service=request_time:s".to_owned()), ..ReadFlags::default() };
        let outcome = read_with(sample("nginx"), &flags).unwrap();
        assert_eq!(outcome.requests.iter().map(|r| r.service_ns).max(), Some(105_000_000));
        assert_eq!((outcome.requests[1].arrival_ns, outcome.summary.sampled), (907_000_000, 0));
    }

    #[test]
    fn a_row_without_the_duration_is_wrong_and_one_that_arrived_before_is_out_of_order() {
        let row = |time: &str, behind: &str| {
            format!("h - - [01/Jan/2024:00:00:{time} +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a\"{behind}\n")
        };
        let error = refused(row("01", " 0.001") + &row("02", ""));
        assert!(
            error.starts_with("t.csv:2: request_time \"\" is not a number of seconds from 0, below 2^62 ns"),
            "{error}"
        );
        let error = refused(row("01", " \"-\" 0.001") + &row("02", " \"-\" 1.500"));
        assert!(
            error.starts_with("t.csv:2: time − request_time goes back (2024-01-01 00:00:00.5 UTC after"),
            "{error}"
        );
        assert!(error.contains("--sort puts them in order"), "{error}");
        // A further field is of the other format, unless this one is named.
        assert_eq!(read(row("01", " 0.001 0.001")).summary.files[0].format, "combined");
        let error = refused_with(row("01", " 0.001 0.001"), &format("nginx"));
        assert!(error.starts_with("t.csv:1: request_time \"0.001 0.001\" is not a number of seconds"), "{error}");
    }

    #[test]
    fn only_seconds_with_three_decimals_are_a_duration() {
        for (last, is) in [
            ("0.012", true),
            ("12.345", true),
            ("0.01", false),
            ("0.0123", false),
            ("1500", false),
            (".012", false),
            ("-", false),
            ("1.2.345", false),
            ("0.001 0.001", false),
        ] {
            let line = format!("h - - [01/Jan/2024:00:00:01 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"a\" {last}");
            assert_eq!(has_request_time(line.as_bytes()), is, "{last}");
        }
    }
}

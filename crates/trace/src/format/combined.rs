//! Access logs in the common and the combined log format, of Apache, nginx and others; also with the virtual host first, as in
//! Debian's `other_vhosts_access.log`, and with further fields behind, as of `%D`:
//! <https://httpd.apache.org/docs/current/logs.html#accesslog>,
//! <https://nginx.org/en/docs/http/ngx_http_log_module.html#log_format>
//!
//! Times are dates with an offset. Apache writes when it received the request, nginx when it was done: see
//! [`nginx`](super::nginx).

use super::access_log::{Rest, push_request};
use super::{Divider, Format, Header, Shape, nginx};
use crate::cells::Cells;
use crate::clock::Clock;
use crate::decimal::Numbers;
use crate::field::{Field, Identity};

const NAMES: [&str; 12] = names("extra");

pub(super) const FORMAT: Format = Format {
    name: "combined",
    shape: Shape::Lines {
        divider: Divider::Own(divide),
        header: Header::Absent(&NAMES),
        comment: None,
        sign: Some(|first| is_access_log(first) && !nginx::has_request_time(first)),
    },
    fields: &[
        ("client", Field::Client(Identity::Name)),
        ("time", Field::Arrival(Clock::Log)),
        ("method", Field::Method),
        ("path", Field::Block(Identity::Name)),
        ("bytes", Field::ReplySize),
    ],
    several_units: false,
    unknown: &["-"],
    notes: &["times are taken as arrivals: those of Apache are, but nginx writes when a request was completed"],
};

/// The names of the cells of [`divide`]; `last` is that of what is left behind the others.
pub(super) const fn names(last: &'static str) -> [&'static str; 12] {
    ["client", "user", "time", "method", "path", "target", "status", "bytes", "referer", "agent", "forwarded", last]
}

/// Whether `line` has the structure of an access log, with a time.
pub(super) fn is_access_log(line: &[u8]) -> bool {
    let mut cells = Cells::default();
    divide(line, &mut cells).is_ok() && Clock::Log.read(cells.get(2), Numbers::Point).is_some()
}

/// The cells of a line: client, user, time, method, path, target, status, bytes, referer, agent, a further text in quotes,
/// and what is left, which is most often a duration.
pub(super) fn divide(line: &[u8], cells: &mut Cells) -> Result<bool, String> {
    let start = memchr::memmem::find(line, b" [").ok_or("the line has no [time] behind a client")?;
    let behind = &line[start + 2..];
    let end = memchr::memchr(b']', behind).ok_or("the line has no [time] behind a client")?;
    let (client, user) = client(&line[..start]);
    cells.push(client);
    cells.push(user);
    cells.push(&behind[..end]);
    let mut rest = Rest(&behind[end + 1..]);
    let request = rest.quoted().ok_or("the line has no \"request\" behind its time")?;
    push_request(request, cells);
    cells.push(rest.word());
    cells.push(rest.word());
    for _ in ["referer", "agent", "forwarded"] {
        cells.push(rest.quoted().unwrap_or_default());
    }
    cells.push(rest.0.trim_ascii());
    Ok(true)
}

/// The client and the user before the time: `client ident user`, with a virtual host before them or not. A user's name may
/// have spaces; the ident is always `-` today.
fn client(start: &[u8]) -> (&[u8], &[u8]) {
    let mut rest = Rest(start);
    let (first, second) = (rest.word(), rest.word());
    let third = Rest(rest.0).word();
    let has_host = third == b"-" && second != b"-" && rest.0.trim_ascii() != b"-";
    if has_host {
        rest.word();
    }
    (if has_host { second } else { first }, rest.0.trim_ascii())
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
    fn an_access_log_is_read() {
        let outcome = read(sample("combined"));
        let first_ns = 1_699_163_999_000_000_000;
        assert_eq!((outcome.summary.offset_ns, outcome.summary.sampled), (first_ns, 5));
        let row = |id: u64, seconds: u64, (name, path): (&str, &str), reply_size| Request {
            id,
            arrival_ns: seconds * 1_000_000_000,
            service_ns: demands().sample(id),
            client: hashed(name),
            block: if path.is_empty() { 0 } else { fnv1a(path.as_bytes()) },
            reply_size,
            ..Request::default()
        };
        let expected = [
            row(0, 0, ("192.0.2.7", "/a"), 512),
            // One hour later by the clock on the wall, one second later in fact: the clocks were set back.
            Request { op: Request::WRITE, ..row(1, 1, ("2001:db8::7", "/form"), 20) },
            row(2, 1, ("192.0.2.7", "/a"), 0),
            row(3, 2, ("198.51.100.1", ""), 157),
            row(4, 2, ("198.51.100.1", ""), 0),
        ];
        assert_eq!(outcome.requests, expected);
        let remarks = outcome.remarks.join("\n");
        assert!(remarks.contains("times are taken as arrivals"), "{remarks}");
        assert!(!remarks.contains("ignored columns"), "{remarks}");
    }

    #[test]
    fn common_logs_and_further_fields_are_of_the_same_format() {
        let common = "h - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.0\" 200 5\n";
        assert_eq!(read(common).requests[0].reply_size, 5);
        let duration = "h - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.0\" 200 5 \"-\" \"a \\\"b\\\"\" 1500\n";
        let columns = |columns: &str| ReadFlags { columns: Some(columns.to_owned()), ..ReadFlags::default() };
        assert_eq!(read_with(duration, &columns("service=extra:us")).unwrap().requests[0].service_ns, 1_500_000);
        let target =
            read_with("h - - [01/Jan/2024:00:00:00 +0000] \"GET /a?b HTTP/1.0\" 200 5", &columns("block=target"));
        assert_eq!(target.unwrap().requests[0].block, fnv1a(b"/a?b"));
    }

    #[test]
    fn a_line_may_begin_with_the_virtual_host() {
        for (start, expected) in [
            ("192.0.2.7 - -", ("192.0.2.7", "-")),
            ("192.0.2.7 - alice smith", ("192.0.2.7", "alice smith")),
            ("192.0.2.7 - - -", ("192.0.2.7", "- -")),
            ("example.org:443 192.0.2.7 - -", ("192.0.2.7", "-")),
            ("example.org:443 192.0.2.7 - alice", ("192.0.2.7", "alice")),
            ("192.0.2.7 ident -", ("192.0.2.7", "-")),
        ] {
            assert_eq!(client(start.as_bytes()), (expected.0.as_bytes(), expected.1.as_bytes()), "{start}");
        }
    }

    #[test]
    fn a_wrong_line_is_named() {
        let good = "h - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.0\" 200 5\n";
        for (bad, rule) in [
            (
                "h - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.0\" 200 5k",
                "bytes \"5k\" is not an integer below 2^32",
            ),
            ("h - - [01/Jan/2024:00:00:00 +0000] \"GET / HTTP/1.0\" 200", "bytes \"\" is not an integer below 2^32"),
            ("h - - [01/Jan/2024:00:00:00 +0000] \"GET / HT", "the line has no \"request\" behind its time"),
            ("h - - [01/Jan/2024:00:0", "the line has no [time] behind a client"),
        ] {
            let error = refused(format!("{good}{bad}\n"));
            assert!(error.starts_with(&format!("t.csv:2: {rule}")), "{error}");
        }
        let error = refused_with("h - - [Monday] \"GET / HTTP/1.0\" 200 5\n", &format("combined"));
        assert!(error.starts_with("t.csv:1: time \"Monday\" is not a date and time such as"), "{error}");
    }
}

//! The HTTP log of HAProxy (`option httplog`), with whatever syslog writes before it:
//! <https://docs.haproxy.org/dev/configuration.html#8.2.3>
//!
//! The time is when the first byte of the request arrived (before version 1.7, when the connection did), in milliseconds and
//! without a zone. A line is written when the request is done. Timers are in ms, −1 for a stage that was not reached.

use super::access_log::{Rest, push_request};
use super::{Divider, Format, without_header};
use crate::clock::Clock;
use crate::decimal::Numbers;
use crate::field::{Field, Identity};
use crate::lines::Cells;

pub(super) const FORMAT: Format = Format {
    name: "haproxy",
    shape: without_header(
        Divider::Own(divide),
        &[
            "client", "time", "frontend", "backend", "server", "TR", "Tw", "Tc", "Tr", "Ta", "status", "bytes",
            "method", "path", "target",
        ],
    ),
    fields: &[
        ("client", Field::Client(Identity::Name)),
        ("time", Field::Arrival(Clock::Log)),
        ("bytes", Field::ReplySize),
        ("method", Field::Method),
        ("path", Field::Block(Identity::Name)),
    ],
    several_units: false,
    unknown: &["-", "-1"],
    notes: &[
        "HAProxy writes its times without a zone: they are read as UTC, and go back or jump when clocks are changed",
    ],
};

/// The rule of lines that are neither requests nor messages.
const OTHER: &str = "the line is not of HAProxy's HTTP log (option httplog)";

/// A time with its bracket is not longer.
const TIME_LEN: usize = 40;

/// The cells of a line. Lines of HAProxy about itself, its servers and failed connections are no requests.
fn divide(line: &[u8], cells: &mut Cells) -> Result<bool, String> {
    let Some((start, time, behind)) = time(line) else {
        let is_message = memchr::memmem::find(line, b"haproxy[").is_some();
        return if is_message { Ok(false) } else { Err(OTHER.to_owned()) };
    };
    let client = start.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
    let port = memchr::memrchr(b':', client).ok_or(OTHER)?;
    let mut rest = Rest(behind);
    let (frontend, backend) = (rest.word(), rest.word());
    if frontend.ends_with(b":") {
        return Ok(false);
    }
    let (backend, server) = backend.split_at(memchr::memchr(b'/', backend).ok_or(OTHER)?);
    [&client[..port], time, frontend, backend, &server[1..]].iter().for_each(|cell| cells.push(cell));
    let timers: Vec<&[u8]> = rest.word().split(|&byte| byte == b'/').collect();
    if timers.len() != 5 {
        return Err(OTHER.to_owned());
    }
    // A plus sign means that the request was not over when the line was written.
    timers.iter().for_each(|timer| cells.push(timer.strip_prefix(b"+").unwrap_or(timer)));
    cells.push(rest.word());
    cells.push(rest.word());
    // Cookies, state, connections, queues and captured headers follow. Only the request has quotes; a long one is cut.
    let request = memchr::memchr(b'"', rest.0).map(|quote| &rest.0[quote + 1..]).ok_or(OTHER)?;
    push_request(&request[..memchr::memchr(b'"', request).unwrap_or(request.len())], cells);
    Ok(true)
}

/// What is before a time in brackets, the time, and what is behind.
fn time(line: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    memchr::memmem::find_iter(line, b" [").find_map(|start| {
        let behind = &line[start + 2..];
        let end = memchr::memchr(b']', &behind[..behind.len().min(TIME_LEN)])?;
        let (time, behind) = behind.split_at(end);
        Clock::Log.read(time, Numbers::Point)?;
        Some((&line[..start], time, &behind[1..]))
    })
}

#[cfg(test)]
mod tests {
    use contract::Request;
    use random::streams::fnv1a;

    use super::*;
    use crate::format::samples::{hashed, sample};
    use crate::reader::ReadFlags;
    use crate::reader::tests::{demands, read, read_with, refused};

    #[test]
    fn requests_arrive_when_their_first_byte_does() {
        let outcome = read(sample("haproxy"));
        assert_eq!(outcome.summary.offset_ns, 1_710_498_600_250_000_000);
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
            row(0, 0, "192.0.2.7", fnv1a(b"/a"), 900),
            // The third line is a message, the fourth a failed connection.
            Request { op: Request::WRITE, ..row(1, 5_000_000, "2001:db8::7", fnv1a(b"/b"), 120) },
            row(4, 1_000_000_000, "192.0.2.8", 0, 187),
            row(5, 1_250_000_000, "192.0.2.7", fnv1a(b"/long"), 5_000),
        ];
        assert_eq!(outcome.requests, expected);
        assert!(outcome.remarks.join("\n").contains("read as UTC"), "{:?}", outcome.remarks);
    }

    #[test]
    fn a_timer_may_be_named_as_the_demand() {
        let flags = ReadFlags { columns: Some("service=Tr:ms".to_owned()), ..ReadFlags::default() };
        let outcome = read_with(sample("haproxy"), &flags).unwrap();
        assert_eq!(outcome.requests[0].service_ns, 30_000_000);
        // That of the bad request is −1.
        assert_eq!(outcome.summary.sampled, 1);
    }

    #[test]
    fn a_wrong_line_is_named() {
        let start = "192.0.2.7:1 [15/Mar/2024:10:30:00.250] in";
        let good = format!("{start} b/s 0/0/1/30/31 200 900 - - ---- 1/1/1/1/0 0/0 \"GET /a HTTP/1.1\"\n");
        for (bad, rule) in [
            (good.replace(" 900 ", " 9k "), "bytes \"9k\" is not an integer below 2^32"),
            // That of TCP has three timers.
            (format!("{start} b/s 0/1/31 900 -- 1/1/1/1/0 0/0\n"), OTHER),
            (format!("{start} b/s 0/0/1/30/31 200 900 - - ---- 1/1/1/1/0 0/0\n"), OTHER),
            ("Mar 15 10:30:00 host sshd[1]: closed\n".to_owned(), OTHER),
        ] {
            let error = refused(format!("{good}{bad}"));
            assert!(error.starts_with(&format!("t.csv:2: {rule}")), "{error}");
        }
    }
}

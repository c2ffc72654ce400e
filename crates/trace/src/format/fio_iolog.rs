//! The log of fio's `write_iolog`, version 3 (<https://fio.readthedocs.io/en/latest/fio_doc.html#trace-file-format-v3>): times in
//! microseconds from the start of the run. Version 2 has no times.

use contract::Request;

use super::{Divider, Format, Header, Shape, US};
use crate::clock::Clock;
use crate::field::{Field, Identity};
use crate::lines::Cells;

/// How the first line starts.
const SIGN: &[u8] = b"fio version ";

pub(super) const FORMAT: Format = Format {
    name: "fio-iolog",
    shape: Shape::Lines {
        divider: Divider::Own(divide),
        header: Header::Absent(&["timestamp", "file", "action", "offset", "length"]),
        comment: None,
        sign: Some(|first| first.starts_with(SIGN)),
    },
    fields: &[
        ("timestamp", Field::Arrival(Clock::Unit(US))),
        ("file", Field::Client(Identity::Name)),
        ("action", Field::Op(&[("read", Request::READ), ("write", Request::WRITE), ("trim", Request::WRITE)])),
        ("offset", Field::Block(Identity::Number)),
        ("length", Field::Size),
    ],
    several_units: false,
    unknown: &[],
    notes: &["a trim is taken as a write; sync, datasync, add, open and close are no requests"],
};

/// The cells of a read, a write or a trim.
fn divide(line: &[u8], cells: &mut Cells) -> Result<bool, String> {
    if let Some(version) = line.strip_prefix(SIGN) {
        return match version.trim_ascii_end() {
            b"3 iolog" => Ok(false),
            _ => Err("this version of the log has no times; fio 3.31 and later write version 3, which has".to_owned()),
        };
    }
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let action = words.clone().nth(2).unwrap_or_default();
    match (action, words.clone().count()) {
        (b"read" | b"write" | b"trim", 5) => {
            words.for_each(|word| cells.push(word));
            Ok(true)
        }
        (b"add" | b"open" | b"close", 3) | (b"sync" | b"datasync" | b"sync_file_range" | b"syncfs", 5) => Ok(false),
        _ => {
            let rule = "the line is neither \"TIME FILE read OFFSET LENGTH\" (write, trim, sync, datasync) nor \
                        \"TIME FILE add\" (open, close)";
            Err(rule.to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use super::*;
    use crate::reader::tests::{demands, read, refused};
    use random::streams::fnv1a;

    #[test]
    fn actions_on_files_are_no_requests() {
        let read = read(sample("fio-iolog"));
        assert_eq!(arrivals(&read), (vec![0, 55_000, 60_000], 40_000));
        let hash = fnv1a(b"/dev/sdx");
        let first = Request {
            // The lines before it count.
            id: read.requests[0].id,
            client: (hash ^ (hash >> 32)) as u32,
            block: 4_096,
            size: 8_192,
            ..Request::default()
        };
        assert_eq!(read.requests[0], Request { service_ns: demands().sample(first.id), ..first });
        assert_eq!(read.requests.iter().map(|request| request.op).collect::<Vec<_>>(), [0, 1, 1]);
    }

    #[test]
    fn broken_lines_are_named() {
        let after = |row: &str| refused([sample("fio-iolog"), row.as_bytes()].concat());
        assert_eq!(
            after("120 /dev/sdx read 0 x\n"),
            "t.csv:9: length \"x\" is not an integer below 2^32 (read as fio-iolog)"
        );
        for line in ["120 /dev/sdx read 0\n", "120 /dev/sdx wait 5 0\n", "120 /dev/sdx\n", "120 /dev/sdx open 1\n"] {
            let error = after(line);
            assert!(error.starts_with("t.csv:9: the line is neither \"TIME FILE read OFFSET LENGTH\""), "{error}");
        }
        assert_eq!(
            refused("fio version 2 iolog\n/dev/sdx add\n/dev/sdx open\n/dev/sdx read 0 512\n").lines().next(),
            Some(
                "t.csv:1: this version of the log has no times; fio 3.31 and later write version 3, which has (read as fio-iolog)"
            )
        );
    }
}

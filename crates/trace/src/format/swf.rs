//! The standard workload format of the Parallel Workloads Archive, jobs of large computers:
//! <https://www.cs.huji.ac.il/labs/parallel/workload/swf.html>
//!
//! Eighteen numbers a line, in seconds and kilobytes; −1 is unknown. Submit times count from the log's start, which
//! `UnixStartTime` names in the comments at the top. The run time is the time that a job held its processors, so it is the
//! demand. The number of these processors becomes the size.

use super::{Divider, Format, Header, S, Shape};
use crate::clock::Clock;
use crate::decimal::{self, Numbers};
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "swf",
    shape: Shape::Lines {
        divider: Divider::Blanks,
        header: Header::Absent(&[
            "job",
            "submit_time",
            "wait_time",
            "run_time",
            "processors",
            "cpu_time",
            "memory",
            "requested_processors",
            "requested_time",
            "requested_memory",
            "status",
            "user",
            "group",
            "executable",
            "queue",
            "partition",
            "preceding_job",
            "think_time",
        ]),
        comment: Some(b';'),
        sign: Some(is_swf),
    },
    fields: &[
        ("submit_time", Field::Arrival(Clock::Unit(S))),
        ("run_time", Field::Service(S)),
        ("processors", Field::Size),
        // A job that was swapped out has a line for each part of its execution, beside that of the whole job.
        ("status", Field::Unless(&["2", "3", "4"])),
        ("user", Field::Client(Identity::Number)),
        ("executable", Field::Block(Identity::Number)),
        ("queue", Field::Class),
    ],
    several_units: false,
    unknown: &["-1"],
    notes: &[
        "a run time of -1 is unknown: the demand is sampled",
        "a job is one request of one server, however many processors it had; their number is its size",
    ],
};

/// Whether a line is a comment, or eighteen numbers. A CSV that is separated by semicolons may start with one too.
fn is_swf(first: &[u8]) -> bool {
    if let Some(comment) = first.strip_prefix(b";") {
        let label = comment.iter().position(|&byte| byte == b':').map(|end| &comment[..end]);
        return comment.first().is_none_or(u8::is_ascii_whitespace)
            || label.is_some_and(|label| !label.contains(&b';'));
    }
    let cells = first.split(u8::is_ascii_whitespace).filter(|cell| !cell.is_empty());
    let numbers = cells.clone().filter(|cell| decimal::freely(cell, 1, Numbers::Point).is_some());
    cells.count() == 18 && numbers.count() == 18
}

#[cfg(test)]
mod tests {
    use contract::Request;

    use crate::format::samples::sample;
    use crate::reader::ReadFlags;
    use crate::reader::tests::{demands, read, read_with, refused};

    #[test]
    fn jobs_are_requests_with_demands() {
        let outcome = read(sample("swf"));
        // Two lines are comments; the sixth is a part of the job before.
        let jobs = [
            Request {
                id: 2,
                service_ns: 1_451_000_000_000,
                client: 1,
                class: 1,
                block: 7,
                size: 128,
                ..Request::default()
            },
            Request {
                id: 3,
                arrival_ns: 1_460_500_000_000,
                service_ns: demands().sample(3),
                client: 2,
                block: 0,
                size: 64,
                ..Request::default()
            },
            Request { id: 4, arrival_ns: 5_198_000_000_000, class: 2, client: 1, block: 7, ..Request::default() },
        ];
        assert_eq!(outcome.requests, jobs);
        assert_eq!((outcome.summary.sampled, outcome.summary.offset_ns), (1, 0));
        let remarks = outcome.remarks.join("\n");
        assert!(remarks.contains("service = run_time [s]"), "{remarks}");
        assert!(remarks.contains("no rows with status = 2…, 3…, 4…"), "{remarks}");
    }

    #[test]
    fn a_file_without_comments_is_recognised() {
        let rows: Vec<&[u8]> = sample("swf").split_inclusive(|&byte| byte == b'\n').skip(2).collect();
        let outcome = read(rows.concat());
        assert_eq!((outcome.summary.files[0].format, outcome.summary.requests), ("swf", 3));
    }

    #[test]
    fn the_first_row_behind_the_comments_decides_what_an_identity_is() {
        let flags =
            ReadFlags { columns: Some("client=group, size=requested_processors".to_owned()), ..ReadFlags::default() };
        let outcome = read_with(sample("swf"), &flags).unwrap();
        assert_eq!(
            outcome.requests.iter().map(|r| (r.client, r.size)).collect::<Vec<_>>(),
            [(3, 100), (3, 64), (4, 0)]
        );
    }

    #[test]
    fn a_wrong_row_is_named() {
        let row = "1 0 -1 1451 128 -1 -1 -1 -1 -1 1 1 1 1 1 -1 -1 -1\n";
        for (bad, rule) in [
            (row.replace("1451", "-2"), "run_time \"-2\" is not a number of seconds from 0, below 2^62 ns"),
            (row.replace("1 0 -1 1451", "1 -1 -1 1451"), "submit_time \"-1\" is not a number of seconds from 0"),
            (row.replace(" -1\n", "\n"), "the row has 17 columns, not 18"),
        ] {
            let error = refused(format!("; Version: 2.2\n{row}{bad}"));
            assert!(error.starts_with(&format!("t.csv:3: {rule}")), "{error}");
        }
    }

    #[test]
    fn a_csv_with_semicolons_is_not_taken_for_it() {
        for trace in [";arrival_s\n0;1.5\n", ";arrival_s;note: x\n0;1.5;\n"] {
            assert_eq!(read(trace).summary.files[0].format, "csv", "{trace:?}");
        }
    }
}

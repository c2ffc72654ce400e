//! Broken and strange files: the same rule at the same line, however the input is cut into blocks, and memory is bounded.

use std::io::Write as _;

use super::*;
use crate::reader::LINE_LIMIT;

fn skip() -> ReadFlags {
    ReadFlags { skip_bad_rows: true, ..ReadFlags::default() }
}

/// Reads a long trace; the result must not depend on the block size.
fn read_long(trace: &str, flags: &ReadFlags) -> Result<Outcome, Failure> {
    let read = |block_size| read_in_blocks(trace.as_bytes(), flags, block_size);
    let outcome = read(BLOCK_SIZE);
    assert_eq!(read(1_000), outcome);
    outcome
}

/// `rows` numbered rows with a note each; the note of row `at` is `note`.
fn notes(rows: u64, at: u64, note: &str) -> String {
    let row = |row| format!("{row},{}\n", if row == at { note } else { "plain" });
    "arrival_ns,note\n".to_owned() + &(0..rows).map(row).collect::<String>()
}

#[test]
fn a_quote_within_a_cell_ends_no_row_in_any_file() {
    // The rows behind are longer than a line may be.
    let rows = 20_000;
    for note in ["5\" disk", "a\"b\"c\"", "\"5\"\" disk\"", "\"a\nb\n\"", "\u{feff}\"a"] {
        let read = read_long(&notes(rows, 3, note), &ReadFlags::default()).unwrap();
        assert_eq!(read.requests.len() as u64, rows, "{note}");
    }
}

#[test]
fn a_quote_without_end_is_one_wrong_row() {
    for rows in [10, 20_000] {
        let trace = notes(rows, 3, "\"a");
        let rule = "a quoted cell has no end, or the row is longer than 65536 bytes";
        let refused = read_long(&trace, &ReadFlags::default()).unwrap_err();
        assert_eq!(refused.to_string(), format!("t.csv:5: {rule}"));
        let read = read_long(&trace, &skip()).unwrap();
        assert_eq!((read.requests.len() as u64, &read.summary.skipped), (rows - 1, &[(rule.to_owned(), 1)].into()));
    }
    let header = "\"arrival_ns,\n1,\"\n";
    assert_eq!(refused_with(header, &format("csv")), "t.csv:1: a quoted name of the header has no end");
}

#[test]
fn a_line_of_any_length_is_one_skipped_row() {
    for long in [LINE_LIMIT, LINE_LIMIT + 1, 3 * BLOCK_SIZE, 3 * BLOCK_SIZE + 1] {
        for end in ["\n", "\r\n", "\n\n", ""] {
            let long = "x".repeat(long);
            let trace = format!("arrival_ns,note\n1,a\n2,{long}{end}3,b\n").replace(&format!("{long}3,b"), &long);
            let read = |is_piped| outcome(open(trace.as_bytes(), &skip(), 4_096, is_piped).unwrap(), 2).unwrap();
            let (read, piped) = (read(false), read(true));
            let requests: &[u64] = if end.is_empty() { &[1] } else { &[1, 3] };
            assert_eq!(read.requests.iter().map(|r| r.arrival_ns + 1).collect::<Vec<_>>(), requests);
            assert_eq!(read.summary.skipped, [("the line is longer than 65536 bytes".to_owned(), 1)].into());
            assert_eq!((piped.requests, piped.summary), (read.requests, read.summary));
        }
    }
}

#[test]
fn a_wrong_row_is_reported_before_what_is_worse_behind_it() {
    let rows = "arrival_ns\n1\nx\n2\n";
    let wrong = "t.csv:3: arrival_ns \"x\" is not a whole number of nanoseconds below 2^62";
    let long = format!("{rows}{}", "y".repeat(2 * BLOCK_SIZE));
    let long = read_in_blocks(long.as_bytes(), &ReadFlags::default(), BLOCK_SIZE).unwrap_err().to_string();
    assert!(long.starts_with(wrong), "{long}");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(rows.as_bytes()).unwrap();
    let mut bytes = gzip.finish().unwrap();
    bytes.truncate(bytes.len() - 4);
    assert_eq!(refused(&bytes), wrong);
    // Later wrong rows are listed if they are among the first rows of the trace, and not of a block.
    let rows = |row: u64| if row == 10 || row == 1_200 { "x\n".to_owned() } else { format!("{row}\n") };
    assert!(refused("arrival_ns\n".to_owned() + &(0..2_000).map(rows).collect::<String>()).lines().count() == 1);
}

#[test]
fn the_first_error_is_reported_and_the_requests_before_it_are_passed() {
    let flags = |origin: &str, spread: Option<&str>| ReadFlags {
        origin: Some(origin.to_owned()),
        spread: spread.map(str::to_owned),
        ..ReadFlags::default()
    };
    let before = "before the origin of time";
    for (rows, flags, error) in [
        ("5\n9\n1\n", flags("7ns", None), format!("t.csv:2: arrival_ns 5 ns is {before}")),
        ("9\n5\n1\n", flags("7ns", None), "t.csv:3: arrival_ns goes back (5 ns after 9 ns)".to_owned()),
        (
            "7\n10\n1\n",
            flags("zero", Some("even:10ns")),
            "t.csv:2: arrival_ns 7 ns is not a multiple of 10 ns".to_owned(),
        ),
        ("10\n20\n1\n", flags("15ns", Some("even:10ns")), format!("t.csv: arrival_ns 10 ns is {before}")),
    ] {
        let refused = refused_with(format!("arrival_ns\n{rows}"), &flags);
        assert!(refused.starts_with(&error), "{refused}");
    }
    for rows in ["5,1\n9,2\n1,3\n", "5,1\n9,2\n9,2\n"] {
        let trace = format!("arrival_ns,id\n{rows}");
        let mut passed = Vec::new();
        let mut reader = open(trace.as_bytes(), &ReadFlags::default(), BLOCK_SIZE, false).unwrap();
        let read = reader.read(|requests, _| {
            passed.extend(requests.iter().map(|request| request.id));
            Ok::<_, Failure>(())
        });
        assert!(read.unwrap_err().to_string().starts_with("t.csv:4: "), "{rows}");
        assert_eq!(passed, [1, 2], "{rows}");
    }
}

#[test]
fn a_long_line_is_reported_before_the_failure_of_the_input_behind_it() {
    let failed = "t.csv: the disk is gone";
    for (len, error) in [(LINE_LIMIT, failed), (LINE_LIMIT + 2, "t.csv:3: the line is longer than 65536 bytes")] {
        let trace = format!("arrival_ns,note\n1,a\n{}", "x".repeat(len));
        for block_size in [1_000, LINE_LIMIT, BLOCK_SIZE] {
            let read = |flags: &ReadFlags| {
                let broken = Pipe(trace.clone().into_bytes(), 0).chain(Broken);
                let reader = open_input(Box::new(broken), flags, block_size, false).unwrap();
                outcome(reader, 1).unwrap_err().to_string()
            };
            assert_eq!(read(&ReadFlags::default()), error, "{len} in blocks of {block_size}");
            assert_eq!(read(&skip()), failed, "{len} in blocks of {block_size}");
        }
    }
}

#[test]
fn blank_lines_at_the_start_are_skipped() {
    let expected = requests("arrival_ns,client\n5,anna\n6,b\n");
    let ids = |requests: &[Request]| requests.iter().map(|r| (r.arrival_ns, r.client)).collect::<Vec<_>>();
    for trace in [
        "\n\r\n \narrival_ns,client\n5,anna\n6,b\n",
        "\u{feff}\narrival_ns,client\n\n \t\n5,anna\n6,b\n",
        "\n# origin_ns=5\n\narrival_ns,client\n5,anna\n6,b\n",
    ] {
        assert_eq!(ids(&requests(trace)), ids(&expected), "{trace:?}");
        assert_eq!(ids(&read_with(trace, &format("csv")).unwrap().requests), ids(&expected), "{trace:?}");
    }
    assert_eq!(
        refused("\n\n\narrival_ns\n1\nx\n"),
        "t.csv:6: arrival_ns \"x\" is not a whole number of nanoseconds below 2^62"
    );
    assert_eq!(refused("\n\n\n"), "t.csv: the file is empty");
    // The second byte order mark is part of the name.
    for flags in [ReadFlags::default(), format("csv")] {
        assert!(refused_with("\u{feff}\u{feff}arrival_ns\n1\n", &flags).starts_with("t.csv:1: "));
    }
}

#[test]
fn the_first_row_decides_also_if_it_has_several_lines_or_an_empty_cell() {
    assert_eq!(requests("arrival_ns,note,client\n1,\"a\nb\",7\n")[0].client, 7);
    assert_eq!(requests("note\tarrival_ns\tclient\n\t1\t7\n")[0].client, 7);
}

#[test]
fn the_tick_does_not_depend_on_the_blocks() {
    let spread = ReadFlags { spread: Some("even".to_owned()), ..ReadFlags::default() };
    for rows in [5, 999, 1_000, 3_000] {
        // Whole seconds at first, then half ones.
        let trace =
            "arrival_s\n0\n0\n0\n1\n".to_owned() + &(4..rows).map(|row| format!("{}.5\n", row / 3)).collect::<String>();
        let (read, piped) = (read_long(&trace, &spread).unwrap(), read_piped(&trace, &spread).unwrap());
        assert_eq!((read.requests.len(), read.requests[1].arrival_ns), (rows, 333_333), "{rows}");
        assert_eq!(piped.requests, read.requests);
    }
    let late = "arrival_s\n".to_owned() + &"7\n".repeat(1_000) + "7.5\n";
    assert!(refused_with(&late, &spread).starts_with("t.csv:1002: arrival_s 7.5 is not a multiple of 1000000000 ns"));
    assert!(
        refused_with("arrival_us\n1\n2\n", &spread)
            .starts_with("t.csv: the first arrivals are not multiples of 1 s or 1 ms")
    );
}

#[test]
fn a_wrong_row_is_reported_while_the_writer_of_the_pipe_waits() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let rows =
        |rows: u64| "arrival_ns\n".to_owned() + &(0..rows).map(|row| format!("{row}\n")).collect::<String>() + "x\n";
    // Few rows come with the header; many are read by several threads.
    for (count, sort) in [(2, false), (2, true), (100_000, false), (100_000, true)] {
        let rows = rows(count);
        let (reported, waits) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let (path, rows) = (&path, &rows);
            scope.spawn(move || {
                let mut pipe = std::fs::OpenOptions::new().write(true).open(path).unwrap();
                pipe.write_all(rows.as_bytes()).unwrap();
                // The pipe is open until the row is reported.
                waits.recv_timeout(std::time::Duration::from_secs(20)).unwrap();
            });
            let flags = ReadFlags { sort, ..ReadFlags::default() };
            let mut reader = TraceReader::open(&[path], &flags, demands()).unwrap();
            let failure = reader.read_with_threads(3, |_, _| Ok::<_, Failure>(())).unwrap_err();
            assert!(failure.to_string().contains(&format!(":{}: arrival_ns \"x\"", count + 2)), "{failure}");
            reported.send(()).unwrap();
        });
    }
}

#[test]
fn a_zstd_window_has_a_limit() {
    // A frame of one raw block of one byte, whose header names the window: 2^(10 + exponent) bytes.
    let frame = |exponent: u8| [&[0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 9, 0, 0], &b"x"[..]].concat();
    assert!(refused(frame(17)).starts_with("t.csv:1: the format is not recognised"));
    assert_eq!(
        refused(frame(18)),
        "t.csv: the zstd data needs a window of 256 MiB, above the limit of 128 MiB; zstd -dc --long=31 FILE | … --trace - reads it"
    );
    assert!(refused(frame(31)).contains("needs a window of 2097152 MiB"));
    let with_dictionary = [0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7, 9, 0, 0, b'x'];
    assert!(refused(with_dictionary).starts_with("t.csv: the zstd data needs a dictionary"));
}

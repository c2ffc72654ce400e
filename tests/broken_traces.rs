//! Broken traces: each is refused with exit code 3, the file, the line and the rule, or is read if the documents define
//! how. Memory is bounded in both cases.

use std::io::Write as _;
use std::process::Child;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use trace::testing::SAMPLES;

use crate::middleware::middleware;
use crate::support::{Ended, Folder, Started, shard};

/// A row that may follow the sample of each text format, and the time of its arrival.
const ROWS: &[(&str, &str, &str)] = &[
    ("alibaba-block", "419,W,4096,512,1577808144360900", "1577808144360900"),
    ("azure-functions-2021", "c,h,60.5,1", "60.5"),
    ("azure-llm", "2024-05-10 00:00:02+00:00,7,8", "2024-05-10 00:00:02+00:00"),
    ("burstgpt", "50,GPT-4,1,2,3,API log", "50"),
    ("cloudphysics", "1,5633900,2a,512,7", "5633900"),
    ("combined", "192.0.2.9 - - [05/Nov/2023:06:00:02 +0000] \"GET /z HTTP/1.1\" 200 1", "05/Nov/2023:06:00:02 +0000"),
    ("csv", "9,8", "9"),
    ("fio-iolog", "120 /dev/sdx read 0 4096", "120"),
    (
        "haproxy",
        "192.0.2.7:4716 [15/Mar/2024:10:30:02.000] in a/b 0/0/0/2/2 200 5 - - ---- 1/1/1/1/0 0/0 \"GET / HTTP/1.1\"",
        "15/Mar/2024:10:30:02.000",
    ),
    ("jmeter", "1710498600700,1,x,200,OK,Users 1-1,text,true,,1,1,1,1,null,1,0,0", "1710498600700"),
    ("k6", "http_req_duration,1710498602,1.000000,,,true,,GET,a,200,https://example.org/,,", "1710498602"),
    ("libcachesim-csv", "4, 7, 1, -1", "4"),
    ("mooncake", "{\"timestamp\": 4000, \"input_length\": 1, \"output_length\": 1, \"hash_ids\": [1]}", "4000"),
    ("mqsim", "938944001 13 1 1 1", "938944001"),
    ("msr", "128166372028061630,web,1,Read,0,512,1", "128166372028061630"),
    (
        "nginx",
        "192.0.2.7 - - [05/Nov/2023:06:00:03 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\" 0.001",
        "05/Nov/2023:06:00:03 +0000",
    ),
    ("original", "1501,0,r,1,1", "1501"),
    ("spc", "0,1,512,r,2.5", "2.5"),
    ("splitwise", "3,2,0,5,1,1,1", "5"),
    ("swf", "4 6000 0 10 1 -1 -1 1 -1 -1 1 1 1 1 1 -1 -1 -1", "6000"),
    ("systor17", "1456135202.5,0.1,R,4,0,512", "1456135202.5"),
    ("vegeta", "1710498600390000007,200,1,0,3,,,attack,3,GET,http://example.org/,", "1710498600390000007"),
    ("vidur", "1.5,1,2", "1.5"),
];

/// What is done to such a row, whose arrival is the second text; the whole has its line break.
type Break = fn(&str, &str) -> Vec<u8>;

const BREAKS: &[(&str, Break)] = &[
    ("cut", |row, _| row.as_bytes()[..row.len() / 2].to_vec()),
    ("lone \\r", |row, _| format!("{}\r{}\n", &row[..row.len() / 2], &row[row.len() / 2..]).into_bytes()),
    ("binary", |row, arrival| {
        let (head, rest) = row.split_once(arrival).unwrap();
        [head.as_bytes(), b"\0\x01\xfe\xff\x1b[2J", rest.as_bytes(), b"\n"].concat()
    }),
    ("negative", |row, arrival| format!("{}\n", row.replacen(arrival, &format!("-{arrival}"), 1)).into_bytes()),
    ("overflow", |row, arrival| format!("{}\n", row.replacen(arrival, &"9".repeat(30), 1)).into_bytes()),
    ("empty time", |row, arrival| format!("{}\n", row.replacen(arrival, "", 1)).into_bytes()),
    ("open quote", |row, _| format!("\"{row}\n").into_bytes()),
    ("long", |row, _| format!("{row}{}\n", " x".repeat(40_000)).into_bytes()),
    ("half a line", |_, _| b"x\n".to_vec()),
];

/// Rows that are read as they are broken, because the rules of the format allow it.
const READ: &[(&str, &str)] = &[
    // The quote is a part of the client's name, or of a job's number, which is not read.
    ("combined", "open quote"),
    ("haproxy", "open quote"),
    ("nginx", "open quote"),
    ("swf", "open quote"),
];

/// Describes the file `t`.
fn describe(folder: &Folder, flags: &str) -> Ended {
    folder.run("middleware", &format!("describe t --json {flags}")).end()
}

fn requests(ended: &Ended) -> u64 {
    ended.json()["requests"].as_u64().unwrap()
}

#[test]
fn a_broken_row_of_each_format_is_named() {
    let (mut broken, mut read) = (0, Vec::new());
    for &(format, row, arrival) in ROWS {
        let sample = SAMPLES.iter().find(|(name, _)| *name == format).unwrap().1;
        let line = 1 + sample.iter().filter(|&&byte| byte == b'\n').count();
        let whole = Folder::with("t", [sample, row.as_bytes(), b"\n"].concat());
        // vegeta writes results as they end.
        let flags = format!("--trace-format {format} --sort");
        let right = describe(&whole, &flags).exited(0);
        for (name, change) in BREAKS {
            let folder = Folder::with("t", [sample, &change(row, arrival)].concat());
            let ended = describe(&folder, &flags);
            if ended.code() == Some(0) {
                read.push((format, *name));
                continue;
            }
            ended.exited(3).says(&format!("error: t:{line}: "));
            broken += 1;
            // Skipped, the others are read as if it were not there.
            let skipped = describe(&folder, &format!("{flags} --skip-bad-rows")).exited(0);
            assert_eq!(requests(&skipped) + 1, requests(&right), "{format}, {name}");
        }
    }
    assert_eq!(read, READ);
    assert_eq!(broken, ROWS.len() * BREAKS.len() - READ.len());
}

#[test]
fn blank_lines_and_mixed_line_breaks_change_nothing() {
    for &(format, row, _) in ROWS {
        let sample = SAMPLES.iter().find(|(name, _)| *name == format).unwrap().1;
        let read = |text: Vec<u8>| {
            let described = describe(&Folder::with("t", text), "--sort").exited(0).json();
            [&described["requests"], &described["span_ns"], &described["trace"]["files"][0]["format"]]
                .map(ToString::to_string)
        };
        let right = read([sample, row.as_bytes(), b"\n"].concat());
        for (start, end) in [("", "\r\n"), ("", ""), ("\n \r\n\t\n", "\n\n\r\n"), ("\r\n", "\n")] {
            let changed = read([sample, start.as_bytes(), row.as_bytes(), end.as_bytes()].concat());
            assert_eq!(changed, right, "{format}: {start:?}, {end:?}");
        }
        assert_eq!(read([b"\n\r\n", sample, row.as_bytes()].concat()), right, "{format}: blank lines first");
    }
}

#[test]
fn an_empty_or_cut_file_is_named_as_a_whole() {
    for text in ["", "\n", "\u{feff}", " \r\n\n"] {
        describe(&Folder::with("t", text), "").exited(3).says("error: t: the file is empty");
    }
    let records = shard(&[contract::Request::default(); 3]);
    for (len, rule) in [
        (20, "error: t: the file is cut short: 20 of the header's 48 bytes"),
        (48, "error: t: the file is cut short: 0 requests, but its header declares 3"),
        (150, "error: t: record 3: the file is cut short (6 of 48 bytes)"),
    ] {
        describe(&Folder::with("t", &records[..len]), "--sort").exited(3).says(rule);
    }
    let (_, oracle) = SAMPLES.iter().find(|(name, _)| *name == "oracle-general").unwrap();
    describe(&Folder::with("t", &oracle[..30]), "--trace-format oracle-general")
        .exited(3)
        .says("error: t: record 2: the file is cut short (6 of 24 bytes)");
}

/// The most memory that a process has held \[KiB\], where the system tells.
fn peak_kib(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// Waits for the end of a program whose stdin is open; it must come soon.
fn ends_soon(mut started: Started) -> Ended {
    let stdin = started.child.stdin.take();
    let deadline = Instant::now() + Duration::from_secs(20);
    while started.child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            started.child.kill().unwrap();
            panic!("it waits for its input");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(stdin);
    started.end()
}

/// Commands that read a trace from stdin.
const READERS: [&str; 5] =
    ["host -", "describe -", "run --workers 2 --trace -", "partition --out shards --trace -", "convert - --out u.csv"];

fn started(folder: &Folder, reader: &str) -> Started {
    match reader.strip_prefix("host ") {
        Some(arguments) => folder.host(arguments).start(),
        None => middleware(folder, reader).start(),
    }
}

#[test]
fn a_line_of_100_mb_from_a_pipe_is_refused_or_skipped_in_bounded_memory() {
    let (chunk, chunks) = (vec![b'7'; 1 << 20], 100);
    for flags in ["", " --sort"] {
        let folder = Folder::new();
        let mut started = folder.run("middleware", &format!("describe -{flags}")).start();
        let stdin = started.child.stdin.as_mut().unwrap();
        stdin.write_all(b"arrival_ns\n1\n").unwrap();
        let written = (0..chunks).take_while(|_| stdin.write_all(&chunk).is_ok()).count();
        // It does not wait for the end of the line.
        assert!(written < 4, "{written} MiB");
        ends_soon(started).exited(3).says("error: stdin:3: the line is longer than 65536 bytes");

        let mut started = folder.run("middleware", &format!("describe - --skip-bad-rows{flags}")).start();
        let stdin = started.child.stdin.as_mut().unwrap();
        stdin.write_all(b"arrival_ns\n1\n").unwrap();
        (0..chunks).for_each(|_| stdin.write_all(&chunk).unwrap());
        let peak = peak_kib(&started.child);
        started.child.stdin.take().unwrap().write_all(b"\n2\n").unwrap();
        started.end().exited(0).prints("1 rows were skipped");
        assert!(peak.is_none_or(|peak| peak < 200 << 10), "{peak:?} KiB");
    }
}

#[test]
fn a_wrong_row_is_reported_while_its_pipe_is_open() {
    let first = "arrival_ms,service_ms\n";
    for reader in READERS {
        for (rows, error) in [
            ("x,1\n", "stdin:5: arrival_ms \"x\" is not"),
            ("1\n", "stdin:5: the row has 1 columns, not 2"),
            ("1,1\n", "stdin:5: arrival_ms goes back (1 after 2)"),
        ] {
            let folder = Folder::new();
            let mut started = started(&folder, reader);
            for row in [first, "0,1\n", "1,1\n", "2,1\n", rows] {
                let stdin = started.child.stdin.as_mut().unwrap();
                stdin.write_all(row.as_bytes()).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
            ends_soon(started).exited(3).says(error);
        }
    }
    // After many rows, which are read by several threads, and compressed.
    let rows = (0..300_000).map(|row| format!("{row},1\n")).collect::<String>();
    let text = format!("{first}{rows}x,1\n");
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    packed.flush().unwrap();
    for (reader, bytes) in READERS.into_iter().zip([text.as_bytes(), packed.get_ref()].into_iter().cycle()) {
        let folder = Folder::new();
        let mut started = started(&folder, reader);
        started.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
        ends_soon(started).exited(3).says("stdin:300002: arrival_ms \"x\" is not");
    }
}

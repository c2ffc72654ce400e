//! The native CSV, and `--sort`.

use super::*;
use crate::reader::LINE_LIMIT;

const HEADER: &str = "id,arrival_ns,service_ns,client,class,op,block,size,reply_size\n";

#[test]
fn columns_may_be_in_any_order() {
    let expected = Request {
        id: 3,
        arrival_ns: 5,
        service_ns: 7,
        block: u64::MAX,
        size: u32::MAX,
        reply_size: 9,
        client: 2,
        class: u16::MAX,
        op: Request::WRITE,
        flags: 0,
    };
    let trace = format!("{HEADER}3,5,7,2,65535,w,18446744073709551615,4294967295,9\n");
    let requests = |trace: &str| read_with(trace, &origin("zero")).unwrap().requests;
    assert_eq!(requests(&trace), [expected]);
    let trace = "size,op,reply_size,block,class,client,service_ns,arrival_ns,id\n\
                 4294967295,W,9,18446744073709551615,65535,2,7,5,3\n";
    assert_eq!(requests(trace), [expected]);
}

#[test]
fn only_the_arrival_is_required() {
    let sampled = |id| Request { id, arrival_ns: id * 10, service_ns: demands().sample(id), ..Request::default() };
    let read = read("arrival_ns\n0\n10\n20\n");
    assert_eq!(read.requests, [sampled(0), sampled(1), sampled(2)]);
    assert_eq!((read.summary.requests, read.summary.sampled, read.summary.files[0].format), (3, 3, "csv"));
    assert_eq!(read.remarks, [""; 0]);
}

#[test]
fn an_empty_demand_is_sampled_by_the_requests_id() {
    let read = read("id,arrival_ns,service_ns\n4,0,\n9,0,0\n11,1,5\n");
    assert_eq!(read.requests.iter().map(|r| r.service_ns).collect::<Vec<_>>(), [demands().sample(4), 0, 5]);
    assert_eq!(read.summary.sampled, 1);
}

#[test]
fn times_are_exact_and_are_cut_to_ns() {
    let ns = |trace: &str| {
        let request = read_with(trace, &origin("zero")).unwrap().requests[0];
        (request.arrival_ns, request.service_ns)
    };
    assert_eq!(ns("arrival_s,service_us\n0.07949090003967285,1.9999\n"), (79_490_900, 1_999));
    assert_eq!(ns("arrival_ms,service_ms\n4503599627370.496999,0.000001\n"), (4_503_599_627_370_496_999, 1));
    assert_eq!(ns("arrival_us,service_s\n0.9,00000000000000000000000002.50\n"), (900, 2_500_000_000));
    assert_eq!(ns("arrival_ns,service_ns\n4611686018427387903,4611686018427387903\n"), ((1 << 62) - 1, (1 << 62) - 1));
}

#[test]
fn line_breaks_and_a_byte_order_mark_are_accepted() {
    let expected = requests("arrival_ns,op\n1,w\n1,r\n2,w\n");
    for trace in [
        "\u{feff}arrival_ns,op\n1,w\n1,r\n2,w\n",
        "arrival_ns,op\r\n1,w\r\n1,r\r\n2,w\r\n",
        "arrival_ns,op\n1,w\n1,r\n2,w",
        "\u{feff}arrival_ns,op\r\n1,w\n1,r\r\n2,w",
    ] {
        assert_eq!(requests(trace), expected, "{trace:?}");
    }
}

#[test]
fn unknown_columns_are_reported_in_one_line() {
    let read = read("arrival_ns,temperature,size,Block,\u{1b}\n1,-3 ü,4,x,\n");
    assert_eq!((read.requests[0].size, read.requests[0].block), (4, 0));
    assert_eq!(read.remarks[0], "ignored columns: temperature, Block, \\u{1b}");
}

#[test]
fn the_digest_covers_all_bytes_of_a_trace() {
    let trace = "\u{feff}arrival_ns\r\n1";
    let file = read(trace).summary.files.remove(0);
    assert_eq!((file.bytes, file.blake3), (16, blake3::hash(trace.as_bytes()).to_hex().to_string()));
}

#[test]
fn a_header_alone_is_a_trace_without_requests() {
    for trace in ["arrival_ns", "arrival_ns\n", "\u{feff}id,arrival_ns\r\n"] {
        assert_eq!(read(trace).requests, []);
    }
    let mut reader = open(b"arrival_ns\n", &sort(), BLOCK_SIZE, false).unwrap();
    reader.read(|_, _| Ok::<_, Failure>(())).unwrap();
    assert_eq!(reader.expect_requests(), Err(breaks(None, "the trace has no requests")));
}

#[test]
fn a_last_line_of_a_pipe_without_line_break_is_reported() {
    let remark = |line| {
        format!("line {line}: the pipe ended without a line break after this line, which may have been cut short")
    };
    for (trace, line) in
        [("arrival_ns\n0\n20", 3), ("arrival_ns", 1), ("0,0,r,17,8\n1,0,w,4,1", 2), ("\u{feff}arrival_ns\r\n1", 2)]
    {
        let remarks = |flags: &ReadFlags| read_piped(trace, flags).unwrap().remarks;
        assert!(remarks(&ReadFlags::default()).contains(&remark(line)), "{trace:?}");
        assert!(remarks(&sort()).contains(&remark(line)), "{trace:?}");
    }
    for trace in ["arrival_ns\n0\n20\n", "arrival_ns\n"] {
        assert_eq!(read_piped(trace, &ReadFlags::default()).unwrap().remarks, [""; 0], "{trace:?}");
    }
}

#[test]
fn wrong_headers_are_rejected() {
    for (trace, words) in [
        ("", "t.csv: the file is empty"),
        ("\u{feff}", "t.csv: the file is empty"),
        ("arrival_ns,x,x\n1,1,1\n", "t.csv:1: duplicate column \"x\""),
        ("id,arrival_ns,id\n1,1,1\n", "t.csv:1: duplicate column \"id\""),
        ("arrival_ns,arrival_s\n1,1\n", "t.csv:1: columns arrival_ns and arrival_s have the same meaning"),
        ("arrival_ns,service_ns,service_s\n1,1\n", "t.csv:1: columns service_ns and service_s have the same meaning"),
    ] {
        assert_eq!(refused(trace), words, "{trace:?}");
    }
    assert_eq!(
        refused_with("id,size\n0,1\n", &format("csv")),
        "t.csv:1: no column is an arrival (arrival_ns, arrival_us, arrival_ms or arrival_s); --columns arrival=NAME:UNIT names one"
    );
    let unknown = read_with("arrival_ns\n1\n", &format("CSV")).unwrap_err();
    assert_eq!(unknown, Failure::usage(format!("--trace-format CSV: is none of {}", crate::format::names())));
}

#[test]
fn a_wrong_row_is_rejected_with_its_line() {
    let long_cell = format!("{} is not an integer below 2^64", format_args!("\"{}…\"", "7".repeat(40)));
    let long = "7".repeat(50);
    for (row, words) in [
        ("117,7200,,0,0,r,1,1", "the row has 8 columns, not 9"),
        ("117,7200,,0,0,r,1,1,0,", "the row has 10 columns, not 9"),
        ("117,7200,,0,0,r,1,\r1,0", "stray carriage return in the line"),
        ("117,7200,,0,0,r,1,1,0\r\r", "stray carriage return in the line"),
        ("-1,7200,,0,0,r,1,1,0", "id \"-1\" is not an integer below 2^64"),
        (",7200,,0,0,r,1,1,0", "id \"\" is not an integer below 2^64"),
        ("18446744073709551616,7200,,0,0,r,1,1,0", "id \"18446744073709551616\" is not an integer below 2^64"),
        (&format!("{long},7200,,0,0,r,1,1,0"), &format!("id {long_cell}")),
        ("117,,,0,0,r,1,1,0", "arrival_ns \"\" is not a whole number of nanoseconds below 2^62"),
        (
            "117,7200.5,,0,0,r,1,1,0",
            "arrival_ns \"7200.5\" is not a whole number of nanoseconds below 2^62; the column's name ends in its unit: \
             arrival_s, service_ms",
        ),
        ("117,-7200,,0,0,r,1,1,0", "arrival_ns \"-7200\" is not a whole number of nanoseconds below 2^62"),
        (
            "117,4611686018427387904,,0,0,r,1,1,0",
            "arrival_ns \"4611686018427387904\" is not a whole number of nanoseconds below 2^62",
        ),
        ("117,7200,-,0,0,r,1,1,0", "service_ns \"-\" is not a whole number of nanoseconds below 2^62"),
        (
            "117,7200,4611686018427387904,0,0,r,1,1,0",
            "service_ns \"4611686018427387904\" is not a whole number of nanoseconds below 2^62",
        ),
        ("117,7200,,4294967296,0,r,1,1,0", "client \"4294967296\" is not an integer below 2^32"),
        ("117,7200,,0,65536,r,1,1,0", "class \"65536\" is not an integer below 2^16"),
        ("117,7200,,0,0,x,1,1,0", "op \"x\" is not one of r, w, read, write"),
        ("117,7200,,0,0,,1,1,0", "op \"\" is not one of r, w, read, write"),
        ("117,7200,,0,0,rw,1,1,0", "op \"rw\" is not one of r, w, read, write"),
        ("117,7200,,0,0,r,1.5,1,0", "block \"1.5\" is not an integer below 2^64"),
        ("117,7200,,0,0,r,1,1 0,0", "size \"1 0\" is not an integer below 2^32"),
        ("117,7200,,0,0,r,1,1,\u{1b}[2J", "reply_size \"\\u{1b}[2J\" is not an integer below 2^32"),
        ("117,5000,,0,0,r,1,1,0", "arrival_ns goes back (5000 ns after 7200 ns); --sort puts them in order"),
        ("115,7200,,0,0,r,1,1,0", "id does not increase (115 after 115)"),
    ] {
        let mut trace = HEADER.to_owned();
        for id in 0..116 {
            trace.push_str(&format!("{id},7200,,0,0,r,1,1,0\n"));
        }
        trace.push_str(row);
        // The next row is worse, but is not reported first.
        trace.push_str("\n\"\n");
        let expected = format!("t.csv:118: {words}");
        let more = "\n  line 119: a quoted cell has no end, or the row is longer than 65536 bytes\n  --skip-bad-rows skips such rows and counts them in the report";
        let is_alone = words.starts_with("id does not") || words.contains("goes back");
        assert_eq!(refused(&trace), if is_alone { expected } else { expected + more });
    }
}

#[test]
fn a_last_line_that_ends_within_its_line_break_is_rejected() {
    assert_eq!(refused("arrival_ns\n1\n2\r"), "t.csv:3: stray carriage return in the line");
}

#[test]
fn a_line_has_a_limit() {
    let read = |line: String| read_with(format!("arrival_ns,x\n1,\n{line}\n"), &ReadFlags::default());
    let line = |len: usize| format!("1,{}", "x".repeat(len - 2));
    assert!(read(line(LINE_LIMIT)).is_ok());
    assert!(read(line(LINE_LIMIT) + "\r").is_ok());
    let too_long = breaks(Some(At::Line(3)), "the line is longer than 65536 bytes");
    assert_eq!(read(line(LINE_LIMIT + 1)), Err(too_long.clone()));
    assert_eq!(read(line(3 * BLOCK_SIZE)), Err(too_long.clone()));
    assert_eq!(read(format!("1.{},", "0".repeat(LINE_LIMIT))), Err(too_long));
    assert_eq!(refused("x".repeat(LINE_LIMIT + 1)), "t.csv:1: the line is longer than 65536 bytes");
}

#[test]
fn sort_is_stable_and_numbers_anew() {
    let trace = "id,arrival_ns,size\n9,5,0\n3,2,1\n3,5,2\n0,2,3\n";
    let read = read_with(trace, &sort()).unwrap();
    let sampled =
        |id, arrival_ns, size| Request { id, arrival_ns, size, service_ns: demands().sample(id), ..Request::default() };
    assert_eq!(read.requests, [sampled(0, 0, 1), sampled(1, 0, 3), sampled(2, 3, 0), sampled(3, 3, 2)]);
    assert_eq!((read.summary.requests, read.summary.sampled, read.summary.offset_ns), (4, 4, 2));
    assert_eq!(
        refused_with("arrival_ns\n2\n1\nx\n", &sort()),
        "t.csv:4: arrival_ns \"x\" is not a whole number of nanoseconds below 2^62"
    );
    assert_eq!(read_with("arrival_ns\n", &sort()).unwrap().requests, []);
}

#[test]
fn times_count_from_the_first_arrival_or_the_origin_in_the_file() {
    let trace = "arrival_ns\n1000\n1001\n1999\n";
    let arrivals = |trace: &str, flags: &ReadFlags| {
        let read = read_with(trace, flags).unwrap();
        (read.requests.iter().map(|r| r.arrival_ns).collect::<Vec<_>>(), read.summary.offset_ns)
    };
    let default = ReadFlags::default();
    assert_eq!(arrivals(trace, &default), (vec![0, 1, 999], 1_000));
    assert_eq!(arrivals(&format!("# origin_ns=0\n{trace}"), &default), (vec![1_000, 1_001, 1_999], 0));
    assert_eq!(arrivals(&format!("# origin_ns=900\r\n{trace}"), &default), (vec![100, 101, 1_099], 900));
    assert_eq!(arrivals(&format!("# origin_ns=900\n{trace}"), &origin("first")), (vec![0, 1, 999], 1_000));
    assert_eq!(arrivals(trace, &origin("zero")), (vec![1_000, 1_001, 1_999], 0));
    assert_eq!(arrivals(trace, &origin("900ns")), (vec![100, 101, 1_099], 900));
    let late = read_with(trace, &origin("zero")).unwrap();
    assert_eq!(
        late.remarks,
        [
            "nothing arrives in the first 0.000001 s, which is longer than the rest of the trace (0.000000999 s); --origin first \
          starts at the first arrival"
        ]
    );
    assert_eq!(
        refused_with(trace, &origin("1001ns")),
        "t.csv:2: arrival_ns 1000 ns is before the origin of time (1001 ns); --origin first starts at the first arrival"
    );
    assert_eq!(
        refused(format!("# origin_ns=-1\n{trace}")),
        "t.csv:1: origin_ns \"-1\" is not a whole number of nanoseconds below 2^62"
    );
}

//! Files of other programs: named columns, other separators and numbers, compressed and in UTF-16.

use std::io::Write as _;

use super::*;

fn columns(mapping: &str) -> ReadFlags {
    ReadFlags { columns: Some(mapping.to_owned()), ..ReadFlags::default() }
}

fn arrivals_and_services(read: &Outcome) -> Vec<(u64, u64)> {
    read.requests.iter().map(|request| (request.arrival_ns, request.service_ns)).collect()
}

const MS: u64 = 1_000_000;

#[test]
fn columns_are_named_with_their_units() {
    let trace = "user,ts,dur,verb,bytes\nanna,10.5,1.5,GET,7\nben,11,2,post,8\nanna,11,,Read,9\n";
    let read = read_with(trace, &columns("arrival=ts:s, service=dur:ms, client=user, op=verb,size=bytes")).unwrap();
    let sampled = demands().sample(2);
    assert_eq!(arrivals_and_services(&read), [(0, 1_500_000), (500 * MS, 2 * MS), (500 * MS, sampled)]);
    assert_eq!(read.requests.iter().map(|r| (r.op, r.size)).collect::<Vec<_>>(), [(0, 7), (1, 8), (0, 9)]);
    assert!(read.requests[0].client == read.requests[2].client && read.requests[0].client != read.requests[1].client);
    assert_eq!(
        read.remarks,
        [
            "read as csv: arrival = ts [s], client = user, service = dur [ms], op = verb, size = bytes",
            "names of clients are hashed"
        ]
    );
}

#[test]
fn an_arrival_may_be_a_difference_or_a_date() {
    let trace = "end-time,took_ms\n2.5,500\n4,1000\n";
    let expected = [(0, demands().sample(0)), (1_000 * MS, demands().sample(1))];
    let read = read_with(trace, &columns("arrival=end-time:s-took_ms")).unwrap();
    assert_eq!((arrivals_and_services(&read), read.summary.offset_ns), (expected.to_vec(), 2_000_000_000));
    let dates = "when\n2024-05-10T02:00:00+02:00\n2024-05-10 00:00:01Z\n";
    for mapping in ["arrival=when", "arrival=when:date"] {
        assert_eq!(arrivals_and_services(&read_with(dates, &columns(mapping)).unwrap()), expected, "{mapping}");
    }
}

#[test]
fn a_file_without_a_header_has_numbered_columns() {
    let read = read_with("7  1e3 x\n8\t2000 y\n", &columns("arrival=2:ms, client=3, size=1")).unwrap();
    assert_eq!(read.requests.iter().map(|r| (r.arrival_ns, r.size)).collect::<Vec<_>>(), [(0, 7), (1_000 * MS, 8)]);
    let flags = ReadFlags { delimiter: Some("/".to_owned()), ..columns("arrival=1:s") };
    assert_eq!(read_with("1/a\n2.5/b\n", &flags).unwrap().requests[1].arrival_ns, 1_500 * MS);
}

#[test]
fn wrong_mappings_are_refused_with_the_way_out() {
    let trace = "ts,dur\n1,2\n";
    for (mapping, rule) in [
        ("ts:s", "--columns ts:s: \"ts:s\" is not of the form arrival=NAME:UNIT"),
        (
            "time=ts",
            "--columns time=ts: time is none of arrival, service, client, class, op, block, size, reply_size, id",
        ),
        ("arrival=ts:s,arrival=dur:s", "--columns arrival=ts:s,arrival=dur:s: arrival is given twice"),
        ("arrival=", "--columns arrival=: arrival has no column"),
        ("arrival=ts", "t.csv:1: column ts needs its unit: ts:s, :ms, :us, :ns, :min, :h or :date"),
        ("arrival=ts:year", "t.csv:1: the unit year of ts:year is none of ns, us, ms, s, min, h"),
        ("arrival=when:s", "t.csv:1: there is no column when:s (the columns are ts, dur)"),
        ("arrival=ts:s,service=dur", "t.csv:1: column dur needs its unit: dur:s, :ms, :us, :ns, :min, :h"),
        ("arrival=ts:s,client=dur:text", "t.csv:1: text is none of name, number"),
        ("arrival=ts:s,size=dur:ms", "t.csv:1: dur:ms takes no unit"),
    ] {
        assert_eq!(read_with(trace, &columns(mapping)).unwrap_err().to_string(), rule, "{mapping}");
    }
    let unit = ReadFlags { time_unit: Some("s".to_owned()), ..ReadFlags::default() };
    assert_eq!(
        read_with("arrival_ms\n1\n", &unit).unwrap_err(),
        Failure::usage("--time-unit is not for the format csv: its times have one unit")
    );
}

#[test]
fn an_unknown_header_is_shown_with_the_next_step() {
    let error = refused("Timestamp;Bytes\n1700000000123;7\n1700000000125;8\n1700000000126;9\n");
    assert!(
        error.starts_with(
            "t.csv:1: the format is not recognised; your header has Timestamp: try --columns 'arrival=Timestamp:ms'\n"
        ),
        "{error}"
    );
    assert!(
        error.contains("divided by \";\":\n    Timestamp | Bytes\n    1700000000123 | 7\n    1700000000125 | 8\n"),
        "{error}"
    );
    let error = refused("1.5 7\n2.5 8\n");
    assert!(
        error.contains("a file without a header is read by the numbers of its columns: --columns arrival=1:s"),
        "{error}"
    );
    for (header, unit) in
        [("time_ms", "ms"), ("Arrival (US)", "µs"), ("startNs", "ns"), ("time", "s"), ("epoch_time_seconds", "s")]
    {
        let error = refused(format!("{header},x\n5,1\n7,2\n"));
        assert!(error.contains(&format!("try --columns 'arrival={header}:{unit}'")), "{error}");
    }
    assert!(refused("{\"ts\": 1}\n").contains("is JSON, of which only lines with timestamp"), "JSON");
    assert!(refused("a\0b\0c\0\n\0").contains("iconv -f UTF-16LE"), "UTF-16");
    assert!(refused(b"\x00\x01\x02\x03\n").contains("is not text"), "binary");
    assert!(refused(b"\x89HDF\r\n\x1a\n\0\0\0\0\n").contains("is not text"), "HDF5");
    // The first line is text, so the rows are shown, whatever is behind.
    assert!(refused(b"when,x\n5,1\n7,2\n\0\n").contains("your header has when"), "zeros behind text");
    assert!(refused(b"when,x\n5,\0\n").contains("your header has when"), "zeros behind text");
    assert!(
        refused(b"PAR1\x15\x04\x15")
            .contains("is a Parquet file, which is not read; this makes a trace of it: python3")
    );
}

#[test]
fn spreadsheets_separate_by_semicolons_and_write_decimal_commas() {
    let trace = "\u{feff}arrival_s;service_ms\r\n0,5;12,5\r\n1,25;3,75\r\n\r\n";
    let read = read(trace);
    assert_eq!(arrivals_and_services(&read), [(0, 12_500_000), (750 * MS, 3_750_000)]);
    assert_eq!(read.remarks, ["columns are separated by ;, and a comma in a number is a decimal comma"]);
    let utf16: Vec<u8> = trace.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(super::read(utf16).requests, read.requests);
}

#[test]
fn numbers_and_cells_of_other_programs_are_read() {
    let expected = [(0, 1_500_000), (10_000, 250_000), (500 * MS, MS)];
    for trace in [
        ",arrival_s,service_ms\n0,0.0,1.5\n1,1e-05,2.5e-01\n2,0.5,1.0\n",
        "\"arrival_s\",\"service_ms\"\n\"0\",\"1.5\"\n\"1e-05\",\".25\"\n\"+0.5\",\"1.\"\n",
        "arrival_s,service_ms,\n0,1.5,\n0.00001, 0.25 ,\n\n 0.5 ,1,\n",
        "arrival_s\tservice_ms\tnote\n0\t1.5\t\"a\nb\"\n0.00001\t.25\t\"\"\"\"\n0.5\t1\t\"x\ty\"\n",
        "arrival_s|service_ms\n0|1.5\n1e-5|0.25\n0.5|1\n",
    ] {
        let read = read(trace);
        assert_eq!(arrivals_and_services(&read), expected, "{trace:?}");
        assert!(read.remarks.iter().all(|remark| !remark.contains("columns: ,") && !remark.ends_with(": ")));
    }
    let read =
        read("arrival_ns,client,size,block\n1.0,5.0,1e2,\n".replace("block\n1.0,5.0,1e2,", "block\n1.0,5.0,1e2,9.0"));
    assert_eq!((read.requests[0].client, read.requests[0].size, read.requests[0].block), (5, 100, 9));
}

#[test]
fn names_of_clients_and_blocks_are_hashed_and_stable() {
    let read = read("arrival_ms,client,block\n0,192.0.2.1,A\n103,192.0.2.7,B\n159,192.0.2.1,A\n");
    let keys: Vec<(u32, u64)> = read.requests.iter().map(|r| (r.client, r.block)).collect();
    assert!(keys[0] == keys[2] && keys[0].0 != keys[1].0 && keys[0].1 == random::streams::fnv1a(b"A"));
    assert_eq!(read.remarks, ["names of clients and blocks are hashed"]);
    let refused = refused("arrival_ms,block\n0,5\n1,A\n");
    assert!(refused.starts_with("t.csv:3: block \"A\" is not an integer below 2^64"), "{refused}");
}

#[test]
fn compressed_traces_are_read_in_place() {
    let plain = "arrival_ns,service_ns\n1,2\n3,4\n";
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let zstd =
        |text: &str| ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
    let (head, rest) = plain.split_at(9);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 9, 9, 9][..], &zstd(plain)].concat();
    for (name, bytes) in [
        ("gzip", gzip(plain)),
        ("gzip", [gzip(head), gzip(rest)].concat()),
        ("zstd", zstd(plain)),
        ("zstd", [zstd(head), zstd(rest)].concat()),
        ("zstd", skippable),
    ] {
        let (read, of_plain) = (read(&bytes), read(plain));
        assert_eq!(read.requests, of_plain.requests);
        let (file, plain) = (&read.summary.files[0], &of_plain.summary.files[0]);
        assert_eq!((file.compression, &file.blake3, file.bytes), (Some(name), &plain.blake3, plain.bytes));
    }
    for (name, bytes) in [("gzip", gzip(plain)), ("zstd", zstd(plain))] {
        let refused = refused(&bytes[..bytes.len() - 5]);
        assert!(refused.starts_with(&format!("t.csv: the {name} data is ")), "{refused}");
    }
}

//! Tests of the writer.

use super::*;
use proptest::prelude::*;

fn text(format: TraceFormat, requests: &[Request]) -> String {
    let mut writer = TraceWriter::new(Vec::new(), format).unwrap();
    writer.write(requests).unwrap();
    String::from_utf8(writer.finish().unwrap()).unwrap()
}

const TWO: [Request; 2] = [
    Request {
        id: 0,
        arrival_ns: 1_999,
        service_ns: 0,
        block: 10,
        size: 1,
        reply_size: 0,
        client: 0,
        class: 0,
        op: Request::READ,
        flags: 0,
    },
    Request {
        id: 100,
        arrival_ns: 18_446_744_073_709_551_615,
        service_ns: 99,
        block: 1_000_000,
        size: 4_294_967_295,
        reply_size: 7,
        client: 12,
        class: 65_535,
        op: Request::WRITE,
        flags: 1,
    },
];

#[test]
fn each_format_is_written_as_documented() {
    assert_eq!(
        text(TraceFormat::Csv, &TWO),
        "# origin_ns=0\nid,arrival_ns,client,op,block,size\n\
         0,1999,0,r,10,1\n\
         100,18446744073709551615,12,w,1000000,4294967295\n"
    );
    assert_eq!(
        text(TraceFormat::FullCsv, &TWO),
        "# origin_ns=0\nid,arrival_ns,service_ns,client,class,op,block,size,reply_size\n\
         0,1999,0,0,0,r,10,1,0\n\
         100,18446744073709551615,99,12,65535,w,1000000,4294967295,7\n"
    );
    assert_eq!(
        text(TraceFormat::Original, &TWO),
        "1,0,r,10,1\n\
         18446744073709551,12,w,1000000,4294967295\n"
    );
    for requests in [2, RequestHeader::UNKNOWN] {
        let mut writer = TraceWriter::new(Vec::new(), TraceFormat::Records { requests }).unwrap();
        writer.write(&TWO[..1]).unwrap();
        writer.write(&TWO[1..]).unwrap();
        let bytes = writer.finish().unwrap();
        let header = RequestHeader::new(requests).to_bytes();
        assert_eq!(bytes, [header, TWO[0].to_bytes(), TWO[1].to_bytes()].concat());
    }
}

#[test]
fn a_demand_that_is_to_be_sampled_is_an_empty_cell() {
    let request = |id, service_ns| Request { id, service_ns, ..Request::default() };
    let text =
        text(TraceFormat::FullCsv, &[request(1, Request::TO_SAMPLE), request(2, 0), request(3, Request::TO_SAMPLE)]);
    let rows: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(rows, ["1,0,,0,0,r,0,0,0", "2,0,0,0,0,r,0,0,0", "3,0,,0,0,r,0,0,0"]);
}

#[test]
fn an_empty_trace_still_has_its_header() {
    assert_eq!(text(TraceFormat::Csv, &[]), "# origin_ns=0\nid,arrival_ns,client,op,block,size\n");
    assert_eq!(text(TraceFormat::Original, &[]), "");
}

#[test]
fn a_batch_of_the_longest_rows_fits() {
    let longest = Request {
        id: u64::MAX,
        arrival_ns: u64::MAX,
        service_ns: Request::TO_SAMPLE - 1,
        block: u64::MAX,
        size: u32::MAX,
        reply_size: u32::MAX,
        client: u32::MAX,
        class: u16::MAX,
        op: Request::WRITE,
        flags: 0,
    };
    let written = text(TraceFormat::FullCsv, &[longest; 3 * BATCH_REQUESTS]);
    let rows: Vec<&str> = written.lines().skip(2).collect();
    let row = "18446744073709551615,18446744073709551615,18446744073709551614,4294967295,65535,w,18446744073709551615,\
               4294967295,4294967295";
    assert!(rows.len() == 3 * BATCH_REQUESTS && rows.iter().all(|written| *written == row));
}

#[test]
fn numbers_of_every_length_are_written_in_every_column() {
    let near = |power: u32| {
        let power = 10u64.pow(power);
        [power - 2.min(power), power - 1, power, power + 1]
    };
    let mut values: Vec<u64> = (0..20).flat_map(near).collect();
    // Ascending over many rows, while upper digits are kept and beyond; then jumps back and forth.
    for border in [1000, 10_000, 1_000_000, 100_000_000, 1_000_000_000, 10_000_000_000_000] {
        values.extend((border - 1100..border + 1100).step_by(7));
    }
    for step in 1..values.len() {
        values.push(values[step * 7919 % values.len()]);
    }
    for format in [TraceFormat::Csv, TraceFormat::ClassCsv, TraceFormat::FullCsv, TraceFormat::Original] {
        let request = |&value: &u64| Request {
            id: value,
            arrival_ns: value,
            service_ns: value,
            block: value,
            size: value as u32,
            reply_size: value as u32,
            client: value as u32,
            class: value as u16,
            op: (value % 2) as u8,
            flags: 0,
        };
        let requests: Vec<Request> = values.iter().map(request).collect();
        let expected: Vec<String> = requests
            .iter()
            .map(|&Request { id, arrival_ns, service_ns, block, size, reply_size, client, class, op, .. }| {
                let op = ["r", "w"][usize::from(op)];
                match format {
                    TraceFormat::Csv => format!("{id},{arrival_ns},{client},{op},{block},{size}"),
                    TraceFormat::ClassCsv => format!("{id},{arrival_ns},{client},{class},{op},{block},{size}"),
                    TraceFormat::Original => format!("{},{client},{op},{block},{size}", arrival_ns / 1000),
                    _ => format!("{id},{arrival_ns},{service_ns},{client},{class},{op},{block},{size},{reply_size}"),
                }
            })
            .collect();
        let written = text(format, &requests);
        let rows: Vec<&str> = written[format.start().len()..].lines().collect();
        assert_eq!(rows.len(), expected.len());
        for (row, expected) in rows.into_iter().zip(expected) {
            assert_eq!(row, expected, "{format:?}");
        }
    }
}

#[test]
fn an_operation_without_a_letter_is_rejected() {
    let odd = Request { id: 7, op: 5, ..Request::default() };
    for format in [TraceFormat::Csv, TraceFormat::ClassCsv, TraceFormat::FullCsv, TraceFormat::Original] {
        let error = TraceWriter::new(Vec::new(), format).unwrap().write(&[odd]).unwrap_err();
        assert_eq!(error.to_string(), "request 7: op 5 can't be written as CSV, which has only 0 (r) and 1 (w)");
        assert!(matches!(error.downcast_ref(), Some(Failure::Trace { .. })));
    }
    let records = TraceFormat::Records { requests: 1 };
    assert!(TraceWriter::new(Vec::new(), records).unwrap().write(&[odd]).is_ok());
}

#[test]
fn a_header_that_declares_another_number_is_an_error() {
    let mut writer = TraceWriter::new(Vec::new(), TraceFormat::Records { requests: 3 }).unwrap();
    writer.write(&TWO).unwrap();
    let error = writer.finish().unwrap_err().to_string();
    assert_eq!(error, "the header declares 3 requests, but 2 were written");
}

#[test]
fn a_closed_pipe_keeps_its_exit_code() {
    #[derive(Debug)]
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = TraceWriter::new(Closed, TraceFormat::Csv).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::BrokenPipe);
    let error = TraceWriter::new(Closed, TraceFormat::Original).unwrap().write(&TWO).unwrap_err();
    assert!(error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    }));
}

prop_compose! {
    // Values of every length, not only those near the largest.
    fn request()(id in any::<u64>(), arrival in any::<u64>(), service in any::<u64>(), block in any::<u64>(),
        size in any::<u32>(), reply_size in any::<u32>(), client in any::<u32>(), class in any::<u16>(),
        op in 0..2u8, cut in 0..64u32) -> Request {
        Request { id: id >> cut, arrival_ns: arrival >> (63 - cut), service_ns: service >> cut, block: block >> cut,
            size: size >> (cut / 2), reply_size: reply_size >> (cut / 2), client: client >> (cut / 2), class, op, flags: 0 }
    }
}

proptest! {
    #[test]
    fn another_csv_reader_reads_the_same_requests(requests in prop::collection::vec(request(), 0..20)) {
        let full = text(TraceFormat::FullCsv, &requests);
        let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_reader(full.as_bytes());
        let rows: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
        let expected: Vec<Vec<String>> = requests.iter().map(|r| vec![
            r.id.to_string(), r.arrival_ns.to_string(), r.service_ns.to_string(), r.client.to_string(),
            r.class.to_string(), ["r", "w"][usize::from(r.op)].to_string(), r.block.to_string(),
            r.size.to_string(), r.reply_size.to_string(),
        ]).collect();
        prop_assert_eq!(rows, expected);
    }
}

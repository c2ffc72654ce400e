//! Records of contract 1.

use super::*;
use contract::RequestHeader;

fn some() -> Vec<Request> {
    let request = |id: u64| Request {
        id: id * 3,
        arrival_ns: 100 + id,
        service_ns: id,
        block: u64::MAX - id,
        size: 1,
        reply_size: 2,
        client: 3,
        class: 4,
        op: 200,
        flags: 255,
    };
    (0..20).map(request).collect()
}

fn records(requests: &[Request], declared: u64) -> Vec<u8> {
    let mut bytes = RequestHeader::new(declared).to_bytes().to_vec();
    bytes.extend(requests.iter().flat_map(Request::to_bytes));
    bytes
}

#[test]
fn records_survive_encoding() {
    for declared in [20, RequestHeader::UNKNOWN] {
        let read = read(records(&some(), declared));
        assert_eq!(read.requests, some());
        assert_eq!((read.summary.files[0].format, read.summary.sampled, read.summary.offset_ns), ("records", 0, 0));
        assert_eq!(read.remarks.len(), 1, "a late start");
    }
    let rebased = read_with(records(&some(), 20), &origin("first")).unwrap();
    assert_eq!((rebased.requests[1].arrival_ns, rebased.summary.offset_ns), (1, 100));
    assert_eq!(read_with(records(&some(), 20), &format("records")).unwrap().requests, some());
}

#[test]
fn unknown_bytes_at_the_end_of_a_record_are_skipped() {
    let mut bytes = RequestHeader { record_len: 64, ..RequestHeader::new(20) }.to_bytes().to_vec();
    bytes.extend([9; 16]);
    for request in some() {
        bytes.extend(request.to_bytes());
        bytes.extend([b'\n'; 16]);
    }
    assert_eq!(requests(bytes), some());
}

#[test]
fn a_shard_may_be_empty() {
    assert_eq!(read(records(&[], 0)).summary.requests, 0);
    assert_eq!(read(records(&[], RequestHeader::UNKNOWN)).summary.requests, 0);
}

#[test]
fn broken_files_are_rejected() {
    let whole = records(&some(), 20);
    let cut = |len| refused(&whole[..len]);
    assert_eq!(cut(8), "t.csv: the file is cut short: 8 of the header's 48 bytes");
    assert_eq!(cut(48), "t.csv: the file is cut short: 0 requests, but its header declares 20");
    assert_eq!(cut(48 * 20), "t.csv: the file is cut short: 19 requests, but its header declares 20");
    assert_eq!(cut(48 * 20 + 47), "t.csv: record 20: the file is cut short (47 of 48 bytes)");
    assert_eq!(refused(records(&some(), 19)), "t.csv: the file is too long: 20 requests, but its header declares 19");
    assert_eq!(refused_with(&whole[..100], &sort()), "t.csv: record 2: the file is cut short (4 of 48 bytes)");

    let mut version = whole.clone();
    version[8] = 2;
    assert_eq!(refused(&version), "t.csv: version 2 is not 1");
    let words = "t.csv: the first bytes are \"arrival_\", not \"QBOXREQ\\n\"";
    assert_eq!(refused_with(format!("arrival_ns\n{}", "1\n".repeat(50)), &format("records")), words);
}

#[test]
fn order_and_times_are_checked() {
    let with = |change: fn(&mut Request)| {
        let mut requests = some();
        change(&mut requests[7]);
        refused(records(&requests, 20))
    };
    assert_eq!(
        with(|r| r.arrival_ns = 3),
        "t.csv: record 8: arrival_ns goes back (3 after 106); --sort puts them in order"
    );
    assert_eq!(with(|r| r.id = 18), "t.csv: record 8: id does not increase (18 after 18)");
    assert_eq!(
        with(|r| r.arrival_ns = u64::MAX),
        "t.csv: record 8: arrival_ns 18446744073709551615 is not below 2^62 ns"
    );
    assert_eq!(
        with(|r| r.service_ns = 1 << 62),
        "t.csv: record 8: service_ns 4611686018427387904 is not below 2^62 ns"
    );
}

#[test]
fn sorted_records_keep_their_demands() {
    let mut turned = some();
    turned.reverse();
    let sorted = read_with(records(&turned, 20), &sort()).unwrap().requests;
    assert_eq!(
        sorted.iter().map(|r| (r.id, r.service_ns)).collect::<Vec<_>>(),
        (0..20).map(|n| (n, n)).collect::<Vec<_>>()
    );
}

//! Tests of the sorter.

use super::*;
use proptest::prelude::*;

/// Memory for `requests` requests.
fn memory(requests: usize) -> usize {
    requests * REQUEST_BYTES
}

/// Requests with these arrivals, whose ids are their positions.
fn requests(arrivals: &[i64]) -> Vec<Request> {
    let request = |(id, &arrival_ns): (u64, &i64)| Request { id, arrival_ns: arrival_ns as u64, ..Request::default() };
    (0..).zip(arrivals).map(request).collect()
}

fn push_all(sorter: &mut Sorter, requests: &[Request], at_a_time: usize) {
    requests.chunks(at_a_time.max(1)).for_each(|requests| sorter.push(requests).unwrap());
}

fn read(mut sorted: Sorted, at_most: usize) -> Vec<Request> {
    let (mut all, mut batch) = (Vec::new(), Vec::new());
    while sorted.next(&mut batch, at_most).unwrap() {
        assert!((1..=at_most).contains(&batch.len()));
        all.extend_from_slice(&batch);
    }
    assert!(batch.is_empty() && !sorted.next(&mut batch, at_most).unwrap());
    assert_eq!(sorted.len(), all.len() as u64);
    all
}

/// `arrivals` sorted in memory for `held` requests, and the number of runs in the file.
fn sorted(arrivals: &[i64], held: usize) -> (Vec<Request>, usize) {
    let mut sorter = Sorter::new(memory(held));
    push_all(&mut sorter, &requests(arrivals), 3);
    if sorter.spilled.is_some() {
        sorter.spill().unwrap();
    }
    let runs = sorter.spilled.as_ref().map_or(0, |spilled| spilled.runs.len());
    (read(sorter.finish().unwrap(), 4), runs)
}

fn expected(arrivals: &[i64]) -> Vec<Request> {
    let mut requests = requests(arrivals);
    requests.sort_by_key(|request| request.arrival_ns as i64);
    requests
}

const LIMIT: i64 = (1 << 62) - 1;

proptest! {
    /// Few different arrivals, so that many are equal; and all of them.
    #[test]
    fn the_order_is_that_of_a_stable_sort(
        arrivals in prop_oneof![
            prop::collection::vec(-3..3i64, 0..80),
            prop::collection::vec(-LIMIT..=LIMIT, 0..80),
        ],
        held in 1usize..100,
    ) {
        let (sorted, runs) = sorted(&arrivals, held);
        prop_assert_eq!(sorted, expected(&arrivals));
        prop_assert_eq!(runs == 0, arrivals.len() <= held);
    }
}

#[test]
fn every_field_survives_the_file() {
    let request = |n: u64| Request {
        id: n << 40,
        arrival_ns: (5 - n as i64) as u64,
        service_ns: if n == 3 { Request::TO_SAMPLE } else { n << 30 },
        block: n << 50,
        size: n as u32 + 1,
        reply_size: n as u32 + 2,
        client: n as u32 + 3,
        class: n as u16 + 4,
        op: n as u8,
        flags: 0,
    };
    let mut expected: Vec<Request> = (0..10).map(request).collect();
    let mut sorter = Sorter::new(memory(2));
    push_all(&mut sorter, &expected, 10);
    expected.reverse();
    assert_eq!(read(sorter.finish().unwrap(), 7), expected);
}

#[test]
fn requests_that_fit_into_the_memory_are_not_written() {
    let mut sorter = Sorter::in_folder(memory(5), "/nonexistent".into());
    push_all(&mut sorter, &requests(&[5, 4, 3, 2, 1]), 5);
    assert_eq!(read(sorter.finish().unwrap(), 100), expected(&[5, 4, 3, 2, 1]));
    assert_eq!(read(Sorter::in_folder(0, "/nonexistent".into()).finish().unwrap(), 1), []);
}

#[test]
fn one_request_a_run() {
    let arrivals: Vec<i64> = (0..3000).map(|n| 3000 - n).collect();
    assert_eq!(sorted(&arrivals, 1), (expected(&arrivals), 3000));
}

#[test]
fn requests_in_order_are_one_run() {
    let arrivals: Vec<i64> = (-1500..1500).map(|n| n / 7).collect();
    assert_eq!(sorted(&arrivals, 10), (expected(&arrivals), 1));
    // One request out of place begins a second run, no more.
    let mut late = arrivals.clone();
    late[1005] = -1500;
    assert_eq!(sorted(&late, 10), (expected(&late), 2));
    // Two files, one after the other.
    let twice = [arrivals.clone(), arrivals].concat();
    assert_eq!(sorted(&twice, 10), (expected(&twice), 2));
}

#[test]
fn a_run_longer_than_one_read_is_read_to_its_end() {
    let arrivals: Vec<i64> = (0..100_000).map(|n| n * 7919 % 100_003 - 50_000).collect();
    let (sorted, runs) = sorted(&arrivals, 40_000);
    assert_eq!((sorted, runs), (expected(&arrivals), 3));
}

#[test]
fn a_file_that_cannot_be_made_or_written_is_named_by_its_folder() {
    let mut sorter = Sorter::in_folder(memory(1), "/nonexistent".into());
    let failure = sorter.push(&requests(&[1, 2])).unwrap_err();
    assert!(matches!(failure, Failure::Host { .. }));
    let text = failure.to_string();
    assert!(text.starts_with("/nonexistent: the temporary file of the sort: "), "{text}");
    assert!(text.contains("TMPDIR"), "{text}");

    let mut sorter = Sorter::in_folder(memory(1), "/shown".into());
    let file = File::options().write(true).open("/dev/full").unwrap();
    sorter.spilled = Some(Spilled { file, runs: Vec::new(), len: 0, last: 0 });
    let text = sorter.push(&requests(&[1, 2])).unwrap_err().to_string();
    assert!(text.starts_with("/shown: the temporary file of the sort: No space left on device"), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let runs = [Run { start: 0, end: 1 }];
    let failure = Merge::new(tempfile::tempfile().unwrap(), &runs, 0, "/shown".into()).err().unwrap();
    assert!(failure.to_string().starts_with("/shown: the temporary file of the sort: "), "{failure}");
}

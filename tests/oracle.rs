//! Another simulation of first in, first out: event by event, in the contract's order of events, and independent of the
//! programs except for the records.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use contract::{Completion, NONE, Request};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Departure,
    Entry,
    Arrival,
}

/// A request in service, and its start.
#[derive(Clone, Copy)]
struct InService {
    id: u64,
    start: u64,
}

/// The completions of `requests` at `servers` servers with room for `capacity` in all (0 = no limit), until the
/// `delay`-th service start (0 = to the end), by id.
pub(crate) fn completions(requests: &[Request], servers: usize, capacity: usize, delay: u64) -> Vec<Completion> {
    let demands: HashMap<u64, u64> = requests.iter().map(|request| (request.id, request.service_ns)).collect();
    let mut events: BinaryHeap<Reverse<(u64, Kind, u64)>> =
        requests.iter().map(|request| Reverse((request.arrival_ns, Kind::Arrival, request.id))).collect();
    let mut waiting: VecDeque<u64> = VecDeque::new();
    let mut in_service: Vec<InService> = Vec::new();
    // Servers at which a request is about to start, at this same instant.
    let mut taken = 0;
    let mut entries = 0;
    let mut end = None;
    let mut answers = Vec::new();

    while let Some(Reverse((now, kind, id))) = events.pop() {
        // At the end only requests that leave at that very instant still do.
        if end.is_some_and(|end| now > end || kind != Kind::Departure) {
            break;
        }
        match kind {
            Kind::Arrival if capacity > 0 && waiting.len() + taken + in_service.len() >= capacity => {
                answers.push(Completion { id, start_ns: Completion::NOT_SERVED, finish_ns: now, service_ns: 0 });
            }
            Kind::Arrival => waiting.push_back(id),
            Kind::Entry => {
                taken -= 1;
                in_service.push(InService { id, start: now });
                events.push(Reverse((now + demands[&id], Kind::Departure, id)));
                entries += 1;
                if entries == delay {
                    end = Some(now);
                }
            }
            Kind::Departure => {
                let place = in_service.iter().position(|served| served.id == id).unwrap();
                let InService { start, .. } = in_service.remove(place);
                answers.push(Completion { id, start_ns: start, finish_ns: now, service_ns: now - start });
            }
        }
        while in_service.len() + taken < servers
            && let Some(first) = waiting.pop_front()
        {
            taken += 1;
            events.push(Reverse((now, Kind::Entry, first)));
        }
    }
    if let Some(end) = end {
        answers.extend(in_service.iter().map(|&InService { id, start }| Completion {
            id,
            start_ns: start,
            finish_ns: Completion::IN_SERVICE,
            service_ns: end - start,
        }));
    }
    answers.sort_by_key(|answer| answer.id);
    answers
}

#[test]
fn by_hand() {
    let request = |id, arrival_ns, service_ns| Request { id, arrival_ns, service_ns, ..Request::default() };
    let requests = [request(3, 0, 10), request(4, 0, 4), request(9, 1, 3)];
    let limited = |servers, capacity, delay| -> Vec<(u64, u64, u64, u64)> {
        let answers = completions(&requests, servers, capacity, delay);
        answers.iter().map(|answer| (answer.id, answer.start_ns, answer.finish_ns, answer.service_ns)).collect()
    };
    let rows = |servers, delay| limited(servers, 0, delay);
    assert_eq!(rows(1, 0), [(3, 0, 10, 10), (4, 10, 14, 4), (9, 14, 17, 3)]);
    assert_eq!(rows(2, 0), [(3, 0, 10, 10), (4, 0, 4, 4), (9, 4, 7, 3)]);
    assert_eq!(rows(2, 3), [(3, 0, NONE, 4), (4, 0, 4, 4), (9, 4, NONE, 0)]);
    assert_eq!(rows(3, 2), [(3, 0, NONE, 0), (4, 0, NONE, 0)]);
    // Room for two in all: the third is rejected, even if the second service start, at 10, is the last event.
    assert_eq!(limited(1, 2, 0), [(3, 0, 10, 10), (4, 10, 14, 4), (9, NONE, 1, 0)]);
    assert_eq!(limited(1, 2, 2), [(3, 0, 10, 10), (4, 10, NONE, 0), (9, NONE, 1, 0)]);
    // The first service start ends the simulation: no further request arrives.
    assert_eq!(limited(1, 1, 1), [(3, 0, NONE, 0)]);
    assert_eq!(limited(2, 1, 0), [(3, 0, 10, 10), (4, NONE, 0, 0), (9, NONE, 1, 0)]);
}

//! Servers that serve requests in the order of arrival.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use contract::{Completion, Request};

/// The times at which each of a station's servers is free: the only state that first in, first out needs.
///
/// No request overtakes another, so request n starts at max(arrival, earliest free server), the recursion of Kiefer and
/// Wolfowitz ("On the theory of queues with many servers", 1955).
#[derive(Debug, Clone)]
pub struct Station {
    servers: usize,
    /// The latest finish if there is one server, so that the common case is one comparison.
    single: u64,
    /// The times at which the servers that were used are free; grows to `servers` entries at most.
    free: BinaryHeap<Reverse<u64>>,
}

impl Station {
    /// An idle station with `servers` servers, at least 1.
    pub fn new(servers: u32) -> Self {
        Self { servers: servers.max(1) as usize, single: 0, free: BinaryHeap::new() }
    }

    /// The time at which the earliest server is free \[ns\]: a request that arrives now starts then, or at once if that
    /// is past.
    #[inline]
    pub fn free_at(&self) -> u64 {
        match self.free.peek() {
            _ if self.servers == 1 => self.single,
            Some(Reverse(earliest)) if self.free.len() == self.servers => *earliest,
            _ => 0,
        }
    }

    /// The service that the requests before `now` still need then \[ns\]: each server is busy until it is free.
    pub fn unfinished(&self, now: u64) -> u128 {
        let left = |free: u64| u128::from(free.saturating_sub(now));
        left(self.single) + self.free.iter().map(|Reverse(free)| left(*free)).sum::<u128>()
    }

    /// Processes the next request, in order of arrival, and returns its start and finish \[ns\].
    #[inline]
    pub fn enter(&mut self, arrival_ns: u64, service_ns: u64) -> (u64, u64) {
        if self.servers == 1 {
            let start = arrival_ns.max(self.single);
            self.single = start.saturating_add(service_ns);
            return (start, self.single);
        }
        if self.free.len() < self.servers {
            let finish = arrival_ns.saturating_add(service_ns);
            self.free.push(Reverse(finish));
            return (arrival_ns, finish);
        }
        let mut earliest = self.free.peek_mut().expect("a station has servers");
        let start = arrival_ns.max(earliest.0);
        let finish = start.saturating_add(service_ns);
        *earliest = Reverse(finish);
        (start, finish)
    }
}

impl Station {
    /// Processes the requests of `records` as [`Station::enter`] does, and appends the records of their completions.
    pub(crate) fn serve(&mut self, records: &[[u8; Request::LEN]], completions: &mut Vec<[u8; Completion::LEN]>) {
        if self.servers > 1 {
            completions.extend(records.iter().map(|record| {
                let request = Request::from_bytes(record);
                let (start, finish) = self.enter(request.arrival_ns, request.service_ns);
                completion(&request, start, finish)
            }));
            return;
        }
        // The time at which the server is free, in a register. Records are processed in blocks, because in the sandbox
        // each iteration of a loop checks for interruption.
        let mut free = self.single;
        let (blocks, rest) = records.as_chunks::<8>();
        for block in blocks {
            completions.extend(block.iter().map(|record| serve_alone(record, &mut free)));
        }
        completions.extend(rest.iter().map(|record| serve_alone(record, &mut free)));
        self.single = free;
    }
}

/// [`Station::enter`] of a single server that is free at `free`.
#[inline(always)]
fn serve_alone(record: &[u8; Request::LEN], free: &mut u64) -> [u8; Completion::LEN] {
    let request = Request::from_bytes(record);
    let start = request.arrival_ns.max(*free);
    *free = start.saturating_add(request.service_ns);
    completion(&request, start, *free)
}

#[inline]
fn completion(request: &Request, start_ns: u64, finish_ns: u64) -> [u8; Completion::LEN] {
    Completion { id: request.id, start_ns, finish_ns, service_ns: request.service_ns }.to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_servers_serve_in_turn() {
        let mut station = Station::new(2);
        let served: Vec<_> = [(0, 10), (0, 3), (1, 5), (4, 1), (20, 0)].map(|(a, s)| station.enter(a, s)).into();
        assert_eq!(served, [(0, 10), (0, 3), (3, 8), (8, 9), (20, 20)]);
    }

    #[test]
    fn unfinished_service_is_that_of_all_servers() {
        for (servers, left) in [(1, [9, 5, 0]), (2, [9, 1, 0]), (3, [9, 1, 0])] {
            let mut station = Station::new(servers);
            _ = [(0, 4), (0, 5)].map(|(arrival, service)| station.enter(arrival, service));
            assert_eq!([0, 4, 9].map(|now| station.unfinished(now)), left, "{servers}");
        }
    }

    #[test]
    fn batches_are_served_as_single_requests() {
        for (servers, number) in [(1, 0), (1, 7), (1, 8), (1, 100), (3, 100)] {
            let (mut each, mut all) = (Station::new(servers), Station::new(servers));
            let requests: Vec<Request> = (0..number)
                .map(|id| Request { id, arrival_ns: id * 5, service_ns: id * id % 11, ..Request::default() })
                .collect();
            let mut completions = Vec::new();
            // The station is not idle the second time.
            for _ in 0..2 {
                all.serve(&requests.iter().map(Request::to_bytes).collect::<Vec<_>>(), &mut completions);
            }
            let expected: Vec<_> = [&requests, &requests]
                .into_iter()
                .flatten()
                .map(|request| {
                    let (start, finish) = each.enter(request.arrival_ns, request.service_ns);
                    completion(request, start, finish)
                })
                .collect();
            assert_eq!(completions, expected);
        }
    }
}

//! Servers that serve whoever came first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use contract::{Completion, Request};

/// When each of a station's servers is free again: all that first-in first-out needs to know of the past.
///
/// Where nobody overtakes, request n enters service at max(arrival, earliest free server), the recursion of Kiefer and
/// Wolfowitz ("On the theory of queues with many servers", 1955).
#[derive(Debug, Clone)]
pub struct Station {
    servers: usize,
    /// The latest finish where there is one server, so that the common case is one comparison.
    single: u64,
    /// When the servers that ever served are free; grows to `servers` at most.
    free: BinaryHeap<Reverse<u64>>,
}

impl Station {
    /// An idle station of `servers` servers, at least 1.
    pub fn new(servers: u32) -> Self {
        Self { servers: servers.max(1) as usize, single: 0, free: BinaryHeap::new() }
    }

    /// When the earliest server is free \[ns\]: who arrives now starts then, or at once where that is past.
    #[inline]
    pub fn free_at(&self) -> u64 {
        match self.free.peek() {
            _ if self.servers == 1 => self.single,
            Some(Reverse(earliest)) if self.free.len() == self.servers => *earliest,
            _ => 0,
        }
    }

    /// Takes in the next request, by order of arrival, and gives its start and finish \[ns\].
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
    /// Takes in the requests of `records` as [`Station::enter`] does, and appends the records of their answers.
    pub(crate) fn serve(&mut self, records: &[[u8; Request::LEN]], answers: &mut Vec<[u8; Completion::LEN]>) {
        if self.servers > 1 {
            answers.extend(records.iter().map(|record| {
                let request = Request::from_bytes(record);
                let (start, finish) = self.enter(request.arrival_ns, request.service_ns);
                completion(&request, start, finish)
            }));
            return;
        }
        // When the server is free, in a register. In blocks, since in a sandbox each turn of a loop looks for interruption.
        let mut free = self.single;
        let (blocks, rest) = records.as_chunks::<8>();
        for block in blocks {
            answers.extend(block.iter().map(|record| serve_alone(record, &mut free)));
        }
        answers.extend(rest.iter().map(|record| serve_alone(record, &mut free)));
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
    fn two_servers_take_turns() {
        let mut station = Station::new(2);
        let served: Vec<_> = [(0, 10), (0, 3), (1, 5), (4, 1), (20, 0)].map(|(a, s)| station.enter(a, s)).into();
        assert_eq!(served, [(0, 10), (0, 3), (3, 8), (8, 9), (20, 20)]);
    }

    #[test]
    fn many_at_once_are_served_as_one_by_one() {
        for (servers, number) in [(1, 0), (1, 7), (1, 8), (1, 100), (3, 100)] {
            let (mut each, mut all) = (Station::new(servers), Station::new(servers));
            let requests: Vec<Request> = (0..number)
                .map(|id| Request { id, arrival_ns: id * 5, service_ns: id * id % 11, ..Request::default() })
                .collect();
            let mut answers = Vec::new();
            // The second time it is not idle.
            for _ in 0..2 {
                all.serve(&requests.iter().map(Request::to_bytes).collect::<Vec<_>>(), &mut answers);
            }
            let expected: Vec<_> = [&requests, &requests]
                .into_iter()
                .flatten()
                .map(|request| {
                    let (start, finish) = each.enter(request.arrival_ns, request.service_ns);
                    completion(request, start, finish)
                })
                .collect();
            assert_eq!(answers, expected);
        }
    }
}

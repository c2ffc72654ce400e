//! Servers that serve whoever came first.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use trace::{Completion, Request};

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
    /// Takes in requests as [`Station::enter`] does and gives their answers, in one plain loop.
    #[inline]
    pub(crate) fn serve(&mut self, requests: impl Iterator<Item = Request>, answers: &mut Vec<[u8; Completion::LEN]>) {
        let completion = |request: &Request, start_ns, finish_ns| {
            Completion { id: request.id, start_ns, finish_ns, service_ns: request.service_ns }.to_bytes()
        };
        if self.servers == 1 {
            // In a register, not in memory.
            let mut free = self.single;
            answers.extend(requests.map(|request| {
                let start = request.arrival_ns.max(free);
                free = start.saturating_add(request.service_ns);
                completion(&request, start, free)
            }));
            self.single = free;
        } else {
            answers.extend(requests.map(|request| {
                let (start, finish) = self.enter(request.arrival_ns, request.service_ns);
                completion(&request, start, finish)
            }));
        }
    }
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
}

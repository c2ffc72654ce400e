//! RR: to one worker after the other.

use trace::Request;

use super::{Backlog, Policy};

pub(super) struct RoundRobin {
    workers: usize,
    next: usize,
}

impl RoundRobin {
    pub(super) fn new(workers: usize) -> Self {
        Self { workers, next: 0 }
    }
}

impl Policy for RoundRobin {
    fn choose(&mut self, _: &Request, _: &Backlog) -> usize {
        let worker = self.next;
        self.next = if worker + 1 == self.workers { 0 } else { worker + 1 };
        worker
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_turns() {
        let mut policy = RoundRobin::new(3);
        let turns: Vec<_> = (0..7).map(|_| policy.choose(&Request::default(), &Backlog::new(0, 1, 0))).collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2, 0]);
    }
}

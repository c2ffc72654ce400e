//! The order of attempts: which worker is tried next, and on which slot.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;

use failure::Failure;
use measure::Outcome;

/// Attempts for each worker: faults of the infrastructure are tried again, failures of a simulator are not.
pub(super) const ATTEMPTS: usize = 4;

/// The workers of a run that have no outcome yet, and the outcomes.
pub(super) struct Queue {
    workers: usize,
    waiting: VecDeque<Tried>,
    outcomes: BTreeMap<u32, Outcome>,
    /// Number of usable slots.
    usable: usize,
}

/// A worker, and the numbers of the slots on which attempts failed.
pub(super) struct Tried {
    pub(super) worker: u32,
    on: Vec<usize>,
}

/// The next action of a slot.
pub(super) enum Next {
    Try(Tried),
    /// Wait: another slot's worker may come back.
    Wait,
    /// All workers have their outcomes.
    Done,
}

impl Queue {
    /// Workers 1 to `workers`, over `usable` slots.
    pub(super) fn new(workers: u32, usable: usize) -> Self {
        let waiting = (1..=workers).map(|worker| Tried { worker, on: Vec::new() }).collect();
        Self { workers: workers as usize, waiting, outcomes: BTreeMap::new(), usable }
    }

    /// The next worker for `slot`: one that did not fail there before, unless it failed on all usable slots.
    pub(super) fn next(&mut self, slot: usize) -> Next {
        if self.outcomes.len() == self.workers {
            return Next::Done;
        }
        let usable = self.usable;
        let fits = |tried: &Tried| !tried.on.contains(&slot) || tried.on.len() >= usable;
        match self.waiting.iter().position(fits).and_then(|place| self.waiting.remove(place)) {
            Some(tried) => Next::Try(tried),
            None => Next::Wait,
        }
    }

    /// Stores a worker's outcome.
    pub(super) fn ended(&mut self, worker: u32, outcome: Outcome) {
        self.outcomes.insert(worker, outcome);
    }

    /// An attempt on `slot` failed without a result for its worker, whose shard has `offered` requests. If it
    /// `is_final`, there is no further attempt. Returns the number of attempts so far if the worker will be tried
    /// again.
    pub(super) fn failed(
        &mut self,
        mut tried: Tried,
        slot: usize,
        offered: u64,
        fault: &impl Display,
        is_final: bool,
    ) -> Option<usize> {
        tried.on.push(slot);
        let attempts = tried.on.len();
        if attempts < ATTEMPTS && !is_final {
            self.waiting.push_back(tried);
            return Some(attempts);
        }
        let failure = Failure::executor(match is_final {
            true => fault.to_string(),
            false => format!("{ATTEMPTS} attempts failed, the last: {fault}"),
        });
        self.outcomes.insert(tried.worker, Outcome::failed(offered, failure));
        None
    }

    /// A slot has become unusable.
    pub(super) fn gone(&mut self) {
        self.usable -= 1;
    }

    /// The outcomes by worker.
    ///
    /// # Errors
    /// If an outcome is missing because no slot is left.
    pub(super) fn outcomes(self) -> Result<Vec<Outcome>, Failure> {
        if self.outcomes.len() < self.workers {
            return Err(Failure::executor("no container is left that can be used"));
        }
        Ok(self.outcomes.into_values().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tried(queue: &mut Queue, slot: usize) -> Tried {
        match queue.next(slot) {
            Next::Try(tried) => tried,
            Next::Wait | Next::Done => panic!("there is work"),
        }
    }

    #[test]
    fn a_worker_is_tried_elsewhere_first() {
        let mut queue = Queue::new(1, 2);
        let first = tried(&mut queue, 1);
        assert_eq!(queue.failed(first, 1, 7, &"killed", false), Some(1));
        assert!(matches!(queue.next(1), Next::Wait));
        let second = tried(&mut queue, 2);
        assert_eq!(queue.failed(second, 2, 7, &"killed", false), Some(2));
        // It failed on both: either may try again, and after the fourth attempt neither.
        let third = tried(&mut queue, 1);
        assert_eq!(queue.failed(third, 1, 7, &"killed", false), Some(3));
        let fourth = tried(&mut queue, 1);
        assert_eq!(queue.failed(fourth, 1, 7, &"killed", false), None);
        assert!(matches!(queue.next(2), Next::Done));
        let outcomes = queue.outcomes().unwrap();
        assert_eq!(outcomes[0].result, Err(Failure::executor("4 attempts failed, the last: killed")));
    }

    #[test]
    fn a_final_fault_is_not_tried_again() {
        let mut queue = Queue::new(1, 2);
        let first = tried(&mut queue, 1);
        assert_eq!(queue.failed(first, 1, 7, &"another version", true), None);
        assert!(matches!(queue.next(2), Next::Done));
        assert_eq!(queue.outcomes().unwrap()[0].result, Err(Failure::executor("another version")));
    }

    #[test]
    fn the_last_container_retries_its_own_failures() {
        let mut queue = Queue::new(1, 2);
        let first = tried(&mut queue, 1);
        assert_eq!(queue.failed(first, 1, 7, &"killed", false), Some(1));
        queue.gone();
        assert_eq!(tried(&mut queue, 1).worker, 1);
        assert!(queue.outcomes().is_err());
    }
}

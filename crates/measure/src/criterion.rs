//! Requests that are counted for an objective: exactly, where histograms would round.

use serde::{Deserialize, Serialize};

use crate::End;

/// The largest number of classes and clients that are counted separately.
pub const SELECTIONS: usize = 16;

/// Which requests are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Selection {
    /// All.
    All,
    /// Those of a class.
    Class(u16),
    /// Those of a client.
    Client(u32),
}

impl Selection {
    /// Whether a request of `class` and `client` is counted.
    pub fn has(self, class: u16, client: u32) -> bool {
        match self {
            Selection::All => true,
            Selection::Class(own) => own == class,
            Selection::Client(own) => own == client,
        }
    }
}

/// Limits of the times of a request \[ns\]: each time must be below its limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeLimits {
    /// Of the delay in queue; None: there is none.
    pub delay_ns: Option<u64>,
    /// Of the response time; None: there is none.
    pub response_ns: Option<u64>,
}

impl TimeLimits {
    fn are_met(self, delay: u64, response: u64) -> bool {
        self.delay_ns.is_none_or(|limit| delay < limit) && self.response_ns.is_none_or(|limit| response < limit)
    }
}

/// Requests that are counted, and limits of their times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Which requests.
    pub selection: Selection,
    /// The limits, in any number.
    pub limits: Vec<TimeLimits>,
}

/// The requests of a criterion that arrived after the warm-up and by T.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// All.
    pub arrived: u64,
    /// Those whose service began.
    pub started: u64,
    /// Those whose service was completed.
    pub completed: u64,
    /// Those whose service began later than they arrived.
    pub waited: u64,
    /// Rejected on arrival.
    pub rejected: u64,
    /// Left before their service was completed.
    pub abandoned: u64,
    /// Σ (start − arrival) over those whose service began \[ns\].
    pub delay_sum_ns: u128,
    /// Σ (finish − arrival) over those whose service was completed \[ns\].
    pub response_sum_ns: u128,
    /// Those whose service was completed within each of the criterion's limits.
    pub met: Vec<u64>,
}

impl Counted {
    /// Of no request.
    pub(crate) fn of(criterion: &Criterion) -> Self {
        Self { met: vec![0; criterion.limits.len()], ..Self::default() }
    }

    /// Records the end of a request.
    pub(crate) fn end(&mut self, criterion: &Criterion, arrival: u64, end: End) {
        self.arrived += 1;
        match end {
            End::Completed { start, finish, .. } => {
                self.started(arrival, start);
                self.completed += 1;
                self.response_sum_ns += u128::from(finish - arrival);
                for (met, limits) in self.met.iter_mut().zip(&criterion.limits) {
                    *met += u64::from(limits.are_met(start - arrival, finish - arrival));
                }
            }
            End::AbandonedInService { start, .. } => {
                self.started(arrival, start);
                self.abandoned += 1;
            }
            End::Unserved { finish } if finish == arrival => self.rejected += 1,
            End::Unserved { .. } => self.abandoned += 1,
            End::InService { start, .. } => self.started(arrival, start),
        }
    }

    /// Records a request that is waiting at T.
    pub(crate) fn waiting(&mut self) {
        self.arrived += 1;
    }

    fn started(&mut self, arrival: u64, start: u64) {
        self.started += 1;
        self.waited += u64::from(start > arrival);
        self.delay_sum_ns += u128::from(start - arrival);
    }

    /// Adds those of another worker, under the same criterion.
    pub fn add(&mut self, other: &Self) {
        self.arrived += other.arrived;
        self.started += other.started;
        self.completed += other.completed;
        self.waited += other.waited;
        self.rejected += other.rejected;
        self.abandoned += other.abandoned;
        self.delay_sum_ns += other.delay_sum_ns;
        self.response_sum_ns += other.response_sum_ns;
        self.met.resize(self.met.len().max(other.met.len()), 0);
        self.met.iter_mut().zip(&other.met).for_each(|(own, other)| *own += other);
    }

    /// Checks counts from outside against `criterion`, of a worker with `offered` requests.
    ///
    /// # Errors
    /// The rule that they break.
    pub(crate) fn check(&self, criterion: &Criterion, offered: u64) -> Result<(), &'static str> {
        let Self { arrived, started, completed, waited, rejected, abandoned, .. } = *self;
        let lost = rejected.checked_add(abandoned);
        let sums = [self.delay_sum_ns, self.response_sum_ns];
        if arrived > offered || completed > started || waited > started || lost.is_none_or(|lost| lost > arrived) {
            return Err("the counts of an objective contradict each other");
        }
        // One that was abandoned in service has started.
        if started > arrived || completed > arrived - rejected - abandoned {
            return Err("the counts of an objective contradict each other");
        }
        if self.met.len() != criterion.limits.len() || self.met.iter().any(|&met| met > completed) {
            return Err("the counts of an objective contradict its limits");
        }
        if sums.into_iter().any(|sum| sum > u128::from(offered) * u128::from(u64::MAX)) {
            return Err("the sums of an objective exceed what its requests allow");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_at_its_limit_is_not_below_it() {
        let limits = TimeLimits { delay_ns: Some(5), response_ns: Some(9) };
        assert!(limits.are_met(4, 8));
        assert!(!limits.are_met(5, 8) && !limits.are_met(4, 9));
        assert!(TimeLimits::default().are_met(u64::MAX, u64::MAX));
    }

    #[test]
    fn every_end_is_counted_once() {
        let limits = vec![TimeLimits { delay_ns: None, response_ns: Some(9) }, TimeLimits::default()];
        let criterion = Criterion { selection: Selection::All, limits };
        let mut counted = Counted::of(&criterion);
        for end in [
            End::Completed { start: 10, finish: 18, service: 8 },
            End::Completed { start: 12, finish: 20, service: 8 },
            End::AbandonedInService { start: 11, finish: 12, service: 1 },
            End::Unserved { finish: 10 },
            End::Unserved { finish: 15 },
            End::InService { start: 10, service: 1 },
        ] {
            counted.end(&criterion, 10, end);
        }
        counted.waiting();
        let expected = Counted {
            arrived: 7,
            started: 4,
            completed: 2,
            waited: 2,
            rejected: 1,
            abandoned: 2,
            delay_sum_ns: 3,
            response_sum_ns: 18,
            met: vec![1, 2],
        };
        assert_eq!(counted, expected);
        assert_eq!(counted.check(&criterion, 7), Ok(()));
        assert!(counted.check(&criterion, 6).is_err());
        assert!(Counted { met: vec![3, 2], ..counted.clone() }.check(&criterion, 7).is_err());
        assert!(Counted { met: vec![1], ..counted.clone() }.check(&criterion, 7).is_err());
        assert!(Counted { rejected: u64::MAX, ..counted.clone() }.check(&criterion, 7).is_err());
        let mut twice = counted.clone();
        twice.add(&counted);
        assert_eq!((twice.arrived, twice.met), (14, vec![2, 4]));
    }

    #[test]
    fn a_selection_has_a_class_or_a_client() {
        let of = |selection: Selection| [(1, 2), (1, 3), (2, 3)].map(|(class, client)| selection.has(class, client));
        assert_eq!(of(Selection::All), [true; 3]);
        assert_eq!(of(Selection::Class(1)), [true, true, false]);
        assert_eq!(of(Selection::Client(3)), [false, true, true]);
    }
}

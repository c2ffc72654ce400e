//! Requests that were read and have no completion yet.

use std::collections::VecDeque;

use contract::Request;

/// The demand that marks a completed request.
pub(crate) const COMPLETED: u64 = u64::MAX;

/// The part of a request that the rules need.
#[derive(Clone, Copy)]
pub(crate) struct Outstanding {
    pub(crate) id: u64,
    pub(crate) arrival: u64,
    /// Its demand; [`COMPLETED`] after its completion.
    pub(crate) demand: u64,
}

impl Outstanding {
    #[inline]
    pub(crate) fn new(request: &Request) -> Self {
        Self { id: request.id, arrival: request.arrival_ns, demand: request.service_ns }
    }
}

/// Requests in the order of ids, which is that of arrivals. Completed ones are removed when they reach the front or
/// outnumber the others.
#[derive(Default)]
pub(crate) struct Backlog {
    requests: VecDeque<Outstanding>,
    /// The class of each; empty as long as all have class 0.
    classes: VecDeque<u16>,
    /// Number of requests that are not completed.
    open: usize,
}

impl Backlog {
    /// Number of requests that are not completed.
    #[inline]
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// Adds `requests`, and returns their number.
    #[inline]
    pub(crate) fn extend(&mut self, requests: impl Iterator<Item = Outstanding>) -> usize {
        if self.requests.len() > 2 * self.open + 4096 {
            self.compact();
        }
        let before = self.requests.len();
        self.requests.extend(requests);
        let added = self.requests.len() - before;
        self.open += added;
        added
    }

    /// Gives the latest requests `classes`; those before them without a class have class 0.
    pub(crate) fn extend_classes(&mut self, classes: impl ExactSizeIterator<Item = u16>) {
        self.classes.resize(self.requests.len() - classes.len(), 0);
        self.classes.extend(classes);
    }

    /// The oldest requests, as many as are stored consecutively.
    #[inline]
    pub(crate) fn oldest(&self) -> &[Outstanding] {
        self.requests.as_slices().0
    }

    /// The classes of the requests from the oldest one; none if all have class 0.
    pub(crate) fn classes(&self) -> impl Iterator<Item = u16> + '_ {
        self.classes.iter().copied()
    }

    /// Removes the oldest requests, `number` of them, none of which is completed.
    #[inline]
    pub(crate) fn remove_oldest(&mut self, number: usize) {
        self.open -= number;
        self.requests.drain(..number);
        self.classes.drain(..number.min(self.classes.len()));
        self.drop_completed();
    }

    /// Removes the request `id`, and returns it with its class; None if it is completed or not there.
    #[inline]
    pub(crate) fn remove(&mut self, id: u64) -> Option<(Outstanding, u16)> {
        match self.requests.front() {
            // The common case: the completion of the oldest request.
            Some(&front) if front.id == id && front.demand != COMPLETED => {
                let class = self.classes.front().copied().unwrap_or(0);
                self.remove_oldest(1);
                Some((front, class))
            }
            _ => self.mark(id),
        }
    }

    /// A completion out of order: the request stays, marked as completed, until those before it are completed.
    #[cold]
    fn mark(&mut self, id: u64) -> Option<(Outstanding, u16)> {
        let place = self.requests.binary_search_by_key(&id, |request| request.id).ok()?;
        let found = self.requests[place];
        if found.demand == COMPLETED {
            return None;
        }
        let class = self.classes.get(place).copied().unwrap_or(0);
        self.requests[place].demand = COMPLETED;
        self.open -= 1;
        self.drop_completed();
        Some((found, class))
    }

    /// The smallest id; None without requests.
    pub(crate) fn first_id(&self) -> Option<u64> {
        self.requests.front().map(|front| front.id)
    }

    /// The requests that are not completed, with their classes.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Outstanding, u16)> {
        let classes = self.classes.iter().copied().chain(std::iter::repeat(0));
        self.requests.iter().zip(classes).filter(|(request, _)| request.demand != COMPLETED)
    }

    /// Removes completed requests from the front.
    #[inline]
    fn drop_completed(&mut self) {
        while self.requests.len() > self.open && self.requests.front().is_some_and(|front| front.demand == COMPLETED) {
            self.requests.pop_front();
            self.classes.pop_front();
        }
    }

    #[cold]
    fn compact(&mut self) {
        let mut open = self.requests.iter().map(|request| request.demand != COMPLETED);
        self.classes.retain(|_| open.next().unwrap_or(false));
        self.requests.retain(|request| request.demand != COMPLETED);
    }
}

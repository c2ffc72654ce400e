//! Requests that were read and have no completion yet.

use std::collections::VecDeque;

use contract::Request;
use measure::Kind;

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
    /// The kind of each; empty as long as no kind is known.
    kinds: VecDeque<Kind>,
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

    /// Gives the latest requests `kinds`; those before them without a kind have class 0.
    pub(crate) fn extend_kinds(&mut self, kinds: impl ExactSizeIterator<Item = Kind>) {
        self.kinds.resize(self.requests.len() - kinds.len(), Kind::default());
        self.kinds.extend(kinds);
    }

    /// The oldest requests, as many as are stored consecutively.
    #[inline]
    pub(crate) fn oldest(&self) -> &[Outstanding] {
        self.requests.as_slices().0
    }

    /// The kinds of the requests from the oldest one.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        self.kinds.iter().copied().chain(std::iter::repeat(Kind::default()))
    }

    /// Removes the oldest requests, `number` of them, none of which is completed.
    #[inline]
    pub(crate) fn remove_oldest(&mut self, number: usize) {
        self.open -= number;
        self.requests.drain(..number);
        self.kinds.drain(..number.min(self.kinds.len()));
        self.drop_completed();
    }

    /// Removes the request `id`, and returns it with its kind; None if it is completed or not there.
    #[inline]
    pub(crate) fn remove(&mut self, id: u64) -> Option<(Outstanding, Kind)> {
        match self.requests.front() {
            // The common case: the completion of the oldest request.
            Some(&front) if front.id == id && front.demand != COMPLETED => {
                let kind = self.kinds.front().copied().unwrap_or_default();
                self.remove_oldest(1);
                Some((front, kind))
            }
            _ => self.mark(id),
        }
    }

    /// A completion out of order: the request stays, marked as completed, until those before it are completed.
    #[cold]
    fn mark(&mut self, id: u64) -> Option<(Outstanding, Kind)> {
        let place = self.requests.binary_search_by_key(&id, |request| request.id).ok()?;
        let found = self.requests[place];
        if found.demand == COMPLETED {
            return None;
        }
        let kind = self.kinds.get(place).copied().unwrap_or_default();
        self.requests[place].demand = COMPLETED;
        self.open -= 1;
        self.drop_completed();
        Some((found, kind))
    }

    /// The smallest id; None without requests.
    pub(crate) fn first_id(&self) -> Option<u64> {
        self.requests.front().map(|front| front.id)
    }

    /// The requests that are not completed, with their kinds.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Outstanding, Kind)> {
        self.requests.iter().zip(self.kinds()).filter(|(request, _)| request.demand != COMPLETED)
    }

    /// Removes completed requests from the front.
    #[inline]
    fn drop_completed(&mut self) {
        while self.requests.len() > self.open && self.requests.front().is_some_and(|front| front.demand == COMPLETED) {
            self.requests.pop_front();
            self.kinds.pop_front();
        }
    }

    #[cold]
    fn compact(&mut self) {
        let mut open = self.requests.iter().map(|request| request.demand != COMPLETED);
        self.kinds.retain(|_| open.next().unwrap_or(false));
        self.requests.retain(|request| request.demand != COMPLETED);
    }
}

//! The third stage: checks the order of requests across blocks, takes a part of the trace, and sets its origin.

use contract::Request;

use super::moment::Moment;
use crate::clock::TIME_LIMIT;
use crate::shape::keep::Keep;

/// Where the times of a trace start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// At this time of the trace \[ns\].
    At(i64),
    /// At the first arrival.
    First,
}

/// A rule that a request breaks, with its index among the requests that were passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unordered {
    /// Its arrival is before that of the request before.
    GoesBack { index: usize, arrival_ns: i64, last_ns: i64 },
    /// Its id is not above that of the request before.
    Id { index: usize, id: u64, last: u64 },
    /// It arrives before the origin.
    BeforeOrigin { index: Option<usize>, arrival_ns: i64, origin_ns: i64 },
    /// It arrives 2⁶² ns or more after the origin.
    TooLate,
}

/// What part of a trace is used, and how its times are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The origin of the whole trace.
    pub(super) origin: Origin,
    /// Whether the origin was asked for. If not, the part from `from` on starts at its first arrival.
    pub(super) is_asked: bool,
    pub(super) from: Option<Moment>,
    pub(super) until: Option<Moment>,
    /// Times are divided by this number of billionths.
    pub(super) speed: u64,
}

/// The factor 1 in [`Window::speed`].
pub(super) const NORMAL_SPEED: u64 = 1_000_000_000;

/// Checks the order of requests across blocks.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Id and arrival of the previous request, as the trace has them.
    last: Option<(u64, i64)>,
}

impl Order {
    /// Checks that the trace's next requests follow the ones before. If `in_order`, they are known to be in order among
    /// themselves.
    ///
    /// # Errors
    /// If an id does not increase or an arrival decreases.
    pub(super) fn check(&mut self, requests: &[Request], in_order: bool) -> Result<(), Unordered> {
        let (Some(first), Some(end)) = (requests.first(), requests.last()) else { return Ok(()) };
        let follows = |(last_id, last_ns): (u64, i64)| last_id < first.id && last_ns <= first.arrival_ns as i64;
        // The common case needs no check of each request.
        if !in_order || !self.last.is_none_or(follows) {
            let mut last = self.last;
            for (index, request) in requests.iter().enumerate() {
                let arrival_ns = request.arrival_ns as i64;
                match last {
                    Some((_, last_ns)) if arrival_ns < last_ns => {
                        return Err(Unordered::GoesBack { index, arrival_ns, last_ns });
                    }
                    Some((last, _)) if request.id <= last => {
                        return Err(Unordered::Id { index, id: request.id, last });
                    }
                    _ => last = Some((request.id, arrival_ns)),
                }
            }
        }
        self.last = Some((end.id, end.arrival_ns as i64));
        Ok(())
    }
}

/// Takes a part of a trace and moves its origin.
#[derive(Debug)]
pub(super) struct Part {
    window: Window,
    keep: Keep,
    /// The first arrival of the whole trace \[ns\].
    whole_first_ns: Option<i64>,
    /// The bounds of the part \[ns\], known with the first request.
    bounds: Option<(i64, i64)>,
    /// The offset, known with the first request of the part.
    offset_ns: Option<i64>,
    /// The first and the last arrival of the part, as the trace has them.
    first_and_last_ns: Option<(i64, i64)>,
    /// Number of requests of the part.
    requests: u64,
}

impl Part {
    /// Before the first request.
    pub(super) fn new(window: Window, keep: Keep) -> Self {
        Self { window, keep, whole_first_ns: None, bounds: None, offset_ns: None, first_and_last_ns: None, requests: 0 }
    }

    /// Requests of the part so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    /// The offset that is subtracted from each arrival \[ns\].
    pub(super) fn offset_ns(&self) -> i64 {
        self.offset_ns.unwrap_or(match self.window.origin {
            Origin::At(ns) => ns,
            Origin::First => 0,
        })
    }

    /// The first and the last arrival of the part so far, as the trace has them \[ns\].
    pub(super) fn first_and_last_ns(&self) -> Option<(i64, i64)> {
        self.first_and_last_ns
    }

    /// The requests of the part among `requests`, which are in order, with their times from the origin.
    ///
    /// # Errors
    /// If one arrives before the origin, or too late.
    pub(super) fn take<'a>(&mut self, requests: &'a mut [Request]) -> Result<&'a mut [Request], Unordered> {
        let Some(first) = requests.first() else { return Ok(requests) };
        let whole_first_ns = *self.whole_first_ns.get_or_insert(first.arrival_ns as i64);
        let (from_ns, until_ns) = self.bounds(whole_first_ns);
        let arrives_before = |ns: i64| move |request: &Request| (request.arrival_ns as i64) < ns;
        let end = requests.partition_point(arrives_before(until_ns));
        let start = requests[..end].partition_point(arrives_before(from_ns));
        let requests = kept(&self.keep, &mut requests[start..end]);
        let (Some(first), Some(last)) = (requests.first(), requests.last()) else { return Ok(requests) };
        let (first_ns, last_ns) = (first.arrival_ns as i64, last.arrival_ns as i64);
        self.first_and_last_ns = Some((self.first_and_last_ns.map_or(first_ns, |(first_ns, _)| first_ns), last_ns));
        let is_part = self.window.from.is_some() && !self.window.is_asked;
        let offset_ns = *self.offset_ns.get_or_insert(match self.window.origin {
            Origin::At(ns) if !is_part => ns,
            Origin::First if !is_part && !self.window.is_asked => whole_first_ns,
            _ => first_ns,
        });
        if first_ns < offset_ns {
            let index = Some(start).filter(|_| self.keep.keeps_all());
            return Err(Unordered::BeforeOrigin { index, arrival_ns: first_ns, origin_ns: offset_ns });
        }
        // Both are below 2⁶² in absolute value, so that nothing overflows.
        let speed = u128::from(self.window.speed);
        let scaled = |ns: u64| u128::from(ns) * u128::from(NORMAL_SPEED) / speed;
        if scaled((last_ns - offset_ns) as u64) >= u128::from(TIME_LIMIT) {
            return Err(Unordered::TooLate);
        }
        if offset_ns != 0 {
            requests
                .iter_mut()
                .for_each(|request| request.arrival_ns = request.arrival_ns.wrapping_sub(offset_ns as u64));
        }
        if self.window.speed != NORMAL_SPEED {
            requests.iter_mut().for_each(|request| request.arrival_ns = scaled(request.arrival_ns) as u64);
        }
        self.requests += requests.len() as u64;
        Ok(requests)
    }

    /// The bounds of the part, by the origin of the whole trace, whose first arrival is at `first_ns`.
    fn bounds(&mut self, first_ns: i64) -> (i64, i64) {
        let Window { origin, from, until, .. } = self.window;
        let origin_ns = match origin {
            Origin::At(ns) => ns,
            Origin::First => first_ns,
        };
        let bound = |moment: Option<Moment>, none: i64| moment.map_or(none, |moment| moment.since(origin_ns));
        *self.bounds.get_or_insert_with(|| (bound(from, i64::MIN), bound(until, i64::MAX)))
    }
}

/// Moves the requests that are kept to the front, in their order.
fn kept<'a>(keep: &Keep, requests: &'a mut [Request]) -> &'a mut [Request] {
    if keep.keeps_all() {
        return requests;
    }
    let mut number = 0;
    for place in 0..requests.len() {
        if keep.keeps(&requests[place]) {
            requests[number] = requests[place];
            number += 1;
        }
    }
    &mut requests[..number]
}

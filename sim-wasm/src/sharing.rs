//! Processor sharing: all requests are in service, each at the rate min(1, servers / requests).
//!
//! Virtual time is the service that a request which is always there has received (Parekh and Gallager, "A generalized
//! processor sharing approach to flow control", 1993): a request leaves when it has advanced by the demand since the
//! arrival. Both times have 64 binary places of a nanosecond. Virtual time is rounded down and departures up, so that
//! each event adds less than 2⁻⁶⁴ ns of work for each request in the system: in a busy period of E events with at most N
//! requests, every departure is late by less than E·(N + 1)·2⁻⁶⁴ ns, which is below 1 ns up to 2³⁹ events of 2²⁴
//! requests. What is reported is the first whole nanosecond that is not before the departure less 2⁻²⁴ ns, so that
//! departures which are whole nanoseconds are not reported one later.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use contract::{Completion, Request};

use crate::model::Model;

/// Binary places of both times.
const PLACES: u32 = 64;
/// 2⁻²⁴ ns.
const TOLERANCE: u128 = 1 << (PLACES - 24);
/// Later than all times: 2⁶³ ns.
const LATEST: u128 = 1 << 127;

/// The requests that share the servers.
#[derive(Debug, Clone)]
pub(crate) struct Sharing {
    servers: u64,
    capacity: usize,
    /// DELAY; `u64::MAX` without it.
    delay: u64,
    entered: u64,
    /// The present, and virtual time.
    now: u128,
    virtual_now: u128,
    /// The next departure; [`LATEST`] without one.
    departure: u128,
    /// Unfinished service of all requests.
    work_left: u128,
    jobs: BinaryHeap<Reverse<Job>>,
}

/// A request in the system. The order of the fields is that of departures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Job {
    /// The virtual time at which it leaves.
    target: u128,
    id: u64,
    arrival_ns: u64,
    demand_ns: u64,
}

impl Sharing {
    /// No request at time 0.
    pub(crate) fn new(model: &Model) -> Self {
        Self {
            servers: model.servers.into(),
            capacity: model.room(),
            delay: if model.delay == 0 { u64::MAX } else { model.delay },
            entered: 0,
            now: 0,
            virtual_now: 0,
            departure: LATEST,
            work_left: 0,
            jobs: BinaryHeap::new(),
        }
    }

    pub(crate) fn in_system(&self) -> usize {
        self.jobs.len()
    }

    pub(crate) fn ended(&self) -> bool {
        self.entered == self.delay
    }

    /// Unfinished service of all requests at `now_ns`, which is not after [`Sharing::next`] \[ns\]; rounded up, as departures are.
    pub(crate) fn unfinished(&self, now_ns: u64) -> u128 {
        let passed = (u128::from(now_ns) << PLACES).saturating_sub(self.now);
        let served = passed.saturating_mul(self.servers.min(self.jobs.len() as u64).into());
        self.work_left.saturating_sub(served).saturating_sub(TOLERANCE).div_ceil(1 << PLACES)
    }

    /// The first whole nanosecond at which the next request has left; None if there is none.
    #[inline]
    pub(crate) fn next(&self) -> Option<u64> {
        (!self.jobs.is_empty()).then(|| whole(self.departure))
    }

    /// Processes the next departure.
    #[inline]
    pub(crate) fn step(&mut self, emit: &mut impl FnMut(Completion)) {
        let finish_ns = whole(self.departure);
        self.pass(self.departure);
        if let Some(Reverse(Job { target, id, arrival_ns, demand_ns })) = self.jobs.pop() {
            self.virtual_now = target;
            emit(Completion { id, start_ns: arrival_ns, finish_ns, service_ns: demand_ns });
        }
        if self.jobs.is_empty() {
            (self.virtual_now, self.work_left) = (0, 0);
        }
        self.plan();
    }

    /// `request` arrives; all earlier departures are processed. Returns whether it enters the system.
    #[inline]
    pub(crate) fn admit(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        let Request { id, arrival_ns, service_ns: demand_ns, .. } = *request;
        if self.jobs.len() >= self.capacity {
            emit(Completion { id, start_ns: Completion::NOT_SERVED, finish_ns: arrival_ns, service_ns: 0 });
            return false;
        }
        let now = u128::from(arrival_ns) << PLACES;
        if let Some(Reverse(first)) = self.jobs.peek() {
            let target = first.target;
            let (servers, sharing) = (self.servers, self.jobs.len() as u64);
            // The last departure may have been later, by up to the tolerance.
            let passed = now.saturating_sub(self.now);
            self.virtual_now += if sharing > servers { scaled(passed, servers, sharing, false) } else { passed };
            // A departure that was rounded up may be later than virtual time has it.
            self.virtual_now = self.virtual_now.min(target);
        }
        self.pass(now);
        let demand = u128::from(demand_ns) << PLACES;
        self.work_left = self.work_left.saturating_add(demand);
        self.jobs.push(Reverse(Job { target: self.virtual_now.saturating_add(demand), id, arrival_ns, demand_ns }));
        self.plan();
        self.entered += 1;
        if self.ended() {
            self.stop(arrival_ns, emit);
        }
        true
    }

    /// Real time advances to `now`.
    #[inline]
    fn pass(&mut self, now: u128) {
        let busy = self.servers.min(self.jobs.len() as u64);
        let passed = now.saturating_sub(self.now);
        self.work_left = self.work_left.saturating_sub(passed.saturating_mul(busy.into()));
        self.now = self.now.max(now);
    }

    /// Sets the next departure.
    #[inline]
    fn plan(&mut self) {
        self.departure = match self.jobs.peek() {
            None => LATEST,
            Some(Reverse(first)) => {
                let left = first.target - self.virtual_now;
                let (servers, sharing) = (self.servers, self.jobs.len() as u64);
                let time = if sharing > servers { scaled(left, sharing, servers, true) } else { left };
                self.now.saturating_add(time).min(LATEST)
            }
        };
    }

    /// DELAY: the simulation ends at `now_ns`, right after an arrival.
    fn stop(&mut self, now_ns: u64, emit: &mut impl FnMut(Completion)) {
        for Reverse(Job { target, id, arrival_ns, demand_ns }) in self.jobs.drain() {
            let left_ns = (target - self.virtual_now).div_ceil(1 << PLACES) as u64;
            let (finish_ns, service_ns) = match left_ns {
                0 => (now_ns, demand_ns),
                left_ns => (Completion::IN_SERVICE, demand_ns.saturating_sub(left_ns)),
            };
            emit(Completion { id, start_ns: arrival_ns, finish_ns, service_ns });
        }
    }
}

/// The whole nanosecond at which a departure at `time` is reported.
#[inline]
fn whole(time: u128) -> u64 {
    let time = time.saturating_sub(TOLERANCE);
    (time >> PLACES) as u64 + u64::from(time as u64 > 0)
}

/// `time` · `by` / `over`, rounded down or up, at most [`LATEST`]. The product has up to 192 bits.
#[inline]
fn scaled(time: u128, by: u64, over: u64, up: bool) -> u128 {
    let low = u128::from(time as u64) * u128::from(by);
    let high = (time >> 64) * u128::from(by) + (low >> 64);
    let low = u128::from(low as u64);
    if over == 1 {
        return if high >> 63 > 0 { LATEST } else { high << 64 | low };
    }
    let over = u128::from(over);
    let (whole, rest) = (high / over, (high % over) << 64 | low);
    if whole >> 63 > 0 {
        return LATEST;
    }
    (whole << 64) + rest / over + u128::from(up && rest % over > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_exact() {
        let one = 1u128 << 64;
        assert_eq!(scaled(5 * one, 3, 1, true), 15 * one);
        assert_eq!(scaled(5 * one + 1, 3, 2, false), 15 * one / 2 + 1);
        assert_eq!(scaled(5 * one + 1, 3, 2, true), 15 * one / 2 + 2);
        assert_eq!(scaled(7, 1, 3, false), 2);
        assert_eq!(scaled(7, 1, 3, true), 3);
        assert_eq!(scaled((1 << 126) + 12_345, 1 << 24, 1 << 24, true), (1 << 126) + 12_345);
        assert_eq!(scaled(1 << 126, 2, 1, true), LATEST);
        assert_eq!(scaled(1 << 126, 7, 3, true), LATEST);
    }

    #[test]
    fn a_departure_is_reported_at_the_first_whole_nanosecond() {
        let times = [0, TOLERANCE, TOLERANCE + 1, 1 << 64, (1 << 64) + TOLERANCE, (1 << 64) + TOLERANCE + 1].map(whole);
        assert_eq!(times, [0, 0, 1, 1, 1, 2]);
    }
}

//! The event loop: servers that serve one request each, under any discipline but processor sharing.
//!
//! Events at one instant are processed in the order of departure, entry into service, abandonment, arrival, and then of
//! ids (docs/contract.md).

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use contract::{Completion, Request};

use crate::model::{Deadlines, Discipline, Model};
use crate::waiting::{Job, Waiting};

/// A station of servers and the requests that wait for them.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    servers: usize,
    capacity: usize,
    /// DELAY; `u64::MAX` without it.
    delay: u64,
    deadlines: Deadlines,
    waiting: Waiting,
    /// The requests that wait and may leave: deadline, id and demand.
    expiring: BTreeSet<(u64, u64, u64)>,
    /// The requests in service. With pre-emption, also those that were interrupted, but never as the first.
    serving: BinaryHeap<Reverse<Serving>>,
    /// With pre-emption: the requests in service, by priority, id and finish.
    interruptible: Option<BTreeMap<(u32, u64, u64), Job>>,
    /// Requests in service, and requests in the system.
    in_service: usize,
    in_system: usize,
    /// Requests that have entered service.
    entered: u64,
    /// The service that waiting requests need, and the sum of the finishes of those in service \[ns\].
    waiting_ns: u128,
    finishes_ns: u128,
}

/// A request in service.
#[derive(Debug, Clone)]
struct Serving {
    finish_ns: u64,
    job: Job,
}

impl PartialEq for Serving {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Serving {}

impl PartialOrd for Serving {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Serving {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.finish_ns, self.job.id).cmp(&(other.finish_ns, other.job.id))
    }
}

impl Events {
    /// An empty station at time 0.
    pub(crate) fn new(model: &Model) -> Self {
        Self {
            servers: model.servers as usize,
            capacity: model.room(),
            delay: if model.delay == 0 { u64::MAX } else { model.delay },
            deadlines: Deadlines::new(model),
            waiting: Waiting::new(model),
            expiring: BTreeSet::new(),
            serving: BinaryHeap::new(),
            interruptible: (model.discipline == Discipline::PriorityPreemptive).then(BTreeMap::new),
            in_service: 0,
            in_system: 0,
            entered: 0,
            waiting_ns: 0,
            finishes_ns: 0,
        }
    }

    pub(crate) fn in_system(&self) -> usize {
        self.in_system
    }

    pub(crate) fn ended(&self) -> bool {
        self.entered == self.delay
    }

    /// Unfinished service of all requests at `now`, which is not after [`Events::next`] \[ns\].
    pub(crate) fn unfinished(&self, now: u64) -> u128 {
        let in_service = self.in_service as u128 * u128::from(now);
        self.waiting_ns + self.finishes_ns.saturating_sub(in_service)
    }

    /// The time of the next departure or abandonment \[ns\].
    #[inline]
    pub(crate) fn next(&self) -> Option<u64> {
        match (self.departure(), self.expiry()) {
            (Some(departure), Some(expiry)) => Some(departure.min(expiry)),
            (departure, expiry) => departure.or(expiry),
        }
    }

    #[inline]
    fn departure(&self) -> Option<u64> {
        self.serving.peek().map(|Reverse(first)| first.finish_ns)
    }

    #[inline]
    fn expiry(&self) -> Option<u64> {
        self.expiring.first().map(|&(deadline, ..)| deadline)
    }

    /// Processes the next departure, and the entry into service that follows from it, or the next abandonment.
    #[inline]
    pub(crate) fn step(&mut self, emit: &mut impl FnMut(Completion)) {
        // At one instant an entry into service comes before an abandonment, and departures make it possible.
        let expiry = self.expiry();
        if self.departure().is_some_and(|departure| expiry.is_none_or(|expiry| departure <= expiry)) {
            self.depart(emit);
        } else if let Some((deadline, id, demand)) = self.expiring.pop_first() {
            self.waiting_ns -= u128::from(demand);
            self.in_system -= 1;
            self.waiting.expire(id, deadline, self.in_system - self.in_service);
            emit(Completion { id, start_ns: Completion::NOT_SERVED, finish_ns: deadline, service_ns: 0 });
        }
    }

    #[inline]
    fn depart(&mut self, emit: &mut impl FnMut(Completion)) {
        let Some(Reverse(Serving { finish_ns: now, job })) = self.serving.pop() else { return };
        if let Some(interruptible) = &mut self.interruptible {
            interruptible.remove(&(job.priority, job.id, now));
        }
        self.finishes_ns -= u128::from(now);
        self.in_service -= 1;
        self.in_system -= 1;
        emit(served(&job, now));
        if self.in_system > self.in_service
            && let Some(next) = self.waiting.pop(now, self.entered)
        {
            self.waiting_ns -= u128::from(next.left_ns);
            if next.deadline_ns < u64::MAX {
                self.expiring.remove(&(next.deadline_ns, next.id, next.demand_ns));
            }
            self.enter(next, now, emit);
        }
        self.drop_interrupted();
    }

    /// Removes requests that were interrupted from the front of those in service.
    #[inline]
    fn drop_interrupted(&mut self) {
        let Some(interruptible) = &self.interruptible else { return };
        while let Some(Reverse(Serving { finish_ns, job })) = self.serving.peek() {
            if interruptible.contains_key(&(job.priority, job.id, *finish_ns)) {
                return;
            }
            self.serving.pop();
        }
    }

    /// `request` arrives; all earlier events are processed. Returns whether it enters the system.
    #[inline]
    pub(crate) fn admit(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        let now = request.arrival_ns;
        if self.in_system >= self.capacity {
            emit(Completion { id: request.id, start_ns: Completion::NOT_SERVED, finish_ns: now, service_ns: 0 });
            return false;
        }
        self.in_system += 1;
        let job = Job {
            id: request.id,
            arrival_ns: now,
            demand_ns: request.service_ns,
            left_ns: request.service_ns,
            start_ns: None,
            deadline_ns: u64::MAX,
            priority: u32::from(request.class) << 8 | u32::from(request.op),
        };
        if self.in_service < self.servers {
            self.enter(job, now, emit);
        } else if let Some(old) = self.interrupt(&job, now) {
            self.wait(old);
            self.enter(job, now, emit);
            self.drop_interrupted();
        } else {
            let deadline_ns = self.deadlines.of(request);
            if deadline_ns < u64::MAX {
                self.expiring.insert((deadline_ns, job.id, job.demand_ns));
            }
            self.wait(Job { deadline_ns, ..job });
        }
        true
    }

    /// Interrupts the request in service that is less urgent than `job`, which arrives: the least urgent one, of equal
    /// ones the latest.
    fn interrupt(&mut self, job: &Job, now: u64) -> Option<Job> {
        let interruptible = self.interruptible.as_mut()?;
        let last = interruptible.last_entry().filter(|last| job.priority < last.key().0)?;
        let ((.., finish_ns), old) = last.remove_entry();
        self.finishes_ns -= u128::from(finish_ns);
        self.in_service -= 1;
        Some(Job { left_ns: finish_ns - now, ..old })
    }

    #[inline]
    fn wait(&mut self, job: Job) {
        self.waiting_ns += u128::from(job.left_ns);
        self.waiting.push(job);
    }

    /// Service of `job` begins, or goes on.
    #[inline]
    fn enter(&mut self, job: Job, now: u64, emit: &mut impl FnMut(Completion)) {
        let finish_ns = now.saturating_add(job.left_ns);
        self.entered += u64::from(job.start_ns.is_none());
        let job = Job { start_ns: job.start_ns.or(Some(now)), deadline_ns: u64::MAX, ..job };
        self.finishes_ns += u128::from(finish_ns);
        self.in_service += 1;
        if let Some(interruptible) = &mut self.interruptible {
            interruptible.insert((job.priority, job.id, finish_ns), job);
        }
        self.serving.push(Reverse(Serving { finish_ns, job }));
        if self.ended() {
            self.stop(now, emit);
        }
    }

    /// DELAY: the simulation ends at `now`, right after an entry into service.
    fn stop(&mut self, now: u64, emit: &mut impl FnMut(Completion)) {
        let mut end = |job: &Job, finish_ns: u64| {
            emit(if finish_ns <= now { served(job, finish_ns) } else { in_service(job, finish_ns - now) });
        };
        match &self.interruptible {
            Some(serving) => serving.iter().for_each(|(&(.., finish_ns), job)| end(job, finish_ns)),
            None => self.serving.iter().for_each(|Reverse(Serving { finish_ns, job })| end(job, *finish_ns)),
        }
        self.waiting.interrupted().for_each(|job| emit(in_service(job, job.left_ns)));
    }
}

fn served(job: &Job, finish_ns: u64) -> Completion {
    let start_ns = job.start_ns.unwrap_or(Completion::NOT_SERVED);
    Completion { id: job.id, start_ns, finish_ns, service_ns: job.demand_ns }
}

fn in_service(job: &Job, left_ns: u64) -> Completion {
    Completion { service_ns: job.demand_ns - left_ns, ..served(job, Completion::IN_SERVICE) }
}

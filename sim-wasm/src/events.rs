//! The event loop: servers that serve one request each, under any discipline but processor sharing.
//!
//! Events at one instant are processed in the order of departure, entry into service, abandonment, arrival, and then of
//! ids (docs/contract.md).

use std::collections::{BTreeMap, BTreeSet};

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
    /// The requests that wait and have a deadline.
    expiring: BTreeMap<(u64, u64), Job>,
    /// The requests in service, by finish and id.
    serving: BTreeMap<(u64, u64), Job>,
    /// With pre-emption: priority, id and finish of each request in service.
    interruptible: Option<BTreeSet<(u32, u64, u64)>>,
    /// Requests waiting or in service.
    in_system: usize,
    /// Requests that have entered service.
    entered: u64,
    /// The service that waiting requests need, and the sum of the finishes of those in service \[ns\].
    waiting_ns: u128,
    finishes_ns: u128,
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
            expiring: BTreeMap::new(),
            serving: BTreeMap::new(),
            interruptible: (model.discipline == Discipline::PriorityPreemptive).then(BTreeSet::new),
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
    pub(crate) fn work_left(&self, now: u64) -> u128 {
        let in_service = self.serving.len() as u128 * u128::from(now);
        self.waiting_ns + self.finishes_ns.saturating_sub(in_service)
    }

    /// The time of the next departure or abandonment \[ns\].
    #[inline]
    pub(crate) fn next(&self) -> Option<u64> {
        let departure = self.serving.first_key_value().map(|(&(finish, _), _)| finish);
        let expiry = self.expiring.first_key_value().map(|(&(deadline, _), _)| deadline);
        match (departure, expiry) {
            (Some(departure), Some(expiry)) => Some(departure.min(expiry)),
            (departure, expiry) => departure.or(expiry),
        }
    }

    /// Processes the next departure, and the entry into service that follows from it, or the next abandonment.
    #[inline]
    pub(crate) fn step(&mut self, emit: &mut impl FnMut(Completion)) {
        let departure = self.serving.first_key_value().map(|(&(finish, _), _)| finish);
        let expiry = self.expiring.first_key_value().map(|(&(deadline, _), _)| deadline);
        // At one instant an entry into service comes before an abandonment, and departures make it possible.
        if let Some(departure) = departure.filter(|&departure| expiry.is_none_or(|expiry| departure <= expiry)) {
            self.depart(departure, emit);
        } else if let Some(((deadline, id), job)) = self.expiring.pop_first() {
            self.waiting.remove(&job);
            self.waiting_ns -= u128::from(job.left_ns);
            self.in_system -= 1;
            emit(Completion { id, start_ns: Completion::NOT_SERVED, finish_ns: deadline, service_ns: 0 });
        }
    }

    #[inline]
    fn depart(&mut self, now: u64, emit: &mut impl FnMut(Completion)) {
        let Some(((finish_ns, id), job)) = self.serving.pop_first() else { return };
        self.finishes_ns -= u128::from(finish_ns);
        if let Some(interruptible) = &mut self.interruptible {
            interruptible.remove(&(job.priority, id, finish_ns));
        }
        self.in_system -= 1;
        emit(served(&job, finish_ns));
        if let Some(next) = self.waiting.pop(self.entered) {
            self.waiting_ns -= u128::from(next.left_ns);
            if let Some(deadline) = next.deadline_ns.filter(|_| next.start_ns.is_none()) {
                self.expiring.remove(&(deadline, next.id));
            }
            self.enter(next, now, emit);
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
            deadline_ns: None,
            priority: u32::from(request.class) << 8 | u32::from(request.op),
        };
        if self.serving.len() < self.servers {
            self.enter(job, now, emit);
        } else if let Some(interrupted) = self.interrupted_by(&job) {
            let (_, id, finish_ns) = interrupted;
            if let Some(old) = self.serving.remove(&(finish_ns, id)) {
                self.finishes_ns -= u128::from(finish_ns);
                self.wait(Job { left_ns: finish_ns - now, ..old });
            }
            self.enter(job, now, emit);
        } else {
            let deadline_ns = self.deadlines.of(request);
            self.wait(Job { deadline_ns, ..job });
        }
        true
    }

    /// The request in service that `job`, which arrives, interrupts: the least urgent one, of equal ones the latest.
    fn interrupted_by(&mut self, job: &Job) -> Option<(u32, u64, u64)> {
        let interruptible = self.interruptible.as_mut()?;
        interruptible.last().filter(|&&(priority, ..)| job.priority < priority)?;
        interruptible.pop_last()
    }

    #[inline]
    fn wait(&mut self, job: Job) {
        self.waiting_ns += u128::from(job.left_ns);
        if let Some(deadline) = job.deadline_ns.filter(|_| job.start_ns.is_none()) {
            self.expiring.insert((deadline, job.id), job);
        }
        self.waiting.push(job);
    }

    /// Service of `job` begins, or goes on.
    #[inline]
    fn enter(&mut self, job: Job, now: u64, emit: &mut impl FnMut(Completion)) {
        let finish_ns = now.saturating_add(job.left_ns);
        self.entered += u64::from(job.start_ns.is_none());
        let job = Job { start_ns: job.start_ns.or(Some(now)), ..job };
        self.finishes_ns += u128::from(finish_ns);
        if let Some(interruptible) = &mut self.interruptible {
            interruptible.insert((job.priority, job.id, finish_ns));
        }
        self.serving.insert((finish_ns, job.id), job);
        if self.ended() {
            self.stop(now, emit);
        }
    }

    /// DELAY: the simulation ends at `now`, right after an entry into service.
    fn stop(&mut self, now: u64, emit: &mut impl FnMut(Completion)) {
        for (&(finish_ns, _), job) in &self.serving {
            if finish_ns <= now {
                emit(served(job, finish_ns));
            } else {
                emit(in_service(job, finish_ns - now));
            }
        }
        // Those that were interrupted.
        self.waiting.jobs().filter(|job| job.start_ns.is_some()).for_each(|job| emit(in_service(job, job.left_ns)));
    }
}

fn served(job: &Job, finish_ns: u64) -> Completion {
    let start_ns = job.start_ns.unwrap_or(Completion::NOT_SERVED);
    Completion { id: job.id, start_ns, finish_ns, service_ns: job.demand_ns }
}

fn in_service(job: &Job, left_ns: u64) -> Completion {
    Completion { service_ns: job.demand_ns - left_ns, ..served(job, Completion::IN_SERVICE) }
}

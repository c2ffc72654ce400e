//! The requests that wait, in the order of a discipline.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

use random::streams::Streams;

use crate::model::{Discipline, Model};

/// A request in the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: u64,
    pub(crate) arrival_ns: u64,
    pub(crate) demand_ns: u64,
    /// The service that it still needs \[ns\].
    pub(crate) left_ns: u64,
    /// When its service first began \[ns\]; None before that.
    pub(crate) start_ns: Option<u64>,
    /// When it leaves if its service has not begun \[ns\]; `u64::MAX` = never.
    pub(crate) deadline_ns: u64,
    /// Its priority: the smallest is the most urgent. Class, then operation.
    pub(crate) priority: u32,
}

impl Job {
    /// Whether it, which waits, has left without service before an entry into service at `now`.
    #[inline]
    fn has_left(&self, now: u64) -> bool {
        self.deadline_ns < now && self.start_ns.is_none()
    }
}

/// The requests that wait.
#[derive(Debug, Clone)]
pub(crate) enum Waiting {
    /// Each has a rank, and the one with the smallest rank is served next.
    Ranked(fn(&Job) -> u64, BinaryHeap<Reverse<Ranked>>),
    /// A random one is served next.
    Random(Draw),
}

impl Waiting {
    /// None, under the discipline of `model`.
    pub(crate) fn new(model: &Model) -> Self {
        let rank: fn(&Job) -> u64 = match model.discipline {
            Discipline::Siro => return Waiting::Random(Draw::new(model)),
            Discipline::Fifo | Discipline::Ps => |_| 0,
            Discipline::Lifo => |job| !job.id,
            Discipline::Sjf => |job| job.demand_ns,
            Discipline::Priority | Discipline::PriorityPreemptive => |job| job.priority.into(),
        };
        Waiting::Ranked(rank, BinaryHeap::new())
    }

    #[inline]
    pub(crate) fn push(&mut self, job: Job) {
        match self {
            Waiting::Ranked(rank, jobs) => jobs.push(Reverse(Ranked { rank: rank(&job), job })),
            Waiting::Random(draw) => draw.push(job),
        }
    }

    /// The request whose service begins next, at `now`: of equal ones, the one with the smallest id. `entry`: the number
    /// of requests that have entered service before.
    #[inline]
    pub(crate) fn pop(&mut self, now: u64, entry: u64) -> Option<Job> {
        match self {
            Waiting::Ranked(_, jobs) => loop {
                let Reverse(Ranked { job, .. }) = jobs.pop()?;
                if !job.has_left(now) {
                    return Some(job);
                }
            },
            Waiting::Random(draw) => draw.pop(entry),
        }
    }

    /// The request `id` left without service at `now`; `waiting` requests remain. Those that have left stay in a heap
    /// until they are its first, or most of it.
    pub(crate) fn expire(&mut self, id: u64, now: u64, waiting: usize) {
        match self {
            Waiting::Ranked(_, jobs) if jobs.len() > 2 * waiting + 64 => {
                jobs.retain(|Reverse(Ranked { job, .. })| job.id != id && !job.has_left(now));
            }
            Waiting::Ranked(..) => {}
            Waiting::Random(draw) => draw.remove(id),
        }
    }

    /// The requests whose service was interrupted.
    pub(crate) fn interrupted(&self) -> impl Iterator<Item = &Job> {
        let ranked = match self {
            Waiting::Ranked(_, jobs) => Some(jobs),
            Waiting::Random(_) => None,
        };
        ranked.into_iter().flatten().map(|Reverse(Ranked { job, .. })| job).filter(|job| job.start_ns.is_some())
    }
}

/// A request and its rank.
#[derive(Debug, Clone)]
pub(crate) struct Ranked {
    rank: u64,
    job: Job,
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.rank, self.job.id).cmp(&(other.rank, other.job.id))
    }
}

/// Requests in a list, of which a random one is served next. One that leaves is replaced by the last of the list.
#[derive(Debug, Clone)]
pub(crate) struct Draw {
    jobs: Vec<Job>,
    /// The place of each id in the list; only with PATIENCE.
    places: Option<BTreeMap<u64, usize>>,
    streams: Streams,
    /// The number of this worker's first stream.
    first: u64,
}

impl Draw {
    fn new(model: &Model) -> Self {
        Self {
            jobs: Vec::new(),
            places: (!model.patience.is_endless()).then(BTreeMap::new),
            streams: Streams::new(model.seed, "siro"),
            first: u64::from(model.worker - 1) << 40,
        }
    }

    fn push(&mut self, job: Job) {
        if let Some(places) = &mut self.places {
            places.insert(job.id, self.jobs.len());
        }
        self.jobs.push(job);
    }

    fn pop(&mut self, entry: u64) -> Option<Job> {
        if self.jobs.is_empty() {
            return None;
        }
        let place = self.streams.of(self.first.wrapping_add(entry)).below(self.jobs.len() as u64);
        Some(self.take(place as usize))
    }

    fn remove(&mut self, id: u64) {
        if let Some(&place) = self.places.as_ref().and_then(|places| places.get(&id)) {
            self.take(place);
        }
    }

    fn take(&mut self, place: usize) -> Job {
        let job = self.jobs.swap_remove(place);
        if let Some(places) = &mut self.places {
            places.remove(&job.id);
            if let Some(moved) = self.jobs.get(place) {
                places.insert(moved.id, place);
            }
        }
        job
    }
}

//! Every discipline as docs/contract.md defines it, by a full search at each event. The queues must agree with it.

use contract::{Completion, Request};
use random::streams::Streams;

use crate::model::{Deadlines, Discipline, Model};

struct Job {
    request: Request,
    left: u64,
    start: Option<u64>,
    in_service: bool,
}

impl Job {
    fn key(&self) -> (u16, u8, u64) {
        (self.request.class, self.request.op, self.request.id)
    }
}

/// The completions of `requests`, by id, under any discipline but processor sharing. Time passes nanosecond by
/// nanosecond.
pub(crate) fn completions(model: &Model, requests: &[Request]) -> Vec<Completion> {
    let deadlines = Deadlines::new(model);
    let mut done = Vec::new();
    // In the order of siro's list.
    let mut jobs: Vec<Job> = Vec::new();
    let (mut coming, mut entered, mut now) = (requests.iter().peekable(), 0, 0);
    loop {
        // Departures, then one entry, until neither is possible.
        loop {
            jobs.retain(|job| {
                let leaves = job.in_service && job.left == 0;
                if leaves {
                    done.push(completion(job, job.start, now, job.request.service_ns));
                }
                !leaves
            });
            let in_service = jobs.iter().filter(|job| job.in_service).count();
            let waiting: Vec<usize> = (0..jobs.len()).filter(|&place| !jobs[place].in_service).collect();
            if waiting.is_empty() {
                break;
            }
            let next = match model.discipline {
                // Waiting requests are kept in siro's order, those in service before them.
                Discipline::Siro => {
                    let stream = Streams::new(model.seed, "siro").of(((u64::from(model.worker) - 1) << 40) + entered);
                    waiting[stream.clone().below(waiting.len() as u64) as usize]
                }
                Discipline::Lifo => waiting.into_iter().max_by_key(|&place| jobs[place].request.id).unwrap(),
                Discipline::Sjf => {
                    waiting.into_iter().min_by_key(|&at| (jobs[at].request.service_ns, jobs[at].request.id)).unwrap()
                }
                Discipline::Priority | Discipline::PriorityPreemptive => {
                    waiting.into_iter().min_by_key(|&place| jobs[place].key()).unwrap()
                }
                _ => waiting.into_iter().min_by_key(|&place| jobs[place].request.id).unwrap(),
            };
            if in_service == model.servers as usize {
                let last =
                    (0..jobs.len()).filter(|&place| jobs[place].in_service).max_by_key(|&place| jobs[place].key());
                let last = last.unwrap();
                if model.discipline != Discipline::PriorityPreemptive || jobs[last].key() < jobs[next].key() {
                    break;
                }
                jobs[last].in_service = false;
            }
            let first = jobs[next].start.is_none();
            jobs[next].start = jobs[next].start.or(Some(now));
            jobs[next].in_service = true;
            if model.discipline == Discipline::Siro {
                // The last of the list takes its place.
                let job = jobs.swap_remove(next);
                jobs.insert(0, job);
                let waits = jobs.iter().position(|job| !job.in_service).unwrap_or(jobs.len());
                assert!(jobs[waits..].iter().all(|job| !job.in_service));
                // swap_remove moved the last one to `next`, and the insertion moved all by one.
            }
            entered += u64::from(first);
            if first && entered == model.delay {
                for job in jobs.iter().filter(|job| job.start.is_some()) {
                    let finish = if job.left == 0 { now } else { Completion::IN_SERVICE };
                    done.push(completion(job, job.start, finish, job.request.service_ns - job.left));
                }
                done.sort_by_key(|done| done.id);
                return done;
            }
        }
        // Abandonments, in the order of ids.
        let gone = |job: &Job| job.start.is_none() && deadlines.of(&job.request) == now;
        let mut leaving: Vec<u64> = jobs.iter().filter(|job| gone(job)).map(|job| job.request.id).collect();
        leaving.sort_unstable();
        for id in leaving {
            let place = jobs.iter().position(|job| job.request.id == id).unwrap();
            let job = jobs.swap_remove(place);
            done.push(completion(&job, None, now, 0));
        }
        // An arrival, which is settled before the next one.
        if let Some(request) = coming.next_if(|request| request.arrival_ns == now) {
            if model.capacity > 0 && jobs.len() as u64 >= model.capacity {
                let job = Job { request: *request, left: 0, start: None, in_service: false };
                done.push(completion(&job, None, now, 0));
            } else {
                jobs.push(Job { request: *request, left: request.service_ns, start: None, in_service: false });
            }
            continue;
        }
        if jobs.is_empty() && coming.peek().is_none() {
            done.sort_by_key(|done| done.id);
            return done;
        }
        now += 1;
        jobs.iter_mut().filter(|job| job.in_service).for_each(|job| job.left -= 1);
    }
}

fn completion(job: &Job, start: Option<u64>, finish_ns: u64, service_ns: u64) -> Completion {
    Completion { id: job.request.id, start_ns: start.unwrap_or(Completion::NOT_SERVED), finish_ns, service_ns }
}

/// The completions of `requests`, by id, under processor sharing without DELAY, in exact fractions.
pub(crate) fn shared(model: &Model, requests: &[Request]) -> Vec<Completion> {
    let (mut done, mut jobs) = (Vec::new(), Vec::<(Request, Fraction)>::new());
    let (mut coming, mut now) = (requests.iter().peekable(), Fraction::whole(0));
    let servers = i128::from(model.servers);
    loop {
        let sharing = (jobs.len() as i128).max(servers);
        let rate = Fraction::new(servers, sharing);
        let least = jobs.iter().map(|(request, left)| (*left, request.id)).min();
        let departure = least.map(|(left, _)| now.plus(left.times(Fraction::new(sharing, servers))));
        let arrival = coming.peek().map(|request| Fraction::whole(request.arrival_ns));
        let next = match (departure, arrival) {
            (None, None) => {
                done.sort_by_key(|done: &Completion| done.id);
                return done;
            }
            (Some(departure), Some(arrival)) => departure.min(arrival),
            (departure, arrival) => departure.or(arrival).unwrap(),
        };
        let served = next.plus(now.times(Fraction::new(-1, 1))).times(rate).times(Fraction::new(-1, 1));
        jobs.iter_mut().for_each(|(_, left)| *left = left.plus(served));
        now = next;
        if departure == Some(next) {
            let (_, id) = least.unwrap();
            let (request, _) = jobs.remove(jobs.iter().position(|(request, _)| request.id == id).unwrap());
            let Request { arrival_ns: start_ns, service_ns, .. } = request;
            done.push(Completion { id, start_ns, finish_ns: next.up(), service_ns });
        } else if let Some(&request) = coming.next() {
            if model.capacity > 0 && jobs.len() as u64 >= model.capacity {
                let (start_ns, finish_ns) = (Completion::NOT_SERVED, request.arrival_ns);
                done.push(Completion { id: request.id, start_ns, finish_ns, service_ns: 0 });
            } else {
                jobs.push((request, Fraction::whole(request.service_ns)));
            }
        }
    }
}

/// The whole nanoseconds of service that request `id` has received at `end`, at which all of `requests` up to then have
/// arrived, under processor sharing: what one would need less to have left.
pub(crate) fn received(model: &Model, requests: &[Request], end: u64, id: u64) -> u64 {
    let arrived: Vec<Request> = requests.iter().copied().filter(|request| request.arrival_ns <= end).collect();
    let wanted = arrived.iter().find(|request| request.id == id).unwrap().service_ns;
    let leaves = |demand: u64| {
        let shorter = arrived.iter().map(|request| match request.id == id {
            true => Request { service_ns: demand, ..*request },
            false => *request,
        });
        let done = shared(model, &shorter.collect::<Vec<_>>());
        done.iter().find(|done| done.id == id).unwrap().finish_ns <= end
    };
    (0..=wanted).take_while(|&demand| leaves(demand)).last().unwrap_or(0)
}

/// A fraction in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fraction(i128, i128);

impl Fraction {
    fn new(above: i128, below: i128) -> Self {
        let (mut a, mut b) = (above.abs(), below);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        Self(above / a, below / a)
    }

    fn whole(number: u64) -> Self {
        Self(number.into(), 1)
    }

    fn plus(self, other: Self) -> Self {
        let common = Self::new(self.1, other.1).1;
        let above = self.0.checked_mul(common).unwrap() + other.0.checked_mul(self.1 / (other.1 / common)).unwrap();
        Self::new(above, self.1.checked_mul(common).unwrap())
    }

    fn times(self, other: Self) -> Self {
        let (a, b) = (Self::new(self.0, other.1), Self::new(other.0, self.1));
        Self::new(a.0.checked_mul(b.0).unwrap(), a.1.checked_mul(b.1).unwrap())
    }

    fn up(self) -> u64 {
        u64::try_from((self.0 + self.1 - 1).div_euclid(self.1)).unwrap()
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Fraction {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.plus(Self(-other.0, other.1)).0.cmp(&0)
    }
}

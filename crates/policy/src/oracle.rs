//! The policies as docs/policies.md defines them, by a full search each time. The fast ones must agree with it.

use std::collections::{BTreeMap, VecDeque};

use contract::Request;
use random::streams::{Stream, Streams, hash};

use super::cluster::{Cluster, Member};

/// LW for disciplines other than first in, first out, which BALANCER does not name.
pub(super) const LEAST_UNFINISHED: &str = "least unfinished";

/// All workers, and the lists of workers.
pub(super) struct Oracle {
    name: String,
    /// What follows the name and a colon.
    values: String,
    cluster: Cluster,
    streams: Streams,
    ties: Stream,
    requests: usize,
    workers: Vec<Model>,
    /// The key of JSQ's lists is the number in system, that of LW's list of idle workers is 0; `usize::MAX` is no list.
    lists: BTreeMap<usize, Vec<usize>>,
    /// WRR's current weights, times the product of all denominators.
    current: Vec<i128>,
    /// SITA's fitted bounds: a bucket, and a number of 64 bits.
    bounds: Vec<(u64, u128)>,
}

#[derive(Clone, Default)]
struct Model {
    /// Departures of the requests in service.
    leave: Vec<u64>,
    /// Demands of the waiting requests, as server time.
    wait: VecDeque<u64>,
    /// For LW and SED.
    tie: u64,
}

impl Model {
    fn in_system(&self) -> usize {
        self.leave.len() + self.wait.len()
    }

    /// The time at which its earliest server is free, if all of them are busy: waiting requests start one after
    /// another.
    fn free_at(&self) -> u64 {
        let mut free = self.leave.clone();
        for demand in &self.wait {
            free.sort_unstable();
            free[0] += demand;
        }
        free.into_iter().min().unwrap_or(0)
    }

    /// Service that its requests still need.
    fn unfinished(&self, now: u64) -> u64 {
        self.leave.iter().map(|leaves| leaves - now).sum::<u64>() + self.wait.iter().sum::<u64>()
    }
}

impl Oracle {
    /// The policy that `text` names, in front of `trace`.
    pub(super) fn new(text: &str, cluster: &Cluster, trace: &[Request]) -> Self {
        let (name, values) = text.split_once(':').unwrap_or((text, ""));
        let workers = cluster.workers.len();
        let mut oracle = Self {
            name: name.to_owned(),
            values: values.to_owned(),
            cluster: cluster.clone(),
            streams: Streams::new(cluster.seed, "policy"),
            ties: Streams::new(cluster.seed, "policy ties").of(0),
            requests: 0,
            workers: vec![Model::default(); workers],
            lists: BTreeMap::from([(0, (0..workers).collect())]),
            current: vec![0; workers],
            bounds: bounds(cluster, trace),
        };
        if name == "SED" {
            (0..workers).for_each(|worker| oracle.workers[worker].tie = oracle.ties.bits());
        }
        oracle
    }

    pub(super) fn assign(&mut self, request: &Request) -> usize {
        let now = request.arrival_ns;
        let next = |workers: &[Model]| {
            let each = |(worker, model): (usize, &Model)| Some((*model.leave.iter().min()?, worker));
            workers.iter().enumerate().filter_map(each).min().filter(|&(time, _)| time <= now)
        };
        while let Some((time, worker)) = next(&self.workers) {
            let before = self.list_of(worker);
            let model = &mut self.workers[worker];
            model.leave.remove(model.leave.iter().position(|&leaves| leaves == time).unwrap());
            model.leave.extend(model.wait.pop_front().map(|demand| time + demand));
            self.changed(worker, before);
        }
        let chosen = self.choose(request);
        let before = self.list_of(chosen);
        let demand = self.cluster.workers[chosen].speed.scale(request.service_ns);
        if self.has_room(chosen) {
            let servers = self.servers(chosen);
            let model = &mut self.workers[chosen];
            if model.leave.len() < servers {
                model.leave.push(now + demand);
            } else {
                model.wait.push_back(demand);
            }
            self.changed(chosen, before);
        }
        self.requests += 1;
        chosen
    }

    fn servers(&self, worker: usize) -> usize {
        self.cluster.workers[worker].model.servers as usize
    }

    fn has_room(&self, worker: usize) -> bool {
        let capacity = self.cluster.workers[worker].model.capacity;
        capacity == 0 || (self.workers[worker].in_system() as u64) < capacity
    }

    fn choose(&mut self, request: &Request) -> usize {
        let mut stream = self.streams.of(request.id);
        let count = self.workers.len();
        let in_system = |worker: usize| self.workers[worker].in_system();
        let room = (0..count).filter(|&worker| self.has_room(worker));
        match self.name.as_str() {
            "R" => stream.below(count as u64) as usize,
            "RR" => self.requests % count,
            "WRR" => self.choose_by_weight(),
            "HASH" => (hash(request.block) % count as u64) as usize,
            "TC" => self.fewest_of(2, false, &mut stream),
            "POWER" => {
                let (number, replacement) = match self.values.split_once(',') {
                    Some((number, _)) => (number, true),
                    None => (self.values.as_str(), false),
                };
                self.fewest_of(number.parse().unwrap(), replacement, &mut stream)
            }
            "JSQ" => {
                let list = &self.lists[&(0..count).map(in_system).min().unwrap()];
                let chosen = list[stream.below(list.len() as u64) as usize];
                let room: Vec<usize> = room.collect();
                let fewest = room.iter().map(|&worker| in_system(worker)).min();
                let others: Vec<usize> = room.into_iter().filter(|&worker| Some(in_system(worker)) == fewest).collect();
                if self.has_room(chosen) || others.is_empty() {
                    chosen
                } else {
                    others[stream.below(others.len() as u64) as usize]
                }
            }
            "SED" => {
                let delay = |worker: usize| {
                    let (servers, weight) = (self.servers(worker), self.cluster.workers[worker].weight);
                    let requests = (in_system(worker) + 1).max(servers) as u128 * u128::from(weight.denominator());
                    (requests << 52) / (servers as u128 * u128::from(weight.numerator()))
                };
                let first = room.min_by_key(|&worker| (delay(worker), self.workers[worker].tie >> 32));
                first.unwrap_or_else(|| stream.below(count as u64) as usize)
            }
            "LW" => {
                let idle = &self.lists[&0];
                let first = room.min_by_key(|&worker| (self.workers[worker].free_at(), self.workers[worker].tie));
                let mut below = |n: usize| stream.below(n as u64) as usize;
                if idle.is_empty() { first.unwrap_or_else(|| below(count)) } else { idle[below(idle.len())] }
            }
            "SITA" if self.values.is_empty() => {
                let place = (leading(request.service_ns), u128::from(stream.bits()));
                self.bounds.iter().filter(|&&bound| bound <= place).count()
            }
            "SITA" => {
                let cuts = self.values.split(',').map(|cut| cut.parse::<u64>().unwrap());
                cuts.filter(|&cut| cut < request.service_ns).count()
            }
            LEAST_UNFINISHED => {
                // 12 is a multiple of each number of servers in the tests.
                let work = |worker: usize| {
                    self.workers[worker].unfinished(request.arrival_ns) * 12 / self.servers(worker) as u64
                };
                let room: Vec<usize> = room.collect();
                let least = room.iter().map(|&worker| work(worker)).min();
                let ties: Vec<usize> = room.into_iter().filter(|&worker| Some(work(worker)) == least).collect();
                let mut below = |n: usize| stream.below(n as u64) as usize;
                if ties.is_empty() { below(count) } else { ties[below(ties.len())] }
            }
            name => panic!("{name}"),
        }
    }

    /// Of `number` workers, sampled with or without replacement, the first one with the fewest requests that has room, or
    /// the first one with the fewest requests if none has.
    fn fewest_of(&self, number: usize, replacement: bool, stream: &mut Stream) -> usize {
        let mut left: Vec<usize> = (0..self.workers.len()).collect();
        let mut sampled = Vec::new();
        while sampled.len() < number && !left.is_empty() {
            let place = stream.below(left.len() as u64) as usize;
            sampled.push(if replacement { left[place] } else { left.remove(place) });
        }
        sampled.into_iter().min_by_key(|&worker| (!self.has_room(worker), self.workers[worker].in_system())).unwrap()
    }

    fn choose_by_weight(&mut self) -> usize {
        let members = &self.cluster.workers;
        let product: i128 = members.iter().map(|member| i128::from(member.weight.denominator())).product();
        let weight =
            |member: &Member| product / i128::from(member.weight.denominator()) * i128::from(member.weight.numerator());
        let weights: Vec<i128> = members.iter().map(weight).collect();
        self.current.iter_mut().zip(&weights).for_each(|(current, weight)| *current += weight);
        let most = *self.current.iter().max().unwrap();
        let chosen = self.current.iter().position(|&current| current == most).unwrap();
        self.current[chosen] -= weights.iter().sum::<i128>();
        chosen
    }

    /// The key of the list to which `worker` belongs now.
    fn list_of(&self, worker: usize) -> usize {
        let in_system = self.workers[worker].in_system();
        match self.name.as_str() {
            "LW" if in_system < self.servers(worker) && self.has_room(worker) => 0,
            "LW" | "SED" => usize::MAX,
            _ => in_system,
        }
    }

    /// Moves `worker`, which was in the list `before`, to the list to which it belongs now.
    fn changed(&mut self, worker: usize, before: usize) {
        if before < usize::MAX {
            let list = self.lists.get_mut(&before).unwrap();
            list.swap_remove(list.iter().position(|&there| there == worker).unwrap());
        }
        let now = self.list_of(worker);
        if now < usize::MAX {
            self.lists.entry(now).or_default().push(worker);
        } else if self.has_room(worker) {
            self.workers[worker].tie = self.ties.bits();
        }
    }
}

/// The 11 leading bits of a demand, followed by zeros.
fn leading(demand: u64) -> u64 {
    let mut power = 1;
    while demand / power >= 2048 {
        power *= 2;
    }
    demand / power * power
}

/// SITA's bounds, fitted to `trace`.
fn bounds(cluster: &Cluster, trace: &[Request]) -> Vec<(u64, u128)> {
    let capacity = |member: &Member| {
        let speed = (u128::from(member.speed.numerator()), u128::from(member.speed.denominator()));
        ((u128::from(member.model.servers) * speed.0) << 28) / speed.1
    };
    let capacities: Vec<u128> = cluster.workers.iter().map(capacity).collect();
    let mut work: BTreeMap<u64, u128> = BTreeMap::new();
    for request in trace {
        *work.entry(leading(request.service_ns)).or_default() += u128::from(request.service_ns);
    }
    let total: u128 = work.values().sum();
    let bound = |workers: usize| {
        let share = (capacities[..workers].iter().sum::<u128>() << 32) / capacities.iter().sum::<u128>();
        let target = (total * share) >> 32;
        let mut before = 0;
        for (&bucket, &sum) in &work {
            if before + sum > target {
                return (bucket, ((target - before) << 64) / sum);
            }
            before += sum;
        }
        (0, share << 32)
    };
    (1..cluster.workers.len()).map(bound).collect()
}

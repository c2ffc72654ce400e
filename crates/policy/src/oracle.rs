//! The policies as docs/policies.md defines them, by a full search each time. The fast ones must agree with it.

use std::collections::{BTreeMap, VecDeque};

use contract::Request;
use random::streams::{Stream, Streams, hash};

/// All workers, and the lists of workers.
pub(super) struct Oracle {
    name: &'static str,
    servers: usize,
    capacity: usize,
    streams: Streams,
    ties: Stream,
    requests: usize,
    workers: Vec<Model>,
    /// The key of JSQ's lists is the number in system, that of LW's list of idle workers is 0; `usize::MAX` is no list.
    lists: BTreeMap<usize, Vec<usize>>,
}

#[derive(Clone, Default)]
struct Model {
    /// Departures of the requests in service.
    leave: Vec<u64>,
    /// Demands of the waiting requests.
    wait: VecDeque<u64>,
    /// For LW.
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
}

impl Oracle {
    pub(super) fn new(name: &'static str, workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        Self {
            name,
            servers: servers as usize,
            capacity: if capacity == 0 { usize::MAX } else { capacity as usize },
            streams: Streams::new(seed, "policy"),
            ties: Streams::new(seed, "policy ties").of(0),
            requests: 0,
            workers: vec![Model::default(); workers],
            lists: BTreeMap::from([(0, (0..workers).collect())]),
        }
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
        let model = &mut self.workers[chosen];
        if model.in_system() < self.capacity {
            if model.leave.len() < self.servers {
                model.leave.push(now + request.service_ns);
            } else {
                model.wait.push_back(request.service_ns);
            }
            self.changed(chosen, before);
        }
        self.requests += 1;
        chosen
    }

    fn choose(&self, request: &Request) -> usize {
        let mut stream = self.streams.of(request.id);
        let mut below = |n: usize| stream.below(n as u64) as usize;
        let count = self.workers.len();
        let in_system = |worker: usize| self.workers[worker].in_system();
        match self.name {
            "R" => below(count),
            "RR" => self.requests % count,
            "HASH" => (hash(request.block) % count as u64) as usize,
            "TC" if count == 1 => 0,
            "TC" => {
                let first = below(count);
                let sampled = below(count - 1);
                let second = if sampled < first { sampled } else { sampled + 1 };
                if in_system(second) < in_system(first) { second } else { first }
            }
            "JSQ" => {
                let list = &self.lists[&(0..count).map(in_system).min().unwrap()];
                list[below(list.len())]
            }
            _ => {
                let idle = &self.lists[&0];
                let room = (0..count).filter(|&worker| in_system(worker) < self.capacity);
                let first = room.min_by_key(|&worker| (self.workers[worker].free_at(), self.workers[worker].tie));
                if idle.is_empty() { first.unwrap_or_else(|| below(count)) } else { idle[below(idle.len())] }
            }
        }
    }

    /// The key of the list to which `worker` belongs now.
    fn list_of(&self, worker: usize) -> usize {
        let in_system = self.workers[worker].in_system();
        match self.name {
            "LW" if in_system < self.servers.min(self.capacity) => 0,
            "LW" => usize::MAX,
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
        } else if self.workers[worker].in_system() < self.capacity {
            self.workers[worker].tie = self.ties.bits();
        }
    }
}

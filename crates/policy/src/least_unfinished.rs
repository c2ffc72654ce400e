//! LW if requests are not served in the order of arrival: to the worker with the least unfinished work for each of its
//! servers; ties at random. Under such a discipline, the time at which a request could start depends on later arrivals.

use contract::Request;
use failure::Failure;
use random::streams::Streams;

use super::cluster::{Cluster, Policy};
use super::models::Models;
use super::worker::WorkerModel;

pub(super) struct LeastUnfinished<W> {
    streams: Streams,
    models: Models<W>,
    /// SERVERS of each worker.
    servers: Vec<u128>,
    /// The workers that tie for the least; kept for its memory.
    least: Vec<u32>,
}

impl<W: WorkerModel> LeastUnfinished<W> {
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            streams: Streams::new(cluster.seed, "policy"),
            models: Models::new(cluster),
            servers: cluster.workers.iter().map(|member| u128::from(member.model.servers)).collect(),
            least: Vec::new(),
        }
    }
}

impl<W: WorkerModel> Policy for LeastUnfinished<W> {
    #[inline]
    fn assign(&mut self, request: &Request) -> Result<u32, Failure> {
        self.models.advance(request.arrival_ns, |_, _| ());
        // Unfinished work changes with time, at rates that depend on the discipline: each worker computes it.
        let (mut least_work, mut least_servers) = (u128::MAX, 1);
        self.least.clear();
        for (number, (worker, &servers)) in (0u32..).zip(self.models.workers().iter().zip(&self.servers)) {
            if worker.is_full() {
                continue;
            }
            let work = worker.unfinished(request.arrival_ns);
            // Fractions are compared exactly: work is below 2⁸⁹, servers below 2³².
            let (here, there) = (work * least_servers, least_work.saturating_mul(servers));
            if self.least.is_empty() || here < there {
                self.least.clear();
                (least_work, least_servers) = (work, servers);
            } else if here > there {
                continue;
            }
            self.least.push(number);
        }
        let mut stream = self.streams.of(request.id);
        let chosen = match self.least.len() as u64 {
            // All workers are full, so every one rejects the request.
            0 => stream.below(self.servers.len() as u64) as u32,
            ties => self.least[stream.below(ties) as usize],
        };
        self.models.admit(chosen as usize, request)?;
        Ok(chosen)
    }
}

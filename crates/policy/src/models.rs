//! The models of all workers, for policies that use the state of all of them. Departures are reported in the order of
//! events.

use contract::Request;
use failure::{Failure, Limit};

use super::cluster::Cluster;
use super::tournament::{OUT, Tournament};
use super::worker::{NEVER, WorkerModel};

/// All workers, and the number in system.
pub(super) struct Models<W> {
    workers: Vec<W>,
    /// Each worker's next departure: its time, then the worker.
    departures: Tournament,
    in_system: usize,
}

impl<W: WorkerModel> Models<W> {
    /// All workers idle.
    pub(super) fn new(cluster: &Cluster) -> Self {
        Self {
            workers: cluster.workers.iter().map(W::new).collect(),
            departures: Tournament::new(cluster.len()),
            in_system: 0,
        }
    }

    /// Advances the time to `now` \[ns\]. Requests that leave at `now` have left. `left` is called for each departure,
    /// with the worker's model after it.
    #[inline]
    pub(super) fn advance(&mut self, now: u64, mut left: impl FnMut(usize, &W)) {
        // Departures at "never" do not happen.
        let end = u128::from(now.min(NEVER - 1) + 1) << 64;
        while self.departures.least() < end {
            let number = self.departures.least() as u32 as usize;
            let worker = &mut self.workers[number];
            worker.depart();
            self.in_system -= 1;
            self.departures.set(number, departure(number, worker));
            left(number, worker);
        }
    }

    /// All workers.
    #[inline]
    pub(super) fn workers(&self) -> &[W] {
        &self.workers
    }

    /// `request` arrives at worker `number`. Returns the worker's model if the request enters, none if it is rejected.
    ///
    /// # Errors
    /// [`Failure::Limit`] if there are more than [`super::cluster::MAX_IN_SYSTEM`] requests in the systems of all
    /// workers.
    #[inline]
    pub(super) fn admit(&mut self, number: usize, request: &Request) -> Result<Option<&W>, Failure> {
        let worker = &mut self.workers[number];
        let next = worker.next();
        if !worker.admit(request) {
            return Ok(None);
        }
        self.in_system += 1;
        if self.in_system > super::cluster::MAX_IN_SYSTEM {
            return Err(too_many());
        }
        if worker.next() != next {
            self.departures.set(number, departure(number, worker));
        }
        Ok(Some(worker))
    }
}

fn departure(number: usize, worker: &impl WorkerModel) -> u128 {
    if worker.next() == NEVER { OUT } else { u128::from(worker.next()) << 64 | number as u128 }
}

/// The error for the limit.
#[cold]
pub(super) fn too_many() -> Failure {
    Failure::limit(
        Limit::ModelledRequests,
        format!(
            "more than {} million requests are in the system; R, RR, WRR, SITA and HASH need no model",
            super::cluster::MAX_IN_SYSTEM / 1_000_000
        ),
    )
}

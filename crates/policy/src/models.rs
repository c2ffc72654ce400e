//! All workers' models at one time, for policies that look at all workers: who leaves is told in the order of events.

use contract::Request;
use failure::{Failure, Limit};

use super::cluster::Cluster;
use super::tournament::{OUT, Tournament};
use super::worker::{NEVER, Worker};

/// Who is where.
pub(super) struct Models {
    workers: Vec<Worker>,
    /// Each worker's next departure: its time, then its worker.
    departures: Tournament,
    held: usize,
}

impl Models {
    /// Idle workers.
    pub(super) fn new(cluster: Cluster) -> Self {
        Self {
            workers: vec![Worker::new(cluster); cluster.workers],
            departures: Tournament::new(cluster.workers),
            held: 0,
        }
    }

    /// Time goes on to `now` \[ns\]; who leaves now has left. `left` is told of each, with its worker's model after it.
    #[inline]
    pub(super) fn advance(&mut self, now: u64, mut left: impl FnMut(usize, &Worker)) {
        // Before that nobody leaves at "never".
        let end = u128::from(now.min(NEVER - 1) + 1) << 64;
        while self.departures.least() < end {
            let number = self.departures.least() as u32 as usize;
            let worker = &mut self.workers[number];
            worker.depart();
            self.held -= 1;
            self.departures.set(number, departure(number, worker));
            left(number, worker);
        }
    }

    /// `request` arrives at worker `number`; the worker's model where it enters, none where CAPACITY turns it away.
    ///
    /// # Errors
    /// [`Failure::Limit`] where more than [`super::cluster::MAX_IN_SYSTEM`] requests are in all systems.
    #[inline]
    pub(super) fn admit(&mut self, number: usize, request: &Request) -> Result<Option<&Worker>, Failure> {
        let worker = &mut self.workers[number];
        let next = worker.next();
        if !worker.admit(request) {
            return Ok(None);
        }
        self.held += 1;
        if self.held > super::cluster::MAX_IN_SYSTEM {
            return Err(too_many());
        }
        if worker.next() != next {
            self.departures.set(number, departure(number, worker));
        }
        Ok(Some(worker))
    }
}

fn departure(number: usize, worker: &Worker) -> u128 {
    if worker.next() == NEVER { OUT } else { u128::from(worker.next()) << 64 | number as u128 }
}

/// The limit is passed.
#[cold]
pub(super) fn too_many() -> Failure {
    Failure::limit(
        Limit::ModelledRequests,
        format!(
            "more than {} million requests wait; R, RR and HASH need no model",
            super::cluster::MAX_IN_SYSTEM / 1_000_000
        ),
    )
}

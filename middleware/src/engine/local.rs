//! The local engine: each worker is a thread of this process.

use host::shard::{Feeder, pipe};
use host::{Job, Outcome, simulate};
use trace::{Failure, Request};

use super::{Engine, Hosts};
use crate::partition::{Partition, Shards};
use crate::shard_files::ShardFiles;

/// Bytes of all pipes together, of one pipe at most, and pieces of a pipe: filled, on their way (two), simulated.
const BUFFERS: usize = 64 << 20;
const PIECE: usize = 256 << 10;
const PIECES: usize = 4;

pub(super) struct Local;

impl Engine for Local {
    fn run(&self, hosts: Hosts<'_>, partition: &mut Partition) -> anyhow::Result<Vec<Outcome>> {
        let Hosts { simulator, job, completions, shards } = hosts;
        let piece = PIECE.min(BUFFERS / PIECES / job.workers as usize);
        std::thread::scope(|scope| {
            let (mut feeders, mut threads) = (Vec::new(), Vec::new());
            for worker in 1..=job.workers {
                let (feeder, fed) = pipe(piece);
                let job = Job { worker, ..job.clone() };
                let part = completions.map(|parts| parts.part(worker));
                let run = move || simulate(simulator, &job, Box::new(fed), part);
                let thread = std::thread::Builder::new().name(format!("worker {worker}")).spawn_scoped(scope, run)?;
                feeders.push(feeder);
                threads.push(thread);
            }
            let mut pipes = Pipes { feeders, kept: shards };
            partition.pour(&mut pipes)?;
            pipes.feeders.into_iter().for_each(Feeder::finish);
            let panicked =
                || Outcome { offered: 0, result: Err(Failure::Host("the worker's thread panicked".to_owned())) };
            Ok(threads.into_iter().map(|thread| thread.join().unwrap_or_else(|_| panicked())).collect())
        })
    }
}

/// The workers' pipes, and the files where shards are kept.
struct Pipes<'a> {
    feeders: Vec<Feeder>,
    kept: Option<&'a mut ShardFiles>,
}

impl Shards for Pipes<'_> {
    #[inline]
    fn send(&mut self, worker: usize, request: &Request) -> anyhow::Result<()> {
        self.feeders[worker].send(request);
        match &mut self.kept {
            None => Ok(()),
            Some(kept) => kept.send(worker, request),
        }
    }
}

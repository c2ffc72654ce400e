//! The local engine: each worker is a thread of this process.

use std::cell::OnceCell;

use host::shard::{Feeder, pipe};
use host::{Job, Module, Outcome, Simulator, panicked, preflight, simulate, spawn};
use trace::{Failure, Request, Says};

use super::{Both, Engine, Hosts};
use crate::partition::{Partition, Shards};

/// Bytes of all pipes together, of one pipe at most, and pieces of a pipe: filled, on their way (two), simulated.
const BUFFERS: usize = 64 << 20;
const PIECE: usize = 256 << 10;
const PIECES: usize = 4;

#[derive(Default)]
pub(super) struct Local {
    compiled: OnceCell<Simulator>,
}

impl Local {
    /// The simulator of `module`, which is the same each time.
    fn simulator(&self, module: &Module) -> Result<&Simulator, Failure> {
        if let Some(simulator) = self.compiled.get() {
            return Ok(simulator);
        }
        let simulator = Simulator::compile(module.clone())?;
        Ok(self.compiled.get_or_init(|| simulator))
    }
}

impl Engine for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn preflight(&self, module: &Module, job: &Job) -> anyhow::Result<Says> {
        preflight(self.simulator(module)?, job)
    }

    fn run(&self, hosts: Hosts<'_>, partition: &mut Partition) -> anyhow::Result<Vec<Outcome>> {
        let Hosts { module, job, completions, shards, .. } = hosts;
        let simulator = self.simulator(module)?;
        let piece = PIECE.min(BUFFERS / PIECES / job.workers as usize);
        std::thread::scope(|scope| {
            let (mut pipes, mut threads) = (Pipes(Vec::new()), Vec::new());
            for worker in 1..=job.workers {
                let (feeder, fed) = pipe(piece);
                let job = Job { worker, ..job.clone() };
                let part = completions.map(|parts| parts.part(worker));
                let run = move || simulate(simulator, &job, Box::new(fed), part);
                pipes.0.push(feeder);
                threads.push(spawn(scope, format!("worker {worker}"), run)?);
            }
            partition.pour("simulating", &mut Both(&mut pipes, shards))?;
            pipes.0.into_iter().for_each(Feeder::finish);
            threads.into_iter().map(|thread| Ok(thread.join().map_err(|_| panicked())?)).collect()
        })
    }
}

/// The workers' pipes.
struct Pipes(Vec<Feeder>);

impl Shards for Pipes {
    fn send(&mut self, requests: &[Request], workers: &[u32]) -> anyhow::Result<()> {
        for (request, &worker) in requests.iter().zip(workers) {
            self.0[worker as usize].send(request);
        }
        Ok(())
    }
}

//! The local executor: each worker is a thread of this process.

use std::cell::RefCell;
use std::thread::JoinHandle;

use contract::{Capabilities, Request};
use failure::Failure;
use measure::Outcome;
use sandbox::shard::{ShardSender, pipe};
use sandbox::{GiveUp, Module, Simulator, panicked, preflight, simulate, start};

use super::interface::{Executor, Workers};
use crate::completions::Parts;
use crate::scenario::{Scenario, Worker};
use crate::shard_files::Shards;
use std::path::Path;

/// Bytes of all pipes together, upper limit of one pipe's chunk, and chunks of a pipe: one being filled, two on their
/// way, one being simulated.
const BUFFERS: usize = 64 << 20;
const CHUNK_BYTES: usize = 256 << 10;
const CHUNKS: usize = 4;

/// The executor that needs only this process.
pub struct Local {
    /// The modules that were compiled.
    compiled: RefCell<Vec<Simulator>>,
    give_up: GiveUp,
}

impl Local {
    /// Threads of this process. `give_up` ends it if compiling a module exceeds its limits.
    pub fn new(give_up: GiveUp) -> Self {
        Self { compiled: RefCell::default(), give_up }
    }

    /// The simulator of `module`, compiled once.
    fn simulator(&self, module: &Module) -> Result<Simulator, Failure> {
        let mut compiled = self.compiled.borrow_mut();
        if let Some(simulator) = compiled.iter().find(|simulator| simulator.module().sha256() == module.sha256()) {
            return Ok(simulator.clone());
        }
        let simulator = Simulator::compile(module.clone(), self.give_up)?;
        compiled.push(simulator.clone());
        Ok(simulator)
    }
}

impl Executor for Local {
    fn name(&self) -> &'static str {
        "local"
    }

    fn doing(&self) -> &'static str {
        "simulating"
    }

    fn preflight(&self, scenario: &Scenario) -> anyhow::Result<Capabilities> {
        let capabilities = preflight(&self.simulator(&scenario.module)?, scenario.first())?;
        scenario.honours(capabilities)?;
        Ok(capabilities)
    }

    fn start<'a>(
        &'a self,
        scenario: &'a Scenario,
        completions: Option<&'a Parts>,
        _: Option<&'a Path>,
    ) -> anyhow::Result<Box<dyn Workers + 'a>> {
        let simulator = self.simulator(&scenario.module)?;
        let chunk = CHUNK_BYTES.min(BUFFERS / CHUNKS / scenario.workers.len());
        let mut threads = Threads { pipes: Pipes(Vec::new()), threads: Vec::new() };
        for Worker { job, .. } in &scenario.workers {
            let (sender, receiver) = pipe(chunk);
            let (simulator, job, worker) = (simulator.clone(), job.clone(), job.worker);
            let part = completions.map(|parts| parts.part(worker));
            let run = move || simulate(&simulator, &job, Box::new(receiver), part);
            threads.pipes.0.push(sender);
            threads.threads.push(start(format!("worker {worker}"), run)?);
        }
        Ok(Box::new(threads))
    }
}

struct Threads {
    pipes: Pipes,
    threads: Vec<JoinHandle<Outcome>>,
}

impl Workers for Threads {
    fn shards(&mut self) -> &mut dyn Shards {
        &mut self.pipes
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<Vec<Outcome>> {
        self.pipes.0.drain(..).for_each(ShardSender::finish);
        self.threads.drain(..).map(|thread| Ok(thread.join().map_err(|_| panicked())?)).collect()
    }
}

impl Drop for Threads {
    /// Workers that are dropped early get the error of an incomplete shard. After this call they write nothing more.
    fn drop(&mut self) {
        self.pipes.0.clear();
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

/// The workers' pipes.
struct Pipes(Vec<ShardSender>);

impl Shards for Pipes {
    fn send(&mut self, requests: &[Request], workers: &[u32]) -> anyhow::Result<()> {
        if let [only] = &mut self.0[..] {
            requests.iter().for_each(|request| only.send(request));
            return Ok(());
        }
        for (request, &worker) in requests.iter().zip(workers) {
            self.0[worker as usize].send(request);
        }
        Ok(())
    }
}

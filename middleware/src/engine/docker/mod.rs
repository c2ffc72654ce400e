//! The Docker engine: workers are containers that compose has made; the remote API alone wakes them, gives them their work and
//! fetches what came of it.

mod archive;
mod attempt;
mod connect;
mod pool;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::Docker as Api;
use futures_util::future::join_all;
use host::completions::Parts;
use host::job::JobFile;
use host::{Job, Outcome, Simulator};
use tokio::runtime::Runtime;
use trace::{Failure, program};

use super::{Engine, Hosts};
use crate::partition::Partition;
use crate::shard_files::ShardFiles;
use archive::{Sent, upload};
use attempt::attempt;
use pool::{Container, Lock, containers, stop};

pub(crate) use connect::Address;

/// The user that workers run as, and so the owner of what they are given.
const USER: u64 = 65534;

/// Where the volume `shared` is in every worker.
const SHARED: &str = "/shared";

/// How long a call may take that moves no data.
const CALL: Duration = Duration::from_secs(60);

/// How often a worker is tried: faults of the infrastructure are tried again, a simulator's own failure never.
const ATTEMPTS: u32 = 4;

/// Containers that are worked with at once: each holds a connection or two.
const AT_ONCE: usize = 64;

/// An engine that answered.
pub(crate) struct Docker {
    address: Address,
    runtime: Runtime,
    api: Api,
    containers: Vec<Container>,
}

/// What a run's containers are given.
struct Spool<'a> {
    run: &'a str,
    simulator: &'a Simulator,
    /// The folder with the shards.
    local: &'a Path,
    completions: Option<&'a Parts>,
}

impl Spool<'_> {
    /// The run folder, as containers see it.
    fn remote(&self) -> PathBuf {
        Path::new(SHARED).join("runs").join(self.run)
    }
}

impl Docker {
    /// Connects to the engine at `address` and looks for workers there.
    ///
    /// # Errors
    /// Where it does not answer.
    pub(crate) fn connect(address: Address) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let api = runtime.block_on(address.connect())?;
        let containers = runtime.block_on(containers(&api))?;
        Ok(Self { address, runtime, api, containers })
    }

    /// How many workers compose has made there.
    pub(crate) fn workers(&self) -> usize {
        self.containers.len()
    }
}

impl Engine for Docker {
    fn name(&self) -> &'static str {
        "docker"
    }

    fn run(&self, hosts: Hosts<'_>, partition: &mut Partition) -> anyhow::Result<Vec<Outcome>> {
        let Hosts { simulator, job, completions, shards, folder } = hosts;
        let mut containers = self.containers.clone();
        containers.truncate(job.workers as usize);
        let _lock = self.runtime.block_on(Lock::take(&self.api, &mut containers, folder.name()))?;
        let running = Running::watch(&self.address);

        // Shards are whole before a worker begins: a tar needs their sizes, and an attempt may be made again.
        let spool = tempfile::Builder::new().prefix("spool-").tempdir_in(folder.path())?;
        let local = spool.path();
        std::fs::create_dir(local.join("shards"))?;
        let mut files = ShardFiles::create(&local.join("shards"), job.workers as usize, true)?;
        partition.pour(&mut super::Both(&mut files, shards))?;
        files.finish()?;

        let spool = Spool { run: folder.name(), simulator, local, completions };
        self.runtime.block_on(dispatch(&self.api, containers, &spool, job, &running))
    }
}

/// Gives every worker to a container until each has its outcome.
async fn dispatch(
    api: &Api,
    mut containers: Vec<Container>,
    spool: &Spool<'_>,
    job: &Job,
    running: &Running,
) -> anyhow::Result<Vec<Outcome>> {
    let module = JobFile::module(&spool.remote());
    let inside = module.strip_prefix(SHARED).unwrap_or(&module).to_owned();
    let first = containers.first().ok_or_else(|| Failure::Engine("there are no workers".to_owned()))?;
    upload(api, &first.id, SHARED, &[Sent::Bytes(inside, spool.simulator.bytes())]).await?;

    let queue: Mutex<VecDeque<(u32, u32)>> = Mutex::new((1..=job.workers).map(|worker| (worker, 1)).collect());
    let outcomes: Mutex<BTreeMap<u32, Outcome>> = Mutex::default();
    let next = || lock(&queue).pop_front();
    let serve = async |container: &Container| {
        while let Some((worker, tries)) = next() {
            running.add(&container.id);
            let result = attempt(api, container, spool, Job { worker, ..job.clone() }).await;
            running.remove(&container.id);
            match result {
                Ok(outcome) => {
                    lock(&outcomes).insert(worker, outcome);
                }
                Err(fault) if tries < ATTEMPTS => {
                    program::warn(&format!("worker {worker}, container {}: {fault:#}; tried again", container.number));
                    lock(&queue).push_back((worker, tries + 1));
                    // Whatever happened to it, it must be stopped to be used again, here or by the next one.
                    if stop(api, &container.id).await.is_err() {
                        return false;
                    }
                }
                Err(fault) => {
                    let failure = Failure::Engine(format!("{ATTEMPTS} attempts failed, the last: {fault:#}"));
                    lock(&outcomes).insert(worker, Outcome { offered: 0, result: Err(failure) });
                }
            }
        }
        true
    };
    while lock(&outcomes).len() < job.workers as usize {
        if containers.is_empty() {
            return Err(Failure::Engine("no container is left that can be used".to_owned()).into());
        }
        let mut usable = Vec::new();
        for some in containers.chunks(AT_ONCE) {
            usable.extend(join_all(some.iter().map(&serve)).await);
        }
        let mut usable = usable.into_iter();
        containers.retain(|_| usable.next().unwrap_or(false));
    }
    Ok(outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The containers that work for us right now: a signal that ends this program ends them too.
struct Running(Arc<Mutex<Vec<String>>>);

impl Running {
    fn watch(address: &Address) -> Self {
        let running = Self(Arc::default());
        let (ids, address) = (running.0.clone(), address.clone());
        program::on_signal(move || {
            let ids = std::mem::take(&mut *lock(&ids));
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let Ok(api) = address.connect().await else { return };
                join_all(ids.iter().map(|id| stop(&api, id))).await;
            });
        });
        running
    }

    fn add(&self, id: &str) {
        lock(&self.0).push(id.to_owned());
    }

    fn remove(&self, id: &str) {
        lock(&self.0).retain(|running| running != id);
    }
}

/// A call to the engine that must answer in time.
async fn within<T>(
    patience: Duration,
    what: &str,
    call: impl Future<Output = Result<T, bollard::errors::Error>>,
) -> Result<T, Failure> {
    match tokio::time::timeout(patience, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(Failure::Engine(format!("{what}: {}", connect::reason(&error)))),
        Err(_) => Err(Failure::Engine(format!("{what}: no answer within {} s", patience.as_secs()))),
    }
}

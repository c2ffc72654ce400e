//! The Docker engine: workers are containers that compose has made; the remote API alone wakes them, gives them their work and
//! fetches what came of it.

mod archive;
mod attempt;
mod connect;
mod pool;
mod queue;

use std::cell::RefCell;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bollard::Docker as Api;
use futures_util::future::join_all;
use host::completions::Parts;
use host::job::JobFile;
use host::{Job, Outcome, Simulator};
use tokio::runtime::Runtime;
use trace::{Failure, program};

use super::{Engine, Hosts};
use crate::partition::Partition;
use crate::run_folder::{RunFolder, is_run};
use crate::shard_files::ShardFiles;
use archive::{Sent, download, upload};
use attempt::attempt;
use pool::{Container, Lock, NotStopped, containers, stop};
use queue::{Next, Queue};

pub(crate) use connect::Address;

/// The user that workers run as, and so the owner of what they are given.
const USER: u64 = 65534;

/// Where the volume `shared` is in every worker.
const SHARED: &str = "/shared";

/// What of a run's reports is kept there too, and the file with the name of the last run.
const REPORTS: [&str; 3] = ["run.json", "report.json", "report.txt"];
const LAST: &str = "last";

/// How long a call may take that moves no data.
const CALL: Duration = Duration::from_secs(60);

/// How long a signal waits for the containers to end.
const ENDING: Duration = Duration::from_secs(20);

/// How long an engine may be away before its containers are given up.
const AWAY: Duration = Duration::from_secs(30);

/// A quarter of the pause before the second attempt; it is four times as long before each further one.
const PAUSE: Duration = Duration::from_millis(50);

/// Most containers that are used: each holds a connection or two. More workers are served in turns.
const AT_ONCE: usize = 64;

/// An engine that answered.
pub(crate) struct Docker {
    address: Address,
    runtime: Runtime,
    api: Api,
    containers: Vec<Container>,
    lock: RefCell<Option<Lock>>,
}

/// What a run's containers are given.
struct Spool<'a> {
    run: &'a str,
    simulator: &'a Simulator,
    /// The folder with the shards.
    local: &'a Path,
    running: &'a Running,
    /// How many containers share a processor.
    turns: u32,
    completions: Option<&'a Parts>,
}

impl Spool<'_> {
    /// How many requests the shard of `worker` holds.
    fn requests(&self, worker: u32) -> std::io::Result<u64> {
        let length = JobFile::shard(self.local, worker).metadata()?.len();
        Ok((length / trace::Request::LEN as u64).saturating_sub(1))
    }

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
        let engine = runtime.block_on(within(CALL, &address.host, api.version()))?.arch.unwrap_or_default();
        let ours = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        if engine != ours {
            let text = format!("{}: its machine is {engine}, these programs and their image are {ours}", address.host);
            return Err(Failure::Engine(text));
        }
        let containers = runtime.block_on(containers(&api))?;
        Ok(Self { address, runtime, api, containers, lock: RefCell::new(None) })
    }

    /// The plain report of a run on the volume, or of its last one; None where there is none.
    pub(crate) fn kept_report(&self, run: Option<&str>) -> anyhow::Result<Option<String>> {
        let Ok(container) = self.first() else { return Ok(None) };
        let read = |path: PathBuf| self.runtime.block_on(download(&self.api, &container.id, &path));
        let shared = Path::new(SHARED);
        let run = match run {
            Some(run) => run.to_owned(),
            None => match read(shared.join(LAST))? {
                Some(last) => String::from_utf8_lossy(&last).into_owned(),
                None => return Ok(None),
            },
        };
        if !is_run(&run) {
            return Ok(None);
        }
        let report = read(shared.join("runs").join(run).join("report.txt"))?;
        Ok(report.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    fn first(&self) -> Result<&Container, Failure> {
        self.containers.first().ok_or_else(|| Failure::Engine("there are no workers".to_owned()))
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
        let running = Running::watch(&self.address);
        let (lock, mut containers) =
            self.runtime.block_on(Lock::take(&self.api, &self.first()?.image, folder.name()))?;
        // Until this is dropped: the reports are kept under the lock too.
        self.lock.replace(Some(lock));
        containers.truncate(AT_ONCE.min(job.workers as usize));
        let processors = self.runtime.block_on(within(CALL, "info", self.api.info()))?.ncpu.unwrap_or(1).max(1);
        let turns = (containers.len() as i64 + processors - 1) / processors;

        // Shards are whole before a worker begins: a tar needs their sizes, and an attempt may be made again.
        let spool = tempfile::Builder::new().prefix("spool-").tempdir_in(folder.path())?;
        let local = spool.path();
        std::fs::create_dir(local.join("shards"))?;
        let mut files = ShardFiles::create(&local.join("shards"), job.workers as usize, true)?;
        partition.pour("partitioning", &mut super::Both(&mut files, shards))?;
        files.finish()?;

        let spool = Spool { run: folder.name(), simulator, local, running: &running, turns: turns as u32, completions };
        self.runtime.block_on(dispatch(&self.api, containers, &spool, job))
    }

    fn keep(&self, folder: &RunFolder) -> anyhow::Result<()> {
        let container = self.first()?;
        let run = PathBuf::from("runs").join(folder.name());
        let files = REPORTS.map(|name| folder.path().join(name));
        let mut sent: Vec<Sent<'_>> =
            REPORTS.iter().zip(&files).map(|(name, file)| Sent::File(run.join(name), file)).collect();
        sent.push(Sent::Bytes(LAST.into(), folder.name().as_bytes()));
        self.runtime.block_on(upload(&self.api, &container.id, SHARED, &sent))
    }
}

/// Gives every worker to a container until each has its outcome.
async fn dispatch(api: &Api, containers: Vec<Container>, spool: &Spool<'_>, job: &Job) -> anyhow::Result<Vec<Outcome>> {
    let module = JobFile::module(&spool.remote());
    let inside = module.strip_prefix(SHARED).unwrap_or(&module).to_owned();
    let first = containers.first().ok_or_else(|| Failure::Engine("there are no workers".to_owned()))?;
    upload(api, &first.id, SHARED, &[Sent::Bytes(inside, spool.simulator.bytes())]).await?;

    let queue = Mutex::new(Queue::new(job.workers, containers.len()));
    join_all(containers.iter().map(|container| serve(api, container, spool, job, &queue))).await;
    if spool.running.is_ending() {
        // The signal's thread ends the program, as soon as the containers have ended.
        std::future::pending::<()>().await;
    }
    Ok(queue.into_inner().unwrap_or_else(PoisonError::into_inner).outcomes()?)
}

/// Tries workers on `container` until all have their outcomes, or it can't be used any more.
async fn serve(api: &Api, container: &Container, spool: &Spool<'_>, job: &Job, queue: &Mutex<Queue>) {
    let running = spool.running;
    while !running.is_ending() {
        let next = lock(queue).next(container.number);
        let tried = match next {
            Next::Try(tried) => tried,
            Next::Done => return,
            Next::Wait => {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let worker = tried.worker;
        running.add(&container.id);
        let result = attempt(api, container, spool, Job { worker, ..job.clone() }).await;
        if running.is_ending() {
            running.remove(&container.id);
            return;
        }
        match result {
            Ok(outcome) => {
                running.remove(&container.id);
                lock(queue).ended(worker, outcome);
            }
            Err(fault) => {
                // Whatever happened to it, it must have ended to be used again, here or by the next run.
                let usable = stop_patiently(api, &container.id).await;
                running.remove(&container.id);
                let offered = spool.requests(worker).unwrap_or(0);
                let attempts = lock(queue).failed(tried, container.number, offered, &fault);
                if let Some(attempts) = attempts {
                    program::warn(&format!("worker {worker}, container {}: {fault:#}; tried again", container.number));
                    tokio::time::sleep(PAUSE * 4u32.pow(attempts as u32)).await;
                }
                if !usable {
                    lock(queue).gone();
                    return;
                }
            }
        }
    }
}

/// Stops a container, also where its engine is away for a while. Returns whether it can be used again.
async fn stop_patiently(api: &Api, id: &str) -> bool {
    let began = Instant::now();
    loop {
        match stop(api, id).await {
            Ok(()) => return true,
            Err(NotStopped::Gone) => return false,
            Err(NotStopped::Unknown(_)) if began.elapsed() < AWAY => tokio::time::sleep(PAUSE * 10).await,
            Err(NotStopped::Unknown(_)) => return false,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The containers that work for us right now: a signal that ends this program ends them too.
#[derive(Clone, Default)]
struct Running {
    ids: Arc<Mutex<Vec<String>>>,
    /// A signal came: nothing is begun any more.
    ending: Arc<AtomicBool>,
}

impl Running {
    fn watch(address: &Address) -> Self {
        let running = Self::default();
        let (theirs, address) = (running.clone(), address.clone());
        program::on_signal(move || {
            theirs.ending.store(true, Ordering::SeqCst);
            let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
            runtime.block_on(async {
                let end = async {
                    let Ok(api) = address.connect().await else { return };
                    // Again and again: a start may be under way. An attempt whose container has ended leaves the list.
                    loop {
                        let ids = lock(&theirs.ids).clone();
                        if ids.is_empty() {
                            return;
                        }
                        join_all(ids.iter().map(|id| stop(&api, id))).await;
                        tokio::time::sleep(PAUSE).await;
                    }
                };
                // An engine that hangs is left behind.
                let _ = tokio::time::timeout(ENDING, end).await;
            });
        });
        running
    }

    /// A signal came: nothing may be begun.
    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::SeqCst)
    }

    fn add(&self, id: &str) {
        lock(&self.ids).push(id.to_owned());
    }

    fn remove(&self, id: &str) {
        lock(&self.ids).retain(|running| running != id);
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

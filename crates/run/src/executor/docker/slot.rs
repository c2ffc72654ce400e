//! A container as a slot. Files are transferred while it is stopped, and only the engine decides how it ended.

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{InspectContainerOptions, StartContainerOptions, WaitContainerOptions};
use failure::{Failure, Limit};
use futures_util::StreamExt as _;
use sandbox::limits;

use super::super::jobs::{Ended, PAUSE, Slot, Stage, Work};
use super::archive::{Sent, download, download_to, upload};
use super::call::{CALL, within};
use super::logs::{IN_ERROR, end_of_stderr, last_time};
use super::pool::{Container, NotStopped, stop};
use super::running::Running;
use crate::job::{self, JobFile};

/// A worker's own folder in its container; no other container has it.
const FOLDER: &str = "/job";

/// Time for everything except the simulator: to start, to compile, to write the outcome.
const AROUND: Duration = Duration::from_secs(20);

/// Ratio of a worker's limits of wall-clock time and CPU time.
const SLOWNESS: u32 = 4;

/// Memory of a container in addition to the module's: to compile it, and to run \[bytes\].
const HOST_MEMORY: u64 = limits::COMPILE_MEMORY as u64 + (128 << 20);

/// After this time without a response from the engine, its containers count as lost.
const AWAY: Duration = Duration::from_secs(30);

/// One worker's container in a run.
pub(super) struct ContainerSlot<'a> {
    api: &'a Docker,
    container: &'a Container,
    running: &'a Running,
    /// Number of containers that share a processor.
    turns: u32,
    /// The time of the container's last line on stderr before it was started; None before the first start.
    since: RefCell<Option<Vec<u8>>>,
}

impl<'a> ContainerSlot<'a> {
    pub(super) fn new(api: &'a Docker, container: &'a Container, running: &'a Running, turns: u32) -> Self {
        Self { api, container, running, turns, since: RefCell::default() }
    }
}

impl Slot for ContainerSlot<'_> {
    fn name(&self) -> String {
        format!("container {}", self.container.number)
    }

    async fn run(
        &self,
        work: &Work<'_>,
        job: &JobFile,
        requests: u64,
        reached: &dyn Fn(Stage),
    ) -> anyhow::Result<Ended> {
        let Self { api, container, running, .. } = *self;
        self.since.replace(None);
        running.add(&container.id);
        let text = serde_json::to_vec(job)?;
        let shard = work.shard(job.job.worker);
        let mut sent = vec![Sent::Bytes(job::MODULE.into(), work.module.bytes()), Sent::Bytes(job::JOB.into(), &text)];
        sent.extend(shard.as_deref().map(|shard| Sent::File(job::SHARD.into(), shard)));
        upload(api, &container.id, FOLDER, &sent).await?;

        let before = state(api, container).await?;
        anyhow::ensure!(!before.running, "the container runs already");
        anyhow::ensure!(!self.is_ending(), "the run is ending");
        self.since.replace(Some(last_time(api, &container.id).await));
        within(CALL, "start", api.start_container(&container.id, None::<StartContainerOptions>)).await?;
        reached(Stage::Simulating);
        let limits = &job.job.limits;
        let time = limits::CPU_TIME_PER_REQUEST * u32::try_from(requests).unwrap_or(u32::MAX);
        let code = exit_code(api, container, (AROUND + (limits.cpu_time + time) * SLOWNESS) * self.turns).await?;
        reached(Stage::Collecting);
        let after = state(api, container).await?;
        anyhow::ensure!(
            !after.running && after.exit_code == code && after.started_at != before.started_at,
            "the engine reported inconsistent exit states of the container"
        );
        if after.oom_killed {
            let least = limits.memory as u64 + HOST_MEMORY;
            let mib = after.memory >> 20;
            anyhow::ensure!(
                after.memory >= least,
                "the container ran out of its {mib} MiB of memory; the module may use more"
            );
            return Ok(Ended::Stopped(Failure::limit(Limit::Memory, "the engine killed the worker for it")));
        }
        let outcome = download(api, &container.id, &Path::new(FOLDER).join(job::OUTCOME)).await?;
        Ok(Ended::Exited { code, outcome })
    }

    async fn completions(&self, target: &Path, most: u64) -> anyhow::Result<bool> {
        download_to(self.api, &self.container.id, &Path::new(FOLDER).join(job::COMPLETIONS), target, most).await
    }

    async fn stderr(&self) -> String {
        let since = self.since.borrow().clone();
        match since {
            Some(since) => end_of_stderr(self.api, &self.container.id, &since, IN_ERROR).await,
            None => String::new(),
        }
    }

    fn done(&self) {
        self.running.remove(&self.container.id);
    }

    /// Stops the container, even if its engine does not respond for a while.
    async fn free(&self) -> bool {
        let began = Instant::now();
        loop {
            match stop(self.api, &self.container.id).await {
                Ok(()) => return true,
                Err(NotStopped::Gone) => return false,
                Err(NotStopped::Unknown(_)) if began.elapsed() < AWAY => tokio::time::sleep(PAUSE * 10).await,
                Err(NotStopped::Unknown(_)) => return false,
            }
        }
    }

    fn is_ending(&self) -> bool {
        self.running.is_ending()
    }
}

/// The state of a container that the engine reports.
struct State {
    running: bool,
    exit_code: i64,
    oom_killed: bool,
    started_at: Option<String>,
    /// Its memory limit; 0 = none \[bytes\].
    memory: u64,
}

async fn state(docker: &Docker, container: &Container) -> Result<State, Failure> {
    let inspected = docker.inspect_container(&container.id, None::<InspectContainerOptions>);
    let inspected = within(CALL, "inspect", inspected).await?;
    let state = inspected.state.unwrap_or_default();
    Ok(State {
        running: state.running == Some(true),
        exit_code: state.exit_code.unwrap_or(-1),
        oom_killed: state.oom_killed == Some(true),
        started_at: state.started_at,
        memory: inspected.host_config.and_then(|config| config.memory).unwrap_or(0) as u64,
    })
}

/// Waits until the container has stopped. Returns the exit code that the engine reports.
pub(super) async fn exit_code(docker: &Docker, container: &Container, patience: Duration) -> Result<i64, Failure> {
    let mut waiting = Box::pin(docker.wait_container(&container.id, None::<WaitContainerOptions>));
    let ended = tokio::time::timeout(patience, waiting.next()).await;
    match ended {
        Err(_) => Err(Failure::executor(format!("the container did not end within {} s", patience.as_secs()))),
        Ok(Some(Ok(response))) => Ok(response.status_code),
        Ok(Some(Err(Error::DockerContainerWaitError { code, .. }))) => Ok(code),
        Ok(Some(Err(error))) => Err(Failure::executor(super::reason::reason(&error))),
        Ok(None) => Err(Failure::executor("the engine closed the wait without a status")),
    }
}

//! One attempt: one logical worker on one container, believed only on the engine's word and with this attempt's nonce.

use std::fmt::{self, Display, Formatter};
use std::path::Path;
use std::time::Duration;

use crate::completions::{PART_RECORD, check_part};
use crate::job::{self, JobFile};
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{InspectContainerOptions, StartContainerOptions, WaitContainerOptions};
use failure::{Class, Failure, Limit};
use futures_util::StreamExt as _;
use measure::Outcome;
use sandbox::{Job, limits};

use super::archive::{Sent, download, download_to, upload};
use super::call::{CALL, within};
use super::logs::{end_of_stderr, last_time};
use super::outcome::{OtherVersion, believe};
use super::pool::Container;
use super::work::Work;

/// Where a worker's own folder is in its container; no other container has it.
const FOLDER: &str = "/job";

/// Time for what is not the simulator's: to start, to compile, to write the outcome.
const AROUND: Duration = Duration::from_secs(20);

/// How much slower than its CPU time a worker may be by the clock.
const SLOWNESS: u32 = 4;

/// What a container needs above the module's memory: to compile it, and to run.
const HOST_MEMORY: u64 = limits::COMPILE_MEMORY as u64 + (128 << 20);

/// Exit codes of a host that can't read its job, and leaves no outcome: those of a usage or a host error.
const NOT_READ: [i64; 2] = [1, 2];

/// Why an attempt gave no outcome that is believed: a fault of the infrastructure, which says nothing about the worker.
#[derive(Debug)]
pub(super) struct Fault {
    error: anyhow::Error,
    /// The end of what the container wrote to its standard error.
    stderr: String,
}

impl Fault {
    /// Another attempt would end the same way.
    pub(super) fn is_final(&self) -> bool {
        self.error.is::<OtherVersion>()
    }
}

impl Display for Fault {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write!(to, "{:#}", self.error)?;
        if self.stderr.is_empty() { Ok(()) } else { write!(to, "; its stderr ends with: {}", self.stderr) }
    }
}

/// Runs worker `job.worker` on `container`.
///
/// # Errors
/// Where there is no outcome that is believed.
pub(super) async fn attempt(
    docker: &Docker,
    container: &Container,
    work: &Work<'_>,
    job: Job,
) -> Result<Outcome, Fault> {
    let mut since = None;
    match run(docker, container, work, job, &mut since).await {
        Ok(outcome) => Ok(outcome),
        Err(error) => {
            let stderr = match since {
                Some(since) => end_of_stderr(docker, &container.id, &since).await,
                None => String::new(),
            };
            Err(Fault { error, stderr })
        }
    }
}

/// The same; once the container is to be started, `since` is when it had last written to its stderr before.
async fn run(
    docker: &Docker,
    container: &Container,
    work: &Work<'_>,
    job: Job,
    since: &mut Option<Vec<u8>>,
) -> anyhow::Result<Outcome> {
    let shard = work.shard(job.worker);
    let requests = work.requests(job.worker)?;
    let file = JobFile {
        version: job::VERSION.to_owned(),
        nonce: nonce()?,
        module: work.module.sha256().to_owned(),
        shard: shard.as_deref().map(job::digest).transpose()?,
        completions: work.completions.is_some(),
        job,
    };
    let text = serde_json::to_vec(&file)?;
    let mut sent = vec![Sent::Bytes(job::MODULE.into(), work.module.bytes()), Sent::Bytes(job::JOB.into(), &text)];
    sent.extend(shard.as_deref().map(|shard| Sent::File(job::SHARD.into(), shard)));
    upload(docker, &container.id, FOLDER, &sent).await?;

    let before = state(docker, container).await?;
    anyhow::ensure!(!before.running, "the container runs already");
    anyhow::ensure!(!work.running.is_ending(), "the run is ending");
    *since = Some(last_time(docker, &container.id).await);
    within(CALL, "start", docker.start_container(&container.id, None::<StartContainerOptions>)).await?;
    let time = limits::CPU_TIME_PER_REQUEST * u32::try_from(requests).unwrap_or(u32::MAX);
    let patience = (AROUND + (file.job.limits.cpu_time + time) * SLOWNESS) * work.turns;
    let code = exit_code(docker, container, patience).await?;
    let after = state(docker, container).await?;
    anyhow::ensure!(
        !after.running && after.exit_code == code && after.started_at != before.started_at,
        "the engine's words on how the container ended contradict each other"
    );
    if after.oom_killed {
        let least = file.job.limits.memory as u64 + HOST_MEMORY;
        if after.memory == 0 || after.memory < least {
            anyhow::bail!("the container ran out of its {} MiB of memory; the module may use more", after.memory >> 20);
        }
        let failure = Failure::limit(Limit::Memory, "the engine killed the worker for it");
        return Ok(Outcome { offered: requests, result: Err(failure) });
    }

    let inside = |name| Path::new(FOLDER).join(name);
    let Some(text) = download(docker, &container.id, &inside(job::OUTCOME)).await? else {
        if code == i64::from(Class::Limit.exit_code()) {
            // The limits that end a host before it has an outcome.
            let rule = "the worker ended before its simulator began, for that or for memory to compile";
            let failure = Failure::limit(Limit::CompileTime, rule);
            return Ok(Outcome { offered: requests, result: Err(failure) });
        }
        anyhow::ensure!(!NOT_READ.contains(&code), OtherVersion::UNKNOWN);
        anyhow::bail!("the container ended with exit code {code} and without an outcome");
    };
    let outcome = believe(&text, &file, requests, code)?;
    if let (Some(parts), Some(shard), Ok(_)) = (work.completions, &shard, &outcome.result) {
        let part = parts.path(file.job.worker);
        let most = requests.saturating_mul(PART_RECORD as u64);
        let whole = download_to(docker, &container.id, &inside(job::COMPLETIONS), &part, most).await?;
        anyhow::ensure!(whole, "the container left no completions");
        check_part(&part, shard)?;
    }
    Ok(outcome)
}

/// What the engine says of a container.
struct State {
    running: bool,
    exit_code: i64,
    oom_killed: bool,
    started_at: Option<String>,
    /// Memory that it may use; 0 = no limit \[bytes\].
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

/// Waits until the container has ended, and gives the engine's word on how.
pub(super) async fn exit_code(docker: &Docker, container: &Container, patience: Duration) -> Result<i64, Failure> {
    let mut waiting = Box::pin(docker.wait_container(&container.id, None::<WaitContainerOptions>));
    let ended = tokio::time::timeout(patience, waiting.next()).await;
    match ended {
        Err(_) => Err(Failure::executor(format!("the container did not end within {} s", patience.as_secs()))),
        Ok(Some(Ok(response))) => Ok(response.status_code),
        Ok(Some(Err(Error::DockerContainerWaitError { code, .. }))) => Ok(code),
        Ok(Some(Err(error))) => Err(Failure::executor(super::reason::reason(&error))),
        Ok(None) => Err(Failure::executor("the engine ended the wait without a word")),
    }
}

/// What no earlier attempt can have written.
fn nonce() -> Result<String, getrandom::Error> {
    Ok(format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?))
}

//! One attempt: one logical worker on one container, believed only on the engine's word and with this attempt's nonce.

use std::path::Path;
use std::time::Duration;

use crate::completions::{PART_RECORD, check_part};
use crate::job::{self, JobFile};
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{InspectContainerOptions, StartContainerOptions, WaitContainerOptions};
use failure::Failure;
use futures_util::StreamExt as _;
use measure::Outcome;
use sandbox::{Job, limits};

use super::archive::{Sent, download, download_to, upload};
use super::outcome::believe;
use super::pool::Container;
use super::{CALL, Work, within};

/// Where a worker's own folder is in its container; no other container has it.
const FOLDER: &str = "/job";

/// Time for what is not the simulator's: to start, to compile, to write the outcome.
const AROUND: Duration = Duration::from_secs(20);

/// How much slower than its processor time a worker may be by the clock.
const SLOWNESS: u32 = 4;

/// What a container needs above the module's memory: to compile it, and to run.
const HOST_MEMORY: u64 = limits::COMPILE_MEMORY as u64 + (128 << 20);

/// Runs worker `job.worker` on `container`.
///
/// # Errors
/// A fault of the infrastructure: this attempt says nothing about the worker.
pub(super) async fn attempt(
    docker: &Docker,
    container: &Container,
    work: &Work<'_>,
    job: Job,
) -> anyhow::Result<Outcome> {
    let shard = work.shard(job.worker);
    let requests = work.requests(job.worker)?;
    let file = JobFile {
        nonce: nonce(),
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
    within(CALL, "start", docker.start_container(&container.id, None::<StartContainerOptions>)).await?;
    let time = limits::PROCESSOR_TIME_A_REQUEST * u32::try_from(requests).unwrap_or(u32::MAX);
    let patience = (AROUND + (file.job.limits.processor_time + time) * SLOWNESS) * work.turns;
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
        let failure = Failure::Limit("memory: the engine killed the worker for it".to_owned());
        return Ok(Outcome { offered: requests, result: Err(failure) });
    }

    let inside = |name| Path::new(FOLDER).join(name);
    let Some(text) = download(docker, &container.id, &inside(job::OUTCOME)).await? else {
        if code == i64::from(Failure::Limit(String::new()).exit_code()) {
            // The limits that end a host before it has an outcome.
            let text =
                "time to compile: the worker ended before its simulator began, for that or for memory to compile";
            let failure = Failure::Limit(text.to_owned());
            return Ok(Outcome { offered: requests, result: Err(failure) });
        }
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
        Err(_) => Err(Failure::Engine(format!("the container did not end within {} s", patience.as_secs()))),
        Ok(Some(Ok(response))) => Ok(response.status_code),
        Ok(Some(Err(Error::DockerContainerWaitError { code, .. }))) => Ok(code),
        Ok(Some(Err(error))) => Err(Failure::Engine(super::connect::reason(&error))),
        Ok(None) => Err(Failure::Engine("the engine ended the wait without a word".to_owned())),
    }
}

/// What no earlier attempt can have written.
fn nonce() -> String {
    use std::hash::{BuildHasher as _, RandomState};
    format!("{:016x}{:016x}", RandomState::new().hash_one(0u8), RandomState::new().hash_one(1u8))
}

//! One attempt: one logical worker on one container, believed only on the engine's word and this attempt's nonce.

use std::path::Path;
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{InspectContainerOptions, StartContainerOptions, WaitContainerOptions};
use futures_util::StreamExt as _;
use host::job::{JobFile, OutcomeFile};
use host::{Job, Outcome, limits};
use trace::Failure;

use super::archive::{Sent, download, download_to, upload};
use super::pool::{Container, stop};
use super::{CALL, Spool, within};

/// Time for what is not the simulator's: to start, to compile, to write the outcome.
const AROUND: Duration = Duration::from_secs(20);

/// How much slower than its processor time a worker may be by the clock.
const SLOWNESS: u32 = 4;

/// What a container needs above the module's memory, to compile it and to run.
const HOST_MEMORY: u64 = 256 << 20;

/// Runs worker `job.worker` on `container`.
///
/// # Errors
/// A fault of the infrastructure: this attempt says nothing about the worker.
pub(super) async fn attempt(
    docker: &Docker,
    container: &Container,
    spool: &Spool<'_>,
    job: Job,
) -> anyhow::Result<Outcome> {
    let worker = job.worker;
    let folder = spool.remote();
    let nonce = nonce();
    let file = JobFile {
        folder: folder.clone(),
        nonce: nonce.clone(),
        sha256: spool.simulator.sha256().to_owned(),
        completions: spool.completions.is_some(),
        job,
    };
    let shard = JobFile::shard(spool.local, worker);
    let inside = |path: &Path| path.strip_prefix(super::SHARED).unwrap_or(path).to_owned();
    let sent = [Sent::File(inside(&JobFile::shard(&folder, worker)), &shard)];
    upload(docker, &container.id, super::SHARED, &sent).await?;
    let text = serde_json::to_vec(&file)?;
    upload(docker, &container.id, "/job", &[Sent::Bytes("job.json".into(), &text)]).await?;

    anyhow::ensure!(!spool.running.is_ending(), "the run is ending");
    within(CALL, "start", docker.start_container(&container.id, None::<StartContainerOptions>)).await?;
    let requests = u32::try_from(shard.metadata()?.len() / trace::Request::LEN as u64).unwrap_or(u32::MAX);
    let time = file.job.limits.processor_time + limits::PROCESSOR_TIME_A_REQUEST * requests;
    let code = match exit_code(docker, container, AROUND + time * SLOWNESS).await {
        Ok(code) => code,
        Err(fault) => {
            stop(docker, &container.id).await?;
            return Err(fault.into());
        }
    };
    let state =
        within(CALL, "inspect", docker.inspect_container(&container.id, None::<InspectContainerOptions>)).await?;
    let memory = state.host_config.as_ref().and_then(|config| config.memory).unwrap_or(0) as u64;
    if state.state.as_ref().and_then(|state| state.oom_killed) == Some(true) {
        let least = file.job.limits.memory as u64 + HOST_MEMORY;
        if memory == 0 || memory < least {
            anyhow::bail!("the container ran out of its {} MiB of memory; the module may use more", memory >> 20);
        }
        let failure = Failure::Limit("memory: the engine killed the worker for it".to_owned());
        return Ok(Outcome { offered: u64::from(requests), result: Err(failure) });
    }

    let outcome = download(docker, &container.id, &JobFile::outcome(&folder, worker)).await?;
    let outcome =
        outcome.and_then(|text| serde_json::from_slice::<OutcomeFile>(&text).ok()).filter(|file| file.nonce == nonce);
    let Some(OutcomeFile { outcome, .. }) = outcome else {
        anyhow::bail!("the container ended with exit code {code} and without an outcome");
    };
    match &outcome.result {
        Err(Failure::Host(text)) => anyhow::bail!("{text}"),
        Err(failure) if i64::from(failure.exit_code()) == code => return Ok(outcome),
        Ok(_) if code == 0 => {}
        _ => anyhow::bail!("the container ended with exit code {code}, which its outcome does not say"),
    }
    if let Some(parts) = spool.completions {
        let whole =
            download_to(docker, &container.id, &JobFile::completions(&folder, worker), &parts.path(worker)).await?;
        anyhow::ensure!(whole, "the container left no completions");
    }
    Ok(outcome)
}

/// Waits until the container has ended, and gives the engine's word on how.
async fn exit_code(docker: &Docker, container: &Container, patience: Duration) -> Result<i64, Failure> {
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

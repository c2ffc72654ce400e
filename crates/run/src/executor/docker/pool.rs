//! The workers' containers, which compose has created, and the lock that reserves them for one run at a time.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::Docker;
use bollard::container::AttachContainerResults;
use bollard::errors::Error;
use bollard::models::{
    ContainerCreateBody, ContainerInspectResponse, ContainerStateStatusEnum, ContainerSummaryStateEnum, HostConfig,
};
use bollard::query_parameters::{
    AttachContainerOptionsBuilder, CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptions,
    ListContainersOptionsBuilder, RemoveContainerOptions, StartContainerOptions, WaitContainerOptions,
};
use cli::reporter::Reporter;
use failure::Failure;
use futures_util::StreamExt as _;

use super::call::{CALL, within};
use super::reason::reason;

/// How long the lock of a run that has ended may still exist, without a sign of it.
const AFTERMATH: Duration = Duration::from_millis(700);

/// After this time, a lock that was created and never started is abandoned: its run was killed in between.
const NEVER_STARTED: Duration = Duration::from_secs(3);

/// How long a second run waits for the first.
const PATIENCE: Duration = Duration::from_secs(10);

/// One worker's container.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) id: String,
    /// Its image, by id.
    pub(super) image: String,
    /// Its compose number.
    pub(super) number: u32,
    name: String,
    running: bool,
}

/// The compose project of the workers.
pub(super) fn project() -> String {
    std::env::var("COMPOSE_PROJECT_NAME").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "queuebox".to_owned())
}

/// The containers of the compose service `service`, by their numbers.
///
/// # Errors
/// If the engine does not list them, or two have the same number.
pub(super) async fn containers(docker: &Docker, service: &str) -> Result<Vec<Container>, Failure> {
    let labels = vec![
        format!("com.docker.compose.project={}", project()),
        format!("com.docker.compose.service={service}"),
        "com.docker.compose.oneoff=False".to_owned(),
    ];
    let options =
        ListContainersOptionsBuilder::default().all(true).filters(&HashMap::from([("label", labels)])).build();
    let listed = within(CALL, "the list of containers", docker.list_containers(Some(options))).await?;
    let mut containers: Vec<Container> = listed
        .into_iter()
        .filter_map(|summary| {
            let number = summary.labels?.get("com.docker.compose.container-number")?.parse().ok()?;
            let running = !matches!(
                summary.state?,
                ContainerSummaryStateEnum::CREATED
                    | ContainerSummaryStateEnum::EXITED
                    | ContainerSummaryStateEnum::DEAD
            );
            let name = summary.names?.first()?.trim_start_matches('/').to_owned();
            Some(Container { id: summary.id?, image: summary.image_id?, number, name, running })
        })
        .collect();
    containers.sort_by_key(|container| container.number);
    match containers.windows(2).find(|pair| pair[0].number == pair[1].number) {
        Some([one, other]) => Err(Failure::executor(format!(
            "the containers {} and {} have the same compose number, {}; remove the one that is not compose's (docker rm)",
            one.name, other.name, one.number
        ))),
        _ => Ok(containers),
    }
}

/// Removes a lock that was first seen (`seen`) at least [`NEVER_STARTED`] ago and has not been started. The engine
/// refuses if it is running by now.
async fn remove_unstarted(docker: &Docker, name: &str, seen: &mut Option<(String, Instant)>) {
    let inspected = within(CALL, name, docker.inspect_container(name, None::<InspectContainerOptions>)).await;
    let Ok(ContainerInspectResponse { id: Some(id), state: Some(state), .. }) = inspected else { return };
    if state.status != Some(ContainerStateStatusEnum::CREATED) {
        return;
    }
    match seen {
        Some((first, since)) if *first == id => {
            if since.elapsed() > NEVER_STARTED {
                let _ = within(CALL, name, docker.remove_container(&id, None::<RemoveContainerOptions>)).await;
            }
        }
        _ => *seen = Some((id, Instant::now())),
    }
}

/// Kills a container and waits until the engine reports that it has stopped.
///
/// # Errors
/// If it can't be stopped, or does not exist any more.
pub(super) async fn stop(docker: &Docker, id: &str) -> Result<(), NotStopped> {
    // A paused container can't be killed; a stopped one can be neither unpaused nor killed.
    let _ = within(CALL, "unpause", docker.unpause_container(id)).await;
    let _ = within(CALL, "kill", docker.kill_container(id, None::<KillContainerOptions>)).await;
    let mut waiting = Box::pin(docker.wait_container(id, None::<WaitContainerOptions>));
    match tokio::time::timeout(CALL, waiting.next()).await {
        Ok(Some(Ok(_) | Err(Error::DockerContainerWaitError { .. }))) => Ok(()),
        Ok(Some(Err(Error::DockerResponseServerError { status_code: 404, .. }))) => Err(NotStopped::Gone),
        Ok(Some(Err(error))) => Err(NotStopped::Unknown(reason(&error))),
        Ok(None) => Err(NotStopped::Unknown("the engine closed the wait without a status".to_owned())),
        Err(_) => Err(NotStopped::Unknown("it does not stop".to_owned())),
    }
}

/// The reason for which a container may not have stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotStopped {
    #[error("the container is gone")]
    Gone,
    #[error("the container can't be stopped: {0}")]
    Unknown(String),
}

/// The exclusive use of the containers, as long as this value lives: a container with a fixed name runs while its stdin
/// is open, and stops with this process, however that ends.
pub(super) struct Lock {
    _attached: AttachContainerResults,
}

impl Lock {
    /// Reserves the containers, and kills those that an aborted run left running. Returns the current list of
    /// containers.
    ///
    /// # Errors
    /// [`Failure::Executor`] if another run uses them.
    pub(super) async fn take(
        docker: &Docker,
        image: &str,
        reporter: &dyn Reporter,
    ) -> Result<(Self, Vec<Container>), Failure> {
        let name = format!("{}-lock", project());
        let started = Instant::now();
        let mut noted = false;
        let mut unstarted = None;
        let attached = loop {
            match Self::create(docker, &name, image).await {
                Ok(id) => {
                    if let Some(attached) = Self::hold(docker, &id).await? {
                        break attached;
                    }
                }
                Err(Some(failure)) => return Err(failure),
                Err(None) if started.elapsed() < PATIENCE => {
                    remove_unstarted(docker, &name, &mut unstarted).await;
                    if !noted && started.elapsed() > AFTERMATH {
                        reporter.note("another run uses the workers: waiting for its end");
                        noted = true;
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                Err(None) => {
                    return Err(Failure::executor(format!(
                        "another run uses the workers (its lock is the container {name}); wait for it, or make down"
                    )));
                }
            }
        };
        // From here on no other run changes them.
        let containers = containers(docker, "worker").await?;
        for container in containers.iter().filter(|container| container.running) {
            reporter.note(&format!("killed worker {}, left over from an aborted run", container.number));
            let stopped = stop(docker, &container.id).await;
            stopped.map_err(|failure| Failure::executor(format!("worker {}: {failure}", container.number)))?;
        }
        Ok((Self { _attached: attached }, containers))
    }

    /// Starts the lock and holds its stdin; None if another run regarded it as abandoned and removed it.
    async fn hold(docker: &Docker, id: &str) -> Result<Option<AttachContainerResults>, Failure> {
        let gone = |error: &Error| matches!(error, Error::DockerResponseServerError { status_code: 404, .. });
        let held = async {
            let options = AttachContainerOptionsBuilder::default().stdin(true).stream(true).build();
            let attached = docker.attach_container(id, Some(options)).await?;
            docker.start_container(id, None::<StartContainerOptions>).await?;
            Ok(attached)
        };
        match tokio::time::timeout(CALL, held).await {
            Ok(Ok(attached)) => Ok(Some(attached)),
            Ok(Err(error)) if gone(&error) => Ok(None),
            Ok(Err(error)) => Err(Failure::executor(format!("the lock: {}", reason(&error)))),
            Err(_) => Err(Failure::executor("the lock: no answer in time")),
        }
    }

    /// Creates the lock and returns its id. The error is None if another run has it.
    async fn create(docker: &Docker, name: &str, image: &str) -> Result<String, Option<Failure>> {
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let body = ContainerCreateBody {
            image: Some(image.to_owned()),
            cmd: Some(vec!["hold".to_owned()]),
            open_stdin: Some(true),
            stdin_once: Some(true),
            attach_stdin: Some(true),
            user: Some(format!("{0}:{0}", super::call::USER)),
            host_config: Some(HostConfig {
                auto_remove: Some(true),
                network_mode: Some("none".to_owned()),
                readonly_rootfs: Some(true),
                cap_drop: Some(vec!["ALL".to_owned()]),
                security_opt: Some(vec!["no-new-privileges".to_owned()]),
                memory: Some(64 << 20),
                pids_limit: Some(16),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        match tokio::time::timeout(CALL, docker.create_container(Some(options), body)).await {
            Ok(Ok(created)) => Ok(created.id),
            Ok(Err(Error::DockerResponseServerError { status_code: 409, .. })) => Err(None),
            Ok(Err(error)) => Err(Some(Failure::executor(reason(&error)))),
            Err(_) => Err(Some(Failure::executor("the lock: no answer in time"))),
        }
    }
}

//! The reports of runs on the volume `shared`. Workers have no access to it. Files go through one more container that
//! compose creates, which has the volume and is started only to remove old runs.

use std::path::{Path, PathBuf};

use bollard::Docker;
use bollard::query_parameters::StartContainerOptions;
use cli::reporter::Reporter;
use failure::Failure;
use measure::AnyReport;

use super::archive::{Sent, download, upload};
use super::call::{CALL, within};
use super::logs::{ALL, end_of_stderr, last_time};
use super::pool::{Container, containers};
use super::slot::exit_code;
use crate::retention::{KEPT, is_run};
use crate::run_file::{REPORT, RUN};

/// Path of the volume in its container.
const SHARED: &str = "/shared";

/// The files of a run that are kept.
const FILES: [&str; 2] = [RUN, REPORT];

/// The names of the last runs, one a line, the newest last.
const LAST: &str = "last";

/// The container with the volume.
async fn container(docker: &Docker) -> Result<Container, Failure> {
    let found = containers(docker, "results").await?.into_iter().next();
    found.ok_or_else(|| Failure::executor("there is no container for the volume of results; make workers makes it"))
}

async fn last(docker: &Docker, container: &Container) -> anyhow::Result<Vec<String>> {
    let text = download(docker, &container.id, &Path::new(SHARED).join(LAST)).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).lines().filter(|name| is_run(name)).map(str::to_owned).collect())
}

/// The report of `run`, or of the last one; None if there is none.
pub(super) async fn report(docker: &Docker, run: Option<&str>) -> anyhow::Result<Option<AnyReport>> {
    let Ok(container) = container(docker).await else { return Ok(None) };
    let run = match run {
        Some(run) => Some(run.to_owned()).filter(|run| is_run(run)),
        None => last(docker, &container).await?.pop(),
    };
    let Some(run) = run else { return Ok(None) };
    let path = Path::new(SHARED).join("runs").join(&run).join(REPORT);
    let Some(text) = download(docker, &container.id, &path).await? else { return Ok(None) };
    let unread = |error| Failure::usage(format!("the workers' volume: runs/{run}/{REPORT}: {error}"));
    Ok(Some(AnyReport::read(&text).map_err(unread)?))
}

/// Keeps the reports of `run`, which are in `folder`.
pub(super) async fn keep(docker: &Docker, run: &str, folder: &Path, reporter: &dyn Reporter) -> anyhow::Result<()> {
    let container = container(docker).await?;
    let mut names = last(docker, &container).await?;
    // Often enough that the volume holds few more than twice as many runs as are kept.
    let is_due = names.len() >= KEPT;
    if is_due {
        names.clear();
    }
    names.push(run.to_owned());
    let run = PathBuf::from("runs").join(run);
    let files = FILES.map(|name| folder.join(name));
    let mut sent: Vec<Sent<'_>> =
        FILES.iter().zip(&files).map(|(name, file)| Sent::File(run.join(name), file)).collect();
    let names = names.join("\n");
    sent.push(Sent::Bytes(LAST.into(), names.as_bytes()));
    upload(docker, &container.id, SHARED, &sent).await?;
    if is_due {
        let since = last_time(docker, &container.id).await;
        within(CALL, "start", docker.start_container(&container.id, None::<StartContainerOptions>)).await?;
        let code = exit_code(docker, &container, CALL).await?;
        // The names of all runs that were removed.
        let stderr = end_of_stderr(docker, &container.id, &since, ALL).await;
        anyhow::ensure!(code == 0, "old runs can't be removed: exit code {code}; {stderr}");
        if !stderr.is_empty() {
            reporter.note(&format!("the workers' volume: {}", stderr.trim_start_matches("note: ")));
        }
    }
    Ok(())
}

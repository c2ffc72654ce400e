//! Transfers files to and from a stopped container, as tar streams.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use bollard::Docker;
use bollard::errors::Error;
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use failure::Failure;
use futures_util::{Stream, StreamExt as _, stream};

use super::call::within;
use super::reason::reason;

/// Bytes that are sent at a time.
const CHUNK_BYTES: u64 = 1 << 20;

/// The largest file that is read into memory: an outcome whose histograms use every bucket is half of that.
const IN_MEMORY: u64 = 8 << 20;

/// Overhead of a file in an archive: headers, padding, the end.
const AROUND: u64 = 64 << 10;

/// Time limit of an empty transfer, and the lowest rate of others \[bytes/s\].
const BASE_TIME: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 1 << 20;

/// A file to send: its path below the folder in which it is unpacked, and its content.
pub(super) enum Sent<'a> {
    Bytes(PathBuf, &'a [u8]),
    File(PathBuf, &'a Path),
}

/// Unpacks `files` in the container's folder `folder`. Their owner is the user that the worker runs as.
pub(super) async fn upload(docker: &Docker, container: &str, folder: &str, files: &[Sent<'_>]) -> anyhow::Result<()> {
    let mut parts: Vec<Box<dyn Read + Send>> = Vec::new();
    let mut total = 0;
    let mut folders: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = match file {
            Sent::Bytes(path, _) | Sent::File(path, _) => path,
        };
        let mut above: Vec<&Path> = path.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).collect();
        above.reverse();
        for folder in above {
            if !folders.iter().any(|known| known == folder) {
                folders.push(folder.to_owned());
                parts.push(Box::new(io::Cursor::new(header(folder, 0, tar::EntryType::Directory)?)));
            }
        }
        let (length, content): (u64, Box<dyn Read + Send>) = match file {
            Sent::Bytes(_, bytes) => (bytes.len() as u64, Box::new(io::Cursor::new(bytes.to_vec()))),
            Sent::File(_, source) => {
                let file = File::open(source).with_context(|| source.display().to_string())?;
                (file.metadata()?.len(), Box::new(file))
            }
        };
        total += length;
        parts.push(Box::new(io::Cursor::new(header(path, length, tar::EntryType::Regular)?)));
        parts.push(Box::new(content.take(length)));
        parts.push(Box::new(io::repeat(0).take((512 - length % 512) % 512)));
    }
    parts.push(Box::new(io::repeat(0).take(1024)));
    let body =
        stream::iter(Chunks(parts.into_iter().fold(Box::new(io::empty()), |all, part| Box::new(all.chain(part)))));
    let options = UploadToContainerOptionsBuilder::default().path(folder).build();
    let sending = docker.upload_to_container(container, Some(options), bollard::body_try_stream(body));
    Ok(within(BASE_TIME + Duration::from_secs(total / SLOWEST), "upload", sending).await?)
}

/// A reader in chunks.
struct Chunks(Box<dyn Read + Send>);

impl Iterator for Chunks {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let mut chunk = Vec::new();
        match self.0.by_ref().take(CHUNK_BYTES).read_to_end(&mut chunk) {
            Ok(0) => None,
            Ok(_) => Some(Ok(chunk.into())),
            Err(error) => Some(Err(error)),
        }
    }
}

fn header(path: &Path, length: u64, kind: tar::EntryType) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_path(path)?;
    header.set_entry_type(kind);
    header.set_size(length);
    header.set_mode(if kind.is_dir() { 0o755 } else { 0o644 });
    header.set_uid(super::call::USER);
    header.set_gid(super::call::USER);
    // Retention on the volume uses this time: it keeps the runs that finished last.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    header.set_mtime(now.as_secs());
    header.set_cksum();
    Ok(header.as_bytes().to_vec())
}

/// The content of a file of the container; None if there is no such file.
pub(super) async fn download(docker: &Docker, container: &str, path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    Ok(fetch(docker, container, path, IN_MEMORY, &mut content).await?.then_some(content))
}

/// Copies a file of the container, of at most `most` bytes, to `target`; false if there is no such file.
pub(super) async fn download_to(
    docker: &Docker,
    container: &str,
    path: &Path,
    target: &Path,
    most: u64,
) -> anyhow::Result<bool> {
    fetch(docker, container, path, most, &mut File::create(target)?).await
}

async fn fetch(docker: &Docker, container: &str, path: &Path, most: u64, to: &mut impl Write) -> anyhow::Result<bool> {
    let options = DownloadFromContainerOptionsBuilder::default().path(&path.display().to_string()).build();
    let chunks = docker.download_from_container(container, Some(options));
    let patience = BASE_TIME + Duration::from_secs(most / SLOWEST);
    let spool = receive(chunks, most + AROUND, patience).await.with_context(|| format!("{}", path.display()))?;
    let Some(spool) = spool else { return Ok(false) };
    let mut archive = tar::Archive::new(spool);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let size = entry.size();
            anyhow::ensure!(size <= most, "{} has {size} bytes, more than {most}", path.display());
            // An archive that is cut short looks like a file that is cut short.
            let copied = io::copy(&mut entry, to)?;
            anyhow::ensure!(copied == size, "{}: {copied} of {size} bytes arrived", path.display());
            return Ok(true);
        }
    }
    Ok(false)
}

/// Receives a whole archive of at most `most` bytes, within `patience`; None if the container has no such file.
async fn receive(
    chunks: impl Stream<Item = Result<Bytes, Error>>,
    most: u64,
    patience: Duration,
) -> anyhow::Result<Option<File>> {
    let mut spool = tempfile::tempfile()?;
    let mut left = most;
    let receiving = async {
        let mut chunks = std::pin::pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => {
                    let rest = left.checked_sub(chunk.len() as u64);
                    left = rest.with_context(|| format!("the container holds more than {most} bytes there"))?;
                    spool.write_all(&chunk)?;
                }
                Err(Error::DockerResponseServerError { status_code: 404, .. }) => return Ok(false),
                Err(error) => return Err(Failure::executor(reason(&error)).into()),
            }
        }
        anyhow::Ok(true)
    };
    let late = |_| Failure::executor(format!("the download took more than {} s", patience.as_secs_f64()));
    if !tokio::time::timeout(patience, receiving).await.map_err(late)?? {
        return Ok(None);
    }
    io::Seek::rewind(&mut spool)?;
    Ok(Some(spool))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(chunks: impl Stream<Item = Result<Bytes, Error>>, most: u64) -> anyhow::Result<Option<File>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(receive(chunks, most, Duration::from_millis(300)))
    }

    #[test]
    fn a_download_is_limited_in_bytes_and_in_time() {
        let chunk = || Ok(Bytes::from(vec![0; 1000]));
        let error = received(stream::repeat_with(chunk), 10_000).unwrap_err().to_string();
        assert!(error.contains("more than 10000 bytes"), "{error}");
        let slowly = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Some((Ok(Bytes::from_static(b"x")), ()))
        });
        let error = received(slowly, 10_000).unwrap_err().to_string();
        assert!(error.contains("took more than 0.3 s"), "{error}");
        assert!(received(stream::iter([chunk(), chunk()]), 2000).unwrap().is_some());
    }
}

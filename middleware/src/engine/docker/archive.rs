//! Files to and from a stopped container, as tar streams.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use bollard::Docker;
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream;
use trace::Failure;

use super::connect::reason;
use super::within;

/// Bytes that are sent at once.
const PIECE: u64 = 1 << 20;

/// Largest file that is taken into memory: an outcome with its histograms is far smaller.
const IN_MEMORY: u64 = 64 << 20;

/// How long an upload of nothing may take, and how few bytes a second are still patience.
const LEAST: Duration = Duration::from_secs(60);
const SLOWEST: u64 = 1 << 20;

/// A file to send: its path below the folder that it is unpacked in, and its content.
pub(super) enum Sent<'a> {
    Bytes(PathBuf, &'a [u8]),
    File(PathBuf, &'a Path),
}

/// Unpacks `files` in the container's folder `folder`, owned by the user that the worker runs as.
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
        stream::iter(Pieces(parts.into_iter().fold(Box::new(io::empty()), |all, part| Box::new(all.chain(part)))));
    let options = UploadToContainerOptionsBuilder::default().path(folder).build();
    let sending = docker.upload_to_container(container, Some(options), bollard::body_try_stream(body));
    Ok(within(LEAST + Duration::from_secs(total / SLOWEST), "upload", sending).await?)
}

/// A reader in pieces.
struct Pieces(Box<dyn Read + Send>);

impl Iterator for Pieces {
    type Item = io::Result<Bytes>;

    fn next(&mut self) -> Option<io::Result<Bytes>> {
        let mut piece = Vec::new();
        match self.0.by_ref().take(PIECE).read_to_end(&mut piece) {
            Ok(0) => None,
            Ok(_) => Some(Ok(piece.into())),
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
    header.set_uid(super::USER);
    header.set_gid(super::USER);
    header.set_cksum();
    Ok(header.as_bytes().to_vec())
}

/// The content of a file of the container, None where there is no such file.
pub(super) async fn download(docker: &Docker, container: &str, path: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    let mut content = Vec::new();
    Ok(fetch(docker, container, path, IN_MEMORY, &mut content).await?.then_some(content))
}

/// Copies a file of the container to `target`; false where there is no such file.
pub(super) async fn download_to(docker: &Docker, container: &str, path: &Path, target: &Path) -> anyhow::Result<bool> {
    fetch(docker, container, path, u64::MAX, &mut File::create(target)?).await
}

/// Copies a file of the container, of `most` bytes at most.
async fn fetch(docker: &Docker, container: &str, path: &Path, most: u64, to: &mut impl Write) -> anyhow::Result<bool> {
    let options = DownloadFromContainerOptionsBuilder::default().path(&path.display().to_string()).build();
    let mut pieces = Box::pin(docker.download_from_container(container, Some(options)));
    let mut spool = tempfile::tempfile()?;
    loop {
        match tokio::time::timeout(LEAST, pieces.next()).await {
            Err(_) => return Err(Failure::Engine(format!("download of {}: no answer in time", path.display())).into()),
            Ok(None) => break,
            Ok(Some(Ok(piece))) => spool.write_all(&piece)?,
            Ok(Some(Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }))) => {
                return Ok(false);
            }
            Ok(Some(Err(error))) => return Err(Failure::Engine(reason(&error)).into()),
        }
    }
    io::Seek::rewind(&mut spool)?;
    let mut archive = tar::Archive::new(spool);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.header().entry_type().is_file() {
            let size = entry.size();
            anyhow::ensure!(size <= most, "{} has {size} bytes, more than {most}", path.display());
            // An archive that ends early reads as if the file did.
            let copied = io::copy(&mut entry, to)?;
            anyhow::ensure!(copied == size, "{}: {copied} of {size} bytes arrived", path.display());
            return Ok(true);
        }
    }
    Ok(false)
}

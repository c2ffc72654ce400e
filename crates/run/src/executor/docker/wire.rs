//! Connections to the engine: one for each call, over its local socket, TCP or TLS. Each accepts no more bytes than its
//! call may need, because the client library reads most bodies into memory completely.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, ClientVersion, Docker};
use hyper::{Method, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Upper limit of a response that is not a file \[bytes\]: the list of 4,096 workers is a fifth of that.
const ANSWER: u64 = 64 << 20;

/// The library's own time limit \[s\]: practically none, because each call has its own limit.
const TIMEOUT_S: u64 = 86_400;

/// The address of an engine.
#[derive(Clone)]
pub(super) enum Peer {
    Unix(PathBuf),
    /// HOST:PORT.
    Tcp(String),
    Tls(String, Arc<ClientConfig>),
}

/// A client of the engine at `peer` that speaks `version` of the API; without one, whichever the engine chooses.
///
/// # Errors
/// If the library rejects the parameters.
pub(super) fn client(peer: &Peer, version: Option<ClientVersion>) -> Result<Docker, Error> {
    let known = version.unwrap_or(*API_DEFAULT_VERSION);
    let connecting = |most| {
        let connector = Connector { peer: peer.clone(), most };
        Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)
    };
    // The code that receives a download limits its length.
    let (answers, downloads) = (connecting(ANSWER), connecting(u64::MAX));
    let transport = move |mut request: BollardRequest| {
        // The library does not send the version.
        let versioned =
            version.map_or_else(|| Ok(request.uri().clone()), |version| with_version(request.uri(), version));
        if let Ok(uri) = &versioned {
            request.uri_mut().clone_from(uri);
        }
        let is_download = request.method() == Method::GET && request.uri().path().ends_with("/archive");
        let response = if is_download { downloads.request(request) } else { answers.request(request) };
        async move {
            versioned?;
            Ok(response.await?)
        }
    };
    // The name is for the URL alone: where to connect is the connector's.
    Docker::connect_with_custom_transport(transport, Some("http://docker"), TIMEOUT_S, &known)
}

/// `uri` below the path of `version`.
fn with_version(uri: &Uri, version: ClientVersion) -> Result<Uri, Error> {
    let path = uri.path_and_query().map_or("", |path| path.as_str());
    let path = format!("/v{}.{}{path}", version.major_version, version.minor_version);
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(path.parse()?);
    Ok(Uri::from_parts(parts)?)
}

/// A TLS configuration from the files in `folder`: it trusts only this authority, and presents this certificate.
///
/// # Errors
/// If a file is missing or invalid; the error names it.
pub(super) fn tls(folder: &Path) -> Result<Arc<ClientConfig>, String> {
    let wrong = |name: &str, error: &dyn std::fmt::Display| {
        format!("{}: {error} (DOCKER_CERT_PATH names the folder)", folder.join(name).display())
    };
    let certificates = |name| {
        let read = CertificateDer::pem_file_iter(folder.join(name)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        read.map_err(|error| wrong(name, &error))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates("ca.pem")? {
        roots.add(certificate).map_err(|error| wrong("ca.pem", &error))?;
    }
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).map_err(|error| wrong("key.pem", &error))?;
    let config = ClientConfig::builder().with_root_certificates(roots);
    let config = config.with_client_auth_cert(certificates("cert.pem")?, key);
    Ok(Arc::new(config.map_err(|error| wrong("cert.pem", &error))?))
}

/// Opens the connections.
#[derive(Clone)]
struct Connector {
    peer: Peer,
    /// Upper limit of the bytes of each.
    most: u64,
}

impl Connector {
    async fn connect(self) -> io::Result<TokioIo<Bounded>> {
        let inner: Box<dyn Duplex> = match self.peer {
            Peer::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Peer::Tcp(target) => Box::new(TcpStream::connect(target).await?),
            Peer::Tls(target, config) => {
                let host = target.rsplit_once(':').map_or(&*target, |(host, _)| host);
                let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(io::Error::other)?;
                let stream = TcpStream::connect(&target).await?;
                Box::new(TlsConnector::from(config).connect(name, stream).await?)
            }
        };
        Ok(TokioIo::new(Bounded { inner, left: self.most }))
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Bounded>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<Bounded>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        Box::pin(self.clone().connect())
    }
}

/// A stream in both directions.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Duplex for T {}

/// A connection that fails after more than its limit of bytes.
struct Bounded {
    inner: Box<dyn Duplex>,
    left: u64,
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, buffer);
        match self.left.checked_sub((buffer.filled().len() - before) as u64) {
            Some(left) => self.left = left,
            None => {
                let text = format!("the answer is longer than {} MiB", ANSWER >> 20);
                return Poll::Ready(Err(io::Error::other(text)));
            }
        }
        polled
    }
}

impl AsyncWrite for Bounded {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

impl Connection for Bounded {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

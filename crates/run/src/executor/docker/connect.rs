//! Where the Docker engine is, and how to reach it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use failure::{Failure, printable};

use super::context::{Context, context};
use super::reason::{causes, reason};
use super::wire::{self, Peer};
use crate::executor::settings::DockerSettings;

/// The local executor's socket.
const SOCKET: &str = "/var/run/docker.sock";

/// Time limit of the first answer of an engine.
const HELLO: Duration = Duration::from_secs(10);

/// An engine's address, and what the API is spoken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// As DOCKER_HOST writes it.
    pub(crate) host: String,
    /// The user named it, so that it must answer.
    pub(crate) named: bool,
    /// The folder of certificates, over TLS.
    pub(super) certificates: Option<PathBuf>,
    version: Option<(usize, usize)>,
}

impl Address {
    /// The engine that the settings and the environment name: SERVER_IP, else DOCKER_HOST, else the Docker client's context, else
    /// the local socket.
    ///
    /// # Errors
    /// [`Failure::Usage`] where they contradict each other, or would speak plain TCP to another machine; [`Failure::Executor`] where
    /// the Docker client's configuration names no context that can be read.
    pub(crate) fn from_settings(settings: &DockerSettings) -> Result<Self, Failure> {
        let variable = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
        Self::resolve(settings, variable)
    }

    fn resolve(settings: &DockerSettings, variable: impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        let tls = variable("DOCKER_TLS_VERIFY").is_some();
        let server = match settings.server_ip.get()? {
            None => None,
            Some(ip) => {
                let port = settings.server_port.get()?.unwrap_or(if tls { 2376 } else { 2375 });
                let ip = if ip.contains(':') { format!("[{ip}]") } else { ip };
                Some(format!("tcp://{ip}:{port}"))
            }
        };
        let contradict = |server: &str, key: &str, host: &str| {
            Failure::usage(format!("SERVER_IP and SERVER_PORT name {server}, {key} names {host}: unset one of them"))
        };
        let host = match (server, variable("DOCKER_HOST")) {
            (Some(server), Some(host)) if server != host => return Err(contradict(&server, "DOCKER_HOST", &host)),
            (server, host) => server.or(host),
        };
        // As for the Docker client, DOCKER_HOST overrides contexts.
        let context = if variable("DOCKER_HOST").is_none() && (host.is_none() || variable("DOCKER_CONTEXT").is_some()) {
            context(&variable)?
        } else {
            None
        };
        let (host, named, certificates) = match (host, context) {
            (Some(server), Some(context)) if server != context.host => {
                return Err(contradict(&server, "DOCKER_CONTEXT", &context.host));
            }
            (_, Some(Context { host, certificates, named })) => (host, named, certificates),
            (host, None) => {
                let certificates = tls.then(|| {
                    let home = variable("HOME").unwrap_or_default();
                    PathBuf::from(variable("DOCKER_CERT_PATH").unwrap_or_else(|| format!("{home}/.docker")))
                });
                let named = host.is_some();
                (host.unwrap_or_else(|| format!("unix://{SOCKET}")), named, certificates)
            }
        };
        if let Some(target) = host.strip_prefix("tcp://") {
            let insecure = settings.insecure_tcp.get()?.unwrap_or(false);
            if certificates.is_none() && !insecure && !is_loopback(target) {
                return Err(Failure::usage(format!(
                    "{host}: access to this port is root access to that machine, so plain TCP is refused; use TLS \
                     (DOCKER_TLS_VERIFY=1, DOCKER_CERT_PATH), or INSECURE_TCP=1 where you trust the network"
                )));
            }
        } else if !host.starts_with("unix://") {
            let forward = "; forward its socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST, \
                           and set DOCKER_HOST=unix:///tmp/docker.sock";
            return Err(Failure::usage(format!(
                "{host}: a Docker engine's address is tcp://HOST:PORT or unix:///PATH{}",
                if host.starts_with("ssh://") { forward } else { "" }
            )));
        }
        Ok(Self { host, named, certificates, version: settings.api_version.get()? })
    }

    /// Connects, and settles which version of the API is spoken: API_VERSION, else the newest that both sides know.
    ///
    /// # Errors
    /// [`Failure::Executor`] where no engine answers, or it can't speak API_VERSION.
    pub(crate) async fn connect(&self) -> Result<Docker, Failure> {
        let fail = |text: String| Failure::executor(format!("{}: {text}", self.host));
        let peer = self.peer().map_err(fail)?;
        let docker = wire::client(&peer, None).map_err(|error| fail(reason(&error)))?;
        let answer = tokio::time::timeout(HELLO, docker.version()).await;
        let answer = answer.map_err(|_| fail(format!("no answer within {} s", HELLO.as_secs())))?;
        let engine = answer.map_err(|error| fail(another_program(&error).unwrap_or_else(|| reason(&error))))?;
        let parse = |text: Option<String>| {
            let text = text?;
            let (major, minor) = text.split_once('.')?;
            Some((major.parse::<usize>().ok()?, minor.parse::<usize>().ok()?))
        };
        let Some(most) = parse(engine.api_version) else {
            return Err(fail("another program than a Docker engine answers there: it has no API version".to_owned()));
        };
        let least = parse(engine.min_api_version).unwrap_or_default();
        let newest = (API_DEFAULT_VERSION.major_version, API_DEFAULT_VERSION.minor_version);
        let spoken = self.version.unwrap_or(newest.min(most));
        if let Some((major, minor)) = self.version
            && !(least..=most).contains(&(major, minor))
        {
            return Err(Failure::executor(format!(
                "API_VERSION=v{major}.{minor}: the engine at {} speaks v{}.{} to v{}.{}",
                self.host, least.0, least.1, most.0, most.1
            )));
        }
        if spoken < least {
            return Err(fail(format!(
                "the engine speaks v{}.{} to v{}.{} of the API, these programs at most v{}.{}: a newer version of Queuebox is needed",
                least.0, least.1, most.0, most.1, newest.0, newest.1
            )));
        }
        let version = ClientVersion { major_version: spoken.0, minor_version: spoken.1 };
        wire::client(&peer, Some(version)).map_err(|error| fail(reason(&error)))
    }

    fn peer(&self) -> Result<Peer, String> {
        if let Some(path) = self.host.strip_prefix("unix://") {
            return Ok(Peer::Unix(path.into()));
        }
        let target = self.host.trim_start_matches("tcp://").to_owned();
        let target = if target.ends_with(']') || !target.contains(':') { target + ":2375" } else { target };
        match &self.certificates {
            None => Ok(Peer::Tcp(target)),
            Some(folder) => Ok(Peer::Tls(target, wire::tls(folder)?)),
        }
    }
}

/// What an answer shows that no Docker engine gave it; None if there was none, or an engine's.
fn another_program(error: &Error) -> Option<String> {
    let gave = match error {
        Error::DockerResponseServerError { status_code, message } => {
            let message = message.trim();
            let tls =
                if message.contains("HTTPS") { "; over TLS with DOCKER_TLS_VERIFY=1, DOCKER_CERT_PATH" } else { "" };
            // A page for browsers has no more information.
            let text = match message {
                "" => String::new(),
                page if page.starts_with('<') => " (HTML)".to_owned(),
                message => format!(" ({})", printable(message.as_bytes(), 100)),
            };
            format!("HTTP status {status_code} for /version{text}{tls}")
        }
        Error::JsonDataError { .. } | Error::JsonSerdeError { .. } | Error::StrParseError { .. } => {
            "no JSON for /version".to_owned()
        }
        _ if causes(error).any(|cause| cause.downcast_ref().is_some_and(hyper::Error::is_parse)) => {
            "no HTTP".to_owned()
        }
        _ => return None,
    };
    Some(format!("another program than a Docker engine answers there: it gave {gave}"))
}

fn is_loopback(target: &str) -> bool {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cli::settings::of_flags;

    /// The address by `flags`, with the environment variables `variables`.
    fn resolve(flags: &[&str], variables: &[(&str, &str)]) -> Result<Address, Failure> {
        let settings: DockerSettings = of_flags(flags).unwrap();
        let value = |key: &str| variables.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
        Address::resolve(&settings, value)
    }

    fn host(flags: &[&str], variables: &[(&str, &str)]) -> String {
        resolve(flags, variables).unwrap().host
    }

    #[test]
    fn server_ip_or_docker_host_or_the_local_socket() {
        assert_eq!(host(&[], &[]), "unix:///var/run/docker.sock");
        assert_eq!(host(&["--server-ip", "127.0.0.1"], &[]), "tcp://127.0.0.1:2375");
        assert_eq!(host(&["--server-ip", "::1", "--server-port", "99"], &[]), "tcp://[::1]:99");
        assert_eq!(host(&[], &[("DOCKER_HOST", "unix:///x.sock")]), "unix:///x.sock");
        let same = ("DOCKER_HOST", "tcp://127.0.0.1:2375");
        assert_eq!(host(&["--server-ip", "127.0.0.1"], &[same]), "tcp://127.0.0.1:2375");
        assert!(!resolve(&[], &[]).unwrap().named && resolve(&[], &[same]).unwrap().named);
    }

    #[test]
    fn contradictions_and_open_doors_are_refused() {
        let message = |flags: &[&str], variables: &[(&str, &str)]| resolve(flags, variables).unwrap_err().to_string();
        let other = [("DOCKER_HOST", "unix:///x.sock")];
        assert!(message(&["--server-ip", "127.0.0.1"], &other).contains("DOCKER_HOST names unix:///x.sock"));
        let far = ["--server-ip", "192.0.2.1"];
        assert!(message(&far, &[]).contains("plain TCP is refused"));
        assert_eq!(host(&[&far[..], &["--insecure-tcp", "1"]].concat(), &[]), "tcp://192.0.2.1:2375");
        let tls = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")];
        let address = resolve(&far, &tls).unwrap();
        assert_eq!((address.host.as_str(), address.certificates), ("tcp://192.0.2.1:2376", Some("/certs".into())));
        let ssh = message(&[], &[("DOCKER_HOST", "ssh://there")]);
        assert!(ssh.contains("tcp://HOST:PORT or unix:///PATH; forward its socket: ssh "), "{ssh}");
        assert!(message(&["--api-version", "newest"], &[]).contains("API_VERSION=newest must be a version"));
    }

    #[test]
    fn only_this_machine_is_loopback() {
        for (target, ours) in [
            ("127.0.0.1:2375", true),
            ("localhost:1", true),
            ("[::1]:1", true),
            ("127.0.0.1.evil:1", false),
            ("10.0.0.1:1", false),
        ] {
            assert_eq!(is_loopback(target), ours, "{target}");
        }
    }
}

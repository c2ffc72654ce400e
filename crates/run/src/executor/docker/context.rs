//! The Docker client's contexts: the engine that `docker context use` or DOCKER_CONTEXT names.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use failure::Failure;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

/// The context whose engine is that of DOCKER_HOST and the local socket.
const DEFAULT: &str = "default";

/// An engine that a context names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Context {
    /// Its address, as DOCKER_HOST writes it.
    pub(super) host: String,
    /// The folder of its certificates; None without TLS.
    pub(super) certificates: Option<PathBuf>,
    /// DOCKER_CONTEXT names it, not the client's configuration.
    pub(super) named: bool,
}

/// What is read of the client's configuration.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    current_context: Option<String>,
}

/// What is read of a context's file.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Endpoint,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Endpoint {
    host: String,
}

/// The context by DOCKER_CONTEXT, else by the client's configuration; None for the default one.
///
/// # Errors
/// [`Failure::Usage`] if DOCKER_CONTEXT names none that can be read, [`Failure::Executor`] if the configuration does.
pub(super) fn context(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Context>, Failure> {
    let folder = variable("DOCKER_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| variable("HOME").map(|home| Path::new(&home).join(".docker")));
    let from_variable = variable("DOCKER_CONTEXT");
    let named = from_variable.is_some();
    let Some(folder) = folder else {
        return match from_variable.filter(|name| name != DEFAULT) {
            None => Ok(None),
            Some(name) => {
                let rule =
                    format!("DOCKER_CONTEXT={name}: neither DOCKER_CONFIG nor HOME names the folder of contexts");
                Err(Failure::usage(rule))
            }
        };
    };
    let config = folder.join("config.json");
    let (origin, name) = match from_variable {
        Some(name) => ("DOCKER_CONTEXT".to_owned(), Some(name)),
        None => (format!("{}: currentContext", config.display()), current(&config)?),
    };
    let Some(name) = name.filter(|name| !name.is_empty() && name != DEFAULT) else { return Ok(None) };
    let id: String = Sha256::digest(&name).iter().map(|byte| format!("{byte:02x}")).collect();
    let file = folder.join("contexts/meta").join(&id).join("meta.json");
    let wrong = |what: String| {
        let rule = format!(
            "{origin}={name}: {}: {what}; `docker context ls` lists the contexts, DOCKER_HOST overrides them",
            file.display()
        );
        if named { Failure::usage(rule) } else { Failure::executor(rule) }
    };
    let text = fs::read(&file).map_err(|error| wrong(error.to_string()))?;
    let Meta { endpoints } = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
    let certificates = folder.join("contexts/tls").join(&id).join("docker");
    Ok(Some(Context {
        host: endpoints.docker.host,
        certificates: Some(certificates).filter(|folder| folder.is_dir()),
        named,
    }))
}

/// The context that the client's configuration names; None if there is no configuration that this user may read.
fn current(config: &Path) -> Result<Option<String>, Failure> {
    let text = match fs::read(config) {
        Ok(text) => text,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => return Ok(None),
        Err(error) => return Err(Failure::executor(format!("{}: {error}", config.display()))),
    };
    let read = serde_json::from_slice::<Config>(&text);
    read.map(|config| config.current_context)
        .map_err(|error| Failure::executor(format!("{}: {error}; DOCKER_HOST overrides it", config.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of `far`.
    const FAR: &str = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";

    fn put(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn docker_context_or_the_configuration_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().display().to_string();
        let context = |name: Option<&str>| {
            context(|key| match key {
                "DOCKER_CONFIG" => Some(config.clone()),
                "DOCKER_CONTEXT" => name.map(str::to_owned),
                _ => None,
            })
        };
        assert_eq!(context(None).unwrap(), None);
        assert_eq!(context(Some("default")).unwrap(), None);
        let meta = format!("contexts/meta/{FAR}/meta.json");
        let error = context(Some("far")).unwrap_err();
        assert!(matches!(error, Failure::Usage { .. }), "{error}");
        assert!(error.to_string().starts_with("DOCKER_CONTEXT=far: ") && error.to_string().contains(&meta), "{error}");

        put(folder.path(), &meta, r#"{"Name":"far","Metadata":{},"Endpoints":{"docker":{"Host":"unix:///far.sock"}}}"#);
        let far = |named| Some(Context { host: "unix:///far.sock".to_owned(), certificates: None, named });
        assert_eq!(context(Some("far")).unwrap(), far(true));
        put(folder.path(), "config.json", r#"{"auths":{},"currentContext":"far"}"#);
        assert_eq!((context(None).unwrap(), context(Some("default")).unwrap()), (far(false), None));
        let tls = folder.path().join(format!("contexts/tls/{FAR}/docker"));
        fs::create_dir_all(&tls).unwrap();
        assert_eq!(context(None).unwrap().unwrap().certificates, Some(tls));

        put(folder.path(), "config.json", r#"{"currentContext":"gone"}"#);
        let error = context(None).unwrap_err();
        assert!(matches!(error, Failure::Executor { .. }), "{error}");
        assert!(error.to_string().contains("config.json: currentContext=gone: "), "{error}");
        put(folder.path(), "config.json", "{");
        assert!(context(None).unwrap_err().to_string().contains("config.json: EOF"));
    }
}

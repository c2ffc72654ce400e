//! The address of the Docker engine: addresses, versions and rights, each error in one line.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::docker_support::{Workers, answers, find, left_out};
use crate::support::{Folder, Run, sim_wasm};

fn middleware(folder: &Folder, arguments: &str) -> Run {
    folder.run("middleware", &format!("run --samples 10 {arguments}")).env("MODULE", sim_wasm().to_str().unwrap())
}

#[test]
fn a_named_address_must_respond() {
    let folder = Folder::new();
    for engine in ["auto", "docker"] {
        let run = middleware(&folder, &format!("--executor {engine} --server-ip 127.0.0.1 --server-port 1"));
        run.exits(8).says("tcp://127.0.0.1:1");
        let run = middleware(&folder, &format!("--executor {engine}")).env("DOCKER_HOST", "unix:///nowhere.sock");
        run.exits(8).says("unix:///nowhere.sock");
    }
    assert_eq!(folder.names(), [] as [String; 0]);
}

#[test]
fn contradicting_and_insecure_addresses_are_rejected() {
    let folder = Folder::new();
    let run = middleware(&folder, "--executor docker --server-ip 127.0.0.1").env("DOCKER_HOST", "unix:///x.sock");
    run.exits(2).says("tcp://127.0.0.1:2375").says("unix:///x.sock");
    middleware(&folder, "--executor docker --server-ip 192.0.2.1").exits(2).says("plain TCP is refused");
    let run = middleware(&folder, "--executor docker --server-ip 192.0.2.1").env("INSECURE_TCP", "1");
    run.exits(8).says("tcp://192.0.2.1:2375");
    middleware(&folder, "--executor docker --api-version newest").exits(2).says("API_VERSION=newest");
    middleware(&folder, "--executor local --server-ip 192.0.2.1").succeeds();
    let run = middleware(&folder, "--executor docker").env("DOCKER_HOST", "tcp://192.0.2.1:2376");
    let run = run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", "nowhere");
    run.exits(8).says("tcp://192.0.2.1:2376");
}

/// SHA-256 of `far`, by which the Docker client stores the context of that name.
const FAR: &str = "512eea46ceb3921dff4363c7069d89d4964d1d9fccaa0f411851a7aa60a5c868";

#[test]
fn contexts_of_the_docker_client_are_respected() {
    let folder = Folder::new();
    let meta = folder.path("docker").join(format!("contexts/meta/{FAR}"));
    fs::create_dir_all(&meta).unwrap();
    fs::write(meta.join("meta.json"), r#"{"Name":"far","Endpoints":{"docker":{"Host":"unix:///far.sock"}}}"#).unwrap();
    let run = |flags: &str| middleware(&folder, flags).env("DOCKER_CONFIG", "docker");
    let far = "unix:///far.sock: there is no such socket";
    run("--executor auto").env("DOCKER_CONTEXT", "far").exits(8).says(far);
    let run_by_host = run("--executor docker").env("DOCKER_CONTEXT", "far").env("DOCKER_HOST", "unix:///near.sock");
    run_by_host.exits(8).says("unix:///near.sock: there is no such socket");
    let contradicts = run("--executor docker --server-ip 127.0.0.1").env("DOCKER_CONTEXT", "far").exits(2);
    contradicts.says("SERVER_IP and SERVER_PORT name tcp://127.0.0.1:2375, DOCKER_CONTEXT names unix:///far.sock");
    run("--executor auto")
        .env("DOCKER_CONTEXT", "gone")
        .exits(2)
        .says("DOCKER_CONTEXT=gone: ")
        .says("docker context ls");

    // `docker context use far`: if that engine is not there, threads do as well.
    fs::write(folder.path("docker/config.json"), r#"{"currentContext":"far"}"#).unwrap();
    run("--executor docker").exits(8).says(far);
    run("--executor docker --server-ip 127.0.0.1 --server-port 1").exits(8).says("tcp://127.0.0.1:1");
    run("--executor auto").succeeds().says("note: executor: local, threads of this process (unix:///far.sock");
    fs::write(folder.path("docker/config.json"), r#"{"currentContext":"gone"}"#).unwrap();
    run("--executor docker").exits(8).says("config.json: currentContext=gone");
    run("--executor auto").succeeds().says("note: executor: local, ").says("currentContext=gone");
    run("--executor local").succeeds();
}

#[test]
fn an_unsupported_version_is_rejected_with_the_engines_range() {
    let Some(workers) = Workers::up(2) else { return };
    let folder = Folder::new();
    let run = |version: &str| {
        workers.middleware(&folder, &format!("run --samples 10 --workers 1 --json --api-version {version}"))
    };
    let most = workers.engine.docker("version --format {{.Server.APIVersion}}");
    let least = workers.engine.docker("version --format {{.Server.MinAPIVersion}}");
    run("v9.99").exits(8).says("API_VERSION=v9.99").says(&format!("v{least} to v{most}"));
    run("v1.1").exits(8).says(&format!("v{least} to v{most}"));
    let newest = run(&format!("v{most}")).succeeds().says("note: executor: docker, 1 of 2 containers at unix:///");
    let newest = newest.stdout();
    assert_eq!(run("v1.41").succeeds().stdout(), newest);
}

#[test]
fn without_workers_docker_fails_and_auto_uses_threads() {
    if !answers() {
        return;
    }
    let folder = Folder::new();
    let run = |engine: &str| {
        middleware(&folder, &format!("--executor {engine}")).env("COMPOSE_PROJECT_NAME", "queuebox-test-nothing")
    };
    run("docker").exits(8).says("there are no workers").says("make workers");
    let errors = run("auto").succeeds().errors();
    let lines: Vec<&str> = errors.lines().filter(|line| line.starts_with("note: executor:")).collect();
    assert!(lines.len() == 1 && lines[0].contains("executor: local") && lines[0].contains("no workers"), "{errors}");
}

#[test]
fn without_permission_on_the_socket_the_error_names_the_way_out() {
    if !answers() {
        return;
    }
    let (Some(setpriv), true) = (find("setpriv"), rustix::process::getuid().is_root()) else {
        return left_out("without root or setpriv no other user is available, so the test of missing permission");
    };
    // Other users may not be able to read the build folder.
    let folder = Folder::new().and("sim.wasm", fs::read(sim_wasm()).unwrap());
    let program = std::env::var_os("QUEUEBOX_BIN").unwrap();
    fs::copy(std::path::Path::new(&program).join("middleware"), folder.path("middleware")).unwrap();
    for name in ["", "middleware", "sim.wasm"] {
        fs::set_permissions(folder.path(name), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let run = |engine: &str| {
        let program = folder.path("middleware");
        let arguments = format!("--reuid 65534 --regid 65534 --clear-groups {} run", program.display());
        folder.run(&setpriv, &format!("{arguments} --samples 10 --executor {engine}"))
    };
    run("docker").exits(8).says("permission denied on the socket").says("usermod -aG docker");
    let errors = run("auto").succeeds().errors();
    let lines: Vec<&str> = errors.lines().filter(|line| line.starts_with("note: executor:")).collect();
    assert!(lines.len() == 1 && lines[0].contains("executor: local") && lines[0].contains("no rights"), "{errors}");
}

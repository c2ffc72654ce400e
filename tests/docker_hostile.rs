//! Hostile containers and engines: impossible values are rejected, and data is read only up to a limit.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::docker_support::{LOCAL, Workers};
use crate::support::{Folder, sim_wasm};

/// Makes a container beside those of compose, with the compose number `number`, from `image`.
fn beside(workers: &Workers, number: u32, image: &str) {
    let labels = [
        format!("project={}", workers.project),
        "service=worker".to_owned(),
        format!("container-number={number}"),
        "oneoff=False".to_owned(),
    ];
    let labels = labels.map(|label| format!("--label com.docker.compose.{label}")).join(" ");
    let name = format!("{}-beside-{number}", workers.project);
    workers.engine.docker(&format!("create --name {name} {labels} --network none -v /job {image} job /job/job.json"));
}

/// The image of a worker whose host is the program in `tests/hostile_worker`.
fn hostile_image(folder: &Folder) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile_worker/main.rs");
    let mut compile = Command::new("rustc");
    compile.args(["--edition", "2024", "-O", "-C", "target-feature=+crt-static", "-o"]).arg(folder.path("host"));
    assert!(compile.arg(source).status().unwrap().success());
    fs::write(folder.path("Dockerfile"), "FROM queuebox-worker\nCOPY host /host\n").unwrap();
    let mut build = Command::new("docker");
    let built = build.args(["-H", LOCAL, "build", "-q", "."]).current_dir(folder.path("")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    String::from_utf8(built.stdout).unwrap().trim().to_owned()
}

#[test]
fn outcomes_of_a_compromised_container_are_rejected() {
    let Some(workers) = Workers::up(0) else { return };
    let image = hostile_image(&Folder::new());
    beside(&workers, 1, &image);
    let run = |kind: &str| {
        let folder = Folder::new();
        let arguments = format!("run --samples 12 --workers 1 --sim-args {kind} --report r.json --completions c.csv");
        let started = Instant::now();
        let ended = workers.middleware(&folder, &arguments).exits(8);
        assert!(started.elapsed() < Duration::from_secs(60), "{kind}: {:?}", started.elapsed());
        assert!(!folder.path("c.csv").exists() || folder.text("c.csv").lines().count() == 1, "{kind}");
        ended
    };
    for (kind, reason) in [
        ("stale", "the outcome belongs to another attempt"),
        ("wraps", "its sums exceed what its requests allow"),
        ("sparse", "the container holds more than"),
        ("foreign", "its shard has no such request"),
        ("flood", "the container holds more than"),
    ] {
        run(kind).says("4 attempts failed").says(reason);
    }
    workers.come_to_rest();
    workers.engine.docker(&format!("rm -f -v {}-beside-1", workers.project));
    workers.engine.docker(&format!("rmi {image}"));
}

#[test]
fn a_worker_image_of_another_version_is_reported_after_one_attempt() {
    let Some(workers) = Workers::up(0) else { return };
    let image = hostile_image(&Folder::new());
    beside(&workers, 1, &image);
    let run = |kind: &str| {
        let arguments = format!("run --samples 12 --workers 2 --sim-args {kind}");
        workers.middleware(&Folder::new(), &arguments).exits(8)
    };
    for (kind, reason) in [
        ("another", "the worker image is of another version (0.0.1 (job format 0); this is "),
        ("older", "the worker image is of another version (one without a number; this is "),
    ] {
        let ended = run(kind).says(reason).says("make workers rebuilds it");
        assert!(!ended.errors().contains("tried again") && !ended.errors().contains("attempts"), "{}", ended.errors());
    }
    // Its stderr is shown too, of this attempt alone.
    let errors = run("older").errors();
    assert!(
        errors.trim_end().ends_with("; its stderr ends with: error: /job/job.json: missing field `kind`"),
        "{errors}"
    );
    let errors = run("dies").says("4 attempts failed, the last: the host ended with exit code 101").errors();
    for line in errors.lines().filter(|line| line.contains("exit code 101")) {
        let (_, end) = line.split_once("; its stderr ends with: …").unwrap();
        let end = end.trim_end_matches("; tried again");
        assert!(end.ends_with("many | \\u{1b}[2Jthe last words of worker 1") && end.chars().count() == 300, "{line}");
    }
    workers.come_to_rest();
    workers.engine.docker(&format!("rm -f -v {}-beside-1", workers.project));
    workers.engine.docker(&format!("rmi {image}"));
}

#[test]
fn two_containers_with_the_same_number_are_named() {
    let Some(workers) = Workers::up(1) else { return };
    beside(&workers, 1, "queuebox-worker");
    let folder = Folder::new();
    let run = workers.middleware(&folder, "run --samples 12 --workers 2");
    run.exits(8).says("have the same compose number, 1").says(&format!("{}-beside-1", workers.project));
}

/// A server that responds with `answer` to each connection; its address as flags of the middleware.
fn server(answer: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(&answer));
    format!("run --samples 10 --executor docker --server-ip 127.0.0.1 --server-port {port}")
}

/// The path of a request.
fn path(stream: &mut TcpStream) -> String {
    let mut request = [0; 4096];
    let length = stream.read(&mut request).unwrap_or(0);
    String::from_utf8_lossy(&request[..length]).split(' ').nth(1).unwrap_or_default().to_owned()
}

fn refused(flags: &str, reason: &str) {
    let folder = Folder::new();
    let run = folder.run("middleware", flags).env("MODULE", sim_wasm().to_str().unwrap());
    run.exits(8).says("tcp://127.0.0.1:").says(reason);
}

#[test]
fn a_server_that_is_not_docker_is_reported_in_one_line() {
    let gives = |bytes: &'static str| {
        server(move |mut stream| {
            path(&mut stream);
            let _ = stream.write_all(bytes.as_bytes());
        })
    };
    let another = "another program than a Docker engine answers there";
    refused(&gives("SSH-2.0-OpenSSH_9.2\r\n"), &format!("{another}: it gave no HTTP"));
    let page = "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    refused(&gives(page), &format!("{another}: it gave HTTP status 404 for /version (HTML)\n"));
    let text = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnone\n";
    refused(&gives(text), &format!("{another}: it gave HTTP status 404 for /version (none)\n"));
    let page = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\n<html>";
    refused(&gives(page), &format!("{another}: it gave no JSON for /version"));
    let other = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{\"Version\":\"1\"}";
    refused(&gives(other), &format!("{another}: it has no API version"));
    let https = "HTTP/1.1 400 Bad Request\r\nContent-Length: 48\r\nConnection: close\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    refused(&gives(https), "DOCKER_TLS_VERIFY=1");
}

/// The architecture of this machine, as an engine names it.
const ARCH: &str = if cfg!(target_arch = "x86_64") { "amd64" } else { "arm64" };

/// An engine without containers that speaks the API from `v1.least` to `v1.most` and refuses any other version.
fn speaks(least: u32, most: u32) -> String {
    server(move |mut stream| {
        let path = path(&mut stream);
        let minor = path.strip_prefix("/v1.").and_then(|rest| rest.split_once('/')?.0.parse().ok());
        let (status, body) = if path == "/version" {
            let range = format!(r#""ApiVersion":"1.{most}","MinAPIVersion":"1.{least}""#);
            ("200 OK", format!(r#"{{{range},"Arch":"{ARCH}"}}"#))
        } else if minor.is_some_and(|minor: u32| (least..=most).contains(&minor)) {
            ("200 OK", if path.contains("/version") { format!(r#"{{"Arch":"{ARCH}"}}"#) } else { "[]".to_owned() })
        } else {
            ("400 Bad Request", format!(r#"{{"message":"{path} is not of v1.{least} to v1.{most}"}}"#))
        };
        let head = "Content-Type: application/json\r\nConnection: close\r\n";
        let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\n\r\n{body}", body.len());
    })
}

#[test]
fn the_version_is_negotiated_and_sent() {
    // The newest engines speak no version below 1.44.
    for (least, most) in [(44, 47), (44, 99), (12, 41)] {
        refused(&speaks(least, most), "there are no workers; make workers");
    }
    refused(&(speaks(12, 47) + " --api-version v1.41"), "there are no workers; make workers");
    let range = "API_VERSION=v1.41: the engine at tcp://127.0.0.1:";
    refused(&(speaks(44, 47) + " --api-version v1.41"), range);
    refused(&speaks(98, 99), "the engine speaks v1.98 to v1.99 of the API, these programs at most v1.");
}

#[test]
fn an_endless_response_of_an_engine_is_cut() {
    let flags = server(|mut stream| {
        let path = path(&mut stream);
        let version = format!(r#"{{"ApiVersion":"1.41","MinAPIVersion":"1.12","Arch":"{ARCH}"}}"#);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n";
        if path.contains("/version") {
            let _ = write!(stream, "{head}Content-Length: {}\r\n\r\n{version}", version.len());
        } else if write!(stream, "{head}\r\n").is_ok() {
            while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
        }
    });
    let started = Instant::now();
    let folder = Folder::new();
    let run = folder.run("middleware", &flags).env("MODULE", sim_wasm().to_str().unwrap());
    run.exits(8).says("the answer is longer than 64 MiB");
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

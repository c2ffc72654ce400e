//! A Docker engine of a test's own, which may be killed or use TLS. It has its own network namespace, because otherwise
//! it would remove the bridge of the machine's engine.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::docker_support::{
    Engine, LOCAL, Workers, answers, docker_results, find, left_out, local_results, tell, turn, wait, with_slow_module,
};
use crate::support::{Folder, Run};

struct Daemon {
    folder: Folder,
    namespace: String,
    nsenter: String,
    arguments: String,
    child: Child,
}

impl Daemon {
    /// An engine in `folder` with the additional `arguments`; None if the machine can't run one.
    fn start(folder: Folder, arguments: &str) -> Option<Self> {
        if !answers() {
            return None;
        }
        let (Some(nsenter), Some(ip), Some(_)) = (find("nsenter"), find("ip"), find("dockerd")) else {
            left_out("without nsenter, ip and dockerd there is no second Docker engine: the tests that need one");
            return None;
        };
        let id = std::process::id();
        let path = folder.path("");
        let namespace = format!("queuebox-{id}-{}", path.file_name().unwrap().to_string_lossy().trim_matches('.'));
        if !Command::new(ip).args(["netns", "add", &namespace]).status().unwrap().success() {
            left_out("a network namespace can't be made: the tests that need a second Docker engine");
            return None;
        }
        let driver = if find("fuse-overlayfs").is_some() { "fuse-overlayfs" } else { "vfs" };
        let folder = folder.and("daemon.json", format!("{{\"storage-driver\": \"{driver}\"}}"));
        let child = Command::new("true").spawn().unwrap();
        let mut daemon = Self { folder, namespace, nsenter, arguments: arguments.to_owned(), child };
        daemon.inside("ip link set lo up");
        daemon.start_again();
        let load = format!("docker -H {LOCAL} save queuebox-worker | docker -H {} load", daemon.host());
        let loaded = Command::new("sh").args(["-c", &load]).stdout(Stdio::null()).status().unwrap();
        assert!(loaded.success(), "{load}");
        Some(daemon)
    }

    fn host(&self) -> String {
        format!("unix://{}", self.folder.path("d.sock").display())
    }

    fn engine(&self) -> Engine {
        Engine::new(&self.host())
    }

    fn network(&self) -> String {
        format!("--net=/var/run/netns/{}", self.namespace)
    }

    fn inside(&self, line: &str) {
        let status = Command::new(&self.nsenter).arg(self.network()).args(line.split_whitespace()).status();
        assert!(status.unwrap().success(), "{line}");
    }

    fn start_again(&mut self) {
        self.child.wait().unwrap();
        let path = |name: &str| self.folder.path(name).display().to_string();
        // Its containerd ends with it, and must be gone, because the next engine would wait for it.
        let theirs = path("exec/containerd/containerd.pid");
        if let Ok(id) = fs::read_to_string(&theirs) {
            let state = format!("/proc/{}/stat", id.trim());
            wait("the killed engine's containerd lives on", Duration::from_secs(20), || {
                fs::read_to_string(&state).map_or(true, |state| state.contains(") Z "))
            });
            // It may be gone by now.
            let _ = fs::remove_file(theirs);
        }
        let log = fs::OpenOptions::new().create(true).append(true).open(path("log")).unwrap();
        let arguments = format!(
            "{} -H {} --config-file {} --data-root {} --exec-root {} --pidfile {} {}",
            find("dockerd").unwrap(),
            self.host(),
            path("daemon.json"),
            path("data"),
            path("exec"),
            path("d.pid"),
            self.arguments
        );
        let mut command = Command::new(&self.nsenter);
        command.arg(self.network()).args(arguments.split_whitespace());
        command.args(["--bridge=none", "--iptables=false", "--ip-forward=false"]);
        self.child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let engine = self.engine();
        let child = &mut self.child;
        wait("the second engine does not answer", Duration::from_secs(60), || {
            assert!(child.try_wait().unwrap().is_none(), "it ended: {}", self.folder.text("log"));
            engine.try_docker("version --format {{.Server.Version}}").is_some()
        });
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            self.signal(Signal::TERM);
            let _ = self.child.wait();
        }
        // The mounts that a killed engine left, the innermost first.
        let (path, mounts) = (self.folder.path(""), fs::read_to_string("/proc/self/mounts").unwrap_or_default());
        let places = mounts.lines().rev().filter_map(|line| line.split(' ').nth(1));
        for place in places.filter(|place| place.starts_with(&*path.to_string_lossy())) {
            let _ = Command::new("umount").args(["-l", place]).status();
        }
        let _ = Command::new("ip").args(["netns", "del", &self.namespace]).status();
    }
}

#[test]
fn an_engine_restarted_during_a_run_never_gives_a_wrong_result() {
    let turn = turn();
    let Some(mut daemon) = Daemon::start(Folder::new(), "") else { return };
    let workers = Workers::up_at(daemon.engine(), 2);
    let folder = with_slow_module();
    let arguments = "--module slow.wasm --samples 90000 --workers 4";
    let expected = local_results(&folder, arguments);
    for kind in [Signal::KILL, Signal::TERM] {
        let started = workers.run(&folder, arguments).start();
        workers.wait_until_one_runs();
        daemon.signal(kind);
        daemon.start_again();
        let run = started.end();
        match run.code() {
            Some(0) => docker_results(&folder).must_be(&expected, &run.errors()),
            Some(8) => {}
            code => panic!("{kind:?}: {code:?}: {}", run.errors()),
        }
        tell(&format!("engine stopped by {kind:?} during a run: exit code {:?}", run.code()));
        workers.come_to_rest();
        workers.run_gives(&folder, arguments, &expected);
        workers.come_to_rest();
    }
    drop(workers);
    assert!(daemon.engine().orphans().iter().all(|volume| volume == "queuebox-shared"));
    drop(daemon);
    drop(turn);
}

#[test]
fn an_engine_that_does_not_return_is_an_error_in_time() {
    let turn = turn();
    let Some(mut daemon) = Daemon::start(Folder::new(), "") else { return };
    let workers = Workers::up_at(daemon.engine(), 2);
    let folder = with_slow_module();
    let started = workers.run(&folder, "--module slow.wasm --samples 90000 --workers 4").start();
    workers.wait_until_one_runs();
    daemon.signal(Signal::KILL);
    let run = started.end();
    assert_eq!(run.code(), Some(8), "{}", run.errors());
    daemon.start_again();
    workers.come_to_rest();
    drop(workers);
    drop(daemon);
    drop(turn);
}

/// An authority, and certificates of the engine at 127.0.0.1 and of its client, in the folder `name`.
fn certificates(folder: &Folder, name: &str) {
    fs::create_dir(folder.path(name)).unwrap();
    let script = "
        openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca-key.pem -out ca.pem -subj /CN=authority
        issue() {
            openssl req -newkey rsa:2048 -nodes -keyout $1key.pem -out $1request.pem -subj /CN=$2
            echo \"$3\" > extensions
            openssl x509 -req -days 2 -in $1request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out $1cert.pem -extfile extensions
        }
        issue server- engine subjectAltName=IP:127.0.0.1
        issue '' client extendedKeyUsage=clientAuth";
    let made = Command::new("sh").args(["-e", "-c", script]).current_dir(folder.path(name)).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn tls_authenticates_both_sides() {
    if !answers() {
        return;
    }
    if find("openssl").is_none() {
        return left_out("without openssl there are no certificates: the test of TLS");
    }
    let turn = turn();
    let folder = Folder::new();
    certificates(&folder, "ours");
    certificates(&folder, "others");
    let ours = folder.path("ours").display().to_string();
    let tls = format!(
        "-H tcp://127.0.0.1:2376 --tlsverify --tlscacert {ours}/ca.pem --tlscert {ours}/server-cert.pem --tlskey {ours}/server-key.pem"
    );
    let Some(daemon) = Daemon::start(folder, &tls) else { return };
    let workers = Workers::up_at(daemon.engine(), 2);
    let folder = Folder::new();
    let program = fs::canonicalize(std::env::var_os("QUEUEBOX_BIN").unwrap()).unwrap().join("middleware");
    let run = |certificates: Option<&str>, address: &str| -> Run {
        let run = "run --samples 3000 --workers 3 --report docker.json --completions docker.csv";
        let line = format!("{} {} {run} {address}", daemon.network(), program.display());
        let run = workers.middleware_by(&folder, &daemon.nsenter, &line).env("DOCKER_HOST", "");
        match certificates {
            Some(name) => {
                let path = daemon.folder.path(name).display().to_string();
                run.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", &path)
            }
            None => run,
        }
    };
    run(Some("ours"), "--server-ip 127.0.0.1").succeeds();
    let expected = local_results(&folder, "--samples 3000 --workers 3");
    docker_results(&folder).must_be(&expected, "over TLS");
    run(Some("ours"), "").env("DOCKER_HOST", "tcp://127.0.0.1:2376").succeeds();

    let refused = |run: Run| run.exits(8).says("tcp://127.0.0.1:2376");
    refused(run(Some("others"), "--server-ip 127.0.0.1"));
    refused(run(None, "--server-ip 127.0.0.1 --server-port 2376"));
    // A client that the engine does not trust, and an engine that the client does not trust.
    let mixed = |keys: &str, authority: &str, name: &str| {
        let folder = daemon.folder.path(name);
        fs::create_dir(&folder).unwrap();
        for (from, file) in [(keys, "key.pem"), (keys, "cert.pem"), (authority, "ca.pem")] {
            fs::copy(daemon.folder.path(from).join(file), folder.join(file)).unwrap();
        }
        refused(run(Some(name), "--server-ip 127.0.0.1"));
    };
    mixed("others", "ours", "unknown-client");
    mixed("ours", "others", "unknown-engine");
    workers.come_to_rest();
    drop(workers);
    drop(daemon);
    drop(turn);
}

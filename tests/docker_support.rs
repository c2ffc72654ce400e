//! Shared by tests of the Docker executor: workers of one test, runs on them, and what remains afterwards.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Folder, Run, Started, guest_text, sim_wasm};

/// The engine for tests with containers: the one at the local socket.
pub(crate) const LOCAL: &str = "unix:///var/run/docker.sock";

/// The image of workers.
const IMAGE: &str = "queuebox-worker";

/// Tests with containers run one after another: they kill, pause and measure.
static TURN: Mutex<()> = Mutex::new(());

/// Waits for a test's turn with containers.
pub(crate) fn turn() -> MutexGuard<'static, ()> {
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether tests with containers run. Without an engine they are skipped with a message, or fail with
/// QUEUEBOX_DOCKER=required.
pub(crate) fn answers() -> bool {
    static ANSWERS: OnceLock<bool> = OnceLock::new();
    *ANSWERS.get_or_init(|| {
        let answers = Engine::new(LOCAL).try_docker("version --format {{.Server.Version}}").is_some();
        if answers {
            let image = Engine::new(LOCAL).try_docker(&format!("image inspect {IMAGE}"));
            assert!(image.is_some(), "there is no image {IMAGE}: run `make test`, which builds it");
        } else {
            left_out("no Docker engine answers at the local socket, so the tests with containers");
        }
        answers
    })
}

/// Reports that `what` is skipped, past the capture of test output; fails if nothing may be skipped.
pub(crate) fn left_out(what: &str) {
    assert!(std::env::var("QUEUEBOX_DOCKER").as_deref() != Ok("required"), "{what} can't run, and they are required");
    tell(&format!("\n*** SKIPPED: {what} did not run ***\n"));
}

/// Writes a line past the capture of test output.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A Docker engine, used through the command line.
pub(crate) struct Engine {
    host: String,
}

impl Engine {
    pub(crate) fn new(host: &str) -> Self {
        Self { host: host.to_owned() }
    }

    /// `program` without environment variables that name another engine.
    fn command(program: &str) -> Command {
        let mut command = Command::new(program);
        for key in ["DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "COMPOSE_FILE"] {
            command.env_remove(key);
        }
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn cli(&self, arguments: &str) -> Command {
        let mut command = Self::command("docker");
        command.args(["-H", &self.host]).args(arguments.split_whitespace());
        command
    }

    /// The output of `docker ARGUMENTS`, None if it fails.
    pub(crate) fn try_docker(&self, arguments: &str) -> Option<String> {
        let output = self.cli(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    pub(crate) fn docker(&self, arguments: &str) -> String {
        let output = self.cli(arguments).output().unwrap();
        assert!(output.status.success(), "docker {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn lines(&self, arguments: &str) -> Vec<String> {
        self.docker(arguments).lines().map(str::to_owned).collect()
    }

    /// The output of `docker inspect`.
    pub(crate) fn inspect(&self, name: &str) -> Value {
        let all: Value = serde_json::from_str(&self.docker(&format!("inspect {name}"))).unwrap();
        all[0].clone()
    }

    /// Volumes that no container uses.
    pub(crate) fn orphans(&self) -> HashSet<String> {
        self.lines("volume ls -q -f dangling=true").into_iter().collect()
    }

    fn compose(&self, arguments: &str) {
        let plugin = Self::command("docker").args(["compose", "version"]).output();
        let mut command = if plugin.is_ok_and(|output| output.status.success()) {
            self.cli("compose")
        } else {
            let mut command = Self::command("docker-compose");
            command.args(["-H", &self.host]);
            command
        };
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docker-compose.yml");
        command.arg("-f").arg(file).args(arguments.split_whitespace());
        let output = command.output().unwrap_or_else(|error| panic!("docker-compose: {error}"));
        assert!(output.status.success(), "compose {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Workers of one test, made by compose in their own project; removed when this value is dropped.
pub(crate) struct Workers {
    pub(crate) engine: Engine,
    pub(crate) project: String,
    turn: Option<MutexGuard<'static, ()>>,
}

impl Workers {
    /// `count` workers on the local engine; None if there is none.
    pub(crate) fn up(count: usize) -> Option<Self> {
        answers().then(|| {
            let turn = turn();
            let mut workers = Self::up_at(Engine::new(LOCAL), count);
            workers.turn = Some(turn);
            workers
        })
    }

    /// `count` workers on `engine`; the caller has the turn.
    pub(crate) fn up_at(engine: Engine, count: usize) -> Self {
        let project = format!("queuebox-test-{:016x}", RandomState::new().hash_one(0u8));
        let workers = Self { engine, project, turn: None };
        workers.engine.compose(&format!("-p {} up --no-start --scale worker={count}", workers.project));
        if count > 0 {
            assert_eq!(workers.ids().len(), count);
        }
        workers
    }

    /// The starts of workers in a period of the engine's clock, one a line. The container of the results does not
    /// count: it is started whenever the volume, which all tests share, holds more runs than are kept.
    pub(crate) fn starts(&self, since: &str, until: &str) -> String {
        let of_workers = "--filter event=start --filter label=com.docker.compose.service=worker";
        let of_test = format!("--filter label=com.docker.compose.project={}", self.project);
        self.engine.docker(&format!("events --since {since} --until {until} {of_workers} {of_test}"))
    }

    /// The containers' ids, by their numbers.
    pub(crate) fn ids(&self) -> Vec<String> {
        let workers = self.listed("-aq --filter label=com.docker.compose.service=worker");
        let all = self.engine.docker(&format!("inspect {}", workers.join(" ")));
        let all: Vec<Value> = serde_json::from_str(&all).unwrap();
        let number = |one: &Value| -> u32 {
            one["Config"]["Labels"]["com.docker.compose.container-number"].as_str().unwrap().parse().unwrap()
        };
        let mut ids: Vec<(u32, String)> =
            all.iter().map(|one| (number(one), one["Id"].as_str().unwrap().to_owned())).collect();
        ids.sort();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    pub(crate) fn running(&self) -> Vec<String> {
        self.listed("-q")
    }

    fn listed(&self, arguments: &str) -> Vec<String> {
        let project = &self.project;
        self.engine.lines(&format!("ps --no-trunc --filter label=com.docker.compose.project={project} {arguments}"))
    }

    /// The container that reserves the workers for one run.
    pub(crate) fn lock(&self) -> String {
        format!("{}-lock", self.project)
    }

    fn is_locked(&self) -> bool {
        !self.engine.lines(&format!("ps -aq --filter name=^/{}$", self.lock())).is_empty()
    }

    /// Makes a run with these arguments but ten requests, so that the next run needs no preflight: containers that run
    /// then are its workers.
    pub(crate) fn without_preflight(&self, folder: &Folder, arguments: &str) {
        let (before, after) = arguments.split_once("--samples ").unwrap();
        let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
        self.middleware(folder, &format!("run {before} --samples 10 {rest}")).succeeds();
    }

    /// Waits until a worker runs.
    pub(crate) fn wait_until_one_runs(&self) {
        wait("no worker was started", Duration::from_secs(30), || !self.running().is_empty());
    }

    /// Waits until nothing runs and the workers are free; returns the time.
    pub(crate) fn come_to_rest(&self) -> Duration {
        let started = Instant::now();
        wait("the lock is still there", Duration::from_secs(10), || !self.is_locked());
        assert_eq!(self.running(), [] as [String; 0], "workers still run");
        started.elapsed()
    }

    /// `middleware ARGUMENTS` on these workers.
    pub(crate) fn middleware(&self, folder: &Folder, arguments: &str) -> Run {
        self.middleware_by(folder, "middleware", arguments)
    }

    /// The same with `program`, which may be one that runs the middleware.
    pub(crate) fn middleware_by(&self, folder: &Folder, program: &str, arguments: &str) -> Run {
        let run = folder.run(program, arguments).env("MODULE", sim_wasm().to_str().unwrap());
        let run = run.env("COMPOSE_PROJECT_NAME", &self.project).env("EXECUTOR", "docker");
        if self.engine.host == LOCAL { run } else { run.env("DOCKER_HOST", &self.engine.host) }
    }

    /// A run on these workers whose results [`docker_results`] reads.
    pub(crate) fn run(&self, folder: &Folder, arguments: &str) -> Run {
        self.middleware(folder, &format!("run --report docker.json --completions docker.csv {arguments}"))
    }

    /// A complete run, which must have the results `expected`.
    pub(crate) fn run_gives(&self, folder: &Folder, arguments: &str, expected: &Results) -> String {
        let errors = self.run(folder, arguments).succeeds().errors();
        docker_results(folder).must_be(expected, &format!("{arguments}\n{errors}"));
        errors
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let filter = format!("ps -aq --filter label=com.docker.compose.project={}", self.project);
        let ids = self.engine.try_docker(&filter).unwrap_or_default().replace('\n', " ");
        // After a failed test its engine may be gone.
        let _ = self.engine.try_docker(&format!("rm -f -v {ids} {}", self.lock()));
        drop(self.turn.take());
    }
}

/// The results of a run: its report and its completions.
#[derive(PartialEq, Eq)]
pub(crate) struct Results {
    report: Vec<u8>,
    completions: Vec<u8>,
}

impl Results {
    /// They must be those of an undisturbed run.
    pub(crate) fn must_be(&self, expected: &Self, what: &str) {
        assert!(self == expected, "other bytes than the local executor's: {what}");
    }
}

/// The results of the same run with the local executor.
pub(crate) fn local_results(folder: &Folder, arguments: &str) -> Results {
    let arguments = format!("run --executor local --report local.json --completions local.csv {arguments}");
    folder.run("middleware", &arguments).env("MODULE", sim_wasm().to_str().unwrap()).succeeds();
    Results { report: folder.read("local.json"), completions: folder.read("local.csv") }
}

/// The results of the last run on containers.
pub(crate) fn docker_results(folder: &Folder) -> Results {
    Results { report: folder.read("docker.json"), completions: folder.read("docker.csv") }
}

/// A folder with a simulator, `slow.wasm`, that takes about 50 µs of CPU time a request.
pub(crate) fn with_slow_module() -> Folder {
    let busy = "(local $arrival i64) (local $turn i32)
        (loop $busy (local.set $turn (i32.add (local.get $turn) (i32.const 1)))
          (br_if $busy (i32.lt_u (local.get $turn) (i32.const 50000))))";
    let text = guest_text("fifo");
    assert!(text.contains("(local $arrival i64)"));
    Folder::new().and_module("slow", &text.replace("(local $arrival i64)", busy))
}

/// Sends `signal` to a running program.
pub(crate) fn signal(started: &Started, signal: Signal) {
    kill_process(Pid::from_child(&started.child), signal).unwrap();
}

/// Waits until `holds`.
pub(crate) fn wait(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + patience;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The path of a program of this machine, if it exists.
pub(crate) fn find(program: &str) -> Option<String> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.find_map(|folder| folder.join(program).is_file().then(|| folder.join(program).display().to_string()))
}

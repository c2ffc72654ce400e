//! Shared by the tests: a folder with files, a program that runs there, and its expected end.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use contract::{Completion, Request, RequestHeader};

/// Three requests, of which the second waits 3 µs: arrivals 0, 2, 20 µs, demands of 5, 5 and 1 µs.
pub(crate) const THREE: &str = "arrival_us,service_us\n0,5\n2,5\n20,1\n";

/// A program of Queuebox.
fn program(name: &str) -> PathBuf {
    built("QUEUEBOX_BIN").join(name)
}

/// The default simulator's module.
pub(crate) fn sim_wasm() -> PathBuf {
    built("QUEUEBOX_SIM")
}

pub(crate) fn built(variable: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .unwrap_or_else(|| panic!("{variable} is not set: run `make test`, which builds the programs and the module"));
    fs::canonicalize(&path).unwrap_or_else(|error| panic!("{variable}={}: {error}", path.display()))
}

/// An empty folder of one test, in which its programs run.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With the file `name` in it.
    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        Self::new().and(name, content)
    }

    pub(crate) fn and(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        fs::write(self.path(name), content).unwrap();
        self
    }

    /// With `guests/<name>.wat` as the module `<name>.wasm` in it.
    pub(crate) fn and_guest(self, name: &str) -> Self {
        let text = guest_text(name);
        self.and_module(name, &text)
    }

    /// With the module that `text` describes as `<name>.wasm` in it.
    pub(crate) fn and_module(self, name: &str, text: &str) -> Self {
        let bytes = wat::parse_str(text).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
        self.and(&format!("{name}.wasm"), bytes)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Completions written as records, without their header.
    pub(crate) fn completions(&self, name: &str) -> Vec<Completion> {
        let bytes = self.read(name);
        let (records, rest) = bytes.as_chunks();
        assert_eq!((&bytes[..8], rest), (b"QBOXCPL\n".as_slice(), [].as_slice()));
        records[1..].iter().map(Completion::from_bytes).collect()
    }

    /// Waits until a program has started a file in it.
    pub(crate) fn wait_for_a_file(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.names().is_empty() {
            assert!(Instant::now() < deadline, "nothing was begun");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The names of all files in it.
    pub(crate) fn names(&self) -> Vec<String> {
        names(self.0.path())
    }

    /// The names of all files in its folder `inner`.
    pub(crate) fn names_in(&self, inner: &str) -> Vec<String> {
        names(&self.path(inner))
    }

    /// The path of the only file in its folder `inner`.
    pub(crate) fn only_in(&self, inner: &str) -> String {
        let names = self.names_in(inner);
        assert_eq!(names.len(), 1, "{names:?}");
        format!("{inner}/{}", names[0])
    }

    /// The host with the default simulator.
    pub(crate) fn host(&self, arguments: &str) -> Run {
        self.host_with_module(&sim_wasm(), arguments)
    }

    /// The host with `<name>.wasm`.
    pub(crate) fn host_with(&self, name: &str, arguments: &str) -> Run {
        self.host_with_module(Path::new(&format!("{name}.wasm")), arguments)
    }

    fn host_with_module(&self, module: &Path, arguments: &str) -> Run {
        self.run("host", &format!("--module {} {arguments}", module.display()))
    }

    /// A program with `arguments`, separated by blanks.
    pub(crate) fn run(&self, name: &str, arguments: &str) -> Run {
        let mut command = Command::new(program(name));
        command.args(arguments.split_whitespace());
        self.start_in(command)
    }

    /// A line of the shell, which finds the programs by their names.
    pub(crate) fn shell(&self, line: &str) -> Run {
        let mut command = Command::new("sh");
        command.args(["-c", line]);
        self.start_in(command).env("PATH", &format!("{}:/usr/bin:/bin", built("QUEUEBOX_BIN").display()))
    }

    fn start_in(&self, mut command: Command) -> Run {
        // The environment of the tests must not affect the programs.
        command.env_clear().current_dir(self.0.path());
        Run { command, input: Vec::new(), stdin: Stdio::piped(), stdout: Stdio::piped() }
    }
}

/// The names of all files in `folder`.
fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

/// Enough rows for a program that reads them from a pipe to start before their end.
pub(crate) fn many_rows() -> Vec<u8> {
    [b"arrival_ms\n".to_vec(), b"1\n".repeat(200_000)].concat()
}

/// The text of `guests/<name>.wat`.
pub(crate) fn guest_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("guests/{name}.wat"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A shard as bytes.
pub(crate) fn shard(requests: &[Request]) -> Vec<u8> {
    let header = RequestHeader::new(requests.len() as u64).to_bytes();
    header.into_iter().chain(requests.iter().flat_map(Request::to_bytes)).collect()
}

/// A program about to run.
pub(crate) struct Run {
    command: Command,
    input: Vec<u8>,
    stdin: Stdio,
    stdout: Stdio,
}

impl Run {
    /// As the user `id`.
    pub(crate) fn user(mut self, id: u32) -> Self {
        self.command.uid(id).gid(id);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: &str) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// With the file `name` of its folder as stdin, like `<` in a shell.
    pub(crate) fn stdin_file(mut self, folder: &Folder, name: &str) -> Self {
        self.stdin = fs::File::open(folder.path(name)).unwrap().into();
        self
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.stdout = to.into();
        self
    }

    /// Starts it; its stdin stays open for the test to write.
    pub(crate) fn start(mut self) -> Started {
        let line = format!("{:?}", self.command);
        self.command.stdin(self.stdin).stdout(self.stdout).stderr(Stdio::piped());
        let child = self.command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        Started { child, line }
    }

    /// Runs it to its end.
    pub(crate) fn end(mut self) -> Ended {
        let input = std::mem::take(&mut self.input);
        let mut started = self.start();
        if let Some(mut stdin) = started.child.stdin.take() {
            // Another thread, because a program may write before it has read everything.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        started.end()
    }

    /// Runs it to its end, which must be a success.
    pub(crate) fn succeeds(self) -> Ended {
        self.exits(0)
    }

    /// Runs it to its end, which must have the exit code `code`; with one line of error unless the code is 0, 130 or
    /// 141.
    pub(crate) fn exits(self, code: i32) -> Ended {
        self.end().exited(code)
    }

    /// Runs it to its end, which must be a usage error: exit code 2, with a hint to the help.
    pub(crate) fn exits_as_usage(self) {
        let ended = self.end();
        ended.must(ended.code() == Some(2) && ended.errors().contains("try '--help'"), "exit code 2 and where help is");
    }
}

/// A running program.
pub(crate) struct Started {
    pub(crate) child: Child,
    line: String,
}

impl Started {
    pub(crate) fn end(self) -> Ended {
        Ended { output: self.child.wait_with_output().unwrap(), line: self.line }
    }
}

/// The end of a program.
pub(crate) struct Ended {
    output: Output,
    line: String,
}

impl Ended {
    /// It must have ended as in [`Run::exits`].
    pub(crate) fn exited(self, code: i32) -> Self {
        self.must(self.output.status.code() == Some(code), &format!("exit code {code}"));
        if ![0, 130, 141].contains(&code) {
            let errors = self.errors().lines().filter(|line| line.starts_with("error: ")).count();
            self.must(errors == 1, "one line of error");
        }
        self
    }

    pub(crate) fn code(&self) -> Option<i32> {
        self.output.status.code()
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    pub(crate) fn stdout_bytes(&self) -> &[u8] {
        &self.output.stdout
    }

    pub(crate) fn errors(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    /// stderr must contain `text`.
    pub(crate) fn says(self, text: &str) -> Self {
        self.must(self.errors().contains(text), &format!("on stderr: {text}"));
        self
    }

    /// stderr must be empty.
    pub(crate) fn says_nothing(self) -> Self {
        self.must(self.output.stderr.is_empty(), "nothing on stderr");
        self
    }

    /// stdout must contain `text`.
    pub(crate) fn prints(self, text: &str) -> Self {
        self.must(self.stdout().contains(text), &format!("on stdout: {text}"));
        self
    }

    /// stdout must contain `note` once, in lines that are broken to fit the terminal, and stderr must not.
    pub(crate) fn notes(self, note: &str) -> Self {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (note, stdout) = (format!("note: {note}"), words(&self.stdout()));
        let once = stdout.matches(&note).count() == 1 && !words(&self.errors()).contains(&note);
        self.must(once, &format!("once, on stdout: {note}"));
        self
    }

    /// stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout()).unwrap_or_else(|error| panic!("{error}: {}", self.stdout()))
    }

    fn must(&self, holds: bool, what: &str) {
        let Self { output, line } = self;
        assert!(
            holds,
            "not so: {what}\n{line}\n{}\n--- stdout\n{}\n--- stderr\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout[..output.stdout.len().min(4000)]),
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// A report, or a part of it, without intervals: whether there are any depends on what was random.
pub(crate) fn without_intervals(mut value: Value) -> Value {
    match &mut value {
        Value::Object(fields) => {
            fields.remove("intervals");
            fields.values_mut().for_each(|field| *field = without_intervals(field.take()));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| *value = without_intervals(value.take())),
        _ => {}
    }
    value
}

//! The host's WASI preview 1 against a conformance suite: its streams, clock, randomness and exit, and the functions
//! that it delegates to wasmtime-wasi. Cases get the folders that they need, which simulators never get.
//!
//! `make conformance SUITE=folder` runs the public suite (WebAssembly/wasi-testsuite, branch prod/testsuite-base), which is
//! not part of the project.

use std::fs;
use std::path::{Path, PathBuf};

use sandbox::limits::Limits;
use sandbox::{Simulator, command};
use serde_json::Value;
use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::support::Folder;

/// The specification of a case, from its JSON.
#[derive(Default)]
struct Specification {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    /// The folder that is the root, by its name beside the module.
    root: Option<String>,
    exit_code: u64,
    stdout: Option<String>,
    stderr: Option<String>,
}

impl Specification {
    /// The specification of the case `module`; the default one if there is no file.
    fn of(module: &Path) -> Result<Self, String> {
        let mut all = Self::default();
        let file = module.with_extension("json");
        if !file.exists() {
            return Ok(all);
        }
        let text = fs::read(&file).map_err(|error| error.to_string())?;
        let json: Value = serde_json::from_slice(&text).map_err(|error| format!("{}: {error}", file.display()))?;
        for (key, value) in json.as_object().ok_or("its JSON is no object")? {
            let text = || value.as_str().map(str::to_owned).ok_or(format!("{key} is no text"));
            match key.as_str() {
                "args" => all.arguments = serde_json::from_value(value.clone()).map_err(|error| error.to_string())?,
                "env" => {
                    let pairs = value.as_object().ok_or("env is no object")?;
                    let pairs = pairs.iter().map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
                    all.environment = pairs.collect::<Option<_>>().ok_or("a value of env is no text")?;
                }
                "root" => all.root = Some(text()?),
                "exit_code" => all.exit_code = value.as_u64().ok_or("exit_code is no number")?,
                "stdout" => all.stdout = Some(text()?),
                "stderr" => all.stderr = Some(text()?),
                other => return Err(format!("its JSON asks for {other:?}, which preview 1 cases do not have")),
            }
        }
        Ok(all)
    }
}

/// The cases of a suite: every module in a folder `wasm32-wasip1`.
fn cases(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(cases(&path));
        } else if folder.ends_with("wasm32-wasip1") && path.extension().is_some_and(|is| is == "wasm") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Runs a case. The error is its deviation.
fn run(module: &Path) -> Result<(), String> {
    let expected = Specification::of(module)?;
    let mut context = WasiCtxBuilder::new();
    context.arg(module.file_name().unwrap().to_string_lossy()).args(&expected.arguments);
    context.envs(&expected.environment);
    // Cases write to their root, so each gets its own copy.
    let copy = Folder::new();
    if let Some(root) = &expected.root {
        copy_folder(&module.with_file_name(root), &copy.path("root"));
        context.preopened_dir(copy.path("root"), "/", FsPerms::ReadWrite).map_err(|error| error.to_string())?;
    }
    let command = Simulator::load(module, cli::program::end).map_err(|failure| failure.to_string())?;
    let context = context.build_p1();
    let ended = std::thread::scope(|scope| {
        sandbox::spawn(scope, "case".to_owned(), || command::run(&command, context, &Limits::default()))
            .unwrap()
            .join()
            .unwrap()
    });
    let said = &ended.error_text;
    match ended.exit {
        Ok(code) if u64::from(code) == expected.exit_code => {}
        Ok(code) => return Err(format!("exit code {code}, not {}; stderr: {said}", expected.exit_code)),
        Err(failure) => return Err(failure.to_string()),
    }
    let stdout = String::from_utf8_lossy(&ended.stdout);
    match (expected.stdout, expected.stderr) {
        (Some(text), _) if text != stdout => Err(format!("stdout {stdout:?}, not {text:?}")),
        // The kept text is one line without blanks around it.
        (_, Some(text)) if text.trim() != said => Err(format!("stderr {said:?}, not {text:?}")),
        _ => Ok(()),
    }
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        if path.is_dir() {
            copy_folder(&path, &to.join(name));
        } else {
            fs::copy(path, to.join(name)).unwrap();
        }
    }
}

/// Runs all cases of a suite. Returns their number, and the deviation of each that failed.
fn run_all(suite: &Path) -> (usize, Vec<String>) {
    let cases = cases(suite);
    let failed = |case: &PathBuf| {
        let name = case.strip_prefix(suite).unwrap_or(case).display();
        run(case).err().map(|what| format!("{name}: {what}"))
    };
    (cases.len(), cases.iter().filter_map(failed).collect())
}

#[test]
#[ignore = "the suite does not travel with the project: make conformance SUITE=folder"]
fn the_public_suite() {
    let suite = std::env::var_os("SUITE").expect("SUITE names the suite's folder");
    let (all, failures) = run_all(Path::new(&suite));
    assert!(all > 0, "{}: no module in a folder wasm32-wasip1", Path::new(&suite).display());
    println!("conformance: {} of {all} cases pass", all - failures.len());
    assert!(failures.is_empty(), "these do not:\n{}", failures.join("\n"));
}

/// A case of our own suite: a module with these imports and this `_start`, and its JSON.
fn case(suite: Folder, name: &str, start: &str, json: &str) -> Folder {
    let text = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
          (import "wasi_snapshot_preview1" "fd_close" (func $fd_close (param i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "path_open"
            (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\10\00\00\00" "\05\00\00\00") ;; a vector of "hello"
          (data (i32.const 16) "hello")
          (data (i32.const 32) "file")
          (func $write (param $to i32) (result i32)
            (call $fd_write (local.get $to) (i32.const 0) (i32.const 1) (i32.const 8)))
          (func $must (param $is i32) (param $right i32) (param $number i32)
            (if (i32.ne (local.get $is) (local.get $right)) (then (call $proc_exit (local.get $number)))))
          (func (export "_start") {start}))"#
    );
    let folder = suite.path("tests/c/testsuite/wasm32-wasip1");
    fs::create_dir_all(folder.join("root")).unwrap();
    fs::write(folder.join(format!("{name}.wasm")), wat::parse_str(&text).unwrap()).unwrap();
    fs::write(folder.join(format!("{name}.json")), json).unwrap();
    suite
}

#[test]
fn the_runner_reports_passed_cases_and_reasons_of_failures() {
    let suite = case(Folder::new(), "exit", "(call $proc_exit (i32.const 255))", r#"{"exit_code": 255}"#);
    let suite = case(suite, "hello", "(drop (call $write (i32.const 1)))", r#"{"stdout": "hello"}"#);
    assert_eq!(run_all(&suite.path("")), (2, Vec::new()));
    let suite = case(suite, "bad_code", "(call $proc_exit (i32.const 126))", "{}");
    let suite = case(suite, "bad_text", "(drop (call $write (i32.const 2)))", r#"{"stdout": "hello"}"#);
    let suite = case(suite, "bad_words", "(drop (call $write (i32.const 2)))", r#"{"stderr": "other"}"#);
    let suite = case(suite, "bad_json", "", r#"{"operations": []}"#);
    let suite = case(suite, "traps", "(unreachable)", "{}");
    let (all, failures) = run_all(&suite.path(""));
    let place = |name: &str| format!("tests/c/testsuite/wasm32-wasip1/{name}.wasm: ");
    assert_eq!(all, 7);
    let expected = [
        place("bad_code") + "exit code 126, not 0; stderr: ",
        place("bad_json") + "its JSON asks for \"operations\", which preview 1 cases do not have",
        place("bad_text") + "stdout \"\", not \"hello\"",
        place("bad_words") + "stderr \"hello\", not \"other\"",
        place("traps") + "the simulator trapped: wasm `unreachable` instruction executed",
    ];
    assert_eq!(failures.len(), expected.len());
    for (failure, expected) in failures.iter().zip(expected) {
        assert!(failure.starts_with(&expected), "{failure}\nis not: {expected}");
    }
}

/// The descriptors of the host and those of wasmtime-wasi share one number space.
#[test]
fn streams_and_files_change_places() {
    // Each step has a number, which is the exit code if its result is wrong.
    let steps = [
        // A file of the root, which is descriptor 3, gets number 4.
        "(call $path_open (i32.const 3) (i32.const 0) (i32.const 32) (i32.const 4) (i32.const 1) (i64.const 66)
           (i64.const 0) (i32.const 0) (i32.const 24))",
        "(i32.sub (i32.load (i32.const 24)) (i32.const 4))",
        "(call $write (i32.const 4))",
        // Stdout replaces the file: what is written there is stdout now, and descriptor 1 does not exist any more.
        "(call $fd_renumber (i32.const 1) (i32.const 4))",
        "(call $write (i32.const 4))",
        "(i32.sub (call $write (i32.const 1)) (i32.const 8))",
        "(i32.sub (call $fd_fdstat_get (i32.const 1) (i32.const 64)) (i32.const 8))",
        "(call $fd_fdstat_get (i32.const 4) (i32.const 64))",
        // To itself: nothing changes.
        "(call $fd_renumber (i32.const 4) (i32.const 4))",
        "(call $write (i32.const 4))",
        // Stdin can be closed once.
        "(call $fd_close (i32.const 0))",
        "(i32.sub (call $fd_close (i32.const 0)) (i32.const 8))",
        "(i32.sub (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (i32.const 8))",
        "(i32.sub (call $fd_renumber (i32.const 4) (i32.const 0)) (i32.const 8))",
        // Waiting for descriptor 0 (a subscription of kind 1) is an event with \"bad descriptor\".
        "(i32.store8 (i32.const 520) (i32.const 1))
         (call $poll_oneoff (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 24))",
        "(i32.sub (i32.load16_u (i32.const 648)) (i32.const 8))",
        // Writing to descriptor 4 is possible at once.
        "(i32.store8 (i32.const 520) (i32.const 2)) (i32.store (i32.const 528) (i32.const 4))
         (call $poll_oneoff (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 24))",
        "(i32.load16_u (i32.const 648))",
        // There is no kind 3, and no clock 4.
        "(i32.store8 (i32.const 520) (i32.const 3))
         (i32.sub (call $poll_oneoff (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 24)) (i32.const 28))",
        "(i32.store8 (i32.const 520) (i32.const 0))
         (i32.sub (call $poll_oneoff (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 24)) (i32.const 28))",
    ];
    let step = |(number, step): (usize, &&str)| format!("{step} (i32.const 0) (i32.const {}) (call $must)", number + 1);
    let start: String = steps.iter().enumerate().map(step).collect();
    let json = r#"{"root": "root", "stdout": "hellohello"}"#;
    assert_eq!(run_all(&case(Folder::new(), "places", &start, json).path("")), (1, Vec::new()));
}

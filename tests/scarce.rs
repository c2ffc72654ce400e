//! If the machine lacks a resource, a program ends with one clear line.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use contract::Request;

use crate::support::{Ended, Folder, Run, guest_text, shard};

/// Whether the program succeeded. Otherwise it must have ended with one line of error about the missing resource (an
/// input that can't be opened has its own class), never by a panic or an abort.
fn is_done(ended: Ended) -> bool {
    let code = ended.code().filter(|code| (0..=4).contains(code)).unwrap_or(1);
    ended.exited(code);
    code == 0
}

/// Commands that use all features of the programs.
const COMMANDS: [&str; 6] = [
    "host t.csv --module closes.wasm --report r.json",
    "middleware run --executor local --module fifo.wasm --samples 100 --workers 4 --completions c.csv --report r.json",
    "middleware partition --samples 100 --out shards --workers 20",
    "middleware describe t.csv",
    "middleware convert t.csv --format records --out t.req",
    "tracegen --samples 100 --out g.csv",
];

fn folder() -> Folder {
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n");
    // Closing is implemented by wasmtime-wasi, which would start threads for it.
    let closes = guest_text("fifo")
        .replacen(
            "(memory ",
            "(import \"wasi_snapshot_preview1\" \"fd_close\" (func $fd_close (param i32) (result i32)))\n(memory ",
            1,
        )
        .replacen(
            "(call $write (i32.const 64)",
            "(drop (call $fd_close (i32.const 9))) (call $write (i32.const 64)",
            1,
        );
    folder.and_module("closes", &closes).and_guest("fifo")
}

fn run(folder: &Folder, limit: &str, command: &str) -> Run {
    let _ = fs::remove_dir_all(folder.path("shards"));
    folder.shell(&format!("ulimit -c 0; {limit} || exit 9; exec {command}"))
}

#[test]
fn too_few_threads() {
    /// A user without other processes: the system counts them by user.
    const USER: u32 = 61_243;
    if !rustix::process::geteuid().is_root() {
        eprintln!(
            "NOT TESTED: too few threads; the limit of processes is tried as another user, which root alone can be"
        );
        return;
    }
    let folder = folder();
    fs::set_permissions(folder.path(""), fs::Permissions::from_mode(0o777)).unwrap();
    let can_run = |line: &str| folder.shell(line).user(USER).end().code() == Some(0);
    if !can_run("tracegen --samples 1 --out /dev/null && echo >x && rm x") {
        eprintln!("NOT TESTED: too few threads; user {USER} can't reach the programs");
        return;
    }
    let mut reported = 0;
    for command in COMMANDS {
        let enough = (1..=14).filter(|processes| {
            // Shells report one or the other.
            let limit = format!("ulimit -u {processes} 2>/dev/null || ulimit -p {processes}");
            let ended = run(&folder, &limit, command).user(USER).end();
            reported += u32::from(ended.errors().contains("no thread could be started for "));
            is_done(ended)
        });
        assert!(enough.count() > 0, "{command}");
    }
    assert!(reported > 5, "{reported}");
}

#[test]
fn too_little_memory() {
    let folder = folder();
    for command in COMMANDS {
        let done = [60, 100, 200, 300, 400, 1000, 4000, 4400, 4600, 6000, 9000, 24_000].map(|mib| {
            let ended = run(&folder, &format!("ulimit -v {}", mib << 10), command).end();
            let words = ["the limit of memory (ulimit -v) is ", "no thread could be started", "Cannot allocate memory"];
            assert!(
                ended.code() == Some(0) || words.iter().any(|words| ended.errors().contains(words)),
                "{}",
                ended.errors()
            );
            is_done(ended)
        });
        assert!(!done[0] && done[11], "{command}: {done:?}");
    }
}

#[test]
fn too_few_descriptors() {
    let folder = folder();
    for command in COMMANDS {
        let done: Vec<bool> = (4..=20)
            .map(|files| {
                let ended = run(&folder, &format!("ulimit -n {files}"), command).end();
                // The loader of programs has no text for this error.
                let reported = ["Too many open files", "Error 24"].iter().any(|text| ended.errors().contains(text));
                assert!(ended.code() == Some(0) || reported, "{}", ended.errors());
                is_done(ended)
            })
            .collect();
        assert!(done[16], "{command}: {done:?}");
    }
}

#[test]
fn a_full_disk_under_standard_output() {
    if !Path::new("/dev/full").exists() {
        return eprintln!("NOT TESTED: a full disk under standard output; there is no /dev/full");
    }
    let folder = folder();
    for line in [
        "host t.csv --module fifo.wasm",
        "host t.csv --module fifo.wasm --json",
        "host check fifo.wasm",
        "host limits",
        "middleware run --executor local --module fifo.wasm --samples 1",
        "middleware describe t.csv",
        "middleware convert t.csv",
        "tracegen --samples 1",
        "tracegen --samples 100000",
    ] {
        folder.shell(&format!("{line} >/dev/full")).exits(1).says("error: standard output: No space left on device");
    }
}

#[test]
fn standard_output_without_a_reader() {
    let folder = folder();
    for (program, arguments) in [("host", "t.csv --module fifo.wasm"), ("tracegen", "--samples 10")] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        folder.run(program, arguments).stdout(writer).exits(141);
    }
    // If it has no standard output at its start, a program writes to /dev/null.
    folder.shell("host t.csv --module fifo.wasm >&-").succeeds();
}

#[test]
fn a_request_that_csv_can_not_represent_is_a_trace_error() {
    let request = |id, op| Request { id, op, ..Request::default() };
    let folder = Folder::with("t.req", shard(&[request(1, 0), request(5, 7)]));
    let words = "error: t.req: request 5: op 7 can't be written as CSV, which has only 0 (r) and 1 (w)";
    folder.run("middleware", "partition --trace t.req --format csv --out shards").exits(3).says(words);
    folder.run("middleware", "partition --trace t.req --out shards").succeeds();
}

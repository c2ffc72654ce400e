//! The limits of the sandbox, and what simulators can observe; hostile simulators are in `hostile.rs`.

use std::io::Write as _;
use std::time::Duration;

use crate::support::{Ended, Folder, THREE, many_rows};

/// Runs `guests/<name>.wat` over three requests.
fn run(name: &str, flags: &str, code: i32) -> Ended {
    let folder = Folder::with("trace.csv", THREE).and_guest(name);
    let ended = folder.host_with(name, &format!("trace.csv --completions out.csv {flags}")).exits(code);
    if code != 0 {
        assert_eq!(folder.names().len(), 2, "nothing but the trace and the module: {:?}", folder.names());
    }
    ended
}

#[test]
fn waiting_for_input_costs_no_cpu_time() {
    let folder = Folder::new();
    let mut host = folder.host("- --limit-time 1 --completions out").start();
    let mut stdin = host.child.stdin.take().unwrap();
    stdin.write_all(&many_rows()).unwrap();
    folder.wait_for_a_file();
    std::thread::sleep(Duration::from_millis(1500));
    stdin.write_all(b"2\n").unwrap();
    drop(stdin);
    let ended = host.end();
    assert_eq!((ended.code(), folder.completions("out").len()), (Some(0), 200_001), "{}", ended.errors());
}

#[test]
fn cpu_time_has_a_limit() {
    run("loop", "--limit-time 1", 6).says(
        "error: worker 1: CPU time: the simulator took more than 1 s + 2 µs for each request read (--limit-time)",
    );
}

#[test]
fn memory_has_a_limit() {
    run("memory", "", 6)
        .says("on an empty shard: memory: the simulator asked for 257 MiB, more than 256 MiB (--limit-memory)");
    run("memory", "--limit-memory 16", 6).says("more than 16 MiB");
    let folder = Folder::with("trace.csv", THREE)
        .and_module("large", "(module (memory (export \"memory\") 4097) (func (export \"_start\")))");
    folder.host_with("large", "trace.csv").exits(6).says("memory: the simulator asked for 257 MiB, more than 256 MiB");
}

#[test]
fn tables_and_the_stack_have_limits() {
    run("table", "", 6).says("table elements: the simulator asked for 1000001, more than 1000000");
    run("recursion", "", 6).says("stack: the simulator used more than 1 MiB");
}

#[test]
fn calls_and_files_have_limits() {
    run("random", "", 6).says("random bytes: one call asked for 67108865, more than 64 MiB");
    let folder = Folder::with("trace.csv", THREE).and("huge.wasm", "");
    std::fs::File::options().write(true).open(folder.path("huge.wasm")).unwrap().set_len((64 << 20) + 1).unwrap();
    folder.host_with("huge", "trace.csv").exits(6).says("module file: huge.wasm has ").says("more than ");
}

#[test]
fn a_trap_is_reported_with_its_location() {
    run("exit", "-- 0", 5)
        .says("the simulator trapped: wasm `unreachable` instruction executed in hopeless (called by function 4); stderr: sorry");
}

#[test]
fn every_exit_code_but_0_is_a_failure_with_its_stderr() {
    for code in [1, 63, 66, 125, 126, 127, 255, 256, 4294967295u32] {
        run("exit", &format!("-- {code}"), 5).says(&format!("failed with exit code {code}; stderr: sorry\n"));
    }
    run("exit", "-- 64", 2).says("does not support a setting (exit code 64); stderr: sorry\n");
    run("exit", "-- 65", 5).says("rejected its input (exit code 65); stderr: sorry\n");
}

#[test]
fn there_are_no_files_and_closed_streams_remain_closed() {
    run("files", "", 5).says("failed with exit code 100\n");
}

#[test]
fn time_is_virtual_and_randomness_comes_from_the_seed() {
    let folder = Folder::with("trace.csv", "arrival_ns,service_ns\n0,1\n").and_guest("chance");
    let answer = |flags: &str| {
        folder.host_with("chance", &format!("trace.csv --completions out.csv {flags}")).succeeds();
        folder.text("out.csv").lines().nth(1).unwrap().to_owned()
    };
    // An hour passes at once; each reading of the clock takes a nanosecond.
    assert!(answer("").starts_with("0,0,3600000000001,"), "{}", answer(""));
    assert_eq!(answer(""), answer(""));
    assert_ne!(answer(""), answer("--seed 2"));
    let without_worker = |row: String| row.rsplit_once(',').unwrap().0.to_owned();
    assert_ne!(without_worker(answer("--workers 2")), without_worker(answer("--workers 2 --worker 2")));
}

#[test]
fn outstanding_requests_have_a_limit() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 5000 --out trace.csv").succeeds();
    folder
        .host("trace.csv --limit-unanswered 100")
        .exits(6)
        .says("worker 1: unanswered requests: more than 100 requests are outstanding");
}

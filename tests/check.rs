//! `host check`: reports the built-in shard and the rule that a module fails, within seconds.

use std::time::{Duration, Instant};

use crate::stranger::Stranger;
use crate::support::{Ended, Folder, Run, guest_text, sim_wasm};

fn check(folder: &Folder, module: &str) -> Run {
    folder.run("host", &format!("check {module}"))
}

/// The result of each check: whether it passed, and its line.
fn verdicts(ended: &Ended) -> Vec<(bool, String)> {
    let verdict = |line: &str| {
        let ok = line.strip_prefix("  ok    ").map(|name| (true, name.to_owned()));
        ok.or_else(|| line.strip_prefix("  FAIL  ").map(|name| (false, name.to_owned())))
    };
    ended.stdout().lines().filter_map(verdict).collect()
}

/// The names and texts of the failed checks.
fn failures(ended: &Ended) -> Vec<String> {
    verdicts(ended).into_iter().filter(|(ok, _)| !ok).map(|(_, name)| name).collect()
}

/// A valid module passes.
fn passes(folder: &Folder, module: &str) -> Ended {
    let ended = check(folder, module).succeeds().says_nothing();
    assert_eq!(failures(&ended), [""; 0], "{}", ended.stdout());
    let last = ended.stdout().lines().last().unwrap().to_owned();
    assert!(last.starts_with("1000000 requests at ") && last.ends_with(" ns each, checked and measured"), "{last}");
    ended
}

/// A broken module fails with exit code `code`, within seconds, and with its first failure as the error.
fn fails(module: &str, code: i32) -> Ended {
    let folder = Folder::new().and_module("mine", module);
    let started = Instant::now();
    let ended = check(&folder, "mine.wasm").exits(code);
    // It takes a second on an idle machine; tests share theirs.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    ended
}

fn breaks(stranger: &Stranger, code: i32) -> Ended {
    fails(&stranger.text(), code)
}

/// One of the failures begins with `words`.
fn tells(ended: &Ended, words: &str) {
    let failures = failures(ended);
    assert!(failures.iter().any(|failure| failure.starts_with(words)), "{words}: {failures:#?}");
}

#[test]
fn the_default_simulator_passes_with_every_setting() {
    let folder = Folder::new();
    let ended = passes(&folder, sim_wasm().to_str().unwrap());
    let text = ended.stdout();
    assert!(text.contains("\ncapabilities 79: SERVERS, DISCIPLINE, CAPACITY, DELAY, PATIENCE\n"), "{text}");
    let names: Vec<String> = verdicts(&ended).into_iter().map(|(_, name)| name).collect();
    for shard in ["one request", "ties", "zero service demands", "gaps in ids", "records of 56 bytes", "a mixed shard"]
    {
        assert!(names.iter().any(|name| name.starts_with(shard)), "{shard}: {names:?}");
    }
    for setting in ["SERVERS=", "CAPACITY=", "DELAY=", "PATIENCE=", "DISCIPLINE=siro", "DISCIPLINE=ps SERVERS=2"] {
        assert!(names.iter().any(|name| name.contains(setting)), "{setting}: {names:?}");
    }
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn a_module_without_capabilities_passes_by_the_rules_alone() {
    let folder = Folder::new().and_guest("fifo");
    let ended = passes(&folder, "fifo.wasm");
    let ended = ended.prints("fifo.wasm (SHA-256 ").prints("\ncapabilities 0: none\n");
    let ended =
        ended.prints("its order of service or its demands are its own: checked by the rules of the contract alone\n");
    assert!(!ended.stdout().contains("DELAY="), "{}", ended.stdout());
}

#[test]
fn foreign_modules_pass() {
    let strangers = [
        Stranger::in_order().saying(2),
        Stranger::in_order().saying(2).backward(),
        Stranger::of("last_come_first"),
        Stranger::of("round_robin").saying(32),
        Stranger::in_order().saying(2 + 16).before("(local.set $service (i64.const 3))"),
        // Randomness comes from the sandbox: the same shard gives the same result twice.
        Stranger::in_order().saying(16).before(
            "(drop (call $random_get (i32.const 128) (i32.const 8)))
             (local.set $service (i64.shr_u (i64.load (i32.const 128)) (i64.const 50)))",
        ),
    ];
    for stranger in strangers {
        passes(&Folder::new().and_module("theirs", &stranger.text()), "theirs.wasm");
    }
}

#[test]
fn a_module_that_assumes_48_byte_records_fails_with_longer_ones() {
    let ended = breaks(&Stranger::in_order().saying(2).of_48_bytes(), 7);
    assert_eq!(failures(&ended).len(), 1, "{:?}", failures(&ended));
    tells(&ended, "records of 56 bytes: completion 1 (id ");
    ended
        .says("error: a check failed: records of 56 bytes: completion 1 (id ")
        .says("no outstanding request has this id");
    // Or the module ends with the exit code for it, which is a failure of the simulator.
    let refuses = guest_text("fifo").replace(
        "(local.set $record (i32.load (i32.const 0x1000c)))",
        "(local.set $record (i32.load (i32.const 0x1000c)))
         (if (i32.ne (local.get $record) (i32.const 48)) (then (call $proc_exit (i32.const 65))))",
    );
    let ended = fails(&refuses, 5);
    tells(&ended, "records of 56 bytes: the simulator rejected its input (exit code 65)");
    assert_eq!(failures(&ended).len(), 1, "{:?}", failures(&ended));
}

#[test]
fn a_missing_nanosecond_is_found_if_the_module_declares_discipline() {
    let short = Stranger::in_order().after(
        "(if (i64.gt_u (local.get $service) (i64.const 0)) (then
           (local.set $finish (i64.sub (local.get $finish) (i64.const 1)))
           (local.set $service (i64.sub (local.get $service) (i64.const 1)))))",
    );
    let ended = breaks(&short.clone().saying(2), 7);
    let request = "one request: --verify: request 0: fifo gives start 5, finish 12, service 7; the simulator gives \
                   start 5, finish 11, service 6";
    tells(&ended, request);
    tells(&ended, "gaps in ids: ");
    tells(&ended, "a mixed shard: ");
    // Without it, the request counts as abandoned.
    passes(&Folder::new().and_module("mine", &short.text()), "mine.wasm");
}

#[test]
fn a_declared_and_unsupported_setting_is_named() {
    // DELAY stops nothing: the model finds the first completion after the end, the rules find the first start.
    let ended = breaks(&Stranger::in_order().saying(2 + 8), 7);
    tells(&ended, "a mixed shard, DELAY=1: --verify: request ");
    tells(&ended, "a mixed shard, DELAY=200: --verify: request ");
    assert_eq!(failures(&ended).len(), 2, "{:?}", failures(&ended));
    let ended = breaks(&Stranger::in_order().saying(8), 7);
    tells(&ended, "a mixed shard, DELAY=1: completion 2 (id ");
    assert!(failures(&ended).iter().all(|failure| failure.ends_with(": more service starts than DELAY allows")));
    ended.says("error: 2 checks failed, the first: a mixed shard, DELAY=1: completion 2 (id ");
    let ended = breaks(&Stranger::in_order().saying(1 + 2), 7);
    tells(&ended, "a mixed shard, SERVERS=3: --verify: request ");
    tells(&ended, "a mixed shard, DISCIPLINE=fifo SERVERS=2: --verify: request ");
    assert_eq!(failures(&ended).len(), 2, "{:?}", failures(&ended));
    let ended = breaks(&Stranger::in_order().saying(2 + 4), 7);
    tells(&ended, "a mixed shard, CAPACITY=1: --verify: request ");
    tells(&ended, "a mixed shard, CAPACITY=4: --verify: request ");
    tells(&ended, "a mixed shard, DISCIPLINE=fifo CAPACITY=5: --verify: request ");
    assert_eq!(failures(&ended).len(), 3, "{:?}", failures(&ended));
    // The room is always four, so only the smaller one is wrong.
    let ended = breaks(&Stranger::in_order().saying(2 + 4).with_room_for(4), 7);
    assert!(failures(&ended).iter().any(|failure| failure.starts_with("a mixed shard, CAPACITY=1: ")));
    assert!(!failures(&ended).iter().any(|failure| failure.starts_with("a mixed shard, CAPACITY=4: ")));
}

#[test]
fn a_header_with_unknown_bits_fails_on_the_empty_shard() {
    breaks(&Stranger::in_order().saying(128), 7)
        .says("on an empty shard: the header of its completions: ")
        .says("0x80");
}

#[test]
fn different_capabilities_on_the_empty_shard_fail() {
    // The capabilities depend on whether stdin has more than 48 bytes.
    let fickle = Stranger::in_order().saying(2).text().replace(
        "    (call $write (i32.const 64) (i32.const 32))\n    (local.set $end (call $read_all))",
        "    (local.set $end (call $read_all))
    (if (i32.gt_u (local.get $end) (i32.const 0x100030)) (then (i64.store (i32.const 80) (i64.const 0))))
    (call $write (i32.const 64) (i32.const 32))",
    );
    let ended = fails(&fickle, 7);
    tells(&ended, "one request: the header of its completions declares capabilities 0, but 2 on the empty shard");
}

#[test]
fn traps_and_endless_loops_are_reported_within_seconds() {
    let ended = breaks(
        &Stranger::in_order().before("(if (i32.gt_u (local.get $taken) (i32.const 2)) (then (unreachable)))"),
        5,
    );
    tells(&ended, "ties: all arrive at once: the simulator trapped: wasm `unreachable` instruction executed");
    let ended = breaks(&Stranger::in_order().before("(loop $for_ever (br $for_ever))"), 6);
    tells(&ended, "one request: CPU time: the simulator took more than ");
    // The other shards would take equally long.
    assert_eq!(verdicts(&ended).len(), 1, "{}", ended.stdout());
}

#[test]
fn an_endless_loop_takes_no_longer_than_its_limit() {
    let folder = Folder::new().and_guest("loop");
    let within = "one request: CPU time: the simulator took more than 1 s ";
    check(&folder, "loop.wasm --limit-time 1").exits(6).says(within);
    check(&folder, "loop.wasm --limit-time 0").exits_as_usage();
}

#[test]
fn arguments_reach_the_simulator() {
    let folder = Folder::new().and_guest("environment");
    check(&folder, "environment.wasm -- --one two").exits(5).says(" SEED=1 sim --one two\n");
}

#[test]
fn text_is_checked_as_its_binary_form() {
    let folder = Folder::with("mine.wat", guest_text("fifo")).and_guest("fifo");
    let sha256 = |ended: Ended| ended.stdout().lines().next().unwrap().split_once(" (SHA-256 ").unwrap().1.to_owned();
    assert_eq!(sha256(passes(&folder, "mine.wat")), sha256(passes(&folder, "fifo.wasm")));
    let folder = Folder::with("mine.wat", guest_text("fifo").replacen("(i32.const 0)", "(i32.cons 0)", 1));
    check(&folder, "mine.wat").exits(4).says("error: mine.wat:19:21: unknown operator or unexpected token");
}

#[test]
fn an_invalid_module_is_rejected() {
    let folder = Folder::with("mine.wasm", "#!/bin/sh\n");
    check(&folder, "mine.wasm").exits(4).says("error: mine.wasm: it is not a WebAssembly module");
    check(&folder, "theirs.wasm").exits(4).says("error: theirs.wasm: No such file");
    check(&folder, "").exits_as_usage();
}

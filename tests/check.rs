//! `host check`: a module's author is told which built-in shard and which rule his module fails, soon.

use std::time::{Duration, Instant};

use crate::stranger::Stranger;
use crate::support::{Ended, Folder, Run, guest_text, sim_wasm};

fn check(folder: &Folder, module: &str) -> Run {
    folder.run("host", &format!("check {module}"))
}

/// The words that its line begins with, `ok` or `FAIL`, of each check.
fn verdicts(ended: &Ended) -> Vec<(bool, String)> {
    let verdict = |line: &str| {
        let ok = line.strip_prefix("  ok    ").map(|name| (true, name.to_owned()));
        ok.or_else(|| line.strip_prefix("  FAIL  ").map(|name| (false, name.to_owned())))
    };
    ended.stdout().lines().filter_map(verdict).collect()
}

/// What of its checks failed, by name, and with which words.
fn failures(ended: &Ended) -> Vec<String> {
    verdicts(ended).into_iter().filter(|(ok, _)| !ok).map(|(_, name)| name).collect()
}

/// How a module that is one ends.
fn passes(folder: &Folder, module: &str) -> Ended {
    let ended = check(folder, module).succeeds().says_nothing();
    assert_eq!(failures(&ended), [""; 0], "{}", ended.stdout());
    let last = ended.stdout().lines().last().unwrap().to_owned();
    assert!(last.starts_with("1000000 requests at ") && last.ends_with(" ns each, checked and measured"), "{last}");
    ended
}

/// How a broken one ends: with exit code `code`, soon, and with its first failure as the error.
fn fails(module: &str, code: i32) -> Ended {
    let folder = Folder::new().and_module("mine", module);
    let started = Instant::now();
    let ended = check(&folder, "mine.wasm").exits(code);
    // A second on an idle machine; tests share theirs.
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    ended
}

fn breaks(stranger: &Stranger, code: i32) -> Ended {
    fails(&stranger.text(), code)
}

/// One of the lines of failure begins with these words.
fn tells(ended: &Ended, words: &str) {
    let failures = failures(ended);
    assert!(failures.iter().any(|failure| failure.starts_with(words)), "{words}: {failures:#?}");
}

#[test]
fn the_default_simulator_passes_with_every_setting() {
    let folder = Folder::new();
    let ended = passes(&folder, sim_wasm().to_str().unwrap());
    let text = ended.stdout();
    assert!(text.contains("\ncapabilities 15: SERVERS, DISCIPLINE, CAPACITY, DELAY\n"), "{text}");
    let names: Vec<String> = verdicts(&ended).into_iter().map(|(_, name)| name).collect();
    for shard in ["one request", "ties", "demands of nothing", "gaps in ids", "records of 56 bytes", "a mixed shard"] {
        assert!(names.iter().any(|name| name.starts_with(shard)), "{shard}: {names:?}");
    }
    for setting in ["SERVERS=", "CAPACITY=", "DELAY="] {
        assert!(names.iter().any(|name| name.contains(setting)), "{setting}: {names:?}");
    }
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn a_module_without_settings_passes_by_the_rules_alone() {
    let folder = Folder::new().and_guest("fifo");
    let ended = passes(&folder, "fifo.wasm");
    let ended = ended.prints("fifo.wasm (SHA-256 ").prints("\ncapabilities 0: none\n");
    let ended =
        ended.prints("its order of service or its demands are its own: held against the contract's rules alone\n");
    assert!(!ended.stdout().contains("DELAY="), "{}", ended.stdout());
}

#[test]
fn strangers_pass() {
    let strangers = [
        Stranger::in_order().saying(2),
        Stranger::in_order().saying(2).backward(),
        Stranger::of("last_come_first"),
        Stranger::of("round_robin").saying(32),
        Stranger::in_order().saying(2 + 16).before("(local.set $service (i64.const 3))"),
        // Chance is the sandbox's: the same shard twice gives the same.
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
fn who_takes_records_to_be_48_bytes_long_fails_where_they_are_longer() {
    let ended = breaks(&Stranger::in_order().saying(2).of_48_bytes(), 7);
    assert_eq!(failures(&ended).len(), 1, "{:?}", failures(&ended));
    tells(&ended, "records of 56 bytes: answer 1 (id ");
    ended.says("error: a check failed: records of 56 bytes: answer 1 (id ").says("no request of this id is read");
    // Or ends with the exit code for it, which is the simulator's failure.
    let refuses = guest_text("fifo").replace(
        "(local.set $record (i32.load (i32.const 0x1000c)))",
        "(local.set $record (i32.load (i32.const 0x1000c)))
         (if (i32.ne (local.get $record) (i32.const 48)) (then (call $proc_exit (i32.const 65))))",
    );
    let ended = fails(&refuses, 5);
    tells(&ended, "records of 56 bytes: the simulator does not take its input (exit code 65)");
    assert_eq!(failures(&ended).len(), 1, "{:?}", failures(&ended));
}

#[test]
fn a_nanosecond_less_is_found_where_it_says_that_it_honours_discipline() {
    let short = Stranger::in_order().after(
        "(if (i64.gt_u (local.get $service) (i64.const 0)) (then
           (local.set $finish (i64.sub (local.get $finish) (i64.const 1)))
           (local.set $service (i64.sub (local.get $service) (i64.const 1)))))",
    );
    let ended = breaks(&short.clone().saying(2), 7);
    let request = "one request: --verify: request 0: first in, first out gives start 5, finish 12, service 7; the simulator gives \
                   start 5, finish 11, service 6";
    tells(&ended, request);
    tells(&ended, "gaps in ids: ");
    tells(&ended, "a mixed shard: ");
    // Without, it is who gave up.
    passes(&Folder::new().and_module("mine", &short.text()), "mine.wasm");
}

#[test]
fn a_setting_that_is_said_and_not_honoured_is_named() {
    // DELAY ends nothing: against the model it is the first answer after the end, by the rules the first start.
    let ended = breaks(&Stranger::in_order().saying(2 + 8), 7);
    tells(&ended, "a mixed shard, DELAY=1: --verify: request ");
    tells(&ended, "a mixed shard, DELAY=200: --verify: request ");
    assert_eq!(failures(&ended).len(), 2, "{:?}", failures(&ended));
    let ended = breaks(&Stranger::in_order().saying(8), 7);
    tells(&ended, "a mixed shard, DELAY=1: answer 2 (id ");
    assert!(failures(&ended).iter().all(|failure| failure.ends_with(": one more start than DELAY")));
    ended.says("error: 2 checks failed, the first: a mixed shard, DELAY=1: answer 2 (id ");
    let ended = breaks(&Stranger::in_order().saying(1 + 2), 7);
    tells(&ended, "a mixed shard, SERVERS=3: --verify: request ");
    assert_eq!(failures(&ended).len(), 1, "{:?}", failures(&ended));
    let ended = breaks(&Stranger::in_order().saying(2 + 4), 7);
    tells(&ended, "a mixed shard, CAPACITY=1: --verify: request ");
    tells(&ended, "a mixed shard, CAPACITY=4: --verify: request ");
    assert_eq!(failures(&ended).len(), 2, "{:?}", failures(&ended));
    // With room for four, always, only the smaller one is wrong.
    let ended = breaks(&Stranger::in_order().saying(2 + 4).with_room_for(4), 7);
    assert!(failures(&ended).iter().any(|failure| failure.starts_with("a mixed shard, CAPACITY=1: ")));
    assert!(!failures(&ended).iter().any(|failure| failure.starts_with("a mixed shard, CAPACITY=4: ")));
}

#[test]
fn a_header_with_unknown_bits_fails_on_the_empty_shard() {
    breaks(&Stranger::in_order().saying(64), 7).says("on an empty shard: the header of its answers: ").says("0x40");
}

#[test]
fn a_bit_that_only_an_empty_shard_has_fails() {
    // What it says on stdin's first 48 bytes is not what it says where there are more.
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
fn who_traps_or_never_ends_is_told_of_soon() {
    let ended = breaks(
        &Stranger::in_order().before("(if (i32.gt_u (local.get $taken) (i32.const 2)) (then (unreachable)))"),
        5,
    );
    tells(&ended, "ties: all arrive at once: the simulator trapped: wasm `unreachable` instruction executed");
    let ended = breaks(&Stranger::in_order().before("(loop $for_ever (br $for_ever))"), 6);
    tells(&ended, "one request: CPU time: the simulator took more than ");
    // The other shards would take as long each.
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
fn what_is_no_module_is_refused() {
    let folder = Folder::with("mine.wasm", "#!/bin/sh\n");
    check(&folder, "mine.wasm").exits(4).says("error: mine.wasm: it is not a WebAssembly module");
    check(&folder, "theirs.wasm").exits(4).says("error: theirs.wasm: No such file");
    check(&folder, "").exits_as_usage();
}

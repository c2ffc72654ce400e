//! Hostile modules, one a test: how each ends, what the host uses for it, and that other workers are not affected.
//! `cargo test --release hostile -- --nocapture` prints a line for each.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use contract::{Completion, NONE};

use crate::contract::Script;
use crate::support::{Ended, Folder, Started, THREE, guest_text, sim_wasm};

/// The expected end of a module.
#[derive(Clone, Copy)]
enum End {
    /// A trap with this text.
    Trap(&'static str),
    /// An exit code.
    Exit(u32),
    /// The limit of this name.
    Limit(&'static str),
    /// Not a simulator, for this reason.
    Module(&'static str),
    /// A violation of this rule of the contract.
    Contract(&'static str),
}

impl End {
    /// Its class and text, and the exit code.
    fn row(self) -> (String, i32, String) {
        match self {
            End::Trap(words) => ("trap".to_owned(), 5, format!("the simulator trapped: {words}")),
            End::Exit(64) => ("usage".to_owned(), 2, "(exit code 64)".to_owned()),
            End::Exit(code) => (format!("exit {code}"), 5, format!("exit code {code}")),
            End::Limit(name) => (format!("limit: {name}"), 6, format!("{name}: ")),
            End::Module(words) => ("module".to_owned(), 4, words.to_owned()),
            End::Contract(words) => ("contract".to_owned(), 7, words.to_owned()),
        }
    }
}

/// Runs `module` over three requests and checks its end, with the host's peak memory below `mib`.
fn ends(name: &str, module: &[u8], flags: &str, end: End, mib: u64) -> Ended {
    let (class, code, words) = end.row();
    let folder = Folder::with("trace.csv", THREE).and("hostile.wasm", module);
    let command = folder.host_with("hostile", &format!("trace.csv --completions out.csv {flags}"));
    let (ended, cost) = measured(command.start());
    println!("{name:<44}{class:<30}{code:>2}{:>7} MiB{:>7} ms", cost.peak >> 20, cost.time.as_millis());
    let ended = ended.exited(code).says(&words);
    if let End::Limit(name) = end {
        assert!(LIMITS.lines().any(|line| line.starts_with(&format!("{name}  "))), "{name} is no row of `host limits`");
    }
    assert!(!ended.errors().chars().any(|character| character.is_control() && character != '\n'), "{}", ended.errors());
    assert!(ended.errors().lines().all(|line| line.len() < 2000), "a line is too long");
    assert!(cost.peak < mib << 20, "{} of {mib} MiB", cost.peak >> 20);
    assert!(cost.time < Duration::from_secs(120), "{:?}", cost.time);
    assert_eq!(folder.names(), ["hostile.wasm", "trace.csv"], "nothing half written stays");
    ended
}

/// The output of `host limits`.
static LIMITS: LazyLock<String> = LazyLock::new(|| Folder::new().run("host", "limits").succeeds().stdout());

/// The resources that a program used.
struct Cost {
    time: Duration,
    /// Peak resident memory, sampled every few milliseconds \[bytes\].
    peak: u64,
}

fn measured(started: Started) -> (Ended, Cost) {
    let (begin, over) = (Instant::now(), AtomicBool::new(false));
    let status = format!("/proc/{}/status", started.child.id());
    std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut peak = 0;
            while !over.load(Ordering::Relaxed) {
                let text = std::fs::read_to_string(&status).unwrap_or_default();
                let kib =
                    text.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
                peak = peak.max(kib.unwrap_or(0u64) << 10);
                std::thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        let ended = started.end();
        let time = begin.elapsed();
        over.store(true, Ordering::Relaxed);
        (ended, Cost { time, peak: watch.join().unwrap() })
    })
}

fn text(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap_or_else(|error| panic!("{error}\n{}", &wat[..wat.len().min(4000)]))
}

fn guest(name: &str) -> Vec<u8> {
    text(&guest_text(name))
}

/// A module of `functions` functions that all do `steps`.
fn functions(functions: usize, steps: &str) -> Vec<u8> {
    let all = format!("(func (local i32) {steps})").repeat(functions);
    text(&format!("(module (memory (export \"memory\") 1) (func (export \"_start\")) {all})"))
}

/// A test for each: module and flags => its end, and the limit of the host's memory \[MiB\].
macro_rules! hostile {
    ($($name:ident: $module:expr, $flags:expr => $end:expr, $mib:expr;)*) => {
        $(#[test] fn $name() { ends(stringify!($name), &$module, $flags, $end, $mib); })*
    };
}

mod time {
    use super::{End::*, *};
    hostile! {
        an_endless_loop: guest("loop"), "--limit-time 1" => Limit("CPU time"), 60;
        an_endless_loop_in_the_start_section: guest("loop_in_start_section"), "--limit-time 1" => Limit("CPU time"), 60;
        an_endless_loop_of_calls: guest("loop_of_calls"), "--limit-time 1" => Limit("CPU time"), 60;
        an_endless_loop_of_tail_calls: guest("tail_calls"), "--limit-time 1" => Limit("CPU time"), 60;
        an_endless_loop_of_memory_fill: guest("fill"), "--limit-time 1" => Limit("CPU time"), 320;
        reading_past_the_end_for_ever: guest("reads_past_the_end"), "--limit-time 1" => Limit("CPU time"), 60;
        a_thousand_long_calls_without_a_loop: text(&format!(
            "(module (import \"wasi_snapshot_preview1\" \"random_get\" (func $random (param i32 i32) (result i32)))
                (memory (export \"memory\") 1024) (func (export \"_start\") {}))",
            "(drop (call $random (i32.const 0) (i32.const 0x4000000)))".repeat(1000)
        )), "--limit-time 1" => Limit("CPU time"), 130;
        a_sleep_of_an_hour: guest("sleep"), "" => Exit(42), 60;
        a_poll_on_nothing: guest("poll_on_nothing"), "" => Exit(42), 60;
    }
}

mod memory {
    use super::{End::*, *};
    hostile! {
        memory_that_grows_without_end: guest("memory"), "" => Limit("memory"), 320;
        memory_beyond_what_it_declares: text(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
                (memory (export \"memory\") 1 10) (table 1 10 funcref)
                (func (export \"_start\") (local $left i32) (local.set $left (i32.const 100000))
                    (loop $again
                        (if (i32.ne (memory.grow (i32.const 100)) (i32.const -1)) (then unreachable))
                        (if (i32.ne (table.grow (ref.null func) (i32.const 100)) (i32.const -1)) (then unreachable))
                        (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
                    (call $exit (i32.const 42))))",
        ), "" => Exit(42), 60;
        memory_of_four_gibibytes: guest("four_gibibytes"), "" => Limit("memory"), 60;
        // 12 pages of globals and 5 of memory; 16 pages are a mebibyte; without the globals they fit.
        globals_beyond_the_limit: globals(50_000), "--limit-memory 1" => Limit("memory"), 60;
        globals_within_the_limit: globals(40_000), "--limit-memory 1" => Exit(42), 60;
        a_table_that_grows_without_end: guest("table"), "" => Limit("table elements"), 80;
        a_table_of_four_thousand_million: guest("large_table"), "" => Limit("table elements"), 60;
        a_recursion_without_end: guest("recursion"), "" => Limit("stack"), 60;
    }

    /// A module with this number of globals and 5 pages of memory.
    fn globals(number: usize) -> Vec<u8> {
        text(&format!(
            "(module (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
                (memory (export \"memory\") 5) (func (export \"_start\") (call $exit (i32.const 42))) {})",
            "(global v128 (v128.const i64x2 0 0))".repeat(number)
        ))
    }
}

mod traps {
    use super::{End::*, *};
    hostile! {
        out_of_bounds: guest("out_of_bounds"), ""
            => Trap("out of bounds memory access in reach (called by function 1)"), 60;
        division_by_zero: guest("division_by_zero"), "" => Trap("integer divide by zero in divide (called by "), 60;
        unreachable: guest("unreachable"), ""
            => Trap("wasm `unreachable` instruction executed in \\u{1b}[2Jgone (called by function 1)"), 60;
        a_call_of_another_type: guest("wrong_call"), "" => Trap("indirect call type mismatch in _start"), 60;
        exit_0_before_all: guest("writes_nothing"), "" => Contract("on an empty shard: it wrote no header"), 60;
        exit_42: guest("exit"), "-- 42" => Exit(42), 60;
        exit_64: guest("exit"), "-- 64" => Exit(64), 60;
        exit_65: guest("exit"), "-- 65" => Exit(65), 60;
        exit_125: guest("exit"), "-- 125" => Exit(125), 60;
        exit_126: guest("exit"), "-- 126" => Exit(126), 60;
        exit_255: guest("exit"), "-- 255" => Exit(255), 60;
        exit_4294967295: guest("exit"), "-- 4294967295" => Exit(u32::MAX), 60;
    }
}

/// On a busy machine, the CPU time may exceed its limit before the memory does.
#[test]
fn calls_that_take_gibibytes_to_compile() {
    let folder = Folder::with("trace.csv", THREE).and("hostile.wasm", modules::calls_of_a_thousand_results());
    let (ended, cost) = measured(folder.host_with("hostile", "trace.csv").start());
    ended.exited(6).says(" to compile: the module takes more than");
    assert!(cost.peak < 1400 << 20, "{} MiB", cost.peak >> 20);
}

mod modules {
    use super::{End::*, *};
    hostile! {
        an_unknown_import: guest("unknown_import"), "" => Module("\"env.\\u{1b}[2Jsystem\""), 60;
        no_start: guest("no_start"), "" => Module("it does not export a function \"_start\""), 60;
        no_memory: guest("no_memory"), "" => Module("it does not export its \"memory\""), 60;
        garbage: b"\x1b[2J, not a module".repeat(1000), "" => Module("it is not a WebAssembly module"), 60;
        an_empty_file: [], "" => Module("it is not a WebAssembly module"), 60;
        a_module_of_a_header_alone: *b"\0asm\x01\0\0\0", "" => Module("it does not export its \"memory\""), 60;
        a_precompiled_artefact: *b"\x7fELF\x02\x01\x01\0 and so on", "" => Module("a precompiled module?"), 60;
        a_component: text("(component)"), "" => Module("it is a component"), 60;
        // It ends after its last import.
        a_truncated_module: std::fs::read(sim_wasm()).unwrap()[..1000], "" => Module("it is cut short or broken: "), 60;
        half_a_million_functions: functions(500_000, ""), "" => Limit("functions"), 60;
        a_function_of_a_mebibyte: functions(1, &"nop ".repeat(1 << 20)), "" => Limit("function body"), 60;
        segments_without_end: text(&format!(
            "(module (memory (export \"memory\") 1) (func (export \"_start\")) {})",
            "(elem func)".repeat(50_001)
        )), "" => Limit("entries of a section"), 60;
        elements_without_end: text(&format!(
            "(module (memory (export \"memory\") 1) (func $start (export \"_start\")) (elem func {}))",
            "$start ".repeat(1_000_001)
        )), "" => Limit("table elements"), 60;
        loops_that_take_minutes_to_compile: functions(1, &"loop local.get 0 br_if 0 end ".repeat(25_000)), ""
            => Limit("time to compile"), 600;
    }

    /// Each call is two bytes, and takes and returns a thousand values.
    pub(super) fn calls_of_a_thousand_results() -> Vec<u8> {
        let (types, zeros) = ("i32 ".repeat(1000), "i32.const 0 ".repeat(1000));
        let body = format!("{zeros} {} {}", "call $many ".repeat(2500), "drop ".repeat(1000));
        text(&format!(
            "(module (memory (export \"memory\") 1) (func (export \"_start\"))
               (func $many (param {types}) (result {types}) unreachable) (func {body}) (func {body}))"
        ))
    }

    #[test]
    fn a_module_cut_anywhere() {
        let whole = std::fs::read(sim_wasm()).unwrap();
        for length in (0..whole.len()).step_by(whole.len() / 40) {
            let folder = Folder::with("trace.csv", THREE).and("cut.wasm", &whole[..length]);
            folder.host_with("cut", "trace.csv").exits(4).says("error: cut.wasm: it ");
        }
    }
}

mod calls {
    use super::{End::*, *};
    hostile! {
        a_hundred_thousand_opens: guest("opens"), "" => Exit(42), 60;
        a_flood_of_stdout: guest("flood_of_completions"), "" => Contract("no outstanding request has this id"), 60;
        a_flood_of_garbage: guest("flood_of_garbage"), "" => Contract("the first bytes are \"garbage\\x1b\""), 60;
        a_flood_of_stderr: guest("flood_of_errors"), "" => Limit("error text"), 60;
        random_bytes_beyond_the_limit: guest("random"), "" => Limit("random bytes"), 60;
        four_gibibytes_of_random_bytes: guest("huge_random"), "" => Limit("random bytes"), 60;
        vectors_that_overlap_or_lie_past_the_end: guest("vectors"), "" => Exit(42), 60;
        paths_as_long_as_the_memory: text(&format!(
            "(module (import \"wasi_snapshot_preview1\" \"path_open\"
                  (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
                (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))
                (memory (export \"memory\") 2048) (func (export \"_start\") {} (call $exit (i32.const 42))))",
            "(drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 0x8000000) (i32.const 0) (i64.const 0)
                (i64.const 0) (i32.const 0) (i32.const 0)))".repeat(300)
        )), "--limit-time 1" => Exit(42), 60;
        closed_streams: guest("closed_streams"), "" => Exit(42), 60;
        stdout_in_the_place_of_stdin: guest("output_for_input"), "" => Contract("it ended before it had read its shard"), 60;
    }
}

mod completions {
    use super::{End::*, *};
    fn script(script: Script) -> Vec<u8> {
        text(&script.module())
    }

    /// A request that was abandoned at the last time that a completion can express.
    fn largest() -> Completion {
        Completion { id: 0, start_ns: NONE - 1, finish_ns: NONE - 1, service_ns: 0 }
    }

    /// A simulator whose header is `header` if there are requests.
    fn header(magic: &[u8; 8], version: u32, length: u32) -> Vec<u8> {
        let header = [magic.as_slice(), &version.to_le_bytes(), &length.to_le_bytes(), &[0; 16]].concat();
        script(Script::silent(0).writes(&header))
    }

    hostile! {
        half_a_record_at_the_end: script(Script::saying(0).answers(0, 0, 5, 5).writes(&[1; 16])), ""
            => Contract("its last completion is cut short, 16 of 32 bytes"), 60;
        a_wrong_magic: header(b"QBOXREQ\n", 1, 32), "" => Contract("the first bytes are \"QBOXREQ\\n\""), 60;
        a_wrong_version: header(b"QBOXCPL\n", 2, 32), "" => Contract("version"), 60;
        a_record_length_of_0: header(b"QBOXCPL\n", 1, 0), "" => Contract("record length"), 60;
        a_record_length_of_4294967295: header(b"QBOXCPL\n", 1, u32::MAX), "" => Contract("record length"), 60;
        an_unknown_id: script(Script::saying(0).answers(7, 0, 5, 5)), ""
            => Contract("completion 1 (id 7, start 0, finish 5000, service 5000): no outstanding request has this id"), 60;
        a_completion_given_twice: script(Script::saying(0).answers(0, 0, 5, 5).answers(0, 0, 5, 5)), ""
            => Contract("completion 2 (id 0, start 0, finish 5000, service 5000): no outstanding request has this id"), 60;
        a_start_before_arrival: script(Script::saying(0).answers(1, 1, 6, 5)), "" => Contract("start is before arrival"), 60;
        a_finish_before_start: script(Script::saying(0).answers(0, 3, 2, 5)), "" => Contract("finish is before start"), 60;
        a_completion_before_its_request_is_read: script(Script::silent(0).header(0).answers(0, 0, 5, 5)), ""
            => Contract("no outstanding request has this id"), 60;
        more_service_than_needed: script(Script::saying(0).answers(0, 0, 6, 6)), ""
            => Contract("service is more than the request's demand"), 60;
        more_server_time_than_there_is:
            script(Script::saying(16).answers(0, 0, 30, 30).answers(1, 2, 60, 58).answers(2, 20, 60, 40)), ""
            => Contract("the total service, 128000 ns, is more than SERVERS=1 can give in 60000 ns"), 60;
        times_at_their_largest: script(Script::saying(0).writes(&largest().to_bytes())), ""
            => Contract("it ended with 2 outstanding requests, the first is 1"), 60;
        reading_nothing: guest("reads_nothing"), "" => Contract("it ended before it had read its shard"), 60;
        writing_before_reading: script(Script::silent(0).header(0).answers(0, 0, 5, 5).reads(900_000)), ""
            => Contract("no outstanding request has this id"), 60;
        reading_on_without_a_completion: guest("reads_for_ever"), "--limit-unanswered 2" => Limit("unanswered requests"), 60;
        never_completing_the_first: guest("holds_the_first"), "" => Contract("1 outstanding requests, the first is 0"), 60;
        never_completing_the_first_of_many: guest("holds_the_first"), "--limit-unanswered 2" => Limit("unanswered requests"), 60;
    }
}

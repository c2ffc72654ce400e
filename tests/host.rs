//! The program `host`: its output, its files and its errors.

use std::io::Write as _;

use contract::{Completion, NONE, Request};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::middleware::middleware;
use crate::support::{Folder, THREE, many_rows, shard, sim_wasm};

#[test]
fn the_text_begins_with_the_module_and_the_four_classical_lines() {
    let text = Folder::with("trace.csv", THREE).host("trace.csv").succeeds().says_nothing().stdout();
    let (head, rest) = text.split_once("\n\n").unwrap();
    assert!(head.starts_with(&format!("Module {} (SHA-256 ", sim_wasm().display())), "{head}");
    // 3 µs of delay over three requests, 3 of 21 µs waiting, 11 of 21 µs busy.
    let classical = "\
Average delay in queue                0.001000 ms
Average number in queue               0.142857
Server utilization                    0.523810
Time simulation ended                 0.021000 ms
";
    assert!(rest.starts_with(classical), "{rest}");
    assert!(
        rest.contains(
            "Requests offered                             3\n  completed                                  3\n"
        )
    );
}

#[test]
fn a_job_of_another_version_is_rejected_with_an_outcome_that_names_this_one() {
    for job in [json!({"version": "0.0.1 (job format 0)", "nonce": "n"}), json!({"nonce": "n", "completions": false})] {
        let folder = Folder::with("job.json", job.to_string()).and("outcome.json", "{}");
        let refused = folder.run("host", "job job.json").exits(8).says("job.json: the job is of another version (");
        refused.says(&format!(") than this host ({})", run::job::VERSION));
        let outcome: Value = serde_json::from_slice(&folder.read("outcome.json")).unwrap();
        assert_eq!(outcome, json!({"version": run::job::VERSION}));
    }
    let folder = Folder::with("job.json", "{").and("outcome.json", "{}");
    folder.run("host", "job job.json").exits(1).says("job.json: EOF while parsing");
    assert_eq!(folder.names(), ["job.json"]);
}

#[test]
fn old_runs_are_removed_with_a_note() {
    let folder = Folder::new();
    let old: Vec<String> = (10..31).map(|second| format!("20010101T0000{second}.000000Z-abcdef")).collect();
    old.iter().for_each(|run| std::fs::create_dir_all(folder.path("runs").join(run)).unwrap());
    let tidy = || folder.run("host", "tidy runs").succeeds();
    tidy().says("note: old runs removed: ").says(" (1 of 0.0 MiB); the last 20 stay, up to 10 GiB");
    assert_eq!(folder.names_in("runs").len(), 20);
    tidy().says_nothing();
}

#[test]
fn the_tally_holds_integers_alone_and_the_report_is_the_same_each_time() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 20000 --out trace.csv").succeeds();
    let write = |name: &str| {
        let printed = folder.host(&format!("trace.csv --servers 2 --st 5ms --report {name}")).succeeds();
        assert!(printed.stdout().contains("Average delay in queue"));
        folder.text(name)
    };
    let report = write("once.json");
    assert_eq!(report, write("again.json"));
    assert_eq!(report, folder.host("trace.csv --servers 2 --st 5ms --json").succeeds().stdout());
    let report: Value = serde_json::from_str(&report).unwrap();
    assert!(!has_float(&report["tally"]), "{report}");
    assert_eq!(report["tally"]["counts"]["completed"], 20000);
    let settings = json!({
        "CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 2, "SERVICE": "exponential", "SIM_ARGS": "",
        "ST_NS": 5_000_000, "WORKERS": 1
    });
    assert_eq!(report["settings"], settings);
    assert_eq!((&report["trace"]["files"][0]["format"], &report["trace"]["requests"]), (&json!("csv"), &json!(20000)));
    assert_eq!(report["trace"]["files"][0]["blake3"].as_str().unwrap().len(), 64);
    assert_eq!(report["module"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!((&report["contract"], &report["queuebox"]), (&json!(1), &json!(env!("CARGO_PKG_VERSION"))));
}

fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(values) => values.iter().any(has_float),
        Value::Object(members) => members.values().any(has_float),
        _ => false,
    }
}

#[test]
fn a_report_names_no_distribution_if_no_demand_was_sampled() {
    let report = Folder::with("trace.csv", THREE).host("trace.csv --json").succeeds().json();
    assert!(report["settings"].get("ST_NS").is_none() && report["settings"].get("SERVICE").is_none(), "{report}");
}

#[test]
fn completions_are_csv_or_records_by_the_file_name() {
    let folder = Folder::with("trace.csv", THREE);
    folder.host("trace.csv --delay 2 --completions all.csv").succeeds();
    // Request 1 is in service at the end, T = 5 µs; request 2 has not yet arrived, and has no row.
    let csv = "id,arrival_ns,start_ns,finish_ns,service_ns,worker,outcome\n\
               0,0,0,5000,5000,1,completed\n1,2000,5000,,0,1,in_service\n";
    assert_eq!(folder.text("all.csv"), csv);
    folder.host("trace.csv --delay 2 --completions all --worker 3 --workers 3").succeeds();
    let completion = |id, start_ns, finish_ns, service_ns| Completion { id, start_ns, finish_ns, service_ns };
    assert_eq!(folder.completions("all"), [completion(0, 0, 5000, 5000), completion(1, 5000, NONE, 0)]);
    assert_eq!(folder.names(), ["all", "all.csv", "trace.csv"]);
}

#[test]
fn a_trace_is_the_same_as_csv_as_records_and_from_stdin() {
    let requests: Vec<Request> = [(0, 5000), (2000, 5000), (20_000, 1000)]
        .iter()
        .zip(0..)
        .map(|(&(arrival_ns, service_ns), id)| Request { id, arrival_ns, service_ns, ..Request::default() })
        .collect();
    let records = shard(&requests);
    let folder = Folder::with("trace.csv", THREE).and("trace.req", &records);
    let tally = |ended: crate::support::Ended| ended.json()["tally"].clone();
    let csv = tally(folder.host("trace.csv --json").succeeds());
    assert_eq!(csv["delay_sum_ns"], "3000");
    assert_eq!(csv, tally(folder.host("trace.req --json").succeeds()));
    assert_eq!(csv, tally(folder.host("- --json").stdin(THREE).succeeds()));
    assert_eq!(csv, tally(folder.host("- --json").stdin(records).succeeds()));
}

/// Two requests over three workers: the third shard is only a header.
#[test]
fn a_shard_without_requests_runs() {
    let folder = Folder::with("two.csv", "arrival_us,service_us\n0,5\n2,5\n");
    for (format, shard) in [("csv", "csv/3.csv"), ("records", "records/3.req")] {
        let partition = format!("partition --trace two.csv --workers 3 --balancer RR --format {format} --out {format}");
        middleware(&folder, &partition).succeeds();
        for settings in ["", " --delay 2 --servers 2 --capacity 3", " --verify --sort --origin first"] {
            let ended = folder.host(&format!("{shard}{settings} --completions all.csv")).succeeds();
            let ended = ended.notes("the trace has no requests, so averages are undefined");
            let text = ended.stdout();
            let (_, figures) = text.split_once("\n\n").unwrap();
            assert!(figures.starts_with(NOTHING), "{figures}");
            assert_eq!(folder.text("all.csv").lines().count(), 1, "the header alone");
        }
        let report = folder.host(&format!("{shard} --json")).succeeds().json();
        assert_eq!((&report["tally"]["counts"]["offered"], &report["trace"]["requests"]), (&json!(0), &json!(0)));
        assert_eq!(report["notes"], json!(["the trace has no requests, so averages are undefined"]));
    }
    // For the other commands it is an error.
    for command in ["run --trace", "describe", "partition --out there --trace"] {
        for shard in ["csv/3.csv", "records/3.req"] {
            let ended = middleware(&folder, &format!("{command} {shard}")).exits(3);
            ended.says(&format!("error: {shard}: the trace has no requests\n"));
        }
    }
}

const NOTHING: &str = "\
Average delay in queue                       - ms
Average number in queue                      -
Server utilization                           -
Time simulation ended                 0.000000 ms
Average number in system                     -
";

#[test]
fn a_pipe_that_ends_within_its_last_row_is_reported() {
    let cut = THREE.trim_end();
    let folder = Folder::with("trace.csv", cut);
    let note = "line 4: the pipe ended without a line break after this line, which may have been cut short";
    let mut piped = folder.host("- --json").stdin(cut).succeeds().says_nothing().json();
    assert_eq!(piped["notes"], json!([note]));
    // But for this note the same bytes give the same report; a file may end in any way.
    piped["notes"] = json!([]);
    assert_eq!(piped, folder.host("trace.csv --json").succeeds().says_nothing().json());
    assert_eq!(piped, folder.host("- --json").stdin_file(&folder, "trace.csv").succeeds().says_nothing().json());
    assert_eq!(piped["notes"], folder.host("- --json").stdin(THREE).succeeds().says_nothing().json()["notes"]);
    folder.host("/dev/stdin").stdin(cut).succeeds().notes(note);
    for command in ["describe -", "run --trace -"] {
        middleware(&folder, command).stdin(cut).succeeds().notes(note);
    }
    middleware(&folder, "partition --trace - --out shards").stdin(cut).succeeds().says(&format!("note: {note}\n"));
}

#[test]
fn a_bad_trace_is_rejected_with_file_and_line() {
    let mut rows: String = (0..116).map(|row| format!("{row}\n")).collect();
    rows.insert_str(0, "arrival_ms\n");
    let row_118 = |row: &str| Folder::with("trace.csv", format!("{rows}{row}\n200\n"));
    let refused = |folder: Folder, error: &str| {
        folder.host("trace.csv --completions out.csv --report out.json").exits(3).says(&format!("error: {error}"));
        assert_eq!(folder.names(), ["trace.csv"]);
    };
    refused(row_118("x"), "trace.csv:118: ");
    refused(row_118("114"), "trace.csv:118: ");
    refused(row_118("117,1"), "trace.csv:118: ");
    refused(Folder::with("trace.csv", ""), "trace.csv: the file is empty");
    refused(
        Folder::with("trace.csv", "time\n1\n"),
        "trace.csv:1: the format is not recognised; your header has time: try --columns 'arrival=time:s'",
    );
    Folder::new().host("trace.csv").exits(3).says("error: trace.csv: No such file");
    row_118("114").host("trace.csv --sort").succeeds();
    let long = format!("arrival_ns,service_ns\n0,{0}\n0,{0}\n", 1u64 << 61);
    Folder::with("trace.csv", long).host("trace.csv").exits(3).says("request 1: its arrival and all demands");
}

#[test]
fn a_shard_cut_short_or_too_long_is_rejected() {
    let requests: Vec<Request> = (0..20_000).map(|id| Request { id, arrival_ns: id, ..Request::default() }).collect();
    let whole = shard(&requests);
    let refused = |bytes: &[u8], error: &str| {
        let folder = Folder::with("1.req", bytes);
        folder.host("1.req --completions out").exits(3).says(error);
        assert_eq!(folder.names(), ["1.req"]);
    };
    refused(&whole[..whole.len() - 1], "1.req: record 20000: the file is cut short (47 of 48 bytes)");
    refused(&whole[..whole.len() - 48], "1.req: the file is cut short: 19999 requests, but its header declares 20000");
    refused(&whole[..47], "1.req: the file is cut short: 47 of the header's 48 bytes");
    refused(&[whole.clone(), requests[0].to_bytes().to_vec()].concat(), "1.req");
}

#[test]
fn an_invalid_simulator_is_rejected_with_exit_code_4() {
    let trace = || Folder::with("trace.csv", THREE);
    let refused =
        |folder: Folder, rule: &str| folder.host_with("m", "trace.csv").exits(4).says("error: m.wasm: ").says(rule);
    refused(trace(), "No such file");
    refused(trace().and("m.wasm", ""), "it is not a WebAssembly module");
    refused(trace().and("m.wasm", "#!/bin/sh\n"), "it is not a WebAssembly module");
    let module = std::fs::read(sim_wasm()).unwrap();
    for length in [4, 8, 100, module.len() / 2, module.len() - 1] {
        // The names at a module's end may be missing, but not incomplete.
        refused(trace().and("m.wasm", &module[..length]), "");
    }
    let is = |text: &str, rule: &str| refused(trace().and_module("m", text), rule);
    const MEMORY: &str = "(memory (export \"memory\") 1)";
    const START: &str = "(func (export \"_start\"))";
    is("(component)", "it is a component (WASI preview 2), not a core module; build it for wasm32-wasip1");
    is(&format!("(module {MEMORY})"), "it does not export a function \"_start\"");
    is(&format!("(module {MEMORY} (func (export \"_start\") (param i32)))"), "\"_start\" without parameters");
    is(&format!("(module {MEMORY} (func (export \"_start\") (result i32) (i32.const 0)))"), "_start");
    is(&format!("(module {START})"), "it does not export its \"memory\"");
    is(&format!("(module (import \"env\" \"tell\" (func)) {MEMORY} {START})"), "it imports \"env.tell\", but only");
    // Without _start too, as AssemblyScript makes them.
    is(&format!("(module (import \"env\" \"abort\" (func)) {MEMORY})"), "--use abort= --exportStart _start");
    is(&format!("(module (import \"wasi_unstable\" \"fd_write\" (func)) {MEMORY} {START})"), "this is preview 0");
    let unknown = "(import \"wasi_snapshot_preview1\" \"fd_teleport\" (func))";
    is(&format!("(module {unknown} {MEMORY} {START})"), "fd_teleport");
    let other = "(import \"wasi_snapshot_preview1\" \"fd_close\" (func (param i64)))";
    is(&format!("(module {other} {MEMORY} {START})"), "fd_close");
    is(&format!("(module (memory (export \"memory\") 1 1 shared) {START})"), "");
    is(&format!("(module (memory (export \"memory\") i64 1) {START})"), "");
    is(&format!("(module {MEMORY} (memory 1) {START})"), "");
}

#[test]
fn a_usage_error_has_exit_code_2() {
    let folder = Folder::with("trace.csv", THREE);
    for arguments in ["", "trace.csv --unknown", "trace.csv --limit-time 0", "trace.csv --worker 0"] {
        folder.host(arguments).exits_as_usage();
    }
    folder.host("trace.csv --worker 3 --workers 2").exits(2).says("--worker 3 is more than --workers 2");
    folder.host("trace.csv --trace-format vcr").exits(2).says("--trace-format vcr: is none of records, csv, original");
}

#[test]
fn a_full_disk_is_the_host_s_own_failure() {
    let folder = Folder::with("trace.csv", THREE);
    folder.host("trace.csv --report /dev/full").exits(1).says("/dev/full: No space left on device");
    folder.host("trace.csv --completions /dev/full").exits(1).says("/dev/full: ");
    folder.host("trace.csv --report missing/report.json").exits(1).says("missing/report.json: No such file");
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    folder.host("trace.csv").stdout(full()).exits(1).says("No space left on device");
    assert_eq!(folder.names(), ["trace.csv"]);
}

#[test]
fn a_closed_stdout_ends_quietly_with_141() {
    let folder = Folder::with("trace.csv", THREE);
    let host = |arguments| folder.host(arguments);
    for run in [host("trace.csv"), host("trace.csv --json"), folder.run("host", "limits")] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        run.stdout(writer).exits(141).says_nothing();
    }
}

#[test]
fn an_interrupt_leaves_nothing_half_written() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = Folder::new();
        let host = folder.host("- --completions out.csv --report out.json").start();
        host.child.stdin.as_ref().unwrap().write_all(&many_rows()).unwrap();
        folder.wait_for_a_file();
        kill_process(Pid::from_child(&host.child), signal).unwrap();
        let ended = host.end();
        assert_eq!((ended.code(), folder.names()), (Some(code), vec![]), "{}", ended.errors());
    }
}

#[test]
fn help_version_and_limits_are_printed() {
    let folder = Folder::new();
    let help = folder.run("host", "--help").succeeds().says_nothing();
    let help = help.prints("Usage: host").prints("--completions <FILE>").prints("--servers <SERVERS>");
    help.prints("Exit codes: 0 done").prints("7 contract broken").prints("Example: host --module sim.wasm trace.csv");
    let version = folder.run("host", "--version").succeeds().stdout();
    assert_eq!(version, format!("host {}\n", env!("CARGO_PKG_VERSION")));
    let limits = folder.run("host", "limits").succeeds().stdout();
    for limit in ["memory ", "CPU time ", "unanswered requests ", "table elements ", "stack ", "output ", "error text "]
    {
        assert!(limits.lines().any(|line| line.starts_with(limit)), "{limit}: {limits}");
    }
    for flag in ["--limit-memory", "--limit-time", "--limit-unanswered"] {
        assert!(limits.contains(flag) && folder.run("host", "--help").succeeds().stdout().contains(flag), "{flag}");
    }
}

#[test]
fn an_old_result_is_kept_if_a_new_run_fails() {
    let folder = Folder::with("trace.csv", "arrival_ms\nx\n").and("out.csv", "old").and("out.json", "old");
    folder.host("trace.csv --completions out.csv --report out.json").exits(3);
    assert_eq!((folder.text("out.csv"), folder.text("out.json")), ("old".to_owned(), "old".to_owned()));
}

//! One worker of a run does the worst that a hostile module can, and the others are not affected. Also: every guest is
//! used by a test.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{Ended, Folder, guest_text};

/// Three workers; the second does `worst` if its shard has requests.
fn run(worst: &str, flags: &str, code: i32) -> (Ended, Value, Folder) {
    let folder = Folder::new().and_module("mine", &guest_text("second_fails").replace(";; FAILURE", worst));
    let arguments =
        "run --executor local --module mine.wasm --samples 12 --workers 3 --delay 1 --limit-time 1 --report r.json";
    let ended = folder.run("middleware", &format!("{arguments} {flags}")).exits(code);
    let report = serde_json::from_slice(&folder.read("r.json")).unwrap();
    (ended, report, folder)
}

#[test]
fn a_hostile_worker_does_not_affect_the_others() {
    const FLOOD: &str =
        "(loop $flood (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 0x10000))
       (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br $flood))";
    let cases = [
        ("(unreachable)", 5, "trap", None, "wasm `unreachable` instruction executed in run"),
        ("(drop (i32.load (i32.const -1)))", 5, "trap", None, "out of bounds memory access"),
        ("(call $proc_exit (i32.const 42))", 5, "exit", None, "exit code 42"),
        ("(loop $for_ever (br $for_ever))", 6, "limit", Some("CPU time"), "more than 1 s"),
        ("(drop (memory.grow (i32.const 60000)))", 6, "limit", Some("memory"), "3751 MiB"),
        (
            "(drop (table.grow (ref.null func) (i32.const 2000000)))",
            6,
            "limit",
            Some("table elements"),
            "more than 1000000",
        ),
        ("(call $deeper)", 6, "limit", Some("stack"), "1 MiB in deeper (called by deeper, deeper, deeper, deeper)"),
        (
            "(drop (call $random_get (i32.const 0) (i32.const -1)))",
            6,
            "limit",
            Some("random bytes"),
            "more than 64 MiB",
        ),
        (FLOOD, 6, "limit", Some("error text"), "more than 64 MiB"),
        ("(call $completion) (call $completion)", 7, "contract", None, "completion 2 (id "),
    ];
    let (_, untouched, _) = run("", "", 0);
    for (worst, code, class, limit, words) in cases {
        let (ended, report, folder) = run(worst, "", code);
        let ended = ended.says("error: worker 2: ").says(words);
        let rows = report["workers"].as_array().unwrap();
        assert_eq!([&rows[0], &rows[2]], [&untouched["workers"][0], &untouched["workers"][2]], "{worst}");
        let error = &rows[1]["error"];
        assert_eq!((error["class"].as_str(), error["limit"].as_str()), (Some(class), limit), "{worst}");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        assert_eq!((rows[1]["offered"].as_u64(), report.get("run")), (Some(4), None));
        assert!(ended.stdout().contains(&format!("failed ({class})")), "{}", ended.stdout());
        let row = format!("worker 2 failed ({class}): {}", limit.map_or(String::new(), |name| format!("{name}: ")));
        folder.run("middleware", "results").succeeds().prints(&row);
    }
}

#[test]
fn all_simulators_of_a_run_share_its_memory() {
    // Each of sixty holds its 255 MiB, most of it untouched, until its shard has arrived.
    let folder = Folder::new().and_module("mine", &guest_text("fifo").replace("\"memory\") 3", "\"memory\") 4080"));
    let arguments = "run --executor local --module mine.wasm --samples 600000 --workers 60 --report r.json";
    folder
        .run("middleware", arguments)
        .exits(6)
        .says("memory of a run: its simulators asked for more than 8192 MiB together");
    let report: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    let rows = report["workers"].as_array().unwrap();
    let passed = rows.iter().filter(|row| row["error"]["limit"] == "memory of a run").count();
    let served = rows.iter().filter(|row| row["counts"]["completed"] == 10_000).count();
    // 32 fit.
    assert!(passed <= 28 && passed > 0 && passed + served == 60, "{passed} + {served}");
}

#[test]
fn every_guest_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let is = |path: &Path, extension: &str| path.extension().is_some_and(|found| found == extension);
    let tests: String =
        files(folder).iter().filter(|path| is(path, "rs")).map(|path| fs::read_to_string(path).unwrap()).collect();
    let guests = files(&folder.join("guests"));
    assert!(guests.len() > 30);
    for guest in guests {
        let name = guest.file_stem().unwrap().to_str().unwrap();
        assert!(is(&guest, "wat") && tests.contains(&format!("\"{name}\"")), "no test runs {}", guest.display());
    }
}

#[test]
fn the_documents_name_every_limit() {
    let format = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/contract.md")).unwrap();
    let section = format.split("\n## Limits\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let documented: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|name| *name != "limit")
        .collect();
    let printed = Folder::new().run("host", "limits").succeeds().stdout();
    let printed: Vec<&str> = printed
        .lines()
        .skip(1)
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split("  ").next().unwrap())
        .collect();
    assert_eq!(documented, printed);
}

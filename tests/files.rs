//! Result files and run folders: none is lost, no input is overwritten, and files of killed processes are removed.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{ChildStdin, Command};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Ended, Folder, Run, Started, THREE, many_rows, sim_wasm};

fn middleware(folder: &Folder, arguments: &str) -> Run {
    folder.run("middleware", &format!("{arguments} --executor local --module fifo.wasm"))
}

/// With a small module, so that many runs take little time.
fn folder() -> Folder {
    Folder::new().and_guest("fifo")
}

/// A run that was started and waits for the rest of its trace.
fn begun(folder: &Folder, arguments: &str) -> (Started, ChildStdin) {
    let before = begun_in(folder);
    let mut started = middleware(folder, &format!("run --trace - {arguments}")).start();
    let mut stdin = started.child.stdin.take().unwrap();
    stdin.write_all(&many_rows()).unwrap();
    // Its folder, and each of its output files.
    let begins = 1 + arguments.matches('.').count();
    wait_until(|| begun_in(folder).iter().filter(|name| !before.contains(name)).count() >= begins);
    (started, stdin)
}

fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "it never holds");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Unfinished files in the folder and in `runs`.
fn hidden(folder: &Folder) -> Vec<String> {
    let runs = if folder.path("runs").is_dir() { folder.names_in("runs") } else { Vec::new() };
    let is_hidden = |name: &String| name.starts_with('.');
    let inner = runs.into_iter().filter(is_hidden).map(|name| format!("runs/{name}"));
    folder.names().into_iter().filter(is_hidden).chain(inner).collect()
}

/// Unfinished files, and the folders of runs.
fn begun_in(folder: &Folder) -> Vec<String> {
    let runs = if folder.path("runs").is_dir() { folder.names_in("runs") } else { Vec::new() };
    let runs = runs.into_iter().filter(|name| !name.starts_with('.'));
    hidden(folder).into_iter().chain(runs).collect()
}

/// The outcomes in the last column of `middleware runs`.
fn outcomes(folder: &Folder) -> Vec<String> {
    let text = folder.run("middleware", "runs").succeeds().stdout();
    text.lines().skip(4).filter_map(|line| Some(line.split_whitespace().last()?.to_owned())).collect()
}

/// The report that the last line of a run names.
fn report(folder: &Folder, ended: &Ended) -> String {
    let text = ended.stdout();
    let line = text.lines().find_map(|line| line.strip_prefix("The report is in ")).unwrap();
    fs::read_to_string(folder.path(line.split(';').next().unwrap()).join("report.json")).unwrap()
}

fn twenty_one_runs(folder: &Folder) {
    for _ in 0..21 {
        middleware(folder, "run --samples 2 --workers 1").succeeds();
    }
}

#[test]
fn a_run_overtaken_by_others_keeps_its_report() {
    let folder = folder();
    let (started, stdin) = begun(&folder, "--report r.json");
    twenty_one_runs(&folder);
    drop(stdin);
    let ended = started.end().exited(0);
    assert_eq!(report(&folder, &ended), folder.text("r.json"));
    // It is the last one now.
    let results = |run: &str| folder.run("middleware", &format!("results --executor local {run}")).succeeds().stdout();
    assert_eq!(results(""), results(&name(&ended)));
}

fn name(ended: &Ended) -> String {
    let text = ended.stdout();
    let start = text.find("runs/").unwrap() + "runs/".len();
    text[start..].split(';').next().unwrap().to_owned()
}

#[test]
fn a_run_that_has_not_ended_keeps_its_report() {
    let folder = folder();
    assert!(Command::new("mkfifo").arg(folder.path("c.csv")).status().unwrap().success());
    // The report is written; the completions wait for a reader.
    let started = middleware(&folder, "run --samples 2 --workers 1 --completions c.csv").start();
    wait_until(|| folder.path("runs").is_dir() && folder.names_in("runs").iter().any(|name| !name.starts_with('.')));
    twenty_one_runs(&folder);
    assert_eq!(folder.text("c.csv").lines().count(), 3);
    report(&folder, &started.end().exited(0));
}

#[test]
fn twenty_concurrent_runs_lose_nothing() {
    let folder = folder();
    for _ in 0..3 {
        let started: Vec<Started> =
            (0..20).map(|_| middleware(&folder, "run --samples 2 --workers 1").start()).collect();
        let ended: Vec<Ended> = started.into_iter().map(|run| run.end().exited(0)).collect();
        assert!(ended.iter().all(|ended| !report(&folder, ended).is_empty()));
    }
    assert_eq!(hidden(&folder), [""; 0]);
}

fn kill(started: Started) {
    // It may have ended by now.
    let _ = kill_process(Pid::from_child(&started.child), Signal::KILL);
    started.end();
}

#[test]
fn the_next_run_removes_files_of_a_killed_one_and_no_others() {
    let folder = folder();
    let arguments = "--keep --completions c.csv --report r.json";
    let (killed, _stdin) = begun(&folder, arguments);
    let left = hidden(&folder);
    kill(killed);
    assert!(!left.is_empty() && left.iter().all(|name| hidden(&folder).contains(name)), "{left:?}");

    // The trace of the second one comes later: all of its outputs are started.
    let (alive, stdin) = begun(&folder, arguments);
    let written: Vec<String> = hidden(&folder).into_iter().filter(|name| !left.contains(name)).collect();
    assert!(!written.is_empty());
    middleware(&folder, &format!("run --samples 10 {arguments}")).succeeds();
    let now = hidden(&folder);
    assert!(written.iter().all(|name| now.contains(name)), "{written:?}, {now:?}");
    assert!(!left.iter().any(|name| now.contains(name)), "{left:?}, {now:?}");
    drop(stdin);
    let ended = alive.end().exited(0);
    assert_eq!(report(&folder, &ended), folder.text("r.json"));
    assert_eq!((hidden(&folder), folder.text("c.csv").lines().count()), (Vec::new(), 200_001));
}

#[test]
fn a_run_has_its_folder_from_its_start_and_interrupted_runs_are_named() {
    for signal in [Signal::INT, Signal::KILL] {
        let folder = folder();
        middleware(&folder, "run --samples 2 --workers 1").succeeds();
        let (started, stdin) = begun(&folder, "--workers 2");
        assert_eq!(outcomes(&folder), ["done", "running"]);
        let name = folder.names_in("runs").pop().unwrap();
        let results = format!("results --executor local {name}");
        folder.run("middleware", &results).exits(2).says("there is no report.json in it yet: the run is going on");
        kill_process(Pid::from_child(&started.child), signal).unwrap();
        started.end();
        drop(stdin);
        assert_eq!(outcomes(&folder), ["done", "interrupted"]);
        folder.run("middleware", &results).exits(2).says("there is no report.json in it: the run was interrupted");
        assert_eq!(folder.names_in(&format!("runs/{name}")), ["run.json"]);
        // Without a name, it is the last run that has a report.
        folder.run("middleware", "results --executor local").succeeds().prints("over 1 worker,");
    }
}

#[test]
fn a_run_that_can_not_be_kept_still_gives_its_result() {
    let table = "RR over 1 worker,";
    let folder = folder();
    fs::create_dir(folder.path("runs")).unwrap();
    fs::set_permissions(folder.path("runs"), fs::Permissions::from_mode(0o555)).unwrap();
    fs::set_permissions(folder.path("."), fs::Permissions::from_mode(0o777)).unwrap();
    // Not as root, because root may write everywhere.
    let run = |arguments: &str| middleware(&folder, &format!("run --samples 2 --workers 1 {arguments}")).user(65534);
    run("").exits(0).prints(table).says("warning: this run is not kept: runs: Permission denied");
    run("--keep").exits(1).says("error: runs: Permission denied");
    for program in ["middleware run --executor local --samples 2", "host t.csv"] {
        let folder = Folder::with("t.csv", THREE).and_guest("fifo");
        let line = format!("{program} --module fifo.wasm --report r.json --completions c.csv >/dev/full");
        folder.shell(&line).exits(1).says("standard output: No space left on device");
        assert!(!folder.read("r.json").is_empty() && !folder.read("c.csv").is_empty(), "{program}");
    }
    let full = run("--report /dev/full").exits(1).prints(table);
    full.says("error: /dev/full: No space left on device");
}

#[test]
fn the_next_run_removes_all_files_after_kill_9_at_any_time() {
    let folder = folder();
    fs::create_dir(folder.path("tmp")).unwrap();
    let commands = [
        ("middleware", "run --executor local --module fifo.wasm --keep --completions c.csv --report r.json"),
        // Completions for a pipe are collected in the folder for temporary files.
        ("middleware", "run --executor local --module fifo.wasm --completions /dev/null"),
        ("middleware", "partition --out shards"),
        ("tracegen", "--out t.csv"),
    ];
    let run = |(program, arguments): (&str, &str), samples: u32| {
        let _ = fs::remove_dir_all(folder.path("shards"));
        let tmp = folder.path("tmp").display().to_string();
        folder.run(program, &format!("{arguments} --samples {samples}")).env("TMPDIR", &tmp)
    };
    let mut left = 0;
    for command in commands {
        for moment in 0..6 {
            let started = run(command, 2_000_000).stdout(std::process::Stdio::null()).start();
            std::thread::sleep(Duration::from_millis(20 + 60 * moment));
            kill(started);
            left += hidden(&folder).len() + folder.names_in("tmp").len();
            run(command, 10).succeeds();
            assert_eq!((hidden(&folder), folder.names_in("tmp").len()), (Vec::new(), 0), "{command:?}, {moment}");
        }
    }
    assert!(left > 0, "no moment was one at which something is written");
}

#[test]
fn no_output_overwrites_an_input_by_any_name() {
    let trace = "arrival_us,service_us\n0,5\n";
    let settings = "WORKERS=2\n";
    let folder = Folder::with("t.csv", trace).and(".env.general", settings).and("my.env", settings);
    let folder = folder.and("sim.wasm", fs::read(sim_wasm()).unwrap());
    fs::hard_link(folder.path("t.csv"), folder.path("hard")).unwrap();
    std::os::unix::fs::symlink("t.csv", folder.path("link")).unwrap();
    let lines = [
        ("host t.csv --report .env.general", ".env.general would overwrite .env.general"),
        ("host t.csv --completions hard", "hard would overwrite t.csv"),
        ("host hard --report link", "link would overwrite hard"),
        ("host - --report t.csv <t.csv", "t.csv would overwrite standard input"),
        ("host /dev/stdin --report t.csv <t.csv", "t.csv would overwrite /dev/stdin"),
        ("host t.csv >>t.csv", "standard output would overwrite t.csv"),
        ("host t.csv --report out >out", "standard output would overwrite out"),
        ("host sim.wasm t.csv --report t.csv", "t.csv would overwrite t.csv"),
        ("middleware run --executor local --env-file my.env --report ./my.env", "./my.env would overwrite my.env"),
        ("middleware run --executor local --completions .env.general", ".env.general would overwrite .env.general"),
        ("middleware run --executor local --report sim.wasm", "sim.wasm would overwrite sim.wasm"),
        ("middleware run --executor local --trace - --report hard <t.csv", "hard would overwrite standard input"),
        ("middleware describe t.csv >>t.csv", "standard output would overwrite t.csv"),
        ("middleware describe sim.wasm t.csv >>t.csv", "standard output would overwrite t.csv"),
        ("tracegen --out .env.general", ".env.general would overwrite .env.general"),
        ("tracegen --env-file my.env >>my.env", "standard output would overwrite my.env"),
    ];
    for (line, words) in lines {
        folder.shell(line).exits(2).says(words);
        assert_eq!([folder.text("t.csv"), folder.text("hard")], [trace, trace], "{line}");
        assert_eq!([folder.text(".env.general"), folder.text("my.env")], [settings, settings], "{line}");
        assert_eq!(folder.read("sim.wasm"), fs::read(sim_wasm()).unwrap(), "{line}");
    }
    // Devices and new files lose nothing.
    folder.shell("host t.csv --report /dev/null --completions new </dev/null >/dev/null").succeeds();
}

#[test]
fn an_unusable_runs_folder_is_reported() {
    let folder = folder();
    let runs = folder.path("runs");
    for (to, why) in [("nowhere", "No such file"), ("runs", "Too many levels")] {
        std::os::unix::fs::symlink(to, &runs).unwrap();
        let words =
            format!("warning: this run is not kept: runs: it is a symbolic link that leads to no folder: {why}");
        middleware(&folder, "run --samples 1").exits(0).says(&words);
        folder.run("middleware", "results --executor local").exits(1).says(&format!("error: runs: {why}"));
        fs::remove_file(&runs).unwrap();
    }
    fs::write(&runs, "").unwrap();
    middleware(&folder, "run --samples 1").exits(0).says("warning: this run is not kept: runs: it is no folder");
}

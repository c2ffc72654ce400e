//! `middleware rerun`: a run is repeated from its `run.json`, and the reports are compared.

use std::fs;

use serde_json::{Value, json};

use crate::middleware::middleware;
use crate::support::{Ended, Folder, THREE, guest_text, sim_wasm};

/// Repeats the run in the folder `run`; the answer must be that its report has the same bytes.
fn is_repeated(folder: &Folder, run: &str) -> Ended {
    let before = folder.names();
    let path = format!("{run}/report.json");
    let bytes = folder.read(&path).len();
    let ended = folder.run("middleware", &format!("rerun {run}")).succeeds();
    assert_eq!(ended.stdout(), format!("The report is equal to the byte ({path}, {bytes} bytes).\n"));
    assert_eq!((folder.names(), folder.names_in("runs").len()), (before, 1), "rerun writes nothing");
    ended
}

/// Runs `arguments` in `folder` with these settings in the environment: the folder of the run.
fn run(folder: &Folder, arguments: &str, environment: &[(&str, &str)]) -> String {
    let run = middleware(folder, &format!("run {arguments}"));
    environment.iter().fold(run, |run, (key, text)| run.env(key, text)).succeeds();
    folder.only_in("runs")
}

/// Changes the file `name` of the run.
fn edit(folder: &Folder, run: &str, name: &str, change: impl FnOnce(&mut Value)) {
    let path = folder.path(run).join(name);
    let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, serde_json::to_string_pretty(&value).unwrap()).unwrap();
}

#[test]
fn a_plain_run_is_repeated() {
    let folder = Folder::new();
    let outputs = "--json --stderr --keep --verify --report r.json --completions c.csv";
    let run = run(&folder, &format!("--samples 2000 --workers 3 --balancer TC --seed 5 {outputs}"), &[]);
    for output in ["r.json", "c.csv"] {
        fs::remove_file(folder.path(output)).unwrap();
    }
    is_repeated(&folder, &run).says("note: repeats run --samples 2000 --workers 3 ");
    // By its name, the beginning of that, and as the last run.
    let name = run.strip_prefix("runs/").unwrap();
    for named in [name, &name[..12], ""] {
        folder.run("middleware", &format!("rerun {named}")).succeeds().prints(&format!("({run}/report.json, "));
    }
}

#[test]
fn settings_come_from_the_run_and_not_from_the_repetition() {
    // ST and WEIGHTS have no effect, and a note names them only if the environment or a flag sets them.
    let folder = Folder::with(".env.general", "SAMPLES=3000\nINTER_ARRIVAL=4ms\nMEAN=9\n");
    let environment =
        [("WORKERS", "2"), ("SERVICE", "empirical:t.csv"), ("ST", "3ms"), ("WEIGHTS", "2"), ("SEED", "8")];
    let folder = folder.and("t.csv", "service_ms,weight\n3,1\n9,2\n");
    let run = run(&folder, "--seed 9 --capacity 30", &environment);
    let file: Value = serde_json::from_slice(&folder.read(&format!("{run}/run.json"))).unwrap();
    assert_eq!(file["environment"]["ST"], "3ms");
    assert!(file["environment"].get("SEED").is_none(), "the flag overrides it");
    let report: Value = serde_json::from_slice(&folder.read(&format!("{run}/report.json"))).unwrap();
    let notes = report["notes"].to_string();
    for note in ["so ST changes nothing", "WEIGHTS"] {
        assert!(notes.contains(note), "{notes}");
    }
    fs::write(folder.path(".env.general"), "SAMPLES=1\nSERVERS=3\nWORKERS=x\nUNKNOWN\n").unwrap();
    is_repeated(&folder, &run);
    let elsewhere = folder.run("middleware", "rerun").env("WORKERS", "4").env("ST", "1ms").env("SAMPLES", "5");
    elsewhere.succeeds().prints("The report is equal to the byte (");
}

#[test]
fn a_recorded_trace_is_read_again_from_where_the_run_was_started() {
    let folder = Folder::with("t.csv", THREE).and("u.csv", THREE).and("file", "TRACE=x.csv\nDELAY=9\n");
    let run = run(&folder, "--trace t.csv --trace u.csv --workers 2 --env-file file -q", &[]);
    fs::remove_file(folder.path("file")).unwrap();
    is_repeated(&folder, &run);
    fs::create_dir(folder.path("inner")).unwrap();
    let answer = format!("The report is equal to the byte (../{run}/report.json, ");
    folder.shell(&format!("cd inner; middleware rerun ../{run}")).succeeds().prints(&answer);
    // A folder that is not in runs/ is taken for one of the current folder.
    fs::rename(folder.path(&run), folder.path("kept")).unwrap();
    folder.run("middleware", "rerun kept").succeeds().prints("(kept/report.json, ");
    fs::rename(folder.path("t.csv"), folder.path("v.csv")).unwrap();
    folder.run("middleware", "rerun kept").exits(3).says("error: t.csv: ");
}

#[test]
fn replications_warm_up_and_precision_are_repeated() {
    for flags in ["--replications 3 --warmup auto", "--until-precision 20% --percentiles 50,99.9 --service erlang:2"] {
        let folder = Folder::new();
        let run = run(&folder, &format!("--samples 3000 {flags}"), &[]);
        is_repeated(&folder, &run);
    }
}

#[test]
fn a_run_whose_objective_does_not_hold_is_repeated() {
    let folder = Folder::new();
    let line = "middleware run --samples 1000 --executor local --slo 'p99 response < 1us'";
    folder.shell(line).env("MODULE", sim_wasm().to_str().unwrap()).exits(99);
    let run = folder.only_in("runs");
    is_repeated(&folder, &run);
}

#[test]
fn a_run_with_a_failed_worker_is_repeated() {
    let folder = Folder::new().and_module("mine", &guest_text("second_fails").replace(";; FAILURE", "(unreachable)"));
    middleware(&folder, "run --module mine.wasm --samples 12 --workers 3 --delay 1").exits(5);
    let run = folder.only_in("runs");
    is_repeated(&folder, &run);
}

#[test]
fn another_module_or_trace_is_a_difference() {
    let folder = Folder::with("t.csv", THREE).and("mine.wasm", fs::read(sim_wasm()).unwrap());
    let run = run(&folder, "--trace t.csv --workers 1", &[("MODULE", "mine.wasm")]);
    is_repeated(&folder, &run);
    let differs = |first: &str| {
        let ended = folder.run("middleware", "rerun").exits(1);
        let stdout = ended.stdout();
        let lines: Vec<&str> = stdout.lines().collect();
        assert!(lines[0].starts_with(&format!("The report differs from {run}/report.json in ")), "{stdout}");
        assert!(lines[1].starts_with(first) && lines[1].contains(" is now "), "{stdout}");
        assert!(lines.len() <= 12, "{stdout}");
        ended.says(&format!("error: the report of the repeated run differs from {run}/report.json\n"));
    };
    // The same module with one more section, which has no effect.
    fs::write(folder.path("mine.wasm"), [fs::read(sim_wasm()).unwrap(), b"\0\x02\x01x".to_vec()].concat()).unwrap();
    differs("module.sha256: ");
    fs::write(folder.path("mine.wasm"), fs::read(sim_wasm()).unwrap()).unwrap();
    is_repeated(&folder, &run);
    fs::write(folder.path("t.csv"), THREE.replace("20,1", "20,2")).unwrap();
    differs("trace.files[0].blake3: ");
    fs::remove_file(folder.path("mine.wasm")).unwrap();
    folder.run("middleware", "rerun").exits(4).says("error: mine.wasm: ");
}

#[test]
fn an_edited_report_is_a_difference() {
    let folder = Folder::with("t.csv", THREE);
    let run = run(&folder, "--trace t.csv --workers 1", &[]);
    let report = folder.text(&format!("{run}/report.json"));
    let path = folder.path(&run).join("report.json");
    fs::write(&path, report.replace("\"max_ns\": 8000", "\"max_ns\": 7000")).unwrap();
    let ended = folder.run("middleware", "rerun").exits(1);
    ended.prints(": 7000 is now 8000\n");
    fs::write(&path, report + "\n").unwrap();
    folder.run("middleware", "rerun").exits(1).prints("in its bytes, but in no value");
}

#[test]
fn what_can_not_be_repeated_is_refused() {
    let folder = Folder::new();
    folder.run("middleware", "rerun").exits(2).says("there is no run in runs/ yet");
    let run = run(&folder, "--samples 100", &[]);
    folder.run("middleware", "rerun nope").exits(2).says("error: there is no run nope in runs/; there are (the");
    let kept = ["run.json", "report.json"].map(|name| (name, folder.text(&format!("{run}/{name}"))));
    let refused = |name: &str, change: &dyn Fn(&mut Value), code: i32, error: &str| {
        edit(&folder, &run, name, change);
        folder.run("middleware", "rerun").exits(code).says(&format!("error: {run}{error}"));
        for (name, text) in &kept {
            fs::write(folder.path(&run).join(name), text).unwrap();
        }
    };
    let arguments = |words: &'static str| {
        move |file: &mut Value| file["arguments"] = words.split_whitespace().map(Value::from).collect()
    };
    refused(
        "run.json",
        &|file| file["schema"] = json!(7),
        2,
        ": run.json: it has schema 7; this version reads schema 1",
    );
    refused("run.json", &|file| file["arguments"] = json!(1), 2, ": run.json: it is not a report of Queuebox: ");
    refused("report.json", &|file| file["schema"] = json!(7), 2, "/report.json: it has schema 7;");
    let only_run = "/run.json: only `run`, `plan` and `compare` can be repeated, and this is: partition --out x";
    refused("run.json", &arguments("middleware partition --out x"), 2, only_run);
    let unexpected = "/run.json: unexpected argument '--nope' found";
    refused("run.json", &arguments("middleware run --nope"), 2, unexpected);
    let wrong = |file: &mut Value| file["settings"]["SAMPLES"] = json!("x");
    edit(&folder, &run, "run.json", |file| file["arguments"] = json!(["middleware", "run"]));
    edit(&folder, &run, "run.json", wrong);
    folder.run("middleware", "rerun").exits(2).says("SAMPLES=x must be an integer from 1 to");
    edit(&folder, &run, "run.json", |file| file["queuebox"] = json!("0.0.9\u{1b}"));
    let warning = format!("warning: {run}/run.json: the run is of Queuebox 0.0.9\\u{{1b}}, and this is ");
    folder.run("middleware", "rerun").exits(2).says(&warning);
    fs::remove_file(folder.path(&run).join("run.json")).unwrap();
    folder.run("middleware", "rerun").exits(2).says(&format!("error: {run}: run.json: No such file"));
    fs::write(folder.path(&run).join("run.json"), &kept[0].1).unwrap();
    // A run that was killed.
    edit(&folder, &run, "run.json", |file| file["seconds"] = Value::Null);
    fs::remove_file(folder.path(&run).join("report.json")).unwrap();
    let interrupted = format!("error: {run}: there is no report.json in it: the run was interrupted");
    folder.run("middleware", "rerun").exits(2).says(&interrupted);
}

#[test]
fn a_trace_from_a_pipe_is_taken_from_stdin_again() {
    let folder = Folder::new();
    middleware(&folder, "run --trace - --workers 1").stdin(THREE).succeeds();
    folder.run("middleware", "rerun").stdin(THREE).succeeds().prints("The report is equal to the byte (");
    folder.run("middleware", "rerun").stdin(THREE.replace("20,1", "20,2")).exits(1);
}

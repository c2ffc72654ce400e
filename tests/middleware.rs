//! `middleware`: whole runs with the local executor, partitioning, results.

use serde_json::{Value, json};

use crate::support::{Ended, Folder, Run, many_rows, sim_wasm, without_intervals};

pub(crate) fn middleware(folder: &Folder, arguments: &str) -> Run {
    let run = folder.run("middleware", arguments).env("MODULE", sim_wasm().to_str().unwrap());
    // Containers have their own tests, and those of a manual run may exist and hold its report.
    if arguments.starts_with("run") || arguments.starts_with("results") { run.env("EXECUTOR", "local") } else { run }
}

/// The JSON report of a run.
pub(crate) fn report(folder: &Folder, arguments: &str) -> Value {
    middleware(folder, &format!("run --json {arguments}")).succeeds().json()
}

pub(crate) fn workers(report: &Value) -> &Vec<Value> {
    report["workers"].as_array().unwrap()
}

fn mean_delay(report: &Value) -> f64 {
    report["run"]["average_delay_in_queue_ns"].as_f64().unwrap()
}

/// Ids of a CSV's first column.
fn ids(csv: &str) -> Vec<u64> {
    csv.lines().skip(2).map(|line| line.split(',').next().unwrap().parse().unwrap()).collect()
}

#[test]
fn a_run_prints_a_row_per_worker_and_results_prints_the_classical_figures() {
    let folder = Folder::new();
    let ended = middleware(&folder, "run --samples 4000").succeeds().says("module:");
    for head in ["worker", "offered", "completed", "utilization", "p50", "p99", "max", "RR over 4 workers"] {
        assert!(ended.stdout().contains(head), "{head}: {}", ended.stdout());
    }
    let rows = ended.stdout();
    assert_eq!(rows.lines().filter(|line| line.split_whitespace().nth(1) == Some("1000")).count(), 4, "{rows}");
    assert!(rows.lines().any(|line| line.trim_start().starts_with("run") && line.contains("4000")));

    let results = middleware(&folder, "results").succeeds().stdout();
    for worker in 1..=4 {
        let lines: Vec<&str> = results.lines().skip_while(|line| *line != format!("Worker {worker}")).skip(1).collect();
        for (line, words) in lines.iter().zip([
            "Average delay in queue",
            "Average number in queue",
            "Server utilization",
            "Time simulation ended",
        ]) {
            let number = line.strip_prefix(words).unwrap_or_else(|| panic!("{line}")).trim().trim_end_matches(" ms");
            assert_eq!(number.split_once('.').unwrap().1.len(), 6, "six decimals: {line}");
        }
    }
    assert!(results.contains("Whole run, 4 workers"));
}

#[test]
fn very_small_times_are_shown_in_their_unit_and_rounding_is_noted() {
    // Two of four wait, 3 and 6 ns; the last one is 0.5 s after them.
    let trace = "arrival_ns,service_ns\n0,3\n0,3\n0,2\n500000000,9\n";
    let folder = Folder::with("t.csv", trace);
    let ended = middleware(&folder, "run --trace t.csv --workers 1").env("COLUMNS", "120").succeeds();
    let rows: Vec<Vec<String>> =
        ended.stdout().lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
    let row = rows.iter().find(|row| row.first().is_some_and(|name| name == "run")).unwrap();
    assert_eq!(row.join(" "), "run 4 4 2.250 <0.000001 <0.000001 6 9 9 9 500.000");
    let heads: Vec<&str> =
        rows.iter().flatten().filter(|word| word.starts_with('[') && word.ends_with(']')).map(String::as_str).collect();
    assert_eq!(heads, ["[ns]", "[ns]", "[ns]", "[ns]", "[ns]", "[ms]"], "{}", ended.stdout());
    assert_eq!(report(&folder, "--trace t.csv --workers 1")["run"]["average_delay_in_queue_ns"], json!(2.25));
    middleware(&folder, "results").succeeds().prints("Average delay in queue                   2.250 ns\n");

    let note =
        "service times are rounded to whole nanoseconds: with ST=3 ns their mean is 2.986 ns, and 15.4 % of them are 0";
    let sampled = "--samples 1000 --st 3ns";
    middleware(&folder, &format!("run {sampled}")).succeeds().notes(note);
    let notes = report(&folder, sampled)["notes"].clone();
    assert!(notes.as_array().unwrap().contains(&json!(note)), "{notes}");
    folder.run("tracegen", &format!("{sampled} --format records --out t.records")).succeeds().says(note);
    folder.run("tracegen", "--samples 1000 --out t.csv").succeeds().says_nothing();
    folder.host("t.csv --st 3ns").succeeds().notes(note);
    folder.host("t.records --st 3ns").succeeds();
    middleware(&folder, "describe t.csv --st 3ns").succeeds().notes(note);
    middleware(&folder, "partition --trace t.csv --st 3ns --out shards").succeeds().says(note);
    let enough = report(&folder, "--samples 1000 --st 10ns")["notes"].clone();
    assert_eq!(enough, json!(["1000 of 1000 demands sampled: exponential, mean 10 ns"]));
}

#[test]
fn the_run_folder_contains_everything_to_repeat_the_run() {
    let folder = Folder::new();
    middleware(&folder, "run --samples 40 --keep").succeeds();
    let runs = Folder::names(&folder);
    assert_eq!(runs, ["runs"]);
    let run = folder.only_in("runs");
    let names = folder.names_in(&run);
    assert_eq!(names, ["module.wasm", "report.json", "reports", "run.json", "shards"]);
    assert_eq!(folder.names_in(&format!("{run}/shards")), ["1.req", "2.req", "3.req", "4.req"]);
    assert_eq!(folder.names_in(&format!("{run}/reports")), ["1.json", "2.json", "3.json", "4.json"]);
    let repeat: Value = serde_json::from_slice(&folder.read(&format!("{run}/run.json"))).unwrap();
    assert_eq!(repeat["settings"]["SAMPLES"], "40");
    // The host gives the worker's row again from a kept shard.
    let alone = folder.host(&format!("{run}/shards/3.req --worker 3 --workers 4 --json")).succeeds().json();
    let kept: Value = serde_json::from_slice(&folder.read(&format!("{run}/reports/3.json"))).unwrap();
    assert_eq!(alone["tally"], kept["tally"]);
}

#[test]
fn two_runs_give_the_same_bytes_and_the_trace_may_be_written_in_between() {
    let folder = Folder::new();
    let twice = [(); 2].map(|()| middleware(&folder, "run --samples 5000 --balancer TC --json").succeeds().stdout());
    assert_eq!(twice[0], twice[1]);

    folder.run("tracegen", "--samples 5000 --out t.csv").succeeds();
    folder.run("tracegen", "--samples 5000 --format records --out t.req").succeeds();
    let generated = without_intervals(serde_json::from_str(&twice[0]).unwrap());
    for trace in ["t.csv", "t.req"] {
        let recorded = without_intervals(report(&folder, &format!("--trace {trace} --balancer TC")));
        assert_eq!((&recorded["workers"], &recorded["run"]), (&generated["workers"], &generated["run"]), "{trace}");
    }
}

#[test]
fn the_report_names_all_inputs_and_nothing_else() {
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n2,5\n");
    let recorded = report(&folder, "--trace t.csv --workers 2");
    assert_eq!(recorded["trace"]["files"][0]["format"], "csv");
    assert_eq!(recorded["trace"]["files"][0]["blake3"].as_str().unwrap().len(), 64);
    assert_eq!(recorded["module"]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!((&recorded["settings"]["WORKERS"], &recorded["settings"]["BALANCER"]), (&2.into(), &"RR".into()));
    assert_eq!(recorded["settings"].get("ST_NS"), None, "no demand was sampled");
    let generated = report(&folder, "--samples 10");
    assert_eq!(generated["settings"]["ST_NS"], 10_000_000);
    assert_eq!(generated["trace"]["generated"]["SAMPLES"], 10);
    for report in [recorded, generated] {
        let text = report.to_string();
        for absent in ["EXECUTOR", "MODULE", "seconds", "t.csv", "sim.wasm", "runs"] {
            assert!(!text.contains(absent), "{absent}");
        }
    }
}

#[test]
fn every_request_is_in_exactly_one_shard() {
    let folder = Folder::new();
    for balancer in ["R", "RR", "TC"] {
        for format in ["csv", "records"] {
            let out = format!("{balancer}-{format}");
            middleware(
                &folder,
                &format!("partition --samples 3000 --workers 7 --balancer {balancer} --format {format} --out {out}"),
            )
            .succeeds()
            .says("note: 3000 of 3000 demands sampled: exponential, mean 10 ms\n");
        }
        let mut all = Vec::new();
        for worker in 1..=7 {
            let csv = folder.text(&format!("{balancer}-csv/{worker}.csv"));
            let shard = ids(&csv);
            assert!(shard.is_sorted());
            // Both formats hold the same requests with the same demands.
            let [csv, records] = ["csv/{}.csv", "records/{}.req"].map(|path| {
                let path = format!("{balancer}-{}", path.replace("{}", &worker.to_string()));
                folder.host(&format!("{path} --json")).succeeds().json()["tally"].clone()
            });
            assert_eq!(csv, records);
            all.extend(shard);
        }
        all.sort_unstable();
        assert_eq!(all, (0..3000).collect::<Vec<_>>(), "{balancer}");
    }
    middleware(&folder, "partition --samples 10 --out RR-csv").exits(2).says("RR-csv exists already");
}

#[test]
fn names_are_printable() {
    // A right-to-left override, an Arabic number sign, six accents.
    let (name, shown) = (
        "a\u{202e}\u{600}e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "a\\u{202e}\\u{600}e\u{301}\u{301}\u{301}\u{301}\\u{301}\\u{301}",
    );
    let folder = Folder::new();
    middleware(&folder, &format!("partition --samples 10 --workers 2 --out {name}"))
        .succeeds()
        .prints(&format!("10 requests in 2 shards: {shown}\n"));
    middleware(&folder, &format!("describe {name}")).exits(3).says(&format!("error: {shown}: is a folder"));
    folder.host(name).exits(3).says(&format!("error: {shown}: is a folder"));
}

#[test]
fn a_run_of_one_worker_agrees_with_the_host() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 2000 --out t.csv").succeeds();
    let run = report(&folder, "--trace t.csv --workers 1");
    let mut row = workers(&run)[0].clone();
    // p99 over time is of the run alone.
    let mut over_time = run["over_time"].clone();
    over_time.as_object_mut().unwrap().remove("p99_response_ns");
    assert_eq!(row["over_time"], over_time);
    for key in ["worker", "over_time"] {
        row.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(row, run["run"]);
    let text = folder.host("t.csv").succeeds().stdout();
    let results = middleware(&folder, "results").succeeds().stdout();
    let (figures, notes) = text.split_once("\n\n").unwrap().1.split_once("note: ").unwrap();
    assert!(results.contains(figures) && results.contains(&format!("note: {notes}")), "{results}");
}

#[test]
fn policies_with_state_have_shorter_delays() {
    let folder = Folder::new();
    let [random, robin, choices] =
        ["R", "RR", "TC"].map(|policy| mean_delay(&report(&folder, &format!("--samples 200000 --balancer {policy}"))));
    assert!(choices < robin && robin < random, "TC {choices}, RR {robin}, R {random}");
}

#[test]
fn the_settings_of_the_original_run_with_notes() {
    let original = "SAMPLES=500\nSIZE=500\nINTER_ARRIVAL=1\nREAD_RATIO=80\nSAS=5493\nDISTRIBUTION=3\nMEAN=1\nSTDEV=1\n\
                    CONCURRENCY=1\nST=100\nDELAY=1000\nTESTNO=9\nBALANCER=RR\n";
    let folder = Folder::with(".env.general", original);
    let ended = middleware(&folder, "run").succeeds().says(".env.general:12: TESTNO is not a setting");
    let ended = ended.notes("the trace offers 25.00 times what 4 worker(s)");
    ended.notes("DELAY=1000 was not reached by 4 of 4 worker(s): the longest of their shards has 125 requests");
}

#[test]
fn with_delay_each_worker_stops_at_its_own_time() {
    let folder = Folder::new();
    let run = report(&folder, "--samples 4000 --delay 100 --completions c.csv");
    for worker in workers(&run) {
        let counts = &worker["counts"];
        let count = |name: &str| counts[name].as_u64().unwrap();
        assert_eq!(count("completed") + count("in_service"), 100);
        assert_eq!(count("completed") + count("in_service") + count("waiting") + count("not_yet_arrived"), 1000);
    }
    assert_eq!(folder.text("c.csv").lines().count(), 401);
}

#[test]
fn completions_are_in_the_order_of_ids_and_name_their_worker() {
    let folder = Folder::with("t.csv", "id,arrival_us,service_us\n3,0,5\n7,2,5\n8,20,1\n");
    middleware(&folder, "run --trace t.csv --workers 2 --completions c.csv").succeeds();
    let expected = "id,arrival_ns,start_ns,finish_ns,service_ns,worker,outcome\n\
                    3,0,0,5000,5000,1,completed\n7,2000,2000,7000,5000,2,completed\n\
                    8,20000,20000,21000,1000,1,completed\n";
    assert_eq!(folder.text("c.csv"), expected);
    middleware(&folder, "run --trace t.csv --workers 2 --completions c").succeeds();
    assert_eq!(folder.completions("c").iter().map(|answer| answer.id).collect::<Vec<_>>(), [3, 7, 8]);
    assert_eq!(folder.names(), ["c", "c.csv", "runs", "t.csv"]);
}

#[test]
fn a_swapped_module_is_used_and_named() {
    let folder = Folder::new().and_guest("fifo");
    let arguments = "--samples 1000 --workers 3";
    let [own, other] = [report(&folder, arguments), report(&folder, &format!("{arguments} --module fifo.wasm"))];
    assert_ne!(own["module"]["sha256"], other["module"]["sha256"]);
    assert_eq!(own["run"], other["run"]);
    middleware(&folder, "run --module fifo.wasm --samples 10 --servers 2").exits(2).says("SERVERS=2").says("bit 1");
}

#[test]
fn recorded_traces_are_recognised_sorted_on_request_and_rejected_by_line() {
    let azure = "app,func,end_timestamp,duration\na,f,2.5,0.5\nb,f,5.0,4.0\na,g,9.25,0.25\n";
    let folder = Folder::with("azure.csv", azure);
    middleware(&folder, "run --trace azure.csv").exits(3).says("azure.csv:3: ").says("--sort");
    let run = report(&folder, "--trace azure.csv --sort --workers 1");
    assert_eq!(
        (&run["trace"]["files"][0]["format"], &run["trace"]["offset_ns"]),
        (&"azure-functions-2021".into(), &1_000_000_000.into())
    );
    assert_eq!(run["run"]["time_simulation_ended_ns"], 8_250_000_000u64);
    let forced = middleware(&folder, "run --trace azure.csv --trace-format mqsim");
    forced.exits(3).says("azure.csv:1: ");
    middleware(&folder, "run --trace azure.csv --trace-format nonsense").exits(2).says("nonsense");
}

#[test]
fn wrong_input_is_one_line_an_exit_code_and_no_file() {
    let bad_row = format!("arrival_ms\n{}x\n", "1\n".repeat(116));
    let folder = Folder::with("bad.csv", bad_row).and("empty.csv", "");
    let before = folder.names();
    for (arguments, code, words) in [
        ("run --workers 0", 2, "flag: WORKERS=0 must be an integer from 1 to"),
        (
            "run --balancer BEST",
            2,
            "flag: BALANCER=BEST must be one of R (random), RR (round_robin), WRR (weighted_round_robin), TC (p2c)",
        ),
        ("run --trace bad.csv --completions c.csv --report r.json", 3, "bad.csv:118: "),
        ("run --trace empty.csv", 3, "empty.csv"),
        ("run --trace missing.csv", 3, "missing.csv"),
        ("run --module missing.wasm", 4, "missing.wasm"),
        ("run --module bad.csv", 4, "bad.csv"),
        (
            "run --executor docker --server-ip 127.0.0.1 --server-port 1",
            8,
            "tcp://127.0.0.1:1: no Docker engine listens there",
        ),
        ("run --sort", 2, "--trace"),
        ("run --discipline edf", 2, "DISCIPLINE=edf"),
        ("partition --trace bad.csv --out shards", 3, "bad.csv:118: "),
        ("results", 2, "there is no run"),
        ("results nothing", 2, "nothing"),
    ] {
        middleware(&folder, arguments).exits(code).says(words);
        let after: Vec<String> = folder.names().into_iter().filter(|name| name != "runs").collect();
        assert_eq!(after, before, "{arguments}");
    }
    assert!(folder.names_in("runs").is_empty());
    middleware(&folder, "run --samples 10 --report /dev/full").exits(1).says("/dev/full: No space left");
}

#[test]
fn ctrl_c_leaves_only_the_run_folder() {
    use std::io::Write as _;
    let folder = Folder::new();
    let mut started = middleware(&folder, "run --trace - --keep --completions c.csv").start();
    let mut stdin = started.child.stdin.take().unwrap();
    stdin.write_all(&many_rows()).unwrap();
    let id = rustix::process::Pid::from_child(&started.child);
    while folder.names().len() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    let ended = started.end().exited(130);
    assert_eq!(folder.names(), ["runs"]);
    let run = folder.only_in("runs");
    ended.says(&format!("interrupted: {run} holds its settings, but no report\n"));
    assert_eq!(folder.names_in(&run), ["run.json", "shards"]);
}

#[test]
fn ctrl_c_at_any_time_leaves_no_partial_file() {
    let folder = Folder::new();
    for moment in 0..12 {
        let arguments = "run --samples 1000000 --keep --completions c.csv --report r.json";
        let started = middleware(&folder, arguments).stdout(std::process::Stdio::null()).start();
        std::thread::sleep(std::time::Duration::from_millis(30 + 45 * moment));
        let id = rustix::process::Pid::from_child(&started.child);
        // It may have ended by now.
        let _ = rustix::process::kill_process(id, rustix::process::Signal::INT);
        let ended = started.end();
        let (code, errors) = (ended.code(), ended.errors());
        assert!(code == Some(130) || code == Some(0), "{code:?}");
        assert_eq!(errors.matches("interrupted: ").count(), usize::from(code == Some(130)), "{errors}");
        let half = |name: &String| name.starts_with('.');
        assert!(!folder.names().iter().any(half), "{:?}", folder.names());
        if folder.path("runs").exists() {
            let (report, none) = (errors.contains("holds its report"), errors.contains("but no report"));
            if let Some(run) = folder.names_in("runs").pop().filter(|run| (report || none) && errors.contains(run)) {
                assert_eq!(folder.path(&format!("runs/{run}/report.json")).exists(), report, "{errors}");
            }
            assert!(!folder.names_in("runs").iter().any(half), "{:?}", folder.names_in("runs"));
        }
    }
}

#[test]
fn no_output_overwrites_an_input() {
    let folder = Folder::with("t.csv", "arrival_us,service_us\n0,5\n");
    middleware(&folder, "run --trace t.csv --completions t.csv").exits(2).says("t.csv would overwrite t.csv");
    folder.host("t.csv --report t.csv").exits(2).says("t.csv would overwrite t.csv");
    assert_eq!(folder.text("t.csv"), "arrival_us,service_us\n0,5\n");
}

#[test]
fn more_workers_than_requests_is_a_note_and_empty_shards_have_dashes() {
    let folder = Folder::new();
    let ended: Ended = middleware(&folder, "run --samples 2 --workers 3").succeeds();
    let text = ended.prints("there are more workers (3) than requests (2)").stdout();
    assert!(
        text.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().starts_with(&["3", "0", "0", "-"])),
        "{text}"
    );
}

#[test]
fn the_table_shows_three_of_many_workers() {
    let folder = Folder::new();
    let ended = middleware(&folder, "run --samples 4000 --workers 40 --report all.json").succeeds();
    let text = ended.prints("of 40 workers: the least, the median and the most loaded").stdout();
    assert_eq!(text.lines().filter(|line| line.split_whitespace().nth(1) == Some("100")).count(), 3, "{text}");
    let all: Value = serde_json::from_slice(&folder.read("all.json")).unwrap();
    assert_eq!(workers(&all).len(), 40);
}

#[test]
fn the_newest_twenty_runs_are_kept() {
    let folder = Folder::new();
    for _ in 0..23 {
        middleware(&folder, "run --samples 1 --workers 1").succeeds();
    }
    assert_eq!(folder.names_in("runs").len(), 20);
}

#[test]
fn the_chosen_percentiles_are_reported_and_kept() {
    let folder = Folder::new();
    let run = "run --executor local --samples 2000 --percentiles 0.1,95,99.999 --report r.json";
    let table = middleware(&folder, run).succeeds().stdout();
    assert!(table.contains("p0.1 [") && table.contains("p95 [") && !table.contains("p50 ["), "{table}");
    let json = folder.text("r.json");
    let keys = ["p0_1_ns", "p95_ns", "p99_999_ns", "max_ns"];
    let (_, run) = json.split_once("\"run\": {").unwrap();
    let (_, responses) = run.split_once("\"response_time\": {").unwrap();
    let found: Vec<&str> = responses.split('"').skip(1).step_by(2).take(keys.len()).collect();
    assert_eq!(found, keys);
    let kept = middleware(&folder, "results").succeeds().stdout();
    assert_eq!(kept.matches("\nResponse time p99.999 ").count(), 5, "{kept}");
    assert!(!kept.contains("Response time p50"), "{kept}");
    for (list, rule) in [("50,100", "\"100\" is not a decimal above 0 and below 100"), ("99,95", "p95 follows p99")] {
        middleware(&folder, &format!("run --percentiles {list}")).exits(2).says(rule);
    }
}

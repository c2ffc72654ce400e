//! The Docker executor: containers give the same results as threads, with more workers than containers, with any
//! module, and with restrictions of the containers.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::docker_support::{Workers, docker_results, local_results, wait, with_slow_module};
use crate::stderr::greets;
use crate::support::{Folder, THREE, guest_text};

#[test]
fn containers_give_the_same_bytes_as_threads() {
    let Some(workers) = Workers::up(3) else { return };
    let folder = Folder::new();
    folder.run("tracegen", "--samples 4000 --out t.csv").succeeds();
    for arguments in [
        "--trace t.csv --workers 3 --verify",
        "--samples 30000 --workers 3 --balancer TC --seed 9",
        "--samples 3000 --workers 2 --delay 100 --servers 2",
        "--samples 3000 --workers 3 --capacity 4 --st 40ms --balancer JSQ",
        "--samples 3000 --workers 2 --capacity 0,9 --servers 2,1 --speeds 1,0.5 --balancer LW --verify",
        // There are fewer containers than workers, so worker k is not container k.
        "--samples 7001 --workers 7",
        "--samples 2 --workers 4",
    ] {
        let expected = local_results(&folder, arguments);
        let errors = workers.run_gives(&folder, arguments, &expected);
        assert!(errors.contains("executor: docker, ") && errors.contains(" of 3 containers at "), "{errors}");
        assert!(!errors.contains("tried again"), "{errors}");
    }
    workers.come_to_rest();
}

#[test]
fn a_swapped_module_is_used_in_every_container_and_nothing_is_rebuilt() {
    let Some(workers) = Workers::up(3) else { return };
    let containers = || -> Vec<(Value, Value, Value)> {
        let inspect = |id: &String| {
            let all = workers.engine.inspect(id);
            (all["Id"].clone(), all["Image"].clone(), all["Created"].clone())
        };
        workers.ids().iter().map(inspect).collect()
    };
    let before = containers();
    let folder = Folder::new().and_guest("fifo");
    let report = |module: &str| -> Value {
        let arguments = format!("--samples 3000 --workers 3 {module}");
        workers.run_gives(&folder, &arguments, &local_results(&folder, &arguments));
        serde_json::from_slice(&folder.read("docker.json")).unwrap()
    };
    let [own, other] = [report(""), report("--module fifo.wasm")];
    assert_ne!(own["module"]["sha256"], other["module"]["sha256"]);
    assert_eq!(own["run"], other["run"]);
    assert_eq!(containers(), before);

    // Each container runs the other module: every worker fails.
    let folder = folder.and_module("mine", &guest_text("script").replace("DATA", "QBOXCPL\\n\\01\\00\\00\\00\\20"));
    workers.middleware(&folder, "run --module mine.wasm --samples 9 --workers 3 --report r.json").exits(7);
    let failed: Value = serde_json::from_slice(&folder.read("r.json")).unwrap();
    let classes: Vec<&Value> = failed["workers"].as_array().unwrap().iter().map(|row| &row["error"]["class"]).collect();
    assert_eq!(classes, ["contract"; 3]);
}

#[test]
fn a_failure_of_a_simulator_is_final() {
    let Some(workers) = Workers::up(3) else { return };
    for (failure, code, class) in [
        ("(unreachable)", 5, "trap"),
        ("(loop $for_ever (br $for_ever))", 6, "limit"),
        ("(drop (memory.grow (i32.const 60000)))", 6, "limit"),
        ("(call $completion) (call $completion)", 7, "contract"),
    ] {
        let folder = Folder::new().and_module("mine", &guest_text("second_fails").replace(";; FAILURE", failure));
        let before = workers.engine.docker("info --format {{.SystemTime}}");
        let run = "run --module mine.wasm --samples 12 --workers 3 --delay 1 --limit-time 1 --report";
        let ended = workers.middleware(&folder, &format!("{run} docker.json")).exits(code).says("error: worker 2: ");
        assert!(ended.stdout().contains(&format!("failed ({class})")), "{}", ended.stdout());
        assert!(!ended.errors().contains("tried again"), "{}", ended.errors());
        let after = workers.engine.docker("info --format {{.SystemTime}}");
        let starts = workers.starts(&before, &after);
        assert_eq!(starts.lines().count(), 4, "a start for the preflight and one for each worker: {starts}");

        folder.run("middleware", &format!("{run} local.json --executor local")).exits(code);
        assert_eq!(folder.text("docker.json"), folder.text("local.json"));
    }
}

#[test]
fn a_simulators_stderr_comes_from_its_container() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = Folder::with("trace.csv", THREE).and_module("greets", &greets().text());
    let run = "run --trace trace.csv --workers 2 --module greets.wasm --stderr";
    let errors = workers.middleware(&folder, run).succeeds().errors();
    let of_second = errors.lines().filter(|line| *line == "note: stderr of worker 2: hi\\u{1b}").count();
    assert_eq!(of_second, 1, "{errors}");
}

#[test]
fn containers_are_hardened() {
    let Some(workers) = Workers::up(2) else { return };
    let [all, other] = [0, 1].map(|number| workers.engine.inspect(&workers.ids()[number]));
    let host = &all["HostConfig"];
    for (key, value) in [
        ("ReadonlyRootfs", json!(true)),
        ("NetworkMode", json!("none")),
        ("CapDrop", json!(["ALL"])),
        ("CapAdd", Value::Null),
        ("Privileged", json!(false)),
        ("Memory", json!(1408 << 20)),
        ("MemorySwap", json!(1408 << 20)),
        ("NanoCpus", json!(1_000_000_000)),
        ("PidsLimit", json!(64)),
        ("Init", json!(true)),
        ("LogConfig", json!({"Type": "json-file", "Config": {"max-size": "1m", "max-file": "2"}})),
    ] {
        assert_eq!(host[key], value, "{key}");
    }
    assert!(host["SecurityOpt"].as_array().unwrap().iter().any(|option| {
        option.as_str().is_some_and(|option| option.starts_with("no-new-privileges") && !option.ends_with("false"))
    }));
    assert_eq!(all["Config"]["User"], "65534:65534");
    let mounts = |container: &Value| -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mounts = container["Mounts"].as_array().unwrap().iter();
        mounts.map(|mount| (text(&mount["Destination"]), text(&mount["Name"]))).collect()
    };
    let [(folder, volume), (_, others)] = [&all, &other].map(|container| {
        let [mount] = mounts(container).try_into().expect("one volume");
        mount
    });
    assert_eq!(folder, "/job", "nothing of this machine");
    assert_ne!(volume, others, "nothing of another worker");
}

#[test]
fn the_module_runs_in_containers_alone_and_its_preflight_once() {
    let Some(workers) = Workers::up(2) else { return };
    let folder = with_slow_module();
    let starts = |arguments: &str| {
        let before = workers.engine.docker("info --format {{.SystemTime}}");
        let started = workers.middleware(&folder, &format!("run --module slow.wasm {arguments}")).start();
        workers.wait_until_one_runs();
        // Each compiled module has a thread with this name.
        let threads = std::fs::read_dir(format!("/proc/{}/task", started.child.id())).unwrap();
        let names = threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("comm")).unwrap());
        let names: Vec<String> = names.collect();
        assert!(!names.iter().any(|name| name == "tick\n"), "{names:?}");
        let run = started.end();
        assert_eq!(run.code(), Some(0), "{}", run.errors());
        let after = workers.engine.docker("info --format {{.SystemTime}}");
        workers.starts(&before, &after).lines().count()
    };
    assert_eq!(starts("--samples 6000 --workers 2"), 3);
    assert_eq!(starts("--samples 7000 --workers 2"), 2, "it is remembered");
    assert_eq!(starts("--samples 7000 --workers 2 --st 5"), 3, "with other settings it is made again");

    // Errors of compilation are found there too.
    let folder = Folder::with("mine.wasm", b"\0asm\x01\0\0\0");
    let run = workers.middleware(&folder, "run --module mine.wasm --samples 9 --workers 2");
    run.exits(4).says("error: mine.wasm: it does not export its \"memory\"");
    assert_eq!(folder.names(), ["mine.wasm"]);
}

#[test]
fn a_module_may_use_its_whole_memory() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = Folder::new().and_module("large", &large_module(250));
    let arguments = "--module large.wasm --samples 100 --workers 1";
    workers.run_gives(&folder, arguments, &local_results(&folder, arguments));
}

/// A simulator that takes and touches `mib` MiB of memory when it has a request.
pub(crate) fn large_module(mib: u32) -> String {
    let serve = "(func $serve (param $request i32) (param $completion i32)";
    let text = guest_text("fifo");
    assert!(text.contains(serve));
    let take = format!(
        "{serve} (local $arrival i64) (local $at i32)
         (if (i32.lt_u (memory.size) (i32.const {pages})) (then
           (drop (memory.grow (i32.const {pages})))
           (local.set $at (i32.const 0x30000))
           (loop $touch
             (i32.store (local.get $at) (i32.const 1))
             (local.set $at (i32.add (local.get $at) (i32.const 4096)))
             (br_if $touch (i32.lt_u (local.get $at) (i32.mul (i32.const {pages}) (i32.const 0x10000)))))))",
        pages = mib * 16
    );
    let rest = text.replacen("    (local $arrival i64)\n", "", 1);
    rest.replace(serve, &take)
}

#[test]
fn two_runs_at_once_wait_for_each_other() {
    let Some(workers) = Workers::up(2) else { return };
    let folders = [with_slow_module(), with_slow_module()];
    let arguments = "--module slow.wasm --samples 12000 --workers 2";
    let expected = local_results(&folders[0], arguments);
    let started = folders.each_ref().map(|folder| workers.run(folder, arguments).start());
    let ended = started.map(|run| run.end());
    let waited = ended.iter().filter(|ended| ended.errors().contains("another run uses the workers")).count();
    assert_eq!(waited, 1);
    for (ended, folder) in ended.iter().zip(&folders) {
        assert_eq!(ended.code(), Some(0), "{}", ended.errors());
        docker_results(folder).must_be(&expected, "two at once");
    }
    workers.come_to_rest();
}

#[test]
fn a_run_that_can_not_have_the_workers_names_the_lock() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = Folder::new();
    // A lock whose owner lives.
    let mut hold =
        workers.engine.cli(&format!("run -i --rm --network none --name {} queuebox-worker hold", workers.lock()));
    let mut owner = hold.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait("the lock does not run", Duration::from_secs(10), || {
        let state = workers.engine.try_docker(&format!("inspect --format {{{{.State.Running}}}} {}", workers.lock()));
        state.as_deref() == Some("true")
    });
    workers.middleware(&folder, "run --samples 10 --workers 1").exits(8).says("another run").says(&workers.lock());
    assert_eq!(folder.names(), [] as [String; 0]);
    // After it is gone, the next run has the workers.
    drop(owner.stdin.take());
    owner.wait().unwrap();
    let mut errors = String::new();
    owner.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert_eq!(errors, "");
    workers.middleware(&folder, "run --samples 10 --workers 1").succeeds();
}

#[test]
fn results_are_fetched_from_the_volume() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = Folder::new();
    workers.middleware(&folder, "run --samples 50 --workers 2").succeeds();
    let first = folder.only_in("runs").replace("runs/", "");
    let expected = workers.middleware(&folder, "results").succeeds().stdout();
    workers.middleware(&folder, "run --samples 70 --workers 1").succeeds();
    let other = workers.middleware(&folder, "results").succeeds().stdout();
    assert_ne!(expected, other);
    let elsewhere = Folder::new();
    let results = |arguments: &str| workers.middleware(&elsewhere, arguments);
    assert_eq!(results(&format!("results {first}")).succeeds().stdout(), expected);
    assert_eq!(results("results").succeeds().stdout(), other);
    results("results 20010101T000000.000000Z-abcdef").exits(2).says("20010101T000000.000000Z-abcdef");
    results("results ../../etc").exits(2);
    assert_eq!(elsewhere.names(), [] as [String; 0]);
}

#[test]
fn the_last_20_runs_on_the_volume_are_kept_and_a_note_names_the_others() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = Folder::new();
    let old: Vec<String> = (10..35).map(|second| format!("20010101T0000{second}.000000Z-abcdef")).collect();
    for run in &old {
        std::fs::create_dir_all(folder.path("runs").join(run)).unwrap();
    }
    let folder = folder.and("last", old[5..].join("\n"));
    let results = workers.engine.docker(&format!(
        "ps -aq --filter label=com.docker.compose.project={} --filter label=com.docker.compose.service=results",
        workers.project
    ));
    // Older than the runs of earlier tests, which are on this volume too, and owned by the container's user.
    let mut pack = Command::new("tar");
    pack.args(["--owner=65534", "--group=65534", "--mtime=2001-01-01", "-cf", "old.tar", "runs", "last"]);
    assert!(pack.current_dir(folder.path("")).status().unwrap().success());
    let mut unpack = workers.engine.cli(&format!("cp - {results}:/shared"));
    assert!(unpack.stdin(File::open(folder.path("old.tar")).unwrap()).status().unwrap().success());
    let elsewhere = Folder::new();
    let errors = workers.middleware(&elsewhere, "run --samples 10 --workers 1").succeeds().errors();
    let run = elsewhere.only_in("runs").replace("runs/", "");
    let note = errors.lines().find(|line| line.starts_with("note: the workers' volume: ")).unwrap();
    assert!(
        old[..6].iter().all(|run| note.contains(run)) && note.ends_with("MiB); the last 20 stay, up to 10 GiB"),
        "{note}"
    );

    let to = elsewhere.path("shared").display().to_string();
    workers.engine.docker(&format!("cp {results}:/shared {to}"));
    let kept = elsewhere.names_in("shared/runs");
    assert_eq!((kept.len(), kept.last()), (20, Some(&run)));
    assert_eq!(elsewhere.text("shared/last"), run);
}

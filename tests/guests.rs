//! A module written by hand from the contract replaces `sim.wasm`, without any code of the project.

use crate::support::{Folder, THREE};

#[test]
fn a_hand_written_module_gives_the_delays_of_the_default_one() {
    let folder = Folder::new().and_guest("fifo");
    // Some 30,000 requests are 22 chunks of 64 KiB, none of which ends with a whole record by itself.
    folder.run("tracegen", "--samples 30000 --concurrency 3 --inter-arrival 10 --out trace.csv").succeeds();
    folder.host("trace.csv --st 3 --completions ours.csv").succeeds();
    folder.host_with("fifo", "trace.csv --st 3 --completions theirs.csv").succeeds();
    assert_eq!(folder.text("ours.csv").lines().count(), 30_001);
    assert!(folder.text("ours.csv") == folder.text("theirs.csv"));
}

#[test]
fn a_module_is_swapped_by_its_name_alone() {
    let folder = Folder::with("trace.csv", THREE).and_guest("fifo");
    let bytes = folder.read("fifo.wasm");
    let folder = folder.and("sim.wasm", bytes);
    let sha = |ended: crate::support::Ended| ended.json()["module"]["sha256"].as_str().unwrap().to_owned();
    let named = sha(folder.host_with("fifo", "trace.csv --json").succeeds());
    let by_setting = sha(folder.run("host", "trace.csv --json").env("MODULE", "fifo.wasm").succeeds());
    // MODULE's default is the sim.wasm of the current directory.
    let found = sha(folder.run("host", "trace.csv --json").succeeds());
    let default = sha(folder.host("trace.csv --json").succeeds());
    assert_eq!([&named, &named], [&by_setting, &found]);
    assert_ne!(named, default);
    folder
        .host_with("fifo", "trace.csv")
        .succeeds()
        .notes("the simulator decides the order of service itself")
        .prints(&format!("Module fifo.wasm (SHA-256 {})\n\nAverage delay in queue", &named[..16]));
}

#[test]
fn an_unsupported_setting_is_rejected() {
    let folder = Folder::with("trace.csv", THREE).and_guest("fifo");
    folder
        .host_with("fifo", "trace.csv --servers 2")
        .exits(2)
        .says("error: fifo.wasm: SERVERS=2: the module does not support SERVERS (capability bit 1 is not set)");
}

#[test]
fn a_module_gets_the_settings_of_the_model_and_its_arguments_alone() {
    let folder = Folder::with("trace.csv", THREE).and_guest("environment");
    let environment = "SIM_CONTRACT=1 ST_NS=1500000 SERVICE=deterministic SERVERS=3 DISCIPLINE=sjf CAPACITY=7 DELAY=9 \
                PATIENCE_NS=250000 PATIENCE=exponential WORKER=2 WORKERS=5 SEED=11 sim --one two";
    folder
        .host_with(
            "environment",
            "trace.csv --st 1.5 --service deterministic --servers 3 --discipline sjf --capacity 7 --delay 9 --patience exponential:250us --worker 2 \
             --workers 5 --seed 11 -- --one two",
        )
        .env("HOME", "/root")
        .env("SECRET", "1")
        .exits(5)
        .says(&format!("stderr: {environment}\n"));
    let defaults = "SIM_CONTRACT=1 ST_NS=10000000 SERVICE=exponential SERVERS=1 DISCIPLINE=fifo CAPACITY=0 DELAY=0 \
                    PATIENCE_NS=0 PATIENCE=deterministic WORKER=1 WORKERS=1 SEED=1 sim";
    folder.host_with("environment", "trace.csv").env("WORKERS", "4").exits(5).says(&format!("stderr: {defaults}\n"));
}

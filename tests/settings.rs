//! Precedence of settings: flags over the environment over `.env.general` over the shipped defaults.

use crate::support::{Folder, THREE};

/// The folder's host with `flags` and `environment` reports `key` as `value`.
fn reports(folder: &Folder, flags: &str, environment: &[(&str, &str)], key: &str, value: u64) {
    let mut run = folder.host(&format!("trace.csv --json {flags}"));
    for (key, value) in environment {
        run = run.env(key, value);
    }
    let report = run.succeeds().json();
    assert_eq!(report["settings"][key], value, "{flags} {environment:?}");
}

#[test]
fn a_flag_overrides_the_environment_and_that_the_file() {
    let folder = Folder::with("trace.csv", THREE);
    reports(&folder, "", &[], "SERVERS", 1);
    let folder = folder.and(".env.general", "# two\nSERVERS=2\n").and("other", "SERVERS=5\nDELAY=2\n");
    reports(&folder, "", &[], "SERVERS", 2);
    reports(&folder, "", &[("SERVERS", "3")], "SERVERS", 3);
    reports(&folder, "", &[("SERVERS", "")], "SERVERS", 2);
    reports(&folder, "--servers 4", &[("SERVERS", "3")], "SERVERS", 4);
    reports(&folder, "--env-file other", &[], "SERVERS", 5);
    reports(&folder, "--env-file other", &[("DELAY", "1")], "DELAY", 1);
}

#[test]
fn settings_from_the_environment_are_reported() {
    let folder = Folder::with("trace.csv", THREE);
    folder.host("trace.csv").env("SERVERS", "3").succeeds().says("note: from the environment: SERVERS=3\n");
}

#[test]
fn an_unknown_key_is_reported_with_its_line_and_the_nearest_one() {
    let folder = Folder::with("trace.csv", THREE).and(".env.general", "TESTNO=9\nSEVERS=2\n");
    let ended = folder.host("trace.csv").succeeds();
    ended
        .says(".env.general:1: TESTNO is not a setting of Queuebox, so it changes nothing\n")
        .says(".env.general:2: SEVERS is not a setting of Queuebox, so it changes nothing; did you mean SERVERS?\n");
}

#[test]
fn an_invalid_setting_is_reported_with_its_origin() {
    let refused = |file: &str, flags: &str, error: &str| {
        let folder = Folder::with("trace.csv", THREE).and(".env.general", file);
        folder.host(&format!("trace.csv {flags}")).exits(2).says(&format!("error: {error}"));
    };
    refused("\nSERVERS=0\n", "", ".env.general:2: SERVERS=0 must be an integer from 1 to 1000000");
    refused("", "--servers x", "flag: SERVERS=x must be an integer");
    refused("", "--delay -1", "flag: DELAY=-1 must be an integer");
    refused("", "--st 5parsec", "flag: ST=5parsec must be a duration such as 250us, 3ms, 1.5s");
    refused("", "--service normal:1", "flag: SERVICE=normal:1 must be one of exponential, deterministic, erlang:K, ");
    refused("", "--discipline f.ifo", "flag: DISCIPLINE=f.ifo must be a lower-case word");
    refused("SERVERS=1\nSERVERS=1\n", "", ".env.general:2: SERVERS is set a second time; line 1 sets it first");
    refused("SERVERS\n", "", ".env.general:1: \"SERVERS\" is not KEY=VALUE");
    refused("", "--env-file nowhere", "nowhere: No such file");
}

#[test]
fn a_command_takes_and_explains_its_own_settings_only() {
    let help = Folder::new().run("middleware", "describe --help").succeeds();
    help.prints("The service:\n").prints("--st <ST>").prints("[default: 10ms]").prints("- erlang:K: ");
    let help = Folder::new().run("middleware", "describe --help").succeeds().stdout();
    assert!(!help.contains("--balancer") && !help.contains("--samples"), "{help}");
    Folder::with("trace.csv", THREE).run("middleware", "describe trace.csv --balancer RR").exits_as_usage();
}

#[test]
fn the_module_beside_the_program_is_taken_if_none_is_here() {
    let folder = Folder::with("trace.csv", THREE);
    for command in ["host trace.csv", "queuebox host trace.csv"] {
        folder.shell(command).succeeds().prints("/bin/sim.wasm (SHA-256 ");
    }
    let folder = folder.and("sim.wasm", "no module");
    folder.shell("host trace.csv").exits(4);
}

#[test]
fn what_is_odd_about_a_run_is_said() {
    let folder = Folder::with("trace.csv", THREE);
    folder
        .host("trace.csv --delay 1000")
        .succeeds()
        .notes("DELAY=1000 was not reached by 1 of 1 worker(s): the longest of their shards has 3 requests");
    let rows: String = (0..40).map(|row| format!("{row},{}\n", if row < 38 { 2 } else { 1 })).collect();
    let busy = Folder::with("trace.csv", format!("arrival_ms,service_ms\n{rows}"));
    busy.host("trace.csv").succeeds().notes("the trace offers 2.00 times what 1 worker(s) of 1 server(s) can serve");
}

#[test]
fn durations_without_unit_are_in_milliseconds() {
    let folder = Folder::with("trace.csv", "arrival_ms\n0\n");
    for (st, ns) in [
        ("3", 3_000_000),
        ("1.5", 1_500_000),
        ("5 ms", 5_000_000),
        ("500µs", 500_000),
        ("1e-3s", 1_000_000),
        ("5m", 300_000_000_000),
        ("0", 0),
    ] {
        reports(&folder, "", &[("ST", st)], "ST_NS", ns);
    }
    folder.host("trace.csv --st 1e-10s").exits(2).says("flag: ST=1e-10s would become 0 ns");
}

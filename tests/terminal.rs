//! What users see in a terminal: colour, width, progress, `--quiet`, and how an interruption is reported.

use std::fs;
use std::io::Write as _;

use rustix::process::{Pid, Signal, kill_process};

use crate::middleware::middleware;
use crate::support::{Folder, Run, many_rows, sim_wasm};

/// `line` of the shell in a terminal of 24 rows and `columns` columns: what appears there, with its escapes.
fn terminal(folder: &Folder, columns: u32, line: &str, variables: &[(&str, &str)]) -> String {
    let inner = format!("stty rows 24 cols {columns}; {line}");
    let run = folder.shell(&format!("script -qec '{inner}' /dev/null")).env("TERM", "xterm");
    variables.iter().fold(run, |run, (key, value)| run.env(key, value)).end().stdout().replace("\r\n", "\n")
}

/// `text` without escapes of the kind `ESC [ … letter`.
fn without_escapes(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let first = parts.next().unwrap().to_owned();
    let rest = parts.map(|part| part.split_once(|letter: char| letter.is_ascii_alphabetic()).unwrap().1);
    first + &rest.collect::<String>()
}

#[test]
fn colour_is_for_terminals_and_never_with_no_color() {
    let folder = Folder::with("sim.wasm", fs::read(sim_wasm()).unwrap());
    let wrong = "middleware run --workers 0";
    let error = "error: flag: WORKERS=0 must be an integer from 1 to 4096\n";
    let coloured = terminal(&folder, 80, wrong, &[]);
    assert!(coloured.contains("\u{1b}[31merror:\u{1b}[0m flag: "), "{coloured:?}");
    assert_eq!(without_escapes(&coloured), error);
    assert_eq!(terminal(&folder, 80, wrong, &[("NO_COLOR", "1")]), error);
    folder.run("middleware", "run --workers 0").exits(2).says(error);

    let run = "middleware run --executor local --samples 4000 --quiet";
    let table = terminal(&folder, 80, run, &[]);
    assert!(table.contains("\u{1b}[1mworker  offered"), "{table:?}");
    let plain = terminal(&folder, 80, run, &[("NO_COLOR", "1")]);
    let lines = |text: &str| text.lines().take_while(|line| !line.starts_with("The report")).count();
    assert!(!plain.contains('\u{1b}') && lines(&plain) == lines(&without_escapes(&table)), "{plain:?}");
}

#[test]
fn tables_and_progress_are_as_wide_as_the_terminal() {
    let folder = Folder::with("sim.wasm", fs::read(sim_wasm()).unwrap());
    for columns in [40, 60, 80, 140] {
        let text =
            without_escapes(&terminal(&folder, columns, "middleware run --executor local --samples 400000", &[]));
        let progress: Vec<&str> = text.split(['\r', '\n']).filter(|line| line.starts_with("simulating")).collect();
        assert!(!progress.is_empty(), "{text}");
        let rows = text.lines().filter(|line| line.trim_start().starts_with(['1', '2', '3', '4', '─']));
        for line in progress.into_iter().chain(rows) {
            assert!(line.chars().count() <= columns as usize, "{columns}: {line}");
        }
        assert_eq!(text.contains("p99.9 [ms]"), columns == 140, "{text}");
    }
}

#[test]
fn quiet_programs_print_warnings_and_errors_alone() {
    let folder = Folder::with(".env.general", "ST=3ns\n").and("t.csv", "arrival_us\n0\n2\n");
    let quiet = |run: Run| drop(run.succeeds().says_nothing());
    middleware(&folder, "run --samples 1000").succeeds().says("note: module: ");
    quiet(middleware(&folder, "run --quiet --samples 1000"));
    quiet(middleware(&folder, "--quiet run --samples 1000"));
    // Notes on the run are a part of what is printed.
    folder.host("t.csv").succeeds().says_nothing().notes("service times are rounded");
    folder.host("t.csv --quiet").succeeds().says_nothing().notes("service times are rounded");
    let partition = "partition --trace t.csv --workers 2 --out";
    middleware(&folder, &format!("{partition} told")).succeeds().says("note: service times are rounded");
    quiet(middleware(&folder, &format!("{partition} quiet -q")));
    let tracegen = "--samples 1000 --format records --out t.records";
    folder.run("tracegen", tracegen).succeeds().says("note: service times are rounded");
    quiet(folder.run("tracegen", &format!("{tracegen} -q")));
    let folder = folder.and(".env.general", "ST=3ns\nNOTHING=1\n");
    let ended = folder.host("t.csv --quiet").succeeds().says("warning: ");
    assert_eq!(ended.errors().lines().count(), 1, "{}", ended.errors());
    folder.host("t.csv --quiet --servers 0").exits(2).says("error: flag: SERVERS=0");
}

#[test]
fn an_interruption_is_reported_with_what_is_left() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let folder = Folder::new();
        let host = folder.host("- --quiet --completions out.csv").start();
        host.child.stdin.as_ref().unwrap().write_all(&many_rows()).unwrap();
        folder.wait_for_a_file();
        kill_process(Pid::from_child(&host.child), signal).unwrap();
        let ended = host.end();
        assert_eq!((ended.code(), ended.errors()), (Some(code), "interrupted: nothing was written\n".to_owned()));
    }
    let folder = Folder::new();
    let line = "timeout -s INT 0.3 tracegen --samples 100000000 >t.csv";
    assert_eq!(folder.shell(line).end().errors(), "interrupted: standard output is incomplete\n");
}

//! `.env.general` and `docs/settings.md` are generated from the definitions of the settings.

use std::fmt::Write as _;

use clap::builder::PossibleValue;
use clap::{Arg, Args as _, Command};

use super::RunSettings;

/// Set, the tests write the files instead of comparing them: `make settings`.
const WRITE: &str = "QUEUEBOX_WRITE_SETTINGS";

const ENV_HEAD: &str = "\
# Every setting of Queuebox, with its default. Each program reads the file of this name in the current directory; an
# environment variable overrides it, and a flag (--inter-arrival for INTER_ARRIVAL) overrides both.
# KEY=VALUE, a # only at the start of a line, no quotes; an empty value unsets the setting, including its default.
# Durations take a unit (250us, 3ms, 1.5s, 5m, 1h); a bare number is in milliseconds.
# The project's own copy of this file is generated: make settings.
";

const MARKDOWN_HEAD: &str = "\
<!-- Generated from the definitions of the settings: make settings. -->

# Settings

Four sources give a setting its value; a later one overrides an earlier one:

1. its default, which [.env.general](../.env.general) lists;
2. the file `.env.general` in the current directory, or the file that `--env-file FILE` names, which must exist;
3. an environment variable of its name, unless that is empty (`make run WORKERS=8` sets one);
4. a flag: `--inter-arrival` for INTER_ARRIVAL.

An empty value in the file or of a flag unsets the setting, including its default. A run that needs the setting then refuses it.
Settings that a run does not use are not checked. Environment variables that were taken are named in one note.

Lines of the file are `KEY=VALUE`. Blanks around key and value are dropped, `#` begins a comment only at the start of a line, and
quoted values are not supported. A key twice is an error; an unknown key is a warning, with the nearest known one.

Durations are a number and a unit: `ns`, `us` or `µs`, `ms`, `s`, `m`, `h`, with or without a space between them; `1e-3s` is
1 ms. A bare number is in milliseconds. A duration is cut to whole nanoseconds, is at most 2⁵³ ns (104 days), and is refused if
it is above 0 and would become 0. Names are accepted in capital and small letters.
";

/// One setting.
struct Definition {
    key: String,
    flag: String,
    heading: String,
    /// Its help, a paragraph each.
    help: Vec<String>,
    default: String,
    /// What it accepts.
    rule: String,
    options: Vec<PossibleValue>,
}

fn definitions() -> Vec<Definition> {
    RunSettings::augment_args(Command::new("settings")).get_arguments().map(definition).collect()
}

fn definition(arg: &Arg) -> Definition {
    let help = arg.get_long_help().or(arg.get_help()).expect("each setting has help").to_string();
    Definition {
        key: arg.get_env().expect("each setting has an environment variable").to_str().unwrap().to_owned(),
        flag: format!("--{}", arg.get_long().expect("each setting has a flag")),
        heading: arg.get_help_heading().expect("each setting has a heading").to_owned(),
        help: help.split("\n\n").map(|paragraph| format!("{}.", paragraph.trim_end_matches('.'))).collect(),
        default: arg.get_default_values()[0].to_str().unwrap().to_owned(),
        rule: rule(arg),
        options: arg.get_possible_values(),
    }
}

/// What the setting accepts: what it reports for a text that no rule accepts.
fn rule(arg: &Arg) -> String {
    let wrong = format!("--{}=?", arg.get_long().unwrap());
    match Command::new("settings").arg(arg.clone()).try_get_matches_from(["settings", &wrong]) {
        Ok(_) => "text".to_owned(),
        Err(error) => {
            let text = error.to_string();
            text.trim_start_matches("error: must be ").split([';', '\n']).next().unwrap().to_owned()
        }
    }
}

/// Calls `each` for every setting, and `begin` before the first of each heading.
fn by_heading(text: &mut String, begin: impl Fn(&mut String, &str), each: impl Fn(&mut String, &Definition)) {
    let definitions = definitions();
    let mut headings: Vec<&str> = Vec::new();
    for Definition { heading, .. } in &definitions {
        if !headings.contains(&heading.as_str()) {
            headings.push(heading);
        }
    }
    for heading in headings {
        begin(text, heading);
        definitions
            .iter()
            .filter(|definition| definition.heading == heading)
            .for_each(|definition| each(text, definition));
    }
}

/// The options that have help, with it.
fn described(options: &[PossibleValue]) -> impl Iterator<Item = (&str, String)> {
    options.iter().filter_map(|option| Some((option.get_name(), option.get_help()?.to_string())))
}

fn env_general() -> String {
    let mut text = ENV_HEAD.to_owned();
    let begin = |text: &mut String, heading: &str| write!(text, "\n## {heading}\n\n").unwrap();
    by_heading(&mut text, begin, |text, Definition { key, help, default, rule, options, .. }| {
        help.iter().for_each(|paragraph| writeln!(text, "# {paragraph}").unwrap());
        if options.iter().any(|option| option.get_help().is_some()) {
            described(options).for_each(|(name, help)| writeln!(text, "#   {name}: {help}.").unwrap());
        } else if !options.is_empty() {
            writeln!(text, "# {}.", rule.replacen('o', "O", 1)).unwrap();
        }
        writeln!(text, "{key}={default}").unwrap();
    });
    text
}

fn settings_md() -> String {
    let mut text = MARKDOWN_HEAD.to_owned();
    let begin = |text: &mut String, heading: &str| {
        write!(text, "\n## {heading}\n\n| setting | flag | default | value | meaning |\n|---|---|---|---|---|\n")
            .unwrap();
    };
    by_heading(&mut text, begin, |text, Definition { key, flag, help, default, rule, .. }| {
        let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
        writeln!(text, "| {key} | `{flag}` | {default} | {rule} | {} |", help.join(" ")).unwrap();
    });
    for Definition { key, options, .. } in definitions() {
        let rows: String = described(&options).map(|(name, help)| format!("| `{name}` | {help} |\n")).collect();
        if !rows.is_empty() {
            write!(text, "\n## Values of {key}\n\n| value | meaning |\n|---|---|\n{rows}").unwrap();
        }
    }
    text
}

fn is_fresh(path: &str, generated: &str, committed: &str) {
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR")), generated).unwrap();
    } else {
        assert!(generated == committed, "{path} is not what the settings define: make settings writes it");
    }
}

#[test]
fn env_general_is_generated() {
    is_fresh(".env.general", &env_general(), include_str!("../../../.env.general"));
}

#[test]
fn settings_md_is_generated() {
    is_fresh("docs/settings.md", &settings_md(), include_str!("../../../docs/settings.md"));
}

/// An environment variable or a line of a file reaches a setting by its key, a flag by its id.
#[test]
fn each_key_is_its_flag_in_capitals() {
    for Definition { key, flag, .. } in definitions() {
        assert_eq!(key, flag.trim_start_matches('-').replace('-', "_").to_ascii_uppercase());
    }
}

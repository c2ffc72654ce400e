//! Tests of [`super`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, Command, FromArgMatches as _};

use super::parse::{Parsed, Refused, read};
use super::*;

#[derive(Debug, Args)]
struct Group {
    /// Requests.
    #[arg(long, env, default_value = "7", value_parser = count(1..=9))]
    samples: Setting<u64>,
    /// Time.
    #[arg(long, env, default_value = "10ms", value_parser = duration(1))]
    inter_arrival: Setting<u64>,
    /// Mean.
    #[arg(long, env, default_value = "8", value_parser = number())]
    mean: Setting<f64>,
    /// Word.
    #[arg(long, env, default_value = "fifo", value_parser = word())]
    discipline: Setting<String>,
    /// Choice.
    #[arg(long, env, default_value = "RR", value_parser = one_of([("R", 1u8), ("RR", 2)].map(|(name, value)| (name.into(), value))))]
    balancer: Setting<u8>,
    /// Path.
    #[arg(long, env, default_value = "", value_parser = optional(text("a trace")))]
    trace: Setting<Option<String>>,
    /// Several.
    #[arg(long, env, default_value = "", value_parser = optional(text("a module")))]
    module: Vec<Setting<Option<String>>>,
    /// For each worker.
    #[arg(long, env, default_value = "1", value_parser = list(count(1..=9)))]
    servers: Setting<Vec<u64>>,
    /// A flag whose name is a setting elsewhere.
    #[arg(long, default_value_t = 1)]
    workers: u32,
}

/// A call with a file `f`, an environment, and flags.
fn call(file: &str, environment: &[(&str, &str)], flags: &[&str]) -> (Group, Parsed) {
    let defined =
        Command::new("queuebox").subcommand(Group::augment_args(Command::new("sub"))).subcommand(Command::new("bare"));
    let variable = |key: &str| environment.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned());
    let open = |named: Option<&Path>| {
        Ok(Some((named.map_or("f".into(), PathBuf::from), file.to_owned())).filter(|(_, text)| !text.is_empty()))
    };
    let parsed = read(defined, [&["queuebox", "sub"], flags].concat(), variable, open).unwrap();
    let group = Group::from_arg_matches(parsed.matches.subcommand().unwrap().1).unwrap();
    (group, parsed)
}

fn refusal<T: Clone + std::fmt::Debug>(setting: &Setting<T>) -> String {
    setting.get().unwrap_err().to_string()
}

#[test]
fn flag_over_environment_over_file_over_default() {
    let samples = |file, environment: &[_], flags: &[_]| call(file, environment, flags).0.samples.get().unwrap();
    assert_eq!(samples("", &[], &[]), 7);
    assert_eq!(samples("SAMPLES=2", &[], &[]), 2);
    assert_eq!(samples("SAMPLES=2", &[("SAMPLES", "3")], &[]), 3);
    assert_eq!(samples("SAMPLES=2", &[("SAMPLES", "")], &[]), 2);
    assert_eq!(samples("SAMPLES=2", &[("SAMPLES", "3")], &["--samples", "4"]), 4);
}

#[test]
fn an_error_names_the_origin_of_the_value() {
    let refused = |file, environment: &[_], flags: &[_]| refusal(&call(file, environment, flags).0.samples);
    assert_eq!(refused("#\nSAMPLES=x", &[], &[]), "f:2: SAMPLES=x must be an integer from 1 to 9");
    assert_eq!(refused("SAMPLES=x", &[], &["--env-file", "g"]), "g:1: SAMPLES=x must be an integer from 1 to 9");
    assert_eq!(refused("", &[("SAMPLES", "0")], &[]), "environment: SAMPLES=0 must be an integer from 1 to 9");
    assert_eq!(refused("", &[], &["--samples", "-1"]), "flag: SAMPLES=-1 must be an integer from 1 to 9");
    assert_eq!(refused("", &[], &["--samples", "1\n"]), "flag: SAMPLES=1\\n must be an integer from 1 to 9");
}

#[test]
fn a_list_has_one_value_or_several() {
    let servers = |text: &str| call("", &[("SERVERS", text)], &[]).0.servers;
    assert_eq!((servers("4").get().unwrap(), servers("4,2").get().unwrap()), (vec![4], vec![4, 2]));
    let rule = "must be an integer from 1 to 9, or one for each worker, separated by commas";
    assert_eq!(refusal(&servers("4;2")), format!("environment: SERVERS=4;2 {rule}"));
    for (wrong, place, value) in [("4,", 2, ""), (",", 1, ""), ("4,0", 2, "0"), ("4, 2", 2, " 2")] {
        let rule = format!("has the value \"{value}\" for worker {place}, which must be an integer from 1 to 9");
        assert_eq!(refusal(&servers(wrong)), format!("environment: SERVERS={wrong} {rule}"));
    }
}

#[test]
fn unknown_lines_and_environment_variables_are_reported() {
    let (group, parsed) = call("TESTNO=9\nSAMPELS=1\nMEAN=5", &[("MEAN", "4"), ("WORKERS", "9")], &[]);
    assert_eq!(
        parsed.warnings,
        [
            "f:1: TESTNO is not a setting of Queuebox, so it changes nothing",
            "f:2: SAMPELS is not a setting of Queuebox, so it changes nothing; did you mean SAMPLES?",
        ]
    );
    assert_eq!(parsed.taken, ["MEAN=4"]);
    assert_eq!((group.mean.given(), group.samples.given()), (Some("MEAN"), None));
    assert_eq!(parsed.sources.file(), Some(Path::new("f")));
}

#[test]
fn an_empty_text_unsets() {
    let (group, parsed) = call("SAMPLES=\nDISCIPLINE=\nTRACE=a.csv", &[], &["--balancer="]);
    assert_eq!(refusal(&group.samples), "f:1: SAMPLES= must be an integer from 1 to 9");
    assert_eq!(refusal(&group.discipline), "f:2: DISCIPLINE= must be a lower-case word");
    assert_eq!(refusal(&group.balancer), "flag: BALANCER= must be one of R, RR");
    assert_eq!(group.trace.get().unwrap().as_deref(), Some("a.csv"));
    let texts: Vec<_> = parsed.sources.texts().iter().map(|(key, text)| (key.as_str(), text.as_str())).collect();
    assert_eq!(texts, [("INTER_ARRIVAL", "10ms"), ("MEAN", "8"), ("SERVERS", "1"), ("TRACE", "a.csv")]);
    assert_eq!(call("TRACE=a.csv\n", &[], &["--trace="]).0.trace.get(), Ok(None));
}

#[test]
fn a_flag_may_be_given_several_times_if_its_setting_has_several_values() {
    let values = |file, environment: &[_], flags: &[_]| {
        let (group, parsed) = call(file, environment, flags);
        let values: Vec<_> = group.module.iter().map(|setting| setting.get().unwrap().unwrap_or_default()).collect();
        (values.join("|"), parsed.sources.texts().get("MODULE").cloned().unwrap_or_default())
    };
    let one = |text: &str| (text.to_owned(), text.to_owned());
    assert_eq!(values("", &[], &[]), one(""));
    assert_eq!(values("MODULE=a b", &[], &[]), one("a b"));
    assert_eq!(values("MODULE=a", &[("MODULE", "b")], &[]), one("b"));
    assert_eq!(values("", &[("MODULE", "b")], &["--module", "c"]), one("c"));
    let several = ["--module", "c", "--samples", "3", "--module=d"];
    assert_eq!(values("", &[("MODULE", "b")], &several), ("c|d".to_owned(), "c\nd".to_owned()));
    let defined = Command::new("queuebox").subcommand(Group::augment_args(Command::new("sub")));
    let twice = ["queuebox", "sub", "--samples", "1", "--samples", "2"];
    assert!(matches!(read(defined, twice, |_| None, |_| Ok(None)), Err(Refused::Arguments(_))));
}

#[test]
fn only_settings_take_texts_of_the_file() {
    assert_eq!(call("WORKERS=5", &[("WORKERS", "6")], &[]).0.workers, 1);
}

#[test]
fn a_command_without_settings_reads_no_file() {
    let defined = Command::new("queuebox").subcommand(Command::new("bare"));
    let parsed = read(defined, ["queuebox", "bare"], |_| None, |_| panic!("the file was opened")).unwrap();
    assert_eq!(parsed.sources, Sources::default());
}

#[derive(Debug, Args)]
struct Part {
    /// Requests.
    #[arg(long, env, default_value = "7", value_parser = count(1..=9))]
    samples: Setting<u64>,
    /// Several.
    #[arg(long, env, default_value = "", value_parser = optional(text("a module")))]
    module: Vec<Setting<Option<String>>>,
}

/// Each with its origin.
fn shown<G: Args + std::fmt::Debug>(sources: &Sources, overrides: &[(&str, &str)]) -> String {
    let overrides = overrides.iter().map(|(key, text)| ((*key).to_owned(), (*text).to_owned())).collect();
    sources.settings::<G>(&overrides).map_or_else(|error| error.to_string(), |group| format!("{group:?}"))
}

#[test]
fn settings_are_parsed_anew_with_their_origins() {
    let calls: [(&str, &[_], &[_]); 4] = [
        ("", &[], &[]),
        (
            "\nSAMPLES=3\nTRACE=\nDISCIPLINE=x y",
            &[("MEAN", "5"), ("MODULE", "b c")],
            &["--servers", "x", "--balancer="],
        ),
        ("SAMPLES=x\nMODULE=a", &[], &["--module", "c", "--module=", "--module", "d e"]),
        ("SAMPLES=", &[("SAMPLES", "4")], &["--inter-arrival", "-1"]),
    ];
    for (file, environment, flags) in calls {
        let (group, parsed) = call(file, environment, flags);
        assert_eq!(shown::<Group>(&parsed.sources, &[]), format!("{group:?}"));
    }
    let (_, parsed) = call("SAMPLES=3", &[("MODULE", "b")], &[]);
    let part = r#"Part { samples: Some(File { name: "f", line: 1 }) SAMPLES=3, module: [Some(Environment) MODULE=b] }"#;
    assert_eq!(shown::<Part>(&parsed.sources, &[]), part);
    assert_eq!(shown::<Part>(&Sources::default(), &[]), "Part { samples: None SAMPLES=7, module: [None MODULE=] }");
}

#[test]
fn an_override_replaces_any_text_and_is_given() {
    for (file, environment, flags) in [
        ("", &[][..], &[][..]),
        ("SAMPLES=3", &[], &[]),
        ("SAMPLES=3", &[("SAMPLES", "4")], &[]),
        ("", &[], &["--samples", "5", "--module", "a", "--module", "b"]),
    ] {
        let (_, parsed) = call(file, environment, flags);
        let with = |text: &str| {
            let overrides = [("SAMPLES", text), ("MODULE", "m")].map(|(key, text)| (key.to_owned(), text.to_owned()));
            parsed.sources.settings::<Group>(&BTreeMap::from(overrides)).unwrap()
        };
        let group = with("8");
        assert_eq!((group.samples.get(), group.samples.given()), (Ok(8), Some("SAMPLES")));
        assert_eq!(group.module.iter().map(|module| module.get().unwrap().unwrap()).collect::<Vec<_>>(), ["m"]);
        assert_eq!(refusal(&with("x").samples), "--vary: SAMPLES=x must be an integer from 1 to 9");
        assert_eq!(refusal(&with("").samples), "--vary: SAMPLES= must be an integer from 1 to 9");
        assert_eq!(refusal(&with("-1\0").samples), "--vary: SAMPLES=-1\\u{0} must be an integer from 1 to 9");
    }
}

#[test]
fn an_override_of_no_setting_is_refused() {
    let sources = call("", &[], &[]).1.sources;
    let refused = |key| shown::<Part>(&sources, &[("SAMPLES", "3"), (key, "1")]);
    let rule = |key, hint| format!("--vary: {key} is not a setting that can be varied here; {hint}");
    assert_eq!(refused("SAMPELS"), rule("SAMPELS", "did you mean SAMPLES?"));
    // It is a setting of the command, but not of the group.
    assert_eq!(refused("MEAN"), rule("MEAN", "the settings are SAMPLES, MODULE"));
    assert_eq!(refused("samples"), rule("samples", "the settings are SAMPLES, MODULE"));
    // A flag without a setting.
    assert_eq!(
        shown::<Group>(&sources, &[("WORKERS", "1")]).split(" here").next(),
        Some("--vary: WORKERS is not a setting that can be varied")
    );
}

#[derive(Debug, clap::Parser)]
struct Whole {
    #[command(subcommand)]
    command: Sub,
}

#[derive(Debug, clap::Subcommand)]
enum Sub {
    Sub(Group),
}

#[test]
fn an_earlier_call_is_parsed_again_from_its_texts() {
    let (group, parsed) =
        call("SAMPLES=3\nMEAN=x", &[("SERVERS", "2"), ("TRACE", "a\nb")], &["--samples=4", "--module=m"]);
    let again = |flags: &[&str]| {
        let arguments: Vec<String> = ["p", "sub"].iter().chain(flags).map(|text| (*text).to_owned()).collect();
        parse_again::<Whole>(&arguments, parsed.sources.texts(), &parsed.sources.environment())
    };
    let (Whole { command: Sub::Sub(repeated) }, sources) = again(&["--samples=4", "--module=m", "-q"]).unwrap();
    // A text of the file counts as a default, since only given settings have an effect beyond their values.
    let expected = format!("{group:?}").replace(r#"Some(File { name: "f", line: 2 }) MEAN"#, "None MEAN");
    assert_eq!(format!("{repeated:?}"), expected);
    assert_eq!((sources.texts(), sources.file()), (parsed.sources.texts(), None));
    let refused = |flags: &[&str]| again(flags).unwrap_err().to_string();
    assert_eq!(refused(&["--nope"]), "unexpected argument '--nope' found");
    let value = refused(&["--workers", "x"]);
    assert_eq!(value.split(':').next(), Some("invalid value 'x' for '--workers <WORKERS>'"));
}

#[test]
fn texts_of_the_environment_are_known() {
    let environment = [("MEAN", "4"), ("SAMPLES", "3"), ("MODULE", "b c"), ("TRACE", ""), ("WORKERS", "9")];
    let (_, parsed) = call("INTER_ARRIVAL=3ms", &environment, &["--samples", "5"]);
    let set = parsed.sources.environment();
    assert_eq!(set.iter().map(|(key, text)| format!("{key}={text}")).collect::<Vec<_>>(), ["MEAN=4", "MODULE=b c"]);
}

#[test]
fn values_by_rule() {
    let (group, _) = call("INTER_ARRIVAL=1.5\nMEAN=2.5\nBALANCER=rr\nDISCIPLINE=LIFO", &[], &[]);
    assert_eq!(group.inter_arrival.get(), Ok(1_500_000));
    assert_eq!(group.mean.get(), Ok(2.5));
    assert_eq!(group.balancer.get(), Ok(2));
    assert_eq!(refusal(&group.discipline), "f:4: DISCIPLINE=LIFO must be a lower-case word");
    assert_eq!(
        refusal(&call("", &[], &["--inter-arrival", "0"]).0.inter_arrival),
        "flag: INTER_ARRIVAL=0 must be at least 1 ns"
    );
    assert_eq!(
        refusal(&call("", &[], &["--inter-arrival", "105d"]).0.inter_arrival).split(';').next(),
        Some("flag: INTER_ARRIVAL=105d must be a duration such as 250us, 3ms, 1.5s, 5m or 1h")
    );
    assert_eq!(
        refusal(&call("", &[], &["--inter-arrival", "2600h"]).0.inter_arrival),
        "flag: INTER_ARRIVAL=2600h must be at most 104 days"
    );
}

#[test]
fn help_has_defaults_and_possible_values() {
    let defined = Group::augment_args(Command::new("queuebox"));
    let file = |_: Option<&Path>| Ok(Some(("f".into(), "SAMPLES=3".to_owned())));
    let Err(Refused::Arguments(help)) = read(defined, ["queuebox", "--help"], |_| None, file) else {
        panic!("no help")
    };
    let help = help.to_string();
    for part in ["--inter-arrival <INTER_ARRIVAL>", "[default: 7]", "[possible values: R, RR]", "--env-file <FILE>"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    assert!(!help.contains("[default: ]"), "{help}");
}

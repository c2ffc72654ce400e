//! Combines the sources of settings: default, file, environment, flag.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::builder::Resettable;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches, value_parser};
use failure::{Failure, Origin};

use super::rule::{with_origin, without_origin};
use super::sources::{Given, Sources, nearest};
use super::{FILE_NAME, KNOWN};
use crate::env_file::{self, Line};
use crate::{program, terminal};

/// Largest size of a settings file \[bytes\].
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The id and the name of the flag that names the settings file.
const ENV_FILE: &str = "env-file";

/// The command line of `C` as programs accept it: with `--quiet`, and with `--env-file` for each command that has settings.
pub fn command<C: CommandFactory>() -> Command {
    prepare(C::command().arg(terminal::quiet_flag()))
}

/// The arguments of this process, with settings from all sources. An unknown line of the settings file gives a warning, and
/// the environment variables that were used are noted. If clap refuses the arguments, or on `--help`, the process exits.
///
/// # Errors
/// If the settings file can't be read, or a line of it is not a setting.
pub fn parse<C: CommandFactory + FromArgMatches>() -> Result<(C, Sources), Failure> {
    let variable = |key: &str| std::env::var_os(key).map(|value| value.to_string_lossy().into_owned());
    let command = C::command().arg(terminal::quiet_flag());
    let Parsed { matches, sources, warnings, taken } = match read(command, std::env::args_os(), variable, open) {
        Ok(parsed) => parsed,
        Err(Refused::Arguments(error)) => error.exit(),
        Err(Refused::Settings(failure)) => return Err(failure),
    };
    terminal::apply_quiet_flag(&matches);
    warnings.iter().for_each(|warning| program::warn(warning));
    if !taken.is_empty() {
        program::note(&format!("from the environment: {}", taken.join(" ")));
    }
    Ok((C::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()), sources))
}

/// The `arguments` of an earlier call, the name of the program first, with the `texts` that its settings had, and those that the
/// `environment` then had. Neither a settings file nor the environment of this process is read.
///
/// # Errors
/// [`Failure::Usage`] if clap refuses the arguments.
pub fn parse_again<C: CommandFactory + FromArgMatches>(
    arguments: &[String],
    texts: &BTreeMap<String, String>,
    environment: &BTreeMap<String, String>,
) -> Result<(C, Sources), Failure> {
    let encoded = |origin: Option<Origin>, texts: &BTreeMap<String, String>| -> Encoded {
        texts.iter().map(|(key, text)| (key.clone(), vec![with_origin(origin.as_ref(), text)])).collect()
    };
    let mut given = encoded(None, texts);
    given.extend(encoded(Some(Origin::Environment), environment));
    let refused = |error: clap::Error| {
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default();
        Failure::usage(failure::printable(line.trim_start_matches("error: ").as_bytes(), 400))
    };
    let (matches, given) = combine(C::command().arg(terminal::quiet_flag()), arguments, &given).map_err(refused)?;
    Ok((C::from_arg_matches(&matches).map_err(refused)?, Sources::new(None, given)))
}

/// The settings of the group `G` from `flags` and defaults alone, without environment and file.
///
/// # Errors
/// If one of `flags` is not a flag of `G`.
pub fn of_flags<G: Args>(flags: impl IntoIterator<Item = impl Into<OsString>>) -> Result<G, clap::Error> {
    let flags: Vec<OsString> = flags.into_iter().map(Into::into).collect();
    G::from_arg_matches(&prepare(group::<G>()).try_get_matches_from(flags)?)
}

/// The settings of the group `G` from texts of a file, by name and each with its place. The others have their defaults.
///
/// # Errors
/// If `G` is not a group of settings.
pub fn of_texts<G: Args>(texts: &BTreeMap<String, (Origin, String)>) -> Result<G, clap::Error> {
    let given =
        texts.iter().map(|(key, (origin, text))| (key.clone(), vec![with_origin(Some(origin), text)])).collect();
    of_defaults(group::<G>(), &given)
}

/// The flags of the group `G` as a command without a name.
pub(super) fn group<G: Args>() -> Command {
    G::augment_args(Command::new("settings").no_binary_name(true))
}

/// The settings of the group `G`, whose flags `group` has, from `given` texts, each with its origin. The others have their
/// defaults.
pub(super) fn of_defaults<G: Args>(group: Command, given: &Encoded) -> Result<G, clap::Error> {
    G::from_arg_matches(&prepare(with_defaults(group, given)).try_get_matches_from([""; 0])?)
}

/// Texts by the name of their setting, each with its origin.
pub(super) type Encoded = BTreeMap<String, Vec<String>>;

/// Arguments and settings of one call.
#[derive(Debug)]
pub(super) struct Parsed {
    pub(super) matches: ArgMatches,
    pub(super) sources: Sources,
    /// One for each line of the file that is not a setting.
    pub(super) warnings: Vec<String>,
    /// The environment variables that were used.
    pub(super) taken: Vec<String>,
}

/// Why a call is refused.
#[derive(Debug)]
pub(super) enum Refused {
    Arguments(clap::Error),
    Settings(Failure),
}

/// A settings file: its path and its text.
pub(super) type EnvFile = (PathBuf, String);

/// Parses `arguments` twice: first with the defaults, to find the command and `--env-file`; then with the texts of the
/// environment and the file in place of the defaults.
pub(super) fn read(
    defined: Command,
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
    variable: impl Fn(&str) -> Option<String>,
    open: impl Fn(Option<&Path>) -> Result<Option<EnvFile>, Failure>,
) -> Result<Parsed, Refused> {
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    let matches = prepare(defined.clone()).try_get_matches_from(&arguments).map_err(Refused::Arguments)?;
    let (used, found) = innermost(&defined, &matches);
    let keys: Vec<String> = settings(used).map(|(_, key)| key).collect();
    if keys.is_empty() {
        return Ok(Parsed { matches, sources: Sources::default(), warnings: Vec::new(), taken: Vec::new() });
    }
    let file = open(found.get_one::<PathBuf>(ENV_FILE).map(PathBuf::as_path)).map_err(Refused::Settings)?;
    let (mut given, warnings) = match &file {
        None => (BTreeMap::new(), Vec::new()),
        Some((path, text)) => lines(&path.display().to_string(), text).map_err(Refused::Settings)?,
    };
    let mut taken = Vec::new();
    for key in keys {
        if let Some(text) = variable(&key).filter(|text| !text.is_empty()) {
            taken.push(format!("{key}={}", failure::printable(text.as_bytes(), 40)));
            given.insert(key, vec![with_origin(Some(&Origin::Environment), &text)]);
        }
    }
    let (matches, given) = combine(defined, &arguments, &given).map_err(Refused::Arguments)?;
    let sources = Sources::new(file.map(|(path, _)| path), given);
    Ok(Parsed { matches, sources, warnings, taken })
}

/// Parses `arguments` with the texts `given` in place of the defaults; with the texts of all settings of the command.
fn combine(
    defined: Command,
    arguments: &[impl AsRef<OsStr>],
    given: &Encoded,
) -> Result<(ArgMatches, BTreeMap<String, Given>), clap::Error> {
    let matches =
        prepare(with_defaults(defined.clone(), given)).try_get_matches_from(arguments.iter().map(AsRef::as_ref))?;
    let (used, found) = innermost(&defined, &matches);
    let texts = settings(used).filter_map(|(id, key)| Some((key, given_to(found, id)?))).collect();
    Ok((matches, texts))
}

/// The texts of the setting `id` in `matches`.
fn given_to(matches: &ArgMatches, id: &str) -> Option<Given> {
    let (mut origin, mut texts) = (None, Vec::new());
    for value in matches.get_raw(id)? {
        let value = value.to_string_lossy();
        let (from, text) = without_origin(&value, matches.value_source(id));
        // Several texts are those of one flag.
        origin = from;
        texts.push(text.to_owned());
    }
    Some(Given { origin, texts })
}

/// The ids and the names of the settings of `command` itself.
pub(super) fn settings(command: &Command) -> impl Iterator<Item = (&str, String)> {
    let name = |arg: &Arg| Some(arg.get_env()?.to_string_lossy().into_owned());
    command.get_arguments().filter_map(move |arg| Some((arg.get_id().as_str(), name(arg)?)))
}

/// The subcommand that was called: the innermost one.
fn innermost<'a>(command: &'a Command, matches: &'a ArgMatches) -> (&'a Command, &'a ArgMatches) {
    match matches.subcommand().and_then(|(name, inner)| Some((command.find_subcommand(name)?, inner))) {
        Some((command, matches)) => innermost(command, matches),
        None => (command, matches),
    }
}

/// `command` and its subcommands, changed so that clap does not read the environment itself, accepts any text for a
/// setting, and accepts `--env-file` for each command with settings.
fn prepare(command: Command) -> Command {
    let has_settings = settings(&command).next().is_some();
    let command = command.mut_subcommands(prepare).mut_args(|arg| {
        if arg.get_env().is_none() {
            return arg;
        }
        let is_empty = arg.get_default_values().iter().all(|value| value.is_empty());
        arg.env(Resettable::Reset).allow_hyphen_values(true).hide_default_value(is_empty)
    });
    if !has_settings {
        return command;
    }
    let help = "Read settings from FILE instead of .env.general in the current directory. A setting is also an environment \
                variable (INTER_ARRIVAL for --inter-arrival), which overrides the file; a flag overrides both";
    let arg = Arg::new(ENV_FILE).long(ENV_FILE).value_name("FILE").action(ArgAction::Set).help(help);
    command.arg(arg.value_parser(value_parser!(PathBuf)).help_heading("Settings"))
}

/// `command` and its subcommands, with the texts `given` as the defaults of their settings.
fn with_defaults(command: Command, given: &Encoded) -> Command {
    let command = command.mut_subcommands(|inner| with_defaults(inner, given));
    command.mut_args(|arg| match given.get(&arg.get_id().as_str().to_ascii_uppercase()) {
        Some(texts) if arg.get_env().is_some() => arg.default_values(texts),
        _ => arg,
    })
}

/// The settings in the lines of a file, and a warning for each line that is not a setting.
fn lines(name: &str, text: &str) -> Result<(Encoded, Vec<String>), Failure> {
    let (mut given, mut warnings) = (BTreeMap::new(), Vec::new());
    for line in env_file::parse(text, name)? {
        if KNOWN.contains(&line.key) {
            let origin = Origin::File { name: name.to_owned(), line: line.number as u64 };
            given.insert(line.key.to_owned(), vec![with_origin(Some(&origin), line.value)]);
        } else {
            warnings.push(unknown(name, &line));
        }
    }
    Ok((given, warnings))
}

fn unknown(name: &str, line: &Line<'_>) -> String {
    let hint = nearest(line.key, KNOWN.iter().copied());
    format!("{name}:{}: {} is not a setting of Queuebox, so it changes nothing{hint}", line.number, line.key)
}

/// The file `named`, or else the settings file of the current directory, if it exists.
fn open(named: Option<&Path>) -> Result<Option<EnvFile>, Failure> {
    let path = named.unwrap_or(Path::new(FILE_NAME));
    let mut text = String::new();
    match File::open(path).and_then(|file| file.take(MAX_FILE_BYTES).read_to_string(&mut text)) {
        Ok(_) => Ok(Some((path.to_owned(), text))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(None),
        Err(error) => Err(Failure::usage(format!("{}: {error}", path.display()))),
    }
}

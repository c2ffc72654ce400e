//! Settings: the shipped `.env.general`, compiled in, under the one of the current directory, under the environment,
//! under flags. Keys, their defaults and their help all come from the shipped file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use clap::{Arg, ArgMatches, Command};

use crate::env_file::{Line, parse};
use crate::program;
use failure::Failure;
use random::demand::{Demands, ServiceDistribution};
use trace::decimal;

/// The longest duration that a setting takes, about 104 days \[ns\].
pub const LONGEST_NS: u64 = 1 << 53;

/// No settings file is longer than this \[bytes\].
const LONGEST_FILE: u64 = 1 << 20;

/// The file with every setting and its default.
pub const SHIPPED: &str = include_str!("../../../.env.general");

/// The name under which programs look for it.
pub const FILE_NAME: &str = ".env.general";

static SHIPPED_KEYS: LazyLock<Vec<Line<'static>>> =
    LazyLock::new(|| parse(SHIPPED, "the shipped .env.general").expect("the shipped file is tested"));

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Shipped,
    File(String, usize),
    Environment,
    Flag,
}

struct Value {
    text: String,
    origin: Origin,
}

/// The settings of one program, every key resolved.
pub struct Settings {
    values: BTreeMap<&'static str, Value>,
    /// The file that they were read from, if any.
    file: Option<PathBuf>,
    /// Lines of the file that are no setting, and environment variables that are.
    unknown: Vec<String>,
    taken: Vec<String>,
}

/// Adds a flag for each of `keys`, and `--env-file`.
pub fn add_flags(mut command: Command, keys: &[&'static str]) -> Command {
    for line in keys.iter().map(|key| shipped(key)) {
        let help = if line.value.is_empty() {
            line.comment.clone()
        } else {
            format!("{} [default: {}]", line.comment, line.value)
        };
        let arg = Arg::new(line.key)
            .long(line.key.to_ascii_lowercase().replace('_', "-"))
            .value_name(line.key)
            .help(help)
            .help_heading("Settings (each also a line of .env.general and an environment variable)")
            .allow_hyphen_values(true);
        command = command.arg(arg);
    }
    command.arg(
        Arg::new("env-file")
            .long("env-file")
            .value_name("FILE")
            .value_parser(clap::value_parser!(PathBuf))
            .help("Read settings from FILE instead of .env.general in the current directory"),
    )
}

impl Settings {
    /// Resolves `keys` from the flags in `matches`, the environment and the file.
    ///
    /// # Errors
    /// Where the file can't be read or holds a line that is not a setting.
    pub fn resolve(matches: &ArgMatches, keys: &[&'static str]) -> Result<Self, Failure> {
        let named = matches.get_one::<PathBuf>("env-file");
        let path = named.map_or(Path::new(FILE_NAME), PathBuf::as_path);
        let mut text = String::new();
        let read = File::open(path).and_then(|file| file.take(LONGEST_FILE).read_to_string(&mut text));
        let file = match read.map(|_| text) {
            Ok(text) => Some((path.display().to_string(), text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => None,
            Err(error) => return Err(Failure::usage(format!("{}: {error}", path.display()))),
        };
        let flag = |key: &str| matches.get_one::<String>(key).cloned();
        let found = file.is_some().then(|| path.to_owned());
        let environment = |key: &str| std::env::var_os(key).map(|value| value.to_string_lossy().into_owned());
        Ok(Self { file: found, ..Self::layered(keys, file, environment, flag)? })
    }

    /// The file that they were read from, if any: an input, which no output may be written over.
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    fn layered(
        keys: &[&'static str],
        file: Option<(String, String)>,
        environment: impl Fn(&str) -> Option<String>,
        flag: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let mut values: BTreeMap<&'static str, Value> = SHIPPED_KEYS
            .iter()
            .map(|line| (line.key, Value { text: line.value.to_owned(), origin: Origin::Shipped }))
            .collect();
        let mut unknown = Vec::new();
        if let Some((name, text)) = &file {
            for line in parse(text, name)? {
                match values.get_mut(line.key) {
                    None => unknown.push(no_setting(name, &line)),
                    Some(value) => {
                        *value = Value { text: line.value.to_owned(), origin: Origin::File(name.clone(), line.number) };
                    }
                }
            }
        }
        let mut taken = Vec::new();
        for &key in keys {
            let value = values.get_mut(key).unwrap_or_else(|| panic!("{key} is not in the shipped file"));
            if let Some(text) = environment(key).filter(|text| !text.is_empty()) {
                taken.push(format!("{key}={}", failure::printable(text.as_bytes(), 40)));
                *value = Value { text, origin: Origin::Environment };
            }
            if let Some(text) = flag(key) {
                *value = Value { text, origin: Origin::Flag };
            }
        }
        Ok(Self { values, file: None, unknown, taken })
    }

    /// Tells the user where settings came from: of unknown keys, and of environment variables that were taken.
    pub fn tell(&self) {
        self.unknown.iter().for_each(|unknown| program::warn(unknown));
        if !self.taken.is_empty() {
            program::note(&format!("from the environment: {}", self.taken.join(" ")));
        }
    }

    /// Whether `key` was given by flag or environment: said on purpose for this run.
    pub fn given(&self, key: &str) -> bool {
        matches!(self.value(key).origin, Origin::Environment | Origin::Flag)
    }

    /// The text of `key`, None where it is empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        Some(self.value(key).text.as_str()).filter(|text| !text.is_empty())
    }

    /// The texts of those of `keys` that are not empty.
    pub fn texts(&self, keys: &[&str]) -> BTreeMap<String, String> {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), self.text(key)?.to_owned()))).collect()
    }

    /// An integer within `range`.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn count(&self, key: &str, range: RangeInclusive<u64>) -> Result<u64, Failure> {
        self.text(key)
            .and_then(|text| decimal::integer(text.as_bytes()))
            .filter(|count| range.contains(count))
            .ok_or_else(|| self.refuse(key, &format!("must be an integer from {} to {}", range.start(), range.end())))
    }

    /// A duration of at least `least_ns` \[ns\].
    ///
    /// # Errors
    /// Where it is not one, or longer than [`LONGEST_NS`].
    pub fn duration(&self, key: &str, least_ns: u64) -> Result<u64, Failure> {
        let ns = self.text(key).and_then(decimal::duration).ok_or_else(|| {
            self.refuse(key, "must be a duration such as 250us, 3ms, 1.5s; a bare number is in milliseconds")
        })?;
        match ns {
            _ if ns < least_ns => Err(self.refuse(key, &format!("must be at least {least_ns} ns"))),
            _ if ns > LONGEST_NS => Err(self.refuse(key, "must be at most 104 days")),
            _ => Ok(ns),
        }
    }

    /// A decimal number of at least 0 and at most 2⁵³.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn number(&self, key: &str) -> Result<f64, Failure> {
        self.text(key)
            .filter(|text| decimal::scaled(text.as_bytes(), 1).is_some())
            .and_then(|text| text.parse().ok())
            .filter(|number: &f64| *number <= LONGEST_NS as f64)
            .ok_or_else(|| self.refuse(key, "must be a number of at least 0"))
    }

    /// What `names` says that the word means; capital and small letters are one.
    ///
    /// # Errors
    /// Where the word is none of `names`.
    pub fn choice<T: Copy>(&self, key: &str, names: &[(&str, T)]) -> Result<T, Failure> {
        let word = self.text(key).unwrap_or_default();
        names.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|&(_, choice)| choice).ok_or_else(|| {
            let names: Vec<&str> = names.iter().map(|&(name, _)| name).collect();
            self.refuse(key, &format!("must be one of {}", names.join(", ")))
        })
    }

    /// A lower-case word, as contract 1 gives it to simulators.
    ///
    /// # Errors
    /// Where it holds anything but a-z, 0-9, `-` and `_`.
    pub fn word(&self, key: &str) -> Result<String, Failure> {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        self.text(key)
            .filter(|word| word.len() <= 64 && word.bytes().all(lower))
            .map(str::to_owned)
            .ok_or_else(|| self.refuse(key, "must be a lower-case word"))
    }

    /// The error that says where `key` got its value and which rule it breaks.
    pub fn refuse(&self, key: &str, rule: &str) -> Failure {
        let Value { text, origin } = self.value(key);
        let origin = match origin {
            Origin::Shipped => None,
            Origin::File(name, line) => Some(failure::Origin::File { name: name.clone(), line: *line as u64 }),
            Origin::Environment => Some(failure::Origin::Environment),
            Origin::Flag => Some(failure::Origin::Flag),
        };
        let setting = failure::Setting { key: key.to_owned(), value: failure::printable(text.as_bytes(), 80) };
        Failure::Usage { origin, setting: Some(setting), rule: rule.to_owned() }
    }

    /// Demands as ST, SERVICE and SEED say.
    ///
    /// # Errors
    /// Where one of them is not what it must be.
    pub fn demands(&self) -> Result<Demands, Failure> {
        let distribution = self.choice("SERVICE", &ServiceDistribution::NAMES)?;
        Ok(Demands::new(self.duration("ST", 0)?, distribution, self.count("SEED", 0..=u64::MAX)?))
    }

    fn value(&self, key: &str) -> &Value {
        self.values.get(key).unwrap_or_else(|| panic!("{key} is not in the shipped file"))
    }
}

/// The settings that [`Settings::demands`] reads.
pub const DEMAND_KEYS: &[&str] = &["ST", "SERVICE", "SEED"];

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.values.iter().map(|(key, value)| (key, &value.text))).finish()
    }
}

fn shipped(key: &str) -> &'static Line<'static> {
    SHIPPED_KEYS.iter().find(|line| line.key == key).unwrap_or_else(|| panic!("{key} is not in the shipped file"))
}

fn no_setting(name: &str, line: &Line<'_>) -> String {
    let nearest = SHIPPED_KEYS.iter().map(|known| (strsim::damerau_levenshtein(known.key, line.key), known.key)).min();
    let hint = match nearest {
        Some((distance, key)) if distance <= 2 => format!("; did you mean {key}?"),
        _ => String::new(),
    };
    format!("{name}:{}: {} is not a setting of Queuebox, so it changes nothing{hint}", line.number, line.key)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: &[&str] = &["SAMPLES", "INTER_ARRIVAL", "MEAN", "BALANCER", "DISCIPLINE", "TRACE"];

    fn layered(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Result<Settings, Failure> {
        let get = |pairs: &[(&str, &str)], key: &str| {
            pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| (*value).to_owned())
        };
        Settings::layered(KEYS, Some(("f".into(), file.into())), |key| get(environment, key), |key| get(flags, key))
    }

    #[test]
    fn flag_over_environment_over_file_over_shipped() {
        let all = |file, env, flag| layered(file, env, flag).unwrap().count("SAMPLES", 0..=u64::MAX).unwrap();
        assert_eq!(all("", &[], &[]), 1_000_000);
        assert_eq!(all("SAMPLES=2", &[], &[]), 2);
        assert_eq!(all("SAMPLES=2", &[("SAMPLES", "3")], &[]), 3);
        assert_eq!(all("SAMPLES=2", &[("SAMPLES", "")], &[]), 2);
        assert_eq!(all("SAMPLES=2", &[("SAMPLES", "3")], &[("SAMPLES", "4")]), 4);
    }

    #[test]
    fn an_error_says_where_the_value_came_from() {
        let says = |file, env, flag| layered(file, env, flag).unwrap().count("SAMPLES", 1..=9).unwrap_err().to_string();
        assert_eq!(says("#\nSAMPLES=x", &[], &[]), "f:2: SAMPLES=x must be an integer from 1 to 9");
        assert_eq!(says("", &[("SAMPLES", "0")], &[]), "environment: SAMPLES=0 must be an integer from 1 to 9");
        assert_eq!(says("", &[], &[("SAMPLES", "-1")]), "flag: SAMPLES=-1 must be an integer from 1 to 9");
    }

    #[test]
    fn unknown_keys_and_environment_variables_are_told() {
        let settings = layered("TESTNO=9\nSAMPELS=1", &[("MEAN", "4")], &[]).unwrap();
        assert_eq!(
            settings.unknown,
            [
                "f:1: TESTNO is not a setting of Queuebox, so it changes nothing",
                "f:2: SAMPELS is not a setting of Queuebox, so it changes nothing; did you mean SAMPLES?",
            ]
        );
        assert_eq!(settings.taken, ["MEAN=4"]);
        assert!(settings.given("MEAN") && !settings.given("SAMPLES"));
    }

    #[test]
    fn an_empty_line_unsets() {
        let settings = layered("SAMPLES=\nTRACE=a.csv", &[], &[]).unwrap();
        assert_eq!((settings.text("SAMPLES"), settings.text("TRACE")), (None, Some("a.csv")));
        let error = settings.count("SAMPLES", 1..=9).unwrap_err().to_string();
        assert_eq!(error, "f:1: SAMPLES= must be an integer from 1 to 9");
    }

    #[test]
    fn kinds_of_values() {
        let settings = layered("INTER_ARRIVAL=1.5\nMEAN=2.5\nBALANCER=rr\nDISCIPLINE=LIFO", &[], &[]).unwrap();
        assert_eq!(settings.duration("INTER_ARRIVAL", 1), Ok(1_500_000));
        assert_eq!(settings.number("MEAN"), Ok(2.5));
        assert_eq!(settings.choice("BALANCER", &[("R", 1), ("RR", 2)]), Ok(2));
        assert!(settings.choice("BALANCER", &[("R", 1)]).unwrap_err().to_string().contains("must be one of R"));
        assert!(settings.word("DISCIPLINE").is_err());
    }

    #[test]
    fn every_shipped_key_has_a_comment() {
        for line in SHIPPED_KEYS.iter() {
            assert!(line.comment.ends_with('.'), "{}: {:?}", line.key, line.comment);
        }
    }
}

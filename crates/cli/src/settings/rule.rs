//! Rules: which texts a setting accepts, and the values that they stand for.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, Command, ValueEnum};
use trace::decimal;

use failure::Origin;

use super::{MAX_COUNT, Setting, duration as units};

type Parse<T> = Arc<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// Which texts a setting accepts: a value parser for clap.
#[derive(Clone)]
pub struct Rule<T> {
    parse: Parse<T>,
    /// Of a choice.
    possible: Vec<PossibleValue>,
}

impl<T: 'static> Rule<T> {
    /// What `parse` accepts; anything else must be `about`, as in "a version such as v1.41".
    pub fn new(about: impl Into<String>, parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static) -> Self {
        let rule = format!("must be {}", about.into());
        Self::of(move |text| parse(text).ok_or_else(|| rule.clone()))
    }

    fn of(parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static) -> Self {
        Self { parse: Arc::new(parse), possible: Vec::new() }
    }

    /// The same texts for other values.
    pub fn map<U: 'static>(self, to: impl Fn(T) -> U + Send + Sync + 'static) -> Rule<U> {
        let Self { parse, possible } = self;
        Rule { possible, ..Rule::of(move |text| parse(text).map(&to)) }
    }
}

/// An integer within `range`.
pub fn count(range: RangeInclusive<u64>) -> Rule<u64> {
    let about = format!("an integer from {} to {}", range.start(), range.end());
    Rule::new(about, move |text| decimal::integer(text.as_bytes()).filter(|count| range.contains(count)))
}

/// A duration of at least `min_ns` \[ns\].
pub fn duration(min_ns: u64) -> Rule<u64> {
    Rule::of(move |text| match units::parse(text)? {
        ns if ns < min_ns => Err(format!("must be at least {min_ns} ns")),
        ns if ns > MAX_COUNT => Err("must be at most 104 days".to_owned()),
        ns => Ok(ns),
    })
}

/// A decimal number of at least 0 and at most 2⁵³.
pub fn number() -> Rule<f64> {
    Rule::new("a number of at least 0", |text| {
        decimal::scaled(text.as_bytes(), 1)?;
        text.parse().ok().filter(|number| *number <= MAX_COUNT as f64)
    })
}

/// A lower-case word, as contract 1 gives it to simulators.
pub fn word() -> Rule<String> {
    Rule::new("a lower-case word", |text| {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        ((1..=64).contains(&text.len()) && text.bytes().all(is_part)).then(|| text.to_owned())
    })
}

/// Any text that is not empty; an empty one must name `what`.
pub fn text(what: &str) -> Rule<String> {
    let rule = format!("must name {what}");
    Rule::of(move |text| if text.is_empty() { Err(rule.clone()) } else { Ok(text.to_owned()) })
}

/// The variants of `E`; capital and small letters are equal.
pub fn choice<E: ValueEnum + Send + Sync + 'static>() -> Rule<E> {
    one_of(E::value_variants().iter().filter_map(|variant| Some((variant.to_possible_value()?, variant.clone()))))
}

/// One of `options`, by name or alias; capital and small letters are equal.
pub fn one_of<T: Clone + Send + Sync + 'static>(options: impl IntoIterator<Item = (PossibleValue, T)>) -> Rule<T> {
    let options: Vec<(PossibleValue, T)> = options.into_iter().collect();
    let possible: Vec<PossibleValue> = options.iter().map(|(value, _)| value.clone()).collect();
    let about = format!("one of {}", possible.iter().map(named).collect::<Vec<_>>().join(", "));
    let found = move |text: &str| options.iter().find(|(value, _)| value.matches(text, true)).map(|(_, to)| to.clone());
    Rule { possible, ..Rule::new(about, found) }
}

/// The name of an option, with its aliases in brackets.
fn named(value: &PossibleValue) -> String {
    let aliases: Vec<&str> = value.get_name_and_aliases().skip(1).collect();
    let name = value.get_name();
    if aliases.is_empty() { name.to_owned() } else { format!("{name} ({})", aliases.join(", ")) }
}

/// What `rule` accepts, or nothing.
pub fn optional<T: 'static>(rule: Rule<T>) -> Rule<Option<T>> {
    let Rule { parse, possible } = rule;
    Rule { possible, ..Rule::of(move |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) }) }
}

/// Separates origin and text of a value that [`super::parse`] found in the environment or the file and hands to clap as a default:
/// neither arguments nor environment variables can hold this character.
const SEPARATOR: char = '\0';

/// The default that clap shall take when a text came from `origin`: name and line of the file, both empty for the environment.
pub(super) fn with_origin(origin: &Origin, text: &str) -> String {
    let (name, line) = match origin {
        Origin::File { name, line } => (name.as_str(), line.to_string()),
        Origin::Environment | Origin::Flag => ("", String::new()),
    };
    [name, &line, text].join(&SEPARATOR.to_string())
}

/// The origin and the text of what clap hands over.
fn without_origin(value: &str, source: ValueSource) -> (Option<Origin>, &str) {
    let mut parts = value.splitn(3, SEPARATOR);
    match (parts.next(), parts.next(), parts.next()) {
        _ if source == ValueSource::CommandLine => (Some(Origin::Flag), value),
        (Some(name), Some(line), Some(text)) => match line.parse() {
            Ok(line) => (Some(Origin::File { name: name.to_owned(), line }), text),
            Err(_) => (Some(Origin::Environment), text),
        },
        _ => (None, value),
    }
}

/// The text of what clap took from any source.
pub(super) fn text_of(value: &str) -> &str {
    value.splitn(3, SEPARATOR).nth(2).unwrap_or(value)
}

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Rule<T> {
    type Value = Setting<T>;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Setting<T>, clap::Error> {
        self.parse_ref_(command, arg, value, ValueSource::CommandLine)
    }

    fn parse_ref_(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &OsStr,
        source: ValueSource,
    ) -> Result<Setting<T>, clap::Error> {
        let value = value.to_string_lossy();
        let (origin, text) = without_origin(&value, source);
        let key = arg.map(|arg| arg.get_id().as_str().to_ascii_uppercase()).unwrap_or_default();
        let setting = Setting { key, text: text.to_owned(), origin, value: (self.parse)(text) };
        match &setting.value {
            // Where clap still reads the environment by itself, the command did not come through [`super::command`], and
            // errors are clap's.
            Err(rule) if arg.is_some_and(|arg| arg.get_env().is_some()) => {
                Err(clap::Error::raw(ErrorKind::ValueValidation, rule).with_cmd(command))
            }
            _ => Ok(setting),
        }
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        if self.possible.is_empty() { None } else { Some(Box::new(self.possible.iter().cloned())) }
    }
}

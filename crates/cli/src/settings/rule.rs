//! Rules: which texts a setting accepts, and the value of each.

use std::ffi::OsStr;
use std::ops::RangeInclusive;
use std::sync::Arc;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, Command, ValueEnum};
use trace::{decimal, duration as units};

use failure::Origin;

use super::{MAX_COUNT, Setting};

type Parse<T> = Arc<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

/// The texts that a setting accepts, with their values: a value parser for clap.
#[derive(Clone)]
pub struct Rule<T> {
    parse: Parse<T>,
    /// The options of a choice; empty for other rules.
    possible: Vec<PossibleValue>,
}

impl<T: 'static> Rule<T> {
    /// Accepts what `parse` accepts. For any other text the error is "must be" and `about`, such as "a version such as
    /// v1.41".
    pub fn new(about: impl Into<String>, parse: impl Fn(&str) -> Option<T> + Send + Sync + 'static) -> Self {
        let rule = format!("must be {}", about.into());
        Self::of(move |text| parse(text).ok_or_else(|| rule.clone()))
    }

    /// Accepts what `parse` accepts; its error is the rule that a text breaks, such as "must be above 0".
    pub fn of(parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static) -> Self {
        Self { parse: Arc::new(parse), possible: Vec::new() }
    }

    /// The same rule, whose help lists `options`.
    pub fn listing(self, options: impl IntoIterator<Item = PossibleValue>) -> Self {
        Self { possible: options.into_iter().collect(), ..self }
    }

    /// The value of `text`, which is part of a setting.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(&self, text: &str) -> Result<T, String> {
        (self.parse)(text)
    }

    /// Accepts the same texts, with their values converted by `to`.
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

/// A lower-case word, as contract 1 passes it to simulators.
pub fn word() -> Rule<String> {
    Rule::new("a lower-case word", |text| {
        let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        ((1..=64).contains(&text.len()) && text.bytes().all(is_part)).then(|| text.to_owned())
    })
}

/// Any text that is not empty. For an empty one the error is "must name" and `what`.
pub fn text(what: &str) -> Rule<String> {
    let rule = format!("must name {what}");
    Rule::of(move |text| if text.is_empty() { Err(rule.clone()) } else { Ok(text.to_owned()) })
}

/// One of the variants of `E`, in capital or small letters.
pub fn choice<E: ValueEnum + Send + Sync + 'static>() -> Rule<E> {
    one_of(E::value_variants().iter().filter_map(|variant| Some((variant.to_possible_value()?, variant.clone()))))
}

/// One of `options`, by name or alias, in capital or small letters.
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

/// What `rule` accepts, or an empty text, whose value is None.
pub fn optional<T: 'static>(rule: Rule<T>) -> Rule<Option<T>> {
    let Rule { parse, possible } = rule;
    Rule { possible, ..Rule::of(move |text| if text.is_empty() { Ok(None) } else { parse(text).map(Some) }) }
}

/// What `rule` accepts; or several of these, separated by commas: one for each worker.
pub fn list<T: 'static>(rule: Rule<T>) -> Rule<Vec<T>> {
    Rule::of(move |text| {
        let number = text.split(',').count();
        let value = |(place, value): (usize, &str)| {
            let wrong = |rule| match number {
                1 => format!("{rule}, or one for each worker, separated by commas"),
                _ => format!(
                    "has the value \"{}\" for worker {place}, which {rule}",
                    failure::printable(value.as_bytes(), 40)
                ),
            };
            rule.parse(value).map_err(wrong)
        };
        (1..).zip(text.split(',')).map(value).collect()
    })
}

/// Separates the parts of a value with its origin, which is passed to clap as a default. Neither arguments nor environment
/// variables can contain this character.
const SEPARATOR: char = '\0';

/// The default that is passed to clap for a text from `origin` (None: the default), in three parts: the name of the file and
/// the line, or an empty name and the kind of the origin; the text.
pub(super) fn with_origin(origin: Option<&Origin>, text: &str) -> String {
    let (name, place) = match origin {
        None => ("", "default".to_owned()),
        Some(Origin::Environment) => ("", "environment".to_owned()),
        Some(Origin::Flag) => ("", "flag".to_owned()),
        Some(Origin::Vary) => ("", "vary".to_owned()),
        Some(Origin::File { name, line }) => (name.as_str(), line.to_string()),
    };
    [name, &place, text].join(&SEPARATOR.to_string())
}

/// The origin and the text of a value that clap takes from `source`.
pub(super) fn without_origin(value: &str, source: Option<ValueSource>) -> (Option<Origin>, &str) {
    let mut parts = value.splitn(3, SEPARATOR);
    match (parts.next(), parts.next(), parts.next()) {
        _ if source == Some(ValueSource::CommandLine) => (Some(Origin::Flag), value),
        (Some(name), Some(place), Some(text)) => {
            let origin = match place {
                "default" => None,
                "environment" => Some(Origin::Environment),
                "flag" => Some(Origin::Flag),
                "vary" => Some(Origin::Vary),
                line => line.parse().ok().map(|line| Origin::File { name: name.to_owned(), line }),
            };
            (origin, text)
        }
        _ => (None, value),
    }
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
        let (origin, text) = without_origin(&value, Some(source));
        let key = arg.map(|arg| arg.get_id().as_str().to_ascii_uppercase()).unwrap_or_default();
        let setting = Setting { key, text: text.to_owned(), origin, value: (self.parse)(text) };
        match &setting.value {
            // If clap still reads the environment itself, the command was not prepared by [`super::command`], and clap
            // reports the error.
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

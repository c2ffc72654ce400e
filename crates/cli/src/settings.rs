//! Settings: each is defined once, as a field of a clap group whose type is [`Setting`].
//!
//! The definition gives the flag, the environment variable, the help, the default and the accepted values. The text of
//! a setting comes from four sources, each of which overrides the one before: its default, the file `.env.general` of
//! the current directory, the environment, a flag. [`parse`] combines them. `.env.general` and `docs/settings.md` are
//! generated from the definitions (`make settings`).

pub mod form;
mod parse;
mod rule;
pub mod service;
mod shared;
mod sources;
pub mod table_file;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::LazyLock;

use failure::{Failure, Origin};

pub use parse::{command, of_flags, of_texts, parse, parse_again};
pub use rule::{Rule, choice, count, duration, list, number, one_of, optional, text, word};
pub use shared::{DemandSettings, SeedSettings, changes_nothing};
pub use sources::Sources;

/// The largest count, and the longest duration \[ns\] (about 104 days).
pub const MAX_COUNT: u64 = 1 << 53;

/// The file with every setting and its default.
pub const SHIPPED: &str = include_str!("../../../.env.general");

/// The name of the settings file in the current directory.
pub const FILE_NAME: &str = ".env.general";

/// The names of all settings of all programs.
static KNOWN: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = crate::env_file::parse(SHIPPED, "the shipped .env.general").expect("the shipped file is tested");
    lines.iter().map(|line| line.key).collect()
});

/// A setting: its text, the origin of the text, and its value if the text follows the setting's rule.
///
/// A text that breaks the rule is reported when the value is first needed: settings that a run does not use are not checked.
#[derive(Clone)]
pub struct Setting<T> {
    key: String,
    text: String,
    /// None: the text is the default.
    origin: Option<Origin>,
    value: Result<T, String>,
}

impl<T: Clone> Setting<T> {
    /// Its value.
    ///
    /// # Errors
    /// If its text breaks its rule.
    pub fn get(&self) -> Result<T, Failure> {
        self.value.clone().map_err(|rule| self.refuse(&rule))
    }

    /// The error that names the origin of the text, the setting, and the `rule` that the text breaks.
    pub fn refuse(&self, rule: &str) -> Failure {
        let Self { key, text, origin, .. } = self;
        let setting = failure::Setting { key: key.clone(), value: failure::printable(text.as_bytes(), 80) };
        Failure::Usage { origin: origin.as_ref().cloned(), setting: Some(setting), rule: rule.to_owned() }
    }

    /// This setting, or `other` if its text is the default.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        if self.origin.is_some() { self } else { other.clone() }
    }

    /// Its name, if a flag, the environment or `--vary` sets it.
    pub fn given(&self) -> Option<&str> {
        matches!(self.origin, Some(Origin::Environment | Origin::Flag | Origin::Vary)).then_some(self.key.as_str())
    }
}

impl<T> fmt::Debug for Setting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}={}", self.origin, self.key, self.text)
    }
}

//! Where the cause of a failure is.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// A place in a trace or a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum At {
    /// A line of a text file, from 1.
    Line(u64),
    /// A record of a file of records, from 1.
    Record(u64),
    /// The request of this id.
    Request(u64),
}

/// Where a setting's value comes from, if it is not the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A flag.
    Flag,
    /// An environment variable.
    Environment,
    /// A value that `--vary` takes in place of the command's own.
    Vary,
    /// A file of settings.
    File {
        /// Its path.
        name: String,
        /// The line, from 1.
        line: u64,
    },
}

/// A setting and the value that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// Its key.
    pub key: String,
    /// Its value, fit for a terminal.
    pub value: String,
}

impl Display for At {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            At::Line(line) => write!(to, "line {line}"),
            At::Record(record) => write!(to, "record {record}"),
            At::Request(id) => write!(to, "request {id}"),
        }
    }
}

/// What precedes the rule that a trace breaks.
pub(crate) fn in_trace(file: Option<&str>, at: Option<At>) -> String {
    match (file, at) {
        (Some(file), Some(At::Line(line))) => format!("{file}:{line}: "),
        (Some(file), Some(at)) => format!("{file}: {at}: "),
        (Some(file), None) => format!("{file}: "),
        (None, Some(at)) => format!("{at}: "),
        (None, None) => String::new(),
    }
}

/// What precedes the rule that a setting breaks.
pub(crate) fn of_setting(origin: Option<&Origin>, setting: Option<&Setting>) -> String {
    let origin = origin.map_or(String::new(), |origin| format!("{origin}: "));
    let setting = setting.map_or(String::new(), |Setting { key, value }| format!("{key}={value} "));
    origin + &setting
}

impl Display for Origin {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => to.write_str("flag"),
            Origin::Environment => to.write_str("environment"),
            Origin::Vary => to.write_str("--vary"),
            Origin::File { name, line } => write!(to, "{name}:{line}"),
        }
    }
}

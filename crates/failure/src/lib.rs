//! Failures: why a program or one worker failed, with the fields that a program needs and one line of text.
//!
//! Start with [`Failure`], whose variants are the classes of failures. Its [`Class`] has the exit code, and a passed
//! [`Limit`] has a name. [`printable()`] escapes text from outside, so that it can't control the terminal.
//!
//! ```
//! use failure::{Class, Failure, Limit, printable};
//!
//! let failure = Failure::limit(Limit::CpuTime, "more than 30 s");
//! assert_eq!(failure.to_string(), "CPU time: more than 30 s");
//! assert_eq!((failure.class(), failure.exit_code()), (Class::Limit, 6));
//!
//! assert_eq!(printable(b"trace\x1b[2J.csv", 40), "trace\\u{1b}[2J.csv");
//! ```

mod class;
mod limit;
mod named;
mod place;
mod printable;

pub use class::Class;
pub use limit::Limit;
pub use place::{At, Origin, Setting};
pub use printable::printable;

/// Why a program, or one worker, failed. Its text is one line for people, with the place, the rule and the value; programs
/// use the fields and the [`Class`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(tag = "class", rename_all = "lowercase")]
pub enum Failure {
    /// The host or the middleware itself could not go on: a full disk, a lost pipe. Exit code 1.
    #[error("{message}")]
    Host {
        /// What went wrong.
        message: String,
    },
    /// A flag or a setting is wrong, or the simulator does not support it. Exit code 2.
    #[error("{}{rule}", place::of_setting(.origin.as_ref(), .setting.as_ref()))]
    Usage {
        /// Where the setting's value comes from; None for a default, and for what is no setting.
        origin: Option<Origin>,
        /// The setting and its value.
        setting: Option<Setting>,
        /// The rule that it breaks.
        rule: String,
    },
    /// The trace or the shard does not follow its format. Exit code 3.
    #[error("{}{rule}", place::in_trace(.file.as_deref(), *.at))]
    Trace {
        /// The file's name; None for a shard that is no file, and for a trace that is being written.
        file: Option<String>,
        /// The place in it; None for the whole trace.
        at: Option<At>,
        /// The rule that it breaks.
        rule: String,
    },
    /// The module is not a simulator. Exit code 4.
    #[error("{rule}")]
    Module {
        /// The rule that it breaks.
        rule: String,
    },
    /// The simulator trapped. Exit code 5.
    #[error("{message}")]
    Trap {
        /// The trap, and the functions that it happened in.
        message: String,
    },
    /// The simulator reported a failure by an exit code other than 0 and 64. Exit code 5.
    #[error("{message}")]
    Exit {
        /// The simulator's exit code.
        code: u32,
        /// The code's meaning, and what the simulator wrote to stderr.
        message: String,
    },
    /// A limit was passed. Exit code 6.
    #[error("{limit}: {rule}")]
    Limit {
        /// The limit.
        limit: Limit,
        /// Its value, and what passed it.
        rule: String,
    },
    /// The simulator's completions break the contract. Exit code 7.
    #[error("{rule}")]
    Contract {
        /// The id in the completion, or of the request without a completion, that breaks the rule; None for any other rule.
        request: Option<u64>,
        /// The rule, and what breaks it.
        rule: String,
    },
    /// The executor can't be used. Exit code 8.
    #[error("{message}")]
    Executor {
        /// What went wrong.
        message: String,
    },
    /// An objective does not hold. Exit code 99.
    #[error("{message}")]
    Objective {
        /// Which one.
        message: String,
    },
}

impl Failure {
    /// The program itself could not go on.
    pub fn host(message: impl Into<String>) -> Self {
        Failure::Host { message: message.into() }
    }

    /// A wrong use that is not one setting's value.
    pub fn usage(rule: impl Into<String>) -> Self {
        Failure::Usage { origin: None, setting: None, rule: rule.into() }
    }

    /// The module is not a simulator.
    pub fn module(rule: impl Into<String>) -> Self {
        Failure::Module { rule: rule.into() }
    }

    /// The simulator trapped.
    pub fn trap(message: impl Into<String>) -> Self {
        Failure::Trap { message: message.into() }
    }

    /// `limit` was passed.
    pub fn limit(limit: Limit, rule: impl Into<String>) -> Self {
        Failure::Limit { limit, rule: rule.into() }
    }

    /// The simulator's output as a whole breaks the contract.
    pub fn contract(rule: impl Into<String>) -> Self {
        Failure::Contract { request: None, rule: rule.into() }
    }

    /// The executor can't be used.
    pub fn executor(message: impl Into<String>) -> Self {
        Failure::Executor { message: message.into() }
    }

    /// An objective does not hold.
    pub fn objective(message: impl Into<String>) -> Self {
        Failure::Objective { message: message.into() }
    }

    /// Its class.
    pub fn class(&self) -> Class {
        match self {
            Failure::Host { .. } => Class::Host,
            Failure::Usage { .. } => Class::Usage,
            Failure::Trace { .. } => Class::Trace,
            Failure::Module { .. } => Class::Module,
            Failure::Trap { .. } => Class::Trap,
            Failure::Exit { .. } => Class::Exit,
            Failure::Limit { .. } => Class::Limit,
            Failure::Contract { .. } => Class::Contract,
            Failure::Executor { .. } => Class::Executor,
            Failure::Objective { .. } => Class::Objective,
        }
    }

    /// The code that a program exits with.
    pub fn exit_code(&self) -> u8 {
        self.class().exit_code()
    }

    /// The limit that was passed; None in any other class.
    pub fn passed_limit(&self) -> Option<Limit> {
        match self {
            Failure::Limit { limit, .. } => Some(*limit),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::host(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Option<String> {
        Some(name.to_owned())
    }

    /// One of each class, and their texts.
    fn all() -> Vec<(Failure, &'static str)> {
        let rule = || "rule".to_owned();
        let setting = |origin| Failure::Usage {
            origin,
            setting: Some(Setting { key: "SEED".to_owned(), value: "x".to_owned() }),
            rule: rule(),
        };
        let trace = |file, at| Failure::Trace { file, at, rule: rule() };
        vec![
            (Failure::host("disk"), "disk"),
            (Failure::usage("rule"), "rule"),
            (setting(None), "SEED=x rule"),
            (setting(Some(Origin::Flag)), "flag: SEED=x rule"),
            (setting(Some(Origin::Environment)), "environment: SEED=x rule"),
            (setting(Some(Origin::Vary)), "--vary: SEED=x rule"),
            (setting(Some(Origin::File { name: "f".to_owned(), line: 2 })), "f:2: SEED=x rule"),
            (trace(file("t"), None), "t: rule"),
            (trace(file("t"), Some(At::Line(3))), "t:3: rule"),
            (trace(file("t"), Some(At::Record(3))), "t: record 3: rule"),
            (trace(None, Some(At::Request(u64::MAX))), "request 18446744073709551615: rule"),
            (Failure::module("rule"), "rule"),
            (Failure::trap("unreachable"), "unreachable"),
            (Failure::Exit { code: 65, message: rule() }, "rule"),
            (Failure::limit(Limit::RunMemory, "9: more than 8"), "memory of a run: 9: more than 8"),
            (Failure::contract("rule"), "rule"),
            (Failure::Contract { request: Some(7), rule: rule() }, "rule"),
            (Failure::executor("gone"), "gone"),
            (Failure::objective("too slow"), "too slow"),
        ]
    }

    #[test]
    fn the_text_is_made_of_the_fields_and_json_keeps_them() {
        for (failure, text) in all() {
            assert_eq!(failure.to_string(), text);
            let json = serde_json::to_value(&failure).unwrap();
            assert_eq!(json["class"], failure.class().name());
            assert_eq!(serde_json::from_value::<Failure>(json).unwrap(), failure);
        }
    }

    #[test]
    fn names_in_json_are_the_printed_ones() {
        for class in Class::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
            assert!(all().iter().any(|(failure, _)| failure.class() == *class), "{class}");
        }
        for limit in Limit::ALL {
            assert_eq!(serde_json::to_value(limit).unwrap(), limit.name());
        }
    }
}

//! The ways in which a run ends badly, each with its class and exit code.

mod printable;

pub use printable::printable;

/// Why a program, or one worker, failed. Each variant is a class that scripts can rely on; its text is one line for
/// people that says where, which rule and which value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[serde(tag = "class", content = "message", rename_all = "lowercase")]
pub enum Failure {
    /// The host or the middleware itself could not go on: a full disk, a lost pipe. Exit code 1.
    #[error("{0}")]
    Host(String),
    /// A flag or a setting is wrong, or the simulator does not honour it. Exit code 2.
    #[error("{0}")]
    Usage(String),
    /// The trace or the shard is not what its format says. Exit code 3.
    #[error("{0}")]
    Trace(String),
    /// The module is not a simulator. Exit code 4.
    #[error("{0}")]
    Module(String),
    /// The simulator trapped. Exit code 5.
    #[error("{0}")]
    Trap(String),
    /// The simulator said that it failed, by an exit code other than 0 and 64. Exit code 5.
    #[error("{0}")]
    Exit(String),
    /// A limit was passed; the text begins with its name and a colon. Exit code 6.
    #[error("{0}")]
    Limit(String),
    /// The simulator's answers break the contract. Exit code 7.
    #[error("{0}")]
    Contract(String),
    /// The executor can't be used. Exit code 8.
    #[error("{0}")]
    Executor(String),
}

impl Failure {
    /// The class and the code that a program exits with.
    fn row(&self) -> (&'static str, u8) {
        match self {
            Failure::Host(_) => ("host", 1),
            Failure::Usage(_) => ("usage", 2),
            Failure::Trace(_) => ("trace", 3),
            Failure::Module(_) => ("module", 4),
            Failure::Trap(_) => ("trap", 5),
            Failure::Exit(_) => ("exit", 5),
            Failure::Limit(_) => ("limit", 6),
            Failure::Contract(_) => ("contract", 7),
            Failure::Executor(_) => ("executor", 8),
        }
    }

    /// The name of its class, as reports hold it.
    pub fn class(&self) -> &'static str {
        self.row().0
    }

    /// The code that a program exits with.
    pub fn exit_code(&self) -> u8 {
        self.row().1
    }

    /// The limit that was passed, by the name that `host limits` prints; None in any other class.
    pub fn limit(&self) -> Option<&str> {
        match self {
            Failure::Limit(text) => text.split_once(": ").map(|(name, _)| name),
            _ => None,
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::Host(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_by_its_name() {
        assert_eq!(Failure::Limit("memory of a run: 9: more than 8".into()).limit(), Some("memory of a run"));
        assert_eq!(Failure::Trap("memory: 9".into()).limit(), None);
    }
}

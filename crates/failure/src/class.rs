//! The classes of failures.

use crate::named::named;

named! {
    /// What kind of failure it is: scripts can rely on it.
    Class {
        /// The program itself could not go on.
        Host = "host",
        /// A flag or a setting is wrong, or the simulator does not honour it.
        Usage = "usage",
        /// The trace or the shard does not follow its format.
        Trace = "trace",
        /// The module is not a simulator.
        Module = "module",
        /// The simulator trapped.
        Trap = "trap",
        /// The simulator ended with an exit code that means failure.
        Exit = "exit",
        /// A limit was passed.
        Limit = "limit",
        /// The simulator's completions break the contract.
        Contract = "contract",
        /// The executor can't be used.
        Executor = "executor",
        /// An objective does not hold.
        Objective = "objective",
    }
}

impl Class {
    /// The code that a program exits with.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Host => 1,
            Self::Usage => 2,
            Self::Trace => 3,
            Self::Module => 4,
            Self::Trap | Self::Exit => 5,
            Self::Limit => 6,
            Self::Contract => 7,
            Self::Executor => 8,
            Self::Objective => 99,
        }
    }
}

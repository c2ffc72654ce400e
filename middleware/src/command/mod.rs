//! The subcommands.

pub(crate) mod describe;
pub(crate) mod partition;
pub(crate) mod run;

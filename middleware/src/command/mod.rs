//! The subcommands.

pub(crate) mod compare;
pub(crate) mod convert;
pub(crate) mod describe;
pub(crate) mod partition;
pub(crate) mod plan;
pub(crate) mod rerun;
pub(crate) mod results;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod study;

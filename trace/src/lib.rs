//! What everyone shares: requests, completions and demands; with the feature `programs` also trace files, settings and
//! the habits of the command lines.

pub mod demand;
pub mod exponential;
pub mod random;
pub mod record;

#[cfg(feature = "programs")]
pub mod decimal;
#[cfg(feature = "programs")]
mod env_file;
#[cfg(feature = "programs")]
mod failure;
#[cfg(feature = "programs")]
pub mod output;
#[cfg(feature = "programs")]
mod printable;
#[cfg(feature = "programs")]
pub mod program;
#[cfg(feature = "programs")]
pub mod reader;
#[cfg(feature = "programs")]
pub mod settings;
#[cfg(feature = "programs")]
pub mod turns;
#[cfg(feature = "programs")]
pub mod writer;

#[cfg(feature = "programs")]
pub use failure::Failure;
#[cfg(feature = "programs")]
pub use printable::printable;
pub use record::{Completion, CompletionHeader, NONE, Request, RequestHeader, Says};

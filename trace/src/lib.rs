//! What everyone shares: requests, completions and demands; with the feature `programs` also trace files, settings and
//! the habits of the command lines.

pub mod demand;
pub mod exponential;
pub mod random;
pub mod record;

pub use record::{Completion, CompletionHeader, NONE, Request, RequestHeader, Says};

//! The targets.

mod calls;
mod case;
mod completions;
mod csv;
mod input;
mod module;
mod oracle;
mod requests;
mod rows;
mod smith;
mod trace;

use failure::{Failure, printable};

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "module", make: module::make, run: module::run },
    Target { name: "trace", make: trace::make, run: trace::run },
    Target { name: "completions", make: completions::make, run: completions::run },
    Target { name: "csv", make: csv::make, run: csv::run },
];

/// Whether an error is fit for display: bounded, and without terminal control sequences.
fn check_words(failure: &Failure) -> Result<(), String> {
    let text = failure.to_string();
    if printable(text.as_bytes(), usize::MAX) != text {
        return Err(format!("the error is not fit for a terminal: {text:?}"));
    }
    if text.is_empty() || text.len() > 4_096 {
        return Err(format!("the error has {} bytes: {:.200}…", text.len(), text));
    }
    Ok(())
}

//! The targets.

mod calls;
mod case;
mod completions;
mod container;
mod csv;
mod flags;
mod input;
mod module;
mod oracle;
mod properties;
mod requests;
mod rows;
mod smith;
mod trace;

use failure::{Failure, printable};

use crate::Target;

/// Every target.
pub const TARGETS: &[Target] = &[
    Target { name: "module", make: module::make, run: module::run },
    Target { name: "delimited", make: trace::delimited, run: trace::run },
    Target { name: "lines", make: trace::lines, run: trace::run },
    Target { name: "json", make: trace::json, run: trace::run },
    Target { name: "binary", make: trace::binary, run: trace::run },
    Target { name: "packed", make: trace::packed, run: trace::run },
    Target { name: "completions", make: completions::make, run: completions::run },
    Target { name: "csv", make: csv::make, run: csv::run },
];

/// Whether an error of a trace, which may have several lines, is fit for display.
fn check_lines(failure: &Failure) -> Result<(), String> {
    let text = failure.to_string();
    if text.lines().count() > 20 {
        return Err(format!("the error has {} lines: {text:.200}", text.lines().count()));
    }
    text.lines().try_for_each(check_line)
}

/// Whether an error is fit for display: bounded, and without terminal control sequences.
fn check_words(failure: &Failure) -> Result<(), String> {
    check_line(&failure.to_string())
}

fn check_line(text: &str) -> Result<(), String> {
    if printable(text.as_bytes(), usize::MAX) != text {
        return Err(format!("the error is not fit for a terminal: {text:?}"));
    }
    if text.is_empty() || text.len() > 4_096 {
        return Err(format!("the error has {} bytes: {:.200}…", text.len(), text));
    }
    Ok(())
}

//! Where notes, warnings and progress of a run go. Libraries report to a [`Reporter`] that the program passes in.

use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressStyle};

use crate::program;

/// Takes what a library reports.
pub trait Reporter: Send + Sync {
    /// Information for the user.
    fn note(&self, text: &str);

    /// A warning for the user.
    fn warn(&self, text: &str);

    /// The work `doing` begins, whose `length` is known or not; it ends when what this returns is dropped.
    fn begin(&self, doing: &str, unit: Unit, length: Option<u64>) -> Box<dyn Progress>;
}

/// What the progress of a work is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Requests.
    Requests,
}

/// The progress of a work.
pub trait Progress: Send + Sync {
    /// It has reached `position`.
    fn reached(&self, position: u64);
}

/// Lines on stderr, and a progress bar where that is a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Terminal;

impl Reporter for Terminal {
    fn note(&self, text: &str) {
        program::note(text);
    }

    fn warn(&self, text: &str) {
        program::warn(text);
    }

    fn begin(&self, doing: &str, unit: Unit, length: Option<u64>) -> Box<dyn Progress> {
        let template = match unit {
            Unit::Requests => "{human_pos} of {human_len} requests",
            Unit::Bytes => "{decimal_bytes} of {decimal_total_bytes}",
        };
        let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
        let style = ProgressStyle::with_template(&format!("{doing} [{{bar:30}}] {template}, {{eta}} left"));
        Box::new(Bar(bar.with_style(style.expect("the template is right").progress_chars("=> "))))
    }
}

struct Bar(ProgressBar);

impl Progress for Bar {
    fn reached(&self, position: u64) {
        self.0.set_position(position);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// Keeps the lines, for tests.
#[derive(Debug, Default)]
pub struct Recording(Mutex<Vec<String>>);

impl Recording {
    /// The lines so far: `note: …` and `warning: …`.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Reporter for Recording {
    fn note(&self, text: &str) {
        self.push(format!("note: {text}"));
    }

    fn warn(&self, text: &str) {
        self.push(format!("warning: {text}"));
    }

    fn begin(&self, _: &str, _: Unit, _: Option<u64>) -> Box<dyn Progress> {
        Box::new(Unseen)
    }
}

struct Unseen;

impl Progress for Unseen {
    fn reached(&self, _: u64) {}
}

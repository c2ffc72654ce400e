//! Where a request stands in its trace, for errors.

use std::path::Path;

use failure::Failure;

/// How a trace is divided into rows, one a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Lines; the first row is line number `first` (1 first).
    Lines { first: u64 },
    /// Records of `len` bytes; the header is record 0.
    Records { len: usize },
}

/// A trace's name, and how its rows are counted.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) name: String,
    pub(super) rows: Rows,
}

impl Place {
    /// The trace at `path`, whose format is not yet known.
    pub(super) fn new(path: &Path) -> Self {
        let name = if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() };
        Self { name, rows: Rows::Lines { first: 1 } }
    }

    /// The error that row number `row` (0 first) breaks `rule`.
    pub(super) fn at(&self, row: u64, rule: &str) -> Failure {
        match self.rows {
            Rows::Lines { first } => Failure::Trace(format!("{}:{}: {rule}", self.name, row + first)),
            Rows::Records { .. } => Failure::Trace(format!("{}: record {}: {rule}", self.name, row + 1)),
        }
    }

    /// The error that the whole trace breaks `rule`.
    pub(super) fn whole(&self, rule: &str) -> Failure {
        Failure::Trace(format!("{}: {rule}", self.name))
    }
}

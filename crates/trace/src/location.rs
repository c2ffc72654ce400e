//! The location of a request in its trace, for errors.

use std::io;
use std::path::Path;

use failure::{At, Failure};

/// How a trace is divided into rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    /// Lines; the first row is line `first`, counted from 1.
    Lines { first: u64 },
    /// Records of `len` bytes; a header is record 0, and the first request record 1.
    Records { len: usize },
}

impl Rows {
    /// The location of row number `row`, counted from 0.
    fn at(self, row: u64) -> At {
        match self {
            Rows::Lines { first } => At::Line(row + first),
            Rows::Records { .. } => At::Record(row + 1),
        }
    }
}

/// A trace's name, and how its rows are counted.
#[derive(Debug, Clone)]
pub(crate) struct Location {
    pub(crate) name: String,
    pub(crate) rows: Rows,
}

impl Location {
    /// The trace at `path`, before its format is recognised.
    pub(crate) fn new(path: &Path) -> Self {
        let name = if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() };
        Self { name, rows: Rows::Lines { first: 1 } }
    }

    /// The first row comes `lines` later than was thought.
    pub(crate) fn skip_lines(&mut self, lines: u64) {
        if let Rows::Lines { first } = &mut self.rows {
            *first += lines;
        }
    }

    /// The error that row number `row`, counted from 0, breaks `rule`.
    pub(crate) fn at(&self, row: u64, rule: &str) -> Failure {
        self.breaks(rule, Some(self.rows.at(row)))
    }

    /// The error that the whole trace breaks `rule`.
    pub(crate) fn whole(&self, rule: &str) -> Failure {
        self.breaks(rule, None)
    }

    /// The error that the trace could not be read: [`Failure::Trace`] if its data is damaged, else [`Failure::Host`].
    pub(crate) fn reading(&self, error: &io::Error) -> Failure {
        match error.kind() {
            io::ErrorKind::InvalidData => self.whole(&error.to_string()),
            _ => Failure::host(format!("{}: {error}", self.name)),
        }
    }

    /// The place of row number `row` as a text, without the trace's name.
    pub(crate) fn place(&self, row: u64) -> String {
        match self.rows.at(row) {
            At::Line(line) => format!("line {line}"),
            At::Record(record) => format!("record {record}"),
            At::Request(request) => format!("request {request}"),
        }
    }

    fn breaks(&self, rule: &str, at: Option<At>) -> Failure {
        Failure::Trace { file: Some(self.name.clone()), at, rule: rule.to_owned() }
    }
}

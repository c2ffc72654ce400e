//! Why a row can't be used.

use std::fmt;

use failure::printable;

/// Why a row is not a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Defect {
    /// A cell does not follow its column's rule.
    Cell { name: String, value: String, rule: String },
    /// The line as a whole breaks a rule.
    Line(String),
    /// By the rules of its format the row is something else than a request.
    NoRequest,
}

impl Defect {
    pub(crate) fn cell(name: &str, cell: &[u8], rule: &str) -> Self {
        Self::Cell { name: printable(name.as_bytes(), 40), value: printable(cell, 40), rule: rule.to_owned() }
    }

    /// The rule without the value, by which defects are counted.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Cell { name, rule, .. } => format!("{name} is not {rule}"),
            // What is in parentheses is particular to the line.
            Self::NoRequest => "it is no request".to_owned(),
            Self::Line(rule) => rule.split(" (").next().unwrap_or_default().to_owned(),
        }
    }

    /// What breaks the rule, where that is known already.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Cell { value, .. } => format!("\"{value}\""),
            Self::Line(_) | Self::NoRequest => self.to_string(),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cell { name, value, rule } => write!(f, "{name} \"{value}\" is not {rule}"),
            Self::Line(rule) => f.write_str(rule),
            Self::NoRequest => f.write_str("the row is no request"),
        }
    }
}

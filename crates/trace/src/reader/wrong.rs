//! Rows that can't be used: those of the first rows are reported together.

use std::collections::BTreeMap;

use failure::Failure;

use super::cut::Block;
use super::decode::{self, Defects, FIRST_ROWS};
use super::location::Location;
use crate::lines::Defect;

/// Wrong rows that are shown.
const SHOWN: usize = 10;

/// The wrong rows so far, with their numbers.
#[derive(Debug)]
pub(super) struct Wrong {
    rows: Vec<(u64, Defect)>,
    /// The format, if that is a guess.
    guess: Option<&'static str>,
}

impl Wrong {
    /// Before the first row. `guess`: the format, if that is a guess.
    pub(super) fn new(guess: Option<&'static str>) -> Self {
        Self { rows: Vec::new(), guess }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds the defects of `block`, the next one. A wrong row of a live trace is reported at once.
    ///
    /// # Errors
    /// If a row is wrong, and the first rows have been read.
    pub(super) fn add(
        &mut self,
        defects: Defects,
        skipped: &mut BTreeMap<String, u64>,
        block: &Block,
        is_live: bool,
        location: &Location,
    ) -> Result<(), Failure> {
        for (reason, rows) in defects.skipped {
            decode::count(skipped, reason, rows);
        }
        self.rows.extend(defects.wrong);
        let is_past = block.first_row + block.rows >= FIRST_ROWS;
        if is_past || is_live { self.end(location) } else { Ok(()) }
    }

    /// Reports the wrong rows, if there are any.
    ///
    /// # Errors
    /// If there are any.
    pub(super) fn end(&self, location: &Location) -> Result<(), Failure> {
        let Some((first, defect)) = self.rows.first() else { return Ok(()) };
        // A later wrong row is the only one: reading ended with it.
        let mut rule = match self.guess {
            Some(format) => format!("{defect} (read as {format})"),
            None => defect.to_string(),
        };
        for (row, other) in self.rows.iter().take(SHOWN).skip(1) {
            // The same rule is not repeated.
            let text = if other.reason() == defect.reason() { other.value() } else { other.to_string() };
            rule.push_str(&format!("\n  {}: {text}", location.place(*row)));
        }
        if self.rows.len() > SHOWN {
            rule.push_str(&format!("\n  and {} more of the first {FIRST_ROWS} rows", self.rows.len() - SHOWN));
        }
        if self.rows.len() > 1 {
            rule.push_str("\n  --skip-bad-rows skips such rows and counts them in the report");
        }
        Err(location.at(*first, &rule))
    }
}

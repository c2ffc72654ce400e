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
#[derive(Debug, Default)]
pub(super) struct Wrong(Vec<(u64, Defect)>);

impl Wrong {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
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
        self.0.extend(defects.wrong);
        let is_past = block.first_row + block.rows >= FIRST_ROWS;
        if is_past || is_live { self.end(location) } else { Ok(()) }
    }

    /// Reports the wrong rows, if there are any.
    ///
    /// # Errors
    /// If there are any.
    pub(super) fn end(&self, location: &Location) -> Result<(), Failure> {
        let Some((first, defect)) = self.0.first() else { return Ok(()) };
        // A later wrong row is the only one: reading ended with it.
        let mut rule = defect.to_string();
        for (row, defect) in self.0.iter().take(SHOWN).skip(1) {
            rule.push_str(&format!("\n  {}: {defect}", location.place(*row)));
        }
        if self.0.len() > SHOWN {
            rule.push_str(&format!("\n  and {} more of the first {FIRST_ROWS} rows", self.0.len() - SHOWN));
        }
        if self.0.len() > 1 {
            rule.push_str("\n  --skip-bad-rows skips such rows and counts them in the report");
        }
        Err(location.at(*first, &rule))
    }
}

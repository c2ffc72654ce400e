//! Rows that can't be used: those of the first rows are reported together.

use std::collections::BTreeMap;

use failure::Failure;

use super::cut::Block;
use super::decode::{self, Defects, FIRST_ROWS};
use crate::lines::Defect;
use crate::location::Location;

/// Wrong rows that are shown.
const SHOWN: usize = 10;

/// The numbers of rows that gave no request.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// Rows that were skipped because they can't be used, by the reason.
    pub(super) skipped: BTreeMap<String, u64>,
    /// Rows that are something else by the rules of the format.
    pub(super) no_requests: u64,
}

impl Others {
    /// The remark on the rows that were skipped; None if there are none.
    pub(super) fn remark(&self) -> Option<String> {
        let reasons: Vec<String> = self.skipped.iter().map(|(reason, rows)| format!("{rows}: {reason}")).collect();
        let rows: u64 = self.skipped.values().sum();
        (rows > 0).then(|| format!("{rows} rows were skipped ({})", reasons.join("; ")))
    }
}

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

    /// `parsed`, unless it is an error: wrong rows before it are reported first.
    ///
    /// # Errors
    /// If a row is wrong, or `parsed` is an error.
    pub(super) fn first<T>(&self, parsed: Result<T, Failure>, location: &Location) -> Result<T, Failure> {
        parsed.or_else(|failed| self.end(location).and(Err(failed)))
    }

    /// Adds the defects of `block`, the next one. A wrong row of a live trace is reported at once.
    ///
    /// # Errors
    /// If a row is wrong, and the first rows have been read.
    pub(super) fn add(
        &mut self,
        defects: Defects,
        others: &mut Others,
        block: &Block,
        is_live: bool,
        location: &Location,
    ) -> Result<(), Failure> {
        others.no_requests += defects.no_requests;
        for (reason, rows) in defects.skipped {
            decode::count(&mut others.skipped, reason, rows);
        }
        // A wrong row behind the first rows is reported if it is the first one.
        let is_alone = self.rows.is_empty();
        self.rows.extend(defects.wrong.into_iter().filter(|&(row, _)| is_alone || row < FIRST_ROWS));
        let is_past = block.first_row + block.rows >= FIRST_ROWS;
        if is_past || is_live { self.end(location) } else { Ok(()) }
    }

    /// Reports the wrong rows, if there are any.
    ///
    /// # Errors
    /// If there are any.
    pub(super) fn end(&self, location: &Location) -> Result<(), Failure> {
        let Some((first, defect)) = self.rows.first() else { return Ok(()) };
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

//! A report of any kind, as run folders hold it.

use serde::Deserialize;

use crate::comparison::Comparison;
use crate::plan_report::PlanReport;
use crate::run_report::RunReport;
use crate::schema::{ReadError, Report as _};

/// The report of a run, a comparison or a plan.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "the names are enough")]
pub enum AnyReport {
    Run(Box<RunReport>),
    Comparison(Box<Comparison>),
    Plan(Box<PlanReport>),
}

/// The field that names the kind of a report; that of a run has none.
#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
}

impl AnyReport {
    /// Reads it from the JSON in `text`.
    ///
    /// # Errors
    /// If it is not a report, or has another schema.
    pub fn read(text: &[u8]) -> Result<Self, ReadError> {
        let Kind { kind } = serde_json::from_slice(text)?;
        Ok(match kind.as_deref() {
            Some("comparison") => AnyReport::Comparison(Box::new(Comparison::read(text)?)),
            Some("plan") => AnyReport::Plan(Box::new(PlanReport::read(text)?)),
            _ => AnyReport::Run(Box::new(RunReport::read(text)?)),
        })
    }

    /// The report of a run; None of another kind.
    pub fn run(&self) -> Option<&RunReport> {
        match self {
            AnyReport::Run(report) => Some(report),
            AnyReport::Comparison(_) | AnyReport::Plan(_) => None,
        }
    }
}

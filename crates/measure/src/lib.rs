//! What is measured: completions are folded into integers as they come, figures are computed from them once.

mod figures;
mod histogram;
pub mod outcome;
pub mod provenance;
pub mod run_report;
mod tally;
mod time_unit;

pub use figures::{Figures, Percentiles, number};
pub use histogram::{Histogram, Recorder};
pub use outcome::{Measured, Outcome};
pub use tally::{Counts, Tally};
pub use time_unit::TimeUnit;

//! Measurements: each completion is folded into integers, and figures are computed from them once.

mod figures;
mod histogram;
mod number;
pub mod outcome;
pub mod provenance;
pub mod run_report;
pub mod schema;
mod tally;
mod time_unit;

pub use figures::{Figures, Percentiles};
pub use histogram::{Histogram, Recorder};
pub use number::{decimal, fixed, number, or_dash, percent};
pub use outcome::{Measured, Outcome};
pub use tally::{Counts, Tally};
pub use time_unit::TimeUnit;

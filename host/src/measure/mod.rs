//! What is measured: completions are folded into integers as they come, figures are computed from them once.

mod figures;
mod histogram;
mod tally;
mod time_unit;

pub use figures::{Figures, Percentiles, number};
pub use histogram::Histogram;
pub use tally::{Counts, Tally};
pub use time_unit::TimeUnit;

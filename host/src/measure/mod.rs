//! What is measured: completions are folded into integers as they come, figures are computed from them once.

mod figures;
mod histogram;
mod tally;

pub use figures::{Figures, Percentiles, milliseconds, number};
pub use histogram::Histogram;
pub use tally::{Counts, Tally};

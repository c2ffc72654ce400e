//! Measurements: each completion is folded into integers, and figures are computed from them once.
//!
//! Start with [`Tally`], the sums and histograms of one worker, and [`Figures`], the averages and percentiles computed from
//! it; [`run_report::RunReport`] is the report of a whole run, which is read from JSON and written to it without loss. Times
//! are whole nanoseconds, and tallies of several workers merge exactly. The histogram is HdrHistogram (Gil Tene, 2012) with
//! three significant digits; docs/statistics.md defines every figure.
//!
//! ```
//! use measure::{Figures, Percentile, Tally};
//!
//! // One server, which finishes two requests of 4 ns by the time 8 ns. The second request waits for 3 ns.
//! let mut tally = Tally { end_ns: 8, ..Tally::default() };
//! tally.counts.offered = 2;
//! for (arrival, start, finish, service) in [(0, 0, 4, 4), (1, 4, 8, 4)] {
//!     tally.completed(arrival, start, finish, service);
//! }
//! let figures = Figures::of_worker(&tally, 1, &Percentile::DEFAULT);
//! assert_eq!(figures.average_delay_in_queue_ns, Some(1.5));
//! assert_eq!(figures.server_utilization, Some(1.0));
//! ```

pub mod any_report;
mod areas;
mod batches;
pub mod classes;
pub mod coarse;
pub mod comparison;
pub mod criterion;
mod evaluation;
mod figures;
mod histogram;
pub mod interval;
mod intervals;
pub mod judged;
mod measurement;
pub mod metric;
mod number;
mod observation;
pub mod outcome;
pub mod over_time;
mod per_worker;
mod percentile;
pub mod plan_report;
pub mod provenance;
mod randomness;
pub mod run_report;
mod run_sums;
pub mod schema;
mod student;
mod tally;
pub mod theory;
mod time_unit;
mod warm_up;
mod window;
mod window_recorder;
pub mod windows;
pub mod worker_report;

pub use any_report::AnyReport;
pub use batches::Batches;
pub use criterion::{Counted, Criterion, Selection};
pub use evaluation::Evaluation;
pub use figures::{Figures, Percentiles};
pub use histogram::{Histogram, Recorder};
pub use measurement::{Course, End, Kind, Measurement, Meter};
pub use metric::Metric;
pub use number::{aligned, decimal, decimals, fixed, number, or_dash, percent, plus_minus, without_zeros};
pub use outcome::{Measured, Outcome};
pub use per_worker::PerWorker;
pub use percentile::{DEFAULT_PERCENTILES, Percentile, PercentileList};
pub use randomness::Randomness;
pub use run_sums::RunSums;
pub use student::student;
pub use tally::{Counts, Tally};
pub use time_unit::TimeUnit;
pub use window_recorder::{Segment, SegmentSums, WindowRecorder};
pub use windows::Windows;

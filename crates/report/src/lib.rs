//! Renders reports as text, in lines that fit the width \[columns\] that the program passes.
//!
//! Start with [`table::table`], the report of a run as a table below its [answer](answer::of_run) in a sentence, and
//! [`runs::table`], a list of runs. A report is a
//! [`RunReport`](measure::run_report::RunReport), which is the only source of every rendering. Times in it are
//! nanoseconds; a table shows them in the unit that fits its largest time.
//!
//! ```
//! use measure::run_report::RunReport;
//! use measure::schema::Report as _;
//!
//! # let json = br#"{
//! #     "schema": 1, "queuebox": "0.1.0", "contract": 1, "significant_digits": 3,
//! #     "module": {"sha256": "00", "capabilities": 15},
//! #     "trace": {"files": [{"blake3": "00", "format": "csv"}], "requests": 2, "offset_ns": 0},
//! #     "settings": {"BALANCER": "RR", "CAPACITY": 0, "DELAY": 0, "DISCIPLINE": "fifo", "SEED": 1, "SERVERS": 1,
//! #         "SIM_ARGS": "", "WORKERS": 1},
//! #     "notes": [],
//! #     "workers": [{"worker": 1, "offered": 2, "error": {"class": "trap", "message": "unreachable"}}]
//! # }"#;
//! // `json` is the content of a report.json: a run of one worker, which failed.
//! let report = RunReport::read(json)?;
//! let text = report::table::table(&report, 80);
//! assert!(text.starts_with("The only worker failed, so there is no result for the whole run.\n"));
//! assert!(text.contains("worker 1 failed (trap): unreachable"));
//! # Ok::<(), measure::schema::ReadError>(())
//! ```

pub mod answer;
pub mod comparison;
mod figure;
pub mod grid;
pub mod intervals;
pub mod objectives;
pub mod plan;
pub mod runs;
pub mod table;

//! Shapes a trace between its file and its use: [`sorter`] puts requests in order of arrival, [`spread`] separates
//! requests that a coarse clock recorded at the same time, and [`keep`] takes a part of them.
//!
//! Arrivals are raw here: nanoseconds since the origin of the trace's format, as an i64 in the bits of
//! [`contract::Request::arrival_ns`], below 2⁶² in absolute value. They are negative for dates before 1970.

pub mod keep;
pub mod sorter;
pub mod spread;

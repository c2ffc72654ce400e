//! Trace files: reading and writing, and the decimal numbers in them.

pub mod decimal;
pub mod ordered;
pub mod reader;
pub mod writer;

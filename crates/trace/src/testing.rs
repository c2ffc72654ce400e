//! For tests and fuzz targets of other crates.

pub use crate::format::samples::SAMPLES;

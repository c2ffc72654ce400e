//! Renders reports as text.

pub mod runs;
pub mod table;

//! Renders reports as text.

pub mod table;

//! Renders reports as text. The width of the terminal comes from the program.

pub mod grid;
pub mod runs;
pub mod table;

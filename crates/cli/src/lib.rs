//! What the programs share: settings, output files, and how they start, report and end.

mod env_file;
pub mod output;
pub mod program;
pub mod reporter;
pub mod settings;
pub mod terminal;

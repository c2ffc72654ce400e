//! The parts that all programs share: settings, output files, notes and progress, and how a program starts and exits.
//!
//! Start with [`settings::Setting`], a field of a clap group that is flag, environment variable and line of
//! `.env.general` in one; with [`output::OutFile`], a file that appears whole or not at all; and with
//! [`program::main`], which turns an error into one line and an exit code. Durations become whole nanoseconds.
//!
//! ```
//! use cli::settings::{Setting, count, of_flags};
//!
//! #[derive(clap::Args)]
//! struct WorkerSettings {
//!     /// Number of workers.
//!     #[arg(long, env, default_value = "4", value_parser = count(1..=4096))]
//!     workers: Setting<u64>,
//! }
//!
//! let settings: WorkerSettings = of_flags(["--workers=8"])?;
//! assert_eq!(settings.workers.get(), Ok(8));
//!
//! // A text that breaks its rule is reported when the value is needed, with its origin.
//! let settings: WorkerSettings = of_flags(["--workers=none"])?;
//! let failure = settings.workers.get().unwrap_err();
//! assert_eq!(failure.to_string(), "flag: WORKERS=none must be an integer from 1 to 4096");
//! # Ok::<(), clap::Error>(())
//! ```

mod env_file;
pub mod output;
pub mod program;
pub mod reporter;
pub mod settings;
pub mod terminal;

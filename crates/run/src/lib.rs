//! Runs: a policy distributes a trace to workers, an executor runs a host for each worker, and their measurements are
//! collected.
//!
//! Start with [`scenario::Scenario`] (a module, its settings and a policy), [`plan::Plan`] (scenarios over one
//! [`source::Source`] of requests) and [`executor::Executor`], which runs the workers; [`report::report`] makes the report.
//! Times are whole nanoseconds. A run that is kept has a folder, [`run_folder::RunFolder`].
//!
//! ```
//! use cli::reporter::Terminal;
//! use cli::settings::of_flags;
//! use measure::Percentile;
//! use run::executor::{Files, Local};
//! use run::plan::Plan;
//! use run::settings::PartitionSettings;
//! use run::setup::{self, Balancing};
//! use sandbox::Module;
//!
//! // Settings as flags give them: a generated trace over two workers.
//! let settings: PartitionSettings = of_flags(["--samples=1000", "--workers=2", "--balancer=JSQ"])?;
//! let balancing = Balancing::from_settings(&settings)?;
//! let source = setup::source(&settings, &Default::default(), &balancing)?;
//! let module = Module::read("../../examples/simulators/fifo.wat".as_ref())?;
//! let scenario = balancing.scenario("", module, &of_flags([""; 0])?, false);
//!
//! let mut plan = Plan::new(source, vec![scenario]);
//! let execution = plan.execute_one(&Local::new(cli::program::end), Files::default(), &Terminal)?;
//! let report = run::report::report(&plan.scenarios()[0], &[execution], plan.source(), &Percentile::DEFAULT);
//! assert_eq!(report.workers.len(), 2);
//! assert_eq!(report.run.expect("no worker failed").counts.completed, 1000);
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod completions;
pub mod executor;
pub mod job;
mod lane;
pub mod load;
pub mod notes;
pub mod objective;
pub mod outputs;
pub mod partition;
pub mod plan;
pub mod precision;
pub mod randomness;
mod reading;
pub mod replications;
pub mod report;
pub mod retention;
pub mod run_file;
pub mod run_folder;
pub mod runs;
mod scaling;
pub mod scenario;
pub mod settings;
pub mod setup;
pub mod shard_files;
pub mod source;
pub mod study;
mod theory;
pub mod warm_up;

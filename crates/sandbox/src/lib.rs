//! The sandbox: runs one simulator over one shard within limits, checks its completions and measures them.
//!
//! Start with [`Module`], the bytes of a simulator; [`Simulator`], the compiled module; and [`simulate`], which runs it as
//! [`Job`] describes and returns an [`Outcome`](measure::Outcome). Times are whole nanoseconds. [`limits`] lists every limit
//! with its reason, docs/contract.md the rules that completions must follow.
//!
//! ```
//! use contract::Request;
//! use sandbox::limits::Limits;
//! use sandbox::{Job, Model, Module, Simulator, panicked, shard, simulate, start};
//!
//! let module = Module::read("../../examples/simulators/fifo.wat".as_ref())?;
//! let simulator = Simulator::compile(module, cli::program::end)?;
//! let job = Job::alone(Model::of_defaults(10_000_000), Limits::default());
//!
//! // Two requests arrive at 0 ns; each needs 4 ns.
//! let (mut sender, receiver) = shard::pipe(1 << 16);
//! [0, 1].map(|id| sender.send(&Request { id, service_ns: 4, ..Request::default() }));
//! sender.finish();
//!
//! // A simulator needs a thread with a large stack.
//! let work = move || simulate(&simulator, &job, Box::new(receiver), None);
//! let outcome = start("worker 1".to_owned(), work)?.join().map_err(|_| panicked())?;
//! assert_eq!(outcome.result?.tally.delay_sum_ns, 4); // The second request waits for the first.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "testing")]
pub mod command;
mod error_text;
mod exit;
mod imports;
mod inspect;
mod ledger;
pub mod limits;
mod meter;
mod module;
#[cfg(feature = "testing")]
pub mod native;
mod outstanding;
mod rules;
mod settings;
pub mod shard;
mod simulator;
mod streams;
mod text;
pub mod verify;
mod wasi;
mod worker;

pub use ledger::Completions;
pub use module::Module;
pub use settings::{ModelSettings, QueueSettings, ServerSettings, of_worker, per_worker};
#[cfg(feature = "testing")]
pub use simulator::config;
pub use simulator::{GiveUp, Simulator};
pub use worker::{Job, Model, honours, panicked, preflight, simulate, spawn, start};

//! Generates traces: CONCURRENCY clients, each with its own stream of requests, merged in order of arrival.
//!
//! Start with [`Generation`], the checked settings of a trace, and [`Generator`], which samples its requests. Arrivals
//! are in nanoseconds, sizes in blocks of 512 bytes. Every random stream is keyed by the seed, by its purpose and by
//! the client, so that a client's requests do not depend on the number of other clients. Each client's arrivals are a
//! stationary renewal process from the start (Cox, "Renewal theory", 1962, 5.4), whose time is changed if the rate does.
//!
//! ```
//! use cli::settings::of_flags;
//! use generator::{Generation, Generator};
//!
//! let settings = of_flags(["--samples=1000", "--concurrency=2", "--inter-arrival=5ms"])?;
//! let generation = Generation::from_settings(&settings, &of_flags(["--seed=7"])?)?;
//!
//! let mut requests = Vec::new();
//! Generator::new(&generation).fill(&mut requests, usize::MAX)?;
//! assert_eq!(requests.len(), 1000);
//! assert!(requests.is_sorted_by_key(|request| request.arrival_ns));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

mod arrival_rate;
mod arrivals;
mod classes_file;
mod client_class;
mod family;
mod generation;
mod generator;
mod popularity;
mod request_body;
mod settings;
mod size_table;
mod sizes;
mod tournament;

#[cfg(test)]
mod burst_tests;
#[cfg(test)]
mod distribution_tests;
#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod tail_tests;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vector_tests;

pub use arrival_rate::ArrivalRate;
pub use family::Family;
pub use generation::Generation;
pub use generator::Generator;
pub use popularity::PlaceChoice;
pub use settings::GeneratorSettings;
pub use size_table::SizeChoice;

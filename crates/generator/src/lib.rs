//! Generates traces: CONCURRENCY clients, each with its own stream of requests, merged in order of arrival.
//!
//! [`Generation`] holds the settings and [`Generator`] samples the requests. Every random number comes from a stream that
//! is keyed by the seed, by what it is sampled for and by the client, so that one client's requests do not hang on how
//! many others there are.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

mod arrivals;
mod contents;
mod generation;
mod generator;
mod settings;
mod sizes;
mod tournament;

#[cfg(test)]
mod distribution_tests;
#[cfg(test)]
mod start_tests;
#[cfg(test)]
mod tail_tests;
#[cfg(test)]
mod testing;

pub use generation::{Family, Generation};
pub use generator::Generator;
pub use settings::GeneratorSettings;

//! Generates traces: CONCURRENCY clients, each with its own stream of requests, merged in order of arrival.
//!
//! [`Generation`] holds the settings and [`Generator`] samples the requests. Every random stream is keyed by the seed,
//! by its purpose and by the client, so that a client's requests do not depend on the number of other clients.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

mod arrivals;
mod family;
mod generation;
mod generator;
mod request_body;
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

pub use family::Family;
pub use generation::Generation;
pub use generator::Generator;
pub use settings::GeneratorSettings;

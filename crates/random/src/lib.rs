//! Randomness that is the same on every platform: named streams, distributions, and the service demands of requests.

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

pub mod demand;
pub mod distribution;
pub mod exponential;
pub mod gamma;
pub mod lognormal;
pub mod normal;
pub mod pareto;
pub mod poisson;
pub mod streams;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::missing_panics_doc, reason = "a panic is how a test fails")]
#[allow(clippy::disallowed_methods, reason = "tests compare within a tolerance")]
pub mod testing;
pub mod truncated_normal;
pub mod weibull;

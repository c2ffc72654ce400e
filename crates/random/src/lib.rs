//! Random numbers that are the same on every platform: named streams, distributions, and the service demands of requests.
//!
//! Start with [`streams::Streams`] (the random streams of a seed and a name), [`distribution::Distribution`] (interarrival
//! times and sizes) and [`demand::Demands`] (the service demand of each request \[ns\]). A distribution has the mean 1; a
//! sample counts units of 2⁻⁴⁸. Functions such as the logarithm come from `libm`, whose version is pinned.
//!
//! A stream is a SplitMix64 generator (Steele, Lea, Flood, 2014); the rule and test vectors are in docs/reproducibility.md.
//! The methods of sampling are those of Marsaglia and Tsang (2000: [`exponential`], [`gamma`]), Leva (1992: [`normal`]),
//! Robert (1995: [`truncated_normal`]) and Hörmann (1993: [`poisson`]); each module names its source.
//!
//! ```
//! use random::demand::{Demands, ServiceDistribution};
//! use random::distribution::Distribution;
//! use random::streams::Streams;
//!
//! // The interarrival times of client 3, with a coefficient of variation of 2.
//! let lognormal = Distribution::lognormal(2.0).expect("2 is within the bounds of the family");
//! let mut stream = Streams::new(1, "interarrival").of(3);
//! assert!(Distribution::in_means(lognormal.sample(&mut stream)) > 0.0);
//!
//! // A demand that is sampled depends on the seed and the id of its request, and on nothing else.
//! let demands = |seed| Demands::new(10_000_000, ServiceDistribution::Exponential, seed);
//! assert_eq!(demands(1).sample(7), demands(1).sample(7));
//! assert_ne!(demands(1).sample(7), demands(2).sample(7));
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests compare within a tolerance"))]

pub mod bounded_pareto;
pub mod bursts;
pub mod cost;
pub mod demand;
pub mod distribution;
pub mod empirical;
pub mod erlang;
pub mod exponential;
pub mod gamma;
pub mod hyperexponential;
pub mod lognormal;
pub mod normal;
pub mod pareto;
pub mod poisson;
pub mod popularity;
pub mod rate_curve;
pub mod streams;
#[cfg(any(test, feature = "testing"))]
#[allow(clippy::missing_panics_doc, reason = "a panic is how a test fails")]
#[allow(clippy::disallowed_methods, reason = "tests compare within a tolerance")]
pub mod testing;
pub mod truncated_normal;
pub mod weibull;
pub mod weighted;
pub mod zipf;

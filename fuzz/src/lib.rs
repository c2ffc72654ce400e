//! Fuzz targets: what comes from outside (modules, traces, completions) as bytes that were made or broken at random, and
//! what must hold of Queuebox all the same.
//!
//! A target is a plain function of bytes, so that the `fuzz` program of this crate, `cargo test` and libFuzzer drive the
//! same one. README.md in this folder tells how.

pub mod driver;
mod edit;
mod target;

use random::streams::Stream;

pub use target::TARGETS;

/// How a case ended, by class.
pub type End = &'static str;

/// One thing that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Makes a case.
    pub make: fn(&mut Stream) -> Vec<u8>,
    /// Runs a case. The error tells what does not hold.
    pub run: fn(&[u8]) -> Result<End, String>,
}

/// Runs the case `bytes` of the target `name`, as libFuzzer wants it.
///
/// # Panics
/// Where something does not hold, or there is no such target.
pub fn hold(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    if let Err(wrong) = (target.run)(bytes) {
        panic!("{name}: {wrong}");
    }
}

//! Fuzz targets: untrusted input (modules, traces, completions) as random or corrupted bytes, and the properties of
//! Queuebox that must hold for any input.
//!
//! A target is a plain function of bytes, so that the `fuzz` program of this crate, `cargo test` and libFuzzer can use
//! the same one. README.md in this folder explains their use.

pub mod driver;
mod edit;
mod target;

use random::streams::Stream;

pub use target::TARGETS;

/// The end of a case, by class.
pub type End = &'static str;

/// A fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Makes a case.
    pub make: fn(&mut Stream) -> Vec<u8>,
    /// Runs a case. The error is the violated property.
    pub run: fn(&[u8]) -> Result<End, String>,
}

/// Runs the case `bytes` of the target `name`, for libFuzzer.
///
/// # Panics
/// If a property is violated, or there is no such target.
pub fn hold(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    if let Err(wrong) = (target.run)(bytes) {
        panic!("{name}: {wrong}");
    }
}

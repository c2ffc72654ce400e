//! What running and partitioning need alike: the trace and the balancing that the settings ask for.

use std::path::Path;

use host::Model;
use trace::reader::ReadFlags;
use trace::settings::Settings;
use trace::{Failure, program};
use tracegen::Generation;

use crate::policy::{Balancer, POLICIES, Row};
use crate::source::Source;

/// The settings that running and partitioning read alike, and `others`.
pub(crate) fn keys(others: &[&'static str]) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Vec::new();
    for key in [Generation::KEYS, Model::KEYS, &["BALANCER", "WORKERS", "TRACE"], others].concat() {
        // SEED is the generator's and the model's.
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

/// Most workers of a run: each is a thread with a memory of its own, and systems map no more than some ten thousand of those.
pub(crate) const WORKERS: u64 = 4096;

/// How a trace is balanced, and over what.
pub(crate) struct Balancing {
    /// The policy.
    pub(crate) policy: Row,
    /// Workers, at least 1.
    pub(crate) workers: usize,
    /// What each of them is.
    pub(crate) model: Model,
}

impl Balancing {
    /// As the settings say.
    ///
    /// # Errors
    /// Where one of them is not what it must be.
    pub(crate) fn from_settings(settings: &Settings) -> Result<Self, Failure> {
        Ok(Self {
            policy: settings.choice("BALANCER", &POLICIES.map(|row| (row.name, row)))?,
            workers: settings.count("WORKERS", 1..=WORKERS)? as usize,
            model: Model::from_settings(settings)?,
        })
    }

    /// The policy at its start.
    pub(crate) fn balancer(&self) -> Balancer {
        let Model { servers, capacity, seed, .. } = self.model;
        Balancer::new(self.policy, self.workers, servers, capacity, seed)
    }
}

/// The recorded trace that TRACE names, else a generated one.
///
/// # Errors
/// Where it can't be opened, or can't be generated as the settings say.
pub(crate) fn source(settings: &Settings, flags: &ReadFlags, balancing: &Balancing) -> Result<Source, Failure> {
    let Balancing { policy, model, .. } = balancing;
    let source = open(settings, flags, model)?;
    if policy.sees_block && !source.has_blocks() {
        return Err(settings.refuse("BALANCER", "needs a trace that says which block a request addresses"));
    }
    Ok(source)
}

fn open(settings: &Settings, flags: &ReadFlags, model: &Model) -> Result<Source, Failure> {
    match settings.text("TRACE") {
        Some(path) => {
            let unused = Generation::KEYS.iter().filter(|&&key| key != "SEED" && settings.given(key));
            let unused: Vec<&str> = unused.copied().collect();
            if !unused.is_empty() {
                program::warn(&format!("a recorded trace is used, so {} changes nothing", unused.join(", ")));
            }
            Source::recorded(Path::new(path), flags, model.demands())
        }
        None if flags.trace_format.is_some() || flags.sort || flags.rebase => {
            Err(Failure::Usage("--trace-format, --sort and --rebase are for recorded traces (--trace FILE)".to_owned()))
        }
        None => Ok(Source::generated(Generation::from_settings(settings)?, model.demands())),
    }
}

/// Tells the user what is odd about a trace, once it is read.
pub(crate) fn tell(settings: &Settings, source: &Source) {
    source.remarks().iter().for_each(|remark| program::note(remark));
    let (drawn, requests) = source.drawn();
    host::report::warn_of_unused_service(settings, drawn, requests);
}

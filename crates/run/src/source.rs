//! Where a run's requests come from: a recorded trace, or the generator.

use std::path::{Path, PathBuf};

use crate::notes;
use cli::reporter::Unit;
use contract::Request;
use failure::Failure;
use generator::{Generation, Generator};
use measure::provenance::TraceUsed;
use random::demand::Demands;
use trace::reader::{ReadFlags, TraceReader};

/// A trace, recorded or generated, as requests with their demands.
pub enum Source {
    /// From a file or stdin.
    Recorded(Box<TraceReader>, Recorded),
    /// From settings.
    Generated(Box<Generator>, Generation, Demands),
}

/// What a recorded trace is read from, and how.
pub struct Recorded {
    path: PathBuf,
    flags: ReadFlags,
    demands: Demands,
}

impl Source {
    /// The trace in the file `path` (`-` = stdin).
    ///
    /// # Errors
    /// Where it can't be opened or its format is not known.
    pub fn recorded(path: &Path, flags: &ReadFlags, demands: Demands) -> Result<Self, Failure> {
        let reader = Box::new(TraceReader::open(path, flags, demands)?);
        Ok(Source::Recorded(reader, Recorded { path: path.to_owned(), flags: flags.clone(), demands }))
    }

    /// The trace that `generation` describes.
    pub fn generated(generation: Generation, demands: Demands) -> Self {
        Source::Generated(Box::new(Generator::new(&generation)), generation, demands)
    }

    /// Gives `each` all requests, some at a time and in their order, and how far it is in [`Source::length`].
    ///
    /// # Errors
    /// Where the trace is not what its format says, or what `each` fails with.
    pub fn read(&mut self, mut each: impl FnMut(&[Request], u64) -> anyhow::Result<()> + Send) -> anyhow::Result<()> {
        match self {
            Source::Recorded(reader, _) => reader.read(each),
            Source::Generated(generator, _, demands) => {
                let mut count = 0;
                let prepare = |requests: &mut [Request], _: &mut ()| {
                    requests.iter_mut().for_each(|request| request.service_ns = demands.sample(request.id));
                    Ok(())
                };
                generator.read(&(), prepare, |requests, ()| {
                    count += requests.len() as u64;
                    each(requests, count)
                })
            }
        }
    }

    /// For whom a trace without requests is a mistake: whether it had any; known after its end.
    ///
    /// # Errors
    /// Where it had none.
    pub fn expect_requests(&self) -> Result<(), Failure> {
        match self {
            Source::Recorded(reader, _) => reader.expect_requests(),
            Source::Generated(..) => Ok(()),
        }
    }

    /// The same trace from its start.
    ///
    /// # Errors
    /// Where it can be read once only.
    pub fn again(&self) -> Result<Self, Failure> {
        match self {
            Source::Recorded(reader, Recorded { path, flags, demands }) => {
                if reader.size().is_none() {
                    let name = reader.name();
                    return Err(Failure::usage(format!(
                        "{name}: so many scenarios need more than one reading, and a pipe has one: write the trace to a file first"
                    )));
                }
                Self::recorded(path, flags, *demands)
            }
            Source::Generated(_, generation, demands) => Ok(Self::generated(generation.clone(), *demands)),
        }
    }

    /// What [`Source::length`] counts.
    pub fn unit(&self) -> Unit {
        match self {
            Source::Recorded(..) => Unit::Bytes,
            Source::Generated(..) => Unit::Requests,
        }
    }

    /// The trace's name in errors.
    pub fn trace(&self) -> &str {
        match self {
            Source::Recorded(reader, _) => reader.name(),
            Source::Generated(..) => "the generated trace",
        }
    }

    /// Whether it says which block a request addresses.
    pub fn has_blocks(&self) -> bool {
        match self {
            Source::Recorded(reader, _) => reader.has_blocks(),
            Source::Generated(..) => true,
        }
    }

    /// How long it is, where that is known: bytes of a recorded trace, requests of a generated one.
    pub fn length(&self) -> Option<u64> {
        match self {
            Source::Recorded(reader, _) => reader.size(),
            Source::Generated(_, generation, _) => Some(generation.samples),
        }
    }

    /// What to tell the user about the trace; complete after its end.
    pub fn remarks(&self) -> Vec<String> {
        match self {
            Source::Recorded(reader, _) => reader.remarks(),
            Source::Generated(..) => Vec::new(),
        }
    }

    /// How the report names it; complete after its end.
    pub fn name(&self) -> TraceUsed {
        match self {
            Source::Recorded(reader, Recorded { flags, .. }) => {
                TraceUsed::Recorded(notes::recorded(&reader.summary(), flags))
            }
            Source::Generated(_, generation, _) => TraceUsed::Generated { generated: generation.used() },
        }
    }

    /// How many demands were sampled, of how many requests; complete after the end.
    pub fn sampled(&self) -> (u64, u64) {
        match self {
            Source::Generated(_, generation, _) => (generation.samples, generation.samples),
            Source::Recorded(reader, _) => {
                let summary = reader.summary();
                (summary.sampled, summary.requests)
            }
        }
    }

    /// Utilization that a generated trace offers to `servers` by its settings: CONCURRENCY · ST / (INTER_ARRIVAL · servers).
    pub fn offered(&self, servers: u64) -> Option<f64> {
        match self {
            Source::Recorded(..) => None,
            Source::Generated(_, generation, demands) => {
                let load = u128::from(generation.concurrency) * u128::from(demands.mean_ns);
                Some(load as f64 / (u128::from(generation.inter_arrival_ns) * u128::from(servers)) as f64)
            }
        }
    }
}

//! The source of a run's requests: a recorded trace, or the generator.

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

/// The file and the options of a recorded trace.
pub struct Recorded {
    path: PathBuf,
    flags: ReadFlags,
    demands: Demands,
}

impl Source {
    /// The trace in the file `path` (`-` = stdin).
    ///
    /// # Errors
    /// If it can't be opened or its format is not recognised.
    pub fn recorded(path: &Path, flags: &ReadFlags, demands: Demands) -> Result<Self, Failure> {
        let reader = Box::new(TraceReader::open(path, flags, demands)?);
        Ok(Source::Recorded(reader, Recorded { path: path.to_owned(), flags: flags.clone(), demands }))
    }

    /// The trace that `generation` describes.
    pub fn generated(generation: Generation, demands: Demands) -> Self {
        Source::Generated(Box::new(Generator::new(&generation)), generation, demands)
    }

    /// Passes all requests to `each`, in order and in batches, with the position in [`Source::length`].
    ///
    /// # Errors
    /// If the trace does not follow its format; any error of `each`.
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

    /// For commands that need requests: fails if the trace had none. Call it after its end.
    ///
    /// # Errors
    /// If it had none.
    pub fn expect_requests(&self) -> Result<(), Failure> {
        match self {
            Source::Recorded(reader, _) => reader.expect_requests(),
            Source::Generated(..) => Ok(()),
        }
    }

    /// Whether it can be read more than once, in contrast to a pipe.
    pub fn is_repeatable(&self) -> bool {
        match self {
            Source::Recorded(reader, _) => reader.size().is_some(),
            Source::Generated(..) => true,
        }
    }

    /// The same trace from its start.
    ///
    /// # Errors
    /// If it can't be opened again.
    pub fn again(&self) -> Result<Self, Failure> {
        match self {
            Source::Recorded(_, Recorded { path, flags, demands }) => Self::recorded(path, flags, *demands),
            Source::Generated(_, generation, demands) => Ok(Self::generated(generation.clone(), *demands)),
        }
    }

    /// The unit of [`Source::length`].
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

    /// The files that the settings of a generated trace name.
    pub fn settings_files(&self) -> Vec<&Path> {
        match self {
            Source::Recorded(..) => Vec::new(),
            Source::Generated(_, generation, _) => generation.files().collect(),
        }
    }

    /// Whether it has the blocks that requests address.
    pub fn has_blocks(&self) -> bool {
        match self {
            Source::Recorded(reader, _) => reader.has_blocks(),
            Source::Generated(..) => true,
        }
    }

    /// Its length, if it is known: bytes of a recorded trace, requests of a generated one.
    pub fn length(&self) -> Option<u64> {
        match self {
            Source::Recorded(reader, _) => reader.size(),
            Source::Generated(_, generation, _) => Some(generation.samples),
        }
    }

    /// Remarks on the trace for the user; complete after its end.
    pub fn remarks(&self) -> Vec<String> {
        match self {
            Source::Recorded(reader, _) => reader.remarks(),
            Source::Generated(..) => Vec::new(),
        }
    }

    /// The trace, for the report; complete after its end.
    pub fn name(&self) -> TraceUsed {
        match self {
            Source::Recorded(reader, Recorded { flags, .. }) => {
                TraceUsed::Recorded(notes::recorded(&reader.summary(), flags))
            }
            Source::Generated(_, generation, _) => TraceUsed::Generated { generated: generation.used() },
        }
    }

    /// The number of sampled demands, and the number of requests; complete after the end.
    pub fn sampled(&self) -> (u64, u64) {
        match self {
            Source::Generated(_, generation, _) => (generation.samples, generation.samples),
            Source::Recorded(reader, _) => {
                let summary = reader.summary();
                (summary.sampled, summary.requests)
            }
        }
    }

    /// The utilization that a generated trace offers to `servers` according to its settings, if they say it.
    pub fn offered(&self, servers: u64) -> Option<f64> {
        match self {
            Source::Recorded(..) => None,
            Source::Generated(_, generation, demands) => generation.offered(demands.mean_ns, servers),
        }
    }
}

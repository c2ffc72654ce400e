//! The source of a run's requests: a recorded trace, or the generator.

use std::path::{Path, PathBuf};

use crate::notes::{self, Given, OfferedLoad, Sampled};
use cli::reporter::Unit;
use contract::{Capabilities, Request};
use failure::Failure;
use generator::{Generation, Generator};
use measure::provenance::TraceUsed;
use random::demand::Demands;
use trace::reader::{ReadFlags, TraceReader};

/// A trace, recorded or generated, as requests with their demands.
pub enum Source {
    /// From a file or stdin.
    Recorded(Box<TraceReader>, Box<Recorded>),
    /// From settings.
    Generated(Box<Generator>, Box<Generated>),
}

/// The files and the options of a recorded trace.
pub struct Recorded {
    paths: Vec<PathBuf>,
    flags: ReadFlags,
    demands: Demands,
    given: Given,
}

/// The settings of a generated trace.
pub struct Generated {
    generation: Generation,
    demands: Demands,
    given: Given,
}

impl Source {
    /// The trace in the files `paths` (`-` = stdin).
    ///
    /// # Errors
    /// If it can't be opened or its format is not recognised.
    pub fn recorded(paths: &[PathBuf], flags: &ReadFlags, demands: Demands) -> Result<Self, Failure> {
        let reader = Box::new(TraceReader::open(paths, flags, demands.clone())?);
        Ok(Source::Recorded(
            reader,
            Box::new(Recorded { paths: paths.to_owned(), flags: flags.clone(), demands, given: Given::default() }),
        ))
    }

    /// With the settings that the user gave: notes name those that have no effect.
    pub fn with_given(mut self, given: Given) -> Self {
        match &mut self {
            Source::Recorded(_, recorded) => recorded.given = given,
            Source::Generated(_, generated) => generated.given = given,
        }
        self
    }

    /// The trace that `generation` describes.
    pub fn generated(generation: Generation, demands: Demands) -> Self {
        let generator = Box::new(Generator::new(&generation));
        Source::Generated(generator, Box::new(Generated { generation, demands, given: Given::default() }))
    }

    /// Passes all requests to `each`, in order and in batches, with the position in [`Source::length`].
    ///
    /// # Errors
    /// If the trace does not follow its format; any error of `each`.
    pub fn read(&mut self, mut each: impl FnMut(&[Request], u64) -> anyhow::Result<()> + Send) -> anyhow::Result<()> {
        match self {
            Source::Recorded(reader, _) => reader.read(each),
            Source::Generated(generator, generated) => {
                let (demands, mut count) = (&generated.demands, 0);
                let prepare = |requests: &mut [Request], _: &mut ()| {
                    requests.iter_mut().for_each(|request| request.service_ns = demands.demand(request));
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
        self.with_seed(self.seed())
    }

    /// The same trace from its start, with all that is random in it under the seed that `of` makes of its own.
    ///
    /// # Errors
    /// If it can't be opened again.
    pub(crate) fn with_seed_of(&self, of: impl Fn(u64) -> u64) -> Result<Self, Failure> {
        self.with_seed(of(self.seed()))
    }

    fn seed(&self) -> u64 {
        match self {
            Source::Recorded(_, recorded) => recorded.demands.seed,
            Source::Generated(_, generated) => generated.demands.seed,
        }
    }

    /// The same trace from its start, with all that is random in it under `seed`.
    ///
    /// # Errors
    /// If it can't be opened again.
    pub fn with_seed(&self, seed: u64) -> Result<Self, Failure> {
        match self {
            Source::Recorded(_, recorded) => {
                let Recorded { paths, flags, demands, given } = &**recorded;
                Ok(Self::recorded(paths, flags, demands.clone().with_seed(seed))?.with_given(given.clone()))
            }
            Source::Generated(_, generated) => {
                let Generated { generation, demands, given } = &**generated;
                let generation = generation.clone().with_seed(seed);
                Ok(Self::generated(generation, demands.clone().with_seed(seed)).with_given(given.clone()))
            }
        }
    }

    /// Whether its arrivals depend on SEED.
    pub(crate) fn has_random_arrivals(&self) -> bool {
        match self {
            Source::Recorded(_, recorded) => recorded.flags.are_random(),
            Source::Generated(..) => true,
        }
    }

    /// Whether the rate of its arrivals follows a curve that settings give.
    pub(crate) fn rate_changes(&self) -> bool {
        match self {
            Source::Recorded(..) => false,
            Source::Generated(_, generated) => generated.generation.rate_changes(),
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
    pub fn trace(&self) -> String {
        match self {
            Source::Recorded(reader, _) => reader.name(),
            Source::Generated(..) => "the generated trace".to_owned(),
        }
    }

    /// The files that the settings of a generated trace name.
    pub fn settings_files(&self) -> Vec<&Path> {
        match self {
            Source::Recorded(..) => Vec::new(),
            Source::Generated(_, generated) => generated.generation.files().collect(),
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
            Source::Generated(_, generated) => Some(generated.generation.samples),
        }
    }

    /// Notes on the trace, which offers `load` to workers of this `capacity` in all, whose simulator has `capabilities` (none
    /// without a simulator); complete after its end.
    pub fn notes(&self, load: &OfferedLoad, capacity: f64, capabilities: Capabilities) -> Vec<String> {
        let sampled = self.sampled();
        match self {
            Source::Recorded(reader, recorded) => {
                notes::of_recorded(reader, &sampled, &recorded.given, load, capacity, capabilities)
            }
            Source::Generated(_, generated) => {
                [sampled.notes(capabilities), generated.given.without_effect.clone()].concat()
            }
        }
    }

    /// The trace, for the report; complete after its end.
    pub fn name(&self) -> TraceUsed {
        match self {
            Source::Recorded(reader, _) => TraceUsed::Recorded(notes::recorded(reader.summary())),
            Source::Generated(_, generated) => TraceUsed::Generated { generated: generated.generation.used() },
        }
    }

    /// The demands that were sampled; complete after the end.
    pub fn sampled(&self) -> Sampled {
        match self {
            Source::Generated(_, generated) => {
                let Generated { generation, demands, .. } = &**generated;
                Sampled { number: generation.samples, requests: generation.samples, demands: demands.clone() }
            }
            Source::Recorded(reader, recorded) => Sampled::of(&reader.summary(), recorded.demands.clone()),
        }
    }

    /// The settings of a generated trace, and its demands; None for a recorded trace.
    pub(crate) fn generation(&self) -> Option<(&Generation, &Demands)> {
        match self {
            Source::Recorded(..) => None,
            Source::Generated(_, generated) => Some((&generated.generation, &generated.demands)),
        }
    }

    /// The utilization that a generated trace offers to workers of this `capacity` in all; None if its settings do not
    /// determine it.
    pub fn offered(&self, capacity: f64) -> Option<f64> {
        let (generation, demands) = self.generation()?;
        // The mean of a cost depends on the requests.
        let mean_ns = demands.distribution.as_cost().is_none().then_some(demands.mean_ns)?;
        generation.offered(mean_ns as f64, capacity)
    }
}

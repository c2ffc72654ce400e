//! The settings of a generated trace.

use std::path::{Path, PathBuf};

use cli::settings::SeedSettings;
use cli::settings::table_file::TextFile;
use failure::Failure;
use measure::provenance::{ClassUsed, GeneratorUsed, TrafficUsed};

use crate::arrival_rate::TimeChange;
use crate::classes_file::{self, FileClass};
use crate::client_class::ClientClass;
use crate::settings::GeneratorSettings;

/// The settings of a generated trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// SAMPLES: requests.
    pub samples: u64,
    pub(crate) seed: u64,
    /// Clients are numbered through all classes; there is at least one.
    pub(crate) classes: Vec<ClientClass>,
    /// The classes' names; None without CLASSES.
    names: Option<Vec<String>>,
    /// The file that CLASSES names.
    classes_file: Option<PathBuf>,
}

/// The largest number of clients of all classes.
const MAX_CLIENTS: u64 = 1_000_000;

impl Generation {
    /// The trace that settings describe. Those that take no part are not looked at.
    ///
    /// # Errors
    /// If a setting is invalid, or settings contradict each other; if a file that one names can't be read, or breaks a rule.
    pub fn from_settings(settings: &GeneratorSettings, seed: &SeedSettings) -> Result<Self, Failure> {
        let (samples, seed) = (settings.samples.get()?, seed.seed.get()?);
        let Some(path) = settings.classes.get()? else {
            let class = ClientClass::new(settings, 0)?;
            class.refuse_too_long(samples, settings)?;
            return Ok(Self { samples, seed, classes: vec![class], names: None, classes_file: None });
        };
        let file = TextFile::read(&path).map_err(|rule| settings.classes.refuse(&rule))?;
        let (mut classes, mut names, mut in_time) = (Vec::new(), Vec::new(), Vec::new());
        for FileClass { name, priority, settings } in classes_file::classes(&file, settings)? {
            let in_class = |failure| classes_file::in_class(&name, failure);
            let class = ClientClass::new(&settings, priority).map_err(in_class)?;
            in_time.push(class.refuse_too_long(samples, &settings).map_err(in_class));
            classes.push(class);
            names.push(name);
        }
        // One class that makes all requests in time is enough: those of the others only end the trace earlier.
        if in_time.iter().all(Result::is_err) {
            in_time.swap_remove(0)?;
        }
        let clients: u64 = classes.iter().map(|class| u64::from(class.clients)).sum();
        if clients > MAX_CLIENTS {
            return Err(settings.classes.refuse(&format!("has {clients} clients, more than {MAX_CLIENTS}")));
        }
        Ok(Self { samples, seed, classes, names: Some(names), classes_file: Some(path.into()) })
    }

    /// The same trace under another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Whether ARRIVALS is not constant: the rate of arrivals follows a curve, or has bursts.
    pub fn rate_changes(&self) -> bool {
        self.classes.iter().any(|class| !matches!(class.change, TimeChange::None))
    }

    /// Whether the trace has classes of clients, so that its requests may differ in `class`.
    pub fn has_classes(&self) -> bool {
        self.names.is_some()
    }

    /// The files that its settings name: inputs, which no output may overwrite.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        self.classes_file.iter().chain(self.classes.iter().flat_map(|class| &class.files)).map(PathBuf::as_path)
    }

    /// The utilization that the clients offer in the long run to servers of this `capacity` (demands that they serve in a unit
    /// of time), if a request's mean demand is `demand_ns` \[ns\]: the sum of CONCURRENCY · ST / (INTER_ARRIVAL ·
    /// capacity) of all classes. None if a rate follows a curve, of which the trace may hold a part.
    pub fn offered(&self, demand_ns: f64, capacity: f64) -> Option<f64> {
        self.classes.iter().map(|class| class.offered(demand_ns, capacity)).sum()
    }

    /// Whether arrivals are a Poisson process of constant rate: that of each client is one, so that of all is.
    pub fn is_poisson(&self) -> bool {
        self.classes.iter().all(ClientClass::is_poisson)
    }

    /// The settings for a report: only those that took part.
    pub fn used(&self) -> GeneratorUsed {
        let traffic = match (&self.names, &self.classes[..]) {
            (None, classes) => TrafficUsed::Alike(classes[0].used.clone()),
            (Some(names), classes) => {
                let class = |(name, class): (&String, &ClientClass)| ClassUsed {
                    name: name.clone(),
                    priority: class.priority,
                    clients: class.used.clone(),
                };
                TrafficUsed::Classes { classes: names.iter().zip(classes).map(class).collect() }
            }
        };
        GeneratorUsed { samples: self.samples, traffic }
    }
}

#[cfg(test)]
#[path = "generation_tests.rs"]
mod tests;

//! The capabilities of the default simulator, and its settings.

use std::fmt;

use contract::{Capabilities, Request};
use random::exponential;
use random::streams::Streams;

/// The settings of the queue model of one worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// DISCIPLINE.
    pub discipline: Discipline,
    /// SERVERS: servers of the station, at least 1.
    pub servers: u32,
    /// CAPACITY: upper limit of the requests in the system, including those in service; 0 = no limit.
    pub capacity: u64,
    /// DELAY: service starts after which the simulation ends; 0 = it does not.
    pub delay: u64,
    /// PATIENCE.
    pub patience: Patience,
    /// SEED.
    pub seed: u64,
    /// WORKER: its number, from 1.
    pub worker: u32,
}

impl Default for Model {
    /// The defaults of the settings: M/G/1 with everything unlimited.
    fn default() -> Self {
        Self {
            discipline: Discipline::Fifo,
            servers: 1,
            capacity: 0,
            delay: 0,
            patience: Patience::ENDLESS,
            seed: 1,
            worker: 1,
        }
    }
}

impl Model {
    /// The number of requests that a full system has.
    pub fn room(&self) -> usize {
        if self.capacity == 0 { usize::MAX } else { usize::try_from(self.capacity).unwrap_or(usize::MAX) }
    }

    /// The capabilities of the default simulator under this model.
    pub fn capabilities(&self) -> Capabilities {
        let all = Capabilities::SERVERS
            .and(Capabilities::DISCIPLINE)
            .and(Capabilities::CAPACITY)
            .and(Capabilities::DELAY)
            .and(Capabilities::PATIENCE);
        if self.discipline.interrupts() { all.and(Capabilities::SHARED) } else { all }
    }
}

/// The order of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Discipline {
    /// First in, first out.
    Fifo,
    /// Last in, first out, without pre-emption.
    Lifo,
    /// Service in random order.
    Siro,
    /// Shortest job first, without pre-emption.
    Sjf,
    /// By priority, without pre-emption.
    Priority,
    /// By priority; a request that is pre-empted resumes later.
    PriorityPreemptive,
    /// Processor sharing: all requests are in service, each at the same rate.
    Ps,
}

impl Discipline {
    /// All disciplines.
    pub const ALL: [Discipline; 7] = [
        Discipline::Fifo,
        Discipline::Lifo,
        Discipline::Siro,
        Discipline::Sjf,
        Discipline::Priority,
        Discipline::PriorityPreemptive,
        Discipline::Ps,
    ];

    /// The discipline that `word` names.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|discipline| discipline.name() == word)
    }

    /// Its word in DISCIPLINE.
    pub fn name(self) -> &'static str {
        match self {
            Discipline::Fifo => "fifo",
            Discipline::Lifo => "lifo",
            Discipline::Siro => "siro",
            Discipline::Sjf => "sjf",
            Discipline::Priority => "priority",
            Discipline::PriorityPreemptive => "priority-preemptive",
            Discipline::Ps => "ps",
        }
    }

    /// The order of service in a few words, for help.
    pub fn summary(self) -> &'static str {
        match self {
            Discipline::Fifo => "first in, first out",
            Discipline::Lifo => "last in, first out; service is not interrupted",
            Discipline::Siro => "a random one of the waiting requests",
            Discipline::Sjf => "the smallest demand first; service is not interrupted",
            Discipline::Priority => "the smallest class first, then reads; service is not interrupted",
            Discipline::PriorityPreemptive => "as priority, but interrupts service, which resumes later",
            Discipline::Ps => "processor sharing: all requests are in service, at equal rates",
        }
    }

    /// Whether service may be interrupted or shared, so that it takes longer than the demand.
    pub fn interrupts(self) -> bool {
        matches!(self, Discipline::PriorityPreemptive | Discipline::Ps)
    }
}

/// PATIENCE: how long a request waits for its service to begin before it leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Patience {
    /// The mean \[ns\]; 0 = endless.
    pub mean_ns: u64,
    /// Whether it is exponentially distributed; else it is always the mean.
    pub exponential: bool,
}

impl Patience {
    /// No request leaves before its service.
    pub const ENDLESS: Patience = Patience { mean_ns: 0, exponential: false };

    /// The name of its distribution in the environment of simulators.
    pub fn distribution(self) -> &'static str {
        if self.exponential { "exponential" } else { "deterministic" }
    }

    /// Whether no request leaves before its service.
    pub fn is_endless(self) -> bool {
        self.mean_ns == 0
    }
}

impl fmt::Display for Patience {
    /// As in PATIENCE, in the largest unit of which it is a multiple.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distribution = if self.exponential { "exponential:" } else { "" };
        let units = [("s", 1_000_000_000), ("ms", 1_000_000), ("us", 1_000), ("ns", 1)];
        let (unit, ns) = units.into_iter().find(|(_, ns)| self.mean_ns.is_multiple_of(*ns)).unwrap_or(("ns", 1));
        write!(formatter, "{distribution}{}{unit}", self.mean_ns / ns)
    }
}

/// The patience of each request, from the random stream `patience` of SEED, numbered by the request's id.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    patience: Patience,
    streams: Streams,
}

impl Deadlines {
    /// Those of `model`.
    pub fn new(model: &Model) -> Self {
        Self { patience: model.patience, streams: Streams::new(model.seed, "patience") }
    }

    /// The time at which `request` leaves if its service has not begun \[ns\], at least 1 ns after its arrival; `u64::MAX`
    /// if it never does.
    #[inline]
    pub fn of(&self, request: &Request) -> u64 {
        let patience = match self.patience {
            Patience { mean_ns: 0, .. } => return u64::MAX,
            Patience { mean_ns, exponential: true } => {
                exponential::sample_ns(&mut self.streams.of(request.id), mean_ns).max(1)
            }
            Patience { mean_ns, .. } => mean_ns,
        };
        request.arrival_ns.saturating_add(patience)
    }
}

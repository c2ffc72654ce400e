//! What is simulated: arrivals, classes, workers and their queues, and the figures with their values by theory.

use policy::{Cluster, Member};
use random::distribution::Distribution;
use sim_wasm::{Discipline, Model, Patience, Speed};

use super::formulas::Known;
use super::programs::Program;
use super::service::Service;

/// The unit of time: the mean service time \[ns\]. Rounding to whole nanoseconds changes no figure by more than 10⁻⁶ of it.
pub(super) const UNIT_NS: u64 = 1_000_000_000;

/// One system, simulated by independent replications.
#[derive(Clone)]
pub(super) struct Scenario {
    /// In Kendall's notation or in words, with its load.
    pub(super) name: String,
    /// Arrivals per mean service time.
    pub(super) rate: f64,
    /// The distribution of interarrival times, with mean 1.
    pub(super) arrivals: Distribution,
    /// What the offered load is of the workers' speed, for the required precision and the warm-up.
    pub(super) load: f64,
    pub(super) service: Service,
    /// Requests are of class k with the k-th probability. Empty: all are alike.
    pub(super) classes: Vec<Class>,
    pub(super) workers: Vec<Member>,
    /// BALANCER.
    pub(super) balancer: String,
    /// The programs that simulate it; None: the libraries alone.
    pub(super) program: Option<Program>,
    /// Of the generator of the program: so many independent clients, which are one Poisson process.
    pub(super) clients: u32,
    /// The time that replications run before they are measured.
    pub(super) warm_up: f64,
    pub(super) figures: Vec<(Figure, Known)>,
}

/// A class of requests.
#[derive(Clone, Copy)]
pub(super) struct Class {
    /// Its share of the requests.
    pub(super) share: f64,
    /// Its mean service time.
    pub(super) mean: f64,
    /// Its number, and whether it writes: priority is by class, then reads first.
    pub(super) number: u16,
    pub(super) write: bool,
}

/// A figure of a replication.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Figure {
    /// The mean delay in queue of the requests that are served.
    Delay(Of),
    /// Its mean square.
    SquaredDelay,
    /// The share of delays above so many mean service times.
    DelayAbove(f64),
    /// The mean response time of the requests that are served.
    Response(Of),
    SquaredResponse,
    /// The sum of the responses of demands in a range over the sum of these demands.
    Stretch(f64, f64),
    /// The time in queue of all requests, abandoned ones too.
    TimeInQueue,
    Rejected,
    Abandoned,
    /// The mean number in system at any time, and over the number of workers.
    InSystem,
    InSystemPerWorker,
}

/// Some of the requests.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Of {
    All,
    /// Those of the class at this place.
    Class(usize),
    /// Those of the worker at this place.
    Worker(usize),
}

impl Figure {
    pub(super) fn name(self) -> String {
        let of = |of: Of| match of {
            Of::All => String::new(),
            Of::Class(place) => format!(", class {}", place + 1),
            Of::Worker(place) => format!(", worker {}", place + 1),
        };
        match self {
            Figure::Delay(all) => format!("mean delay{}", of(all)),
            Figure::SquaredDelay => "mean squared delay".into(),
            Figure::DelayAbove(x) => format!("P(delay > {x})"),
            Figure::Response(all) => format!("mean response{}", of(all)),
            Figure::SquaredResponse => "mean squared response".into(),
            Figure::Stretch(from, to) if to.is_finite() => format!("response / demand, demands {from} to {to}"),
            Figure::Stretch(from, _) => format!("response / demand, demands above {from}"),
            Figure::TimeInQueue => "mean time in queue".into(),
            Figure::Rejected => "rejected share".into(),
            Figure::Abandoned => "abandoned share".into(),
            Figure::InSystem => "mean number in system".into(),
            Figure::InSystemPerWorker => "mean number in system per worker".into(),
        }
    }
}

impl Scenario {
    /// One worker with one server, first in, first out, with Poisson arrivals and exponential service, at `load`.
    pub(super) fn new(name: impl Into<String>, load: f64) -> Self {
        let relaxation = if load < 1.0 { (1.0 - load.sqrt()).powi(-2) } else { 0.0 };
        Self {
            name: name.into(),
            rate: load,
            arrivals: Distribution::Exponential,
            load,
            service: Service::Exponential,
            classes: Vec::new(),
            workers: Cluster::alike(1, 1, 0, 0).workers,
            balancer: "RR".into(),
            // Queues forget their start with the time constant 1/(1 − √ρ)² (Cohen, "The single server queue", 1982).
            warm_up: 15.0 * relaxation.max(10.0),
            program: None,
            clients: 1,
            figures: Vec::new(),
        }
    }

    /// With service of the distribution `service`, whose variation lengthens the warm-up.
    pub(super) fn service(self, service: Service) -> Self {
        let warm_up = self.warm_up * (1.0 + service.squared_cv()).max(2.0) / 2.0;
        Self { service, warm_up, ..self }
    }

    pub(super) fn arrivals(self, arrivals: Distribution) -> Self {
        Self { arrivals, ..self }
    }

    pub(super) fn classes(self, classes: &[Class]) -> Self {
        Self { classes: classes.to_vec(), ..self }
    }

    pub(super) fn servers(self, servers: u32) -> Self {
        let rate = self.rate * f64::from(servers);
        Self { rate, ..self }.each(|member| member.model.servers = servers)
    }

    pub(super) fn capacity(self, capacity: u64) -> Self {
        // A full system forgets its start within some service times.
        Self { warm_up: 100.0, ..self }.each(|member| member.model.capacity = capacity)
    }

    pub(super) fn discipline(self, discipline: Discipline) -> Self {
        self.each(|member| member.model.discipline = discipline)
    }

    /// With the mean patience `mean`, constant or exponential.
    pub(super) fn patience(self, mean: f64, exponential: bool) -> Self {
        let mean_ns = (mean * UNIT_NS as f64).round() as u64;
        Self { warm_up: 100.0, ..self }.each(|member| member.model.patience = Patience { mean_ns, exponential })
    }

    /// Behind `balancer`, over `workers` workers like the present one.
    pub(super) fn behind(self, balancer: &str, workers: usize) -> Self {
        let alike = vec![self.workers[0]; workers];
        Self { balancer: balancer.into(), rate: self.rate * workers as f64, workers: alike, ..self }
    }

    /// Behind `balancer`, over workers with these speeds, which are their weights too.
    pub(super) fn with_speeds(self, balancer: &str, speeds: &[u64]) -> Self {
        let rate = self.rate * speeds.iter().sum::<u64>() as f64;
        let member = |&speed| {
            let speed = Speed::new(speed, 1).unwrap();
            Member { speed, weight: speed, ..self.workers[0] }
        };
        Self { balancer: balancer.into(), rate, workers: speeds.iter().map(member).collect(), ..self }
    }

    pub(super) fn warm_up(self, warm_up: f64) -> Self {
        Self { warm_up, ..self }
    }

    /// Through a program, which measures the whole trace.
    pub(super) fn by(self, program: Program) -> Self {
        Self { program: Some(program), warm_up: 0.0, ..self }
    }

    pub(super) fn clients(self, clients: u32) -> Self {
        Self { clients, ..self }
    }

    pub(super) fn expects(mut self, figure: Figure, theory: f64, source: &'static str) -> Self {
        self.figures.push((figure, (theory, source)));
        self
    }

    /// The largest half-width of an interval in the full run, as a share of theory's value.
    pub(super) fn precision(&self) -> f64 {
        if self.load > 0.9 { 0.05 } else { 0.02 }
    }

    /// Requests before the first one that is measured.
    pub(super) fn warm_up_requests(&self) -> u64 {
        (self.warm_up * self.rate).ceil() as u64
    }

    /// Requests of a replication that are not measured. After the measured ones, half as many as in the warm-up arrive,
    /// so that nearly all that are measured leave while requests still arrive.
    pub(super) fn unmeasured(&self) -> u64 {
        self.warm_up_requests() + self.warm_up_requests() / 2
    }

    /// The cluster, as a run with the seed `seed` has it.
    pub(super) fn cluster(&self, seed: u64) -> Cluster {
        let member =
            |(worker, member): (u32, &Member)| Member { model: Model { seed, worker, ..member.model }, ..*member };
        Cluster { workers: (1..).zip(&self.workers).map(member).collect(), seed }
    }

    fn each(mut self, change: impl Fn(&mut Member)) -> Self {
        self.workers.iter_mut().for_each(change);
        self
    }
}

//! A first reading of a trace for a plan: the load that it offers, and what the service times alone take.

use contract::{Capabilities, Request};
use measure::criterion::TimeLimits;
use measure::metric::{Metric, Times};
use measure::{Histogram, Percentile, Selection, TimeUnit};
use sim_wasm::Speed;

use crate::notes::OfferedLoad;
use crate::objective::{Objective, Target};
use crate::scenario::{Scenario, capacity};
use crate::source::Source;

/// From this utilization on, a generated trace overloads its workers: the mean of its demands is rounded to nanoseconds.
const SATURATED: f64 = 1.0 - 1e-9;

/// The standard errors by which sampled demands must miss an objective, so that it is not by chance.
const SURE: f64 = 4.0;

/// What a trace offers.
pub struct Survey {
    load: OfferedLoad,
    floors: Vec<Floor>,
    worker: Worker,
    /// The offered load in workers that the settings of a generated trace determine.
    generated: Option<f64>,
    is_sampled: bool,
}

/// What each worker is.
struct Worker {
    capacity: f64,
    speed: Speed,
    /// How many servers may serve one request at once.
    at_once: u64,
    decides_demands: bool,
    loses: bool,
}

/// The service times of the requests of an objective.
#[derive(Default)]
struct Floor {
    times: Histogram,
    sum_ns: f64,
    squares: f64,
    missed: u64,
}

impl Survey {
    /// For workers like those of `scenario`, before the reading.
    pub fn new(scenario: &Scenario, objectives: &[Objective]) -> Self {
        let first = &scenario.workers[0];
        let (model, capabilities) = (&first.job.model, first.job.capabilities.unwrap_or_default());
        let shares = capabilities.has(Capabilities::SHARED);
        let worker = Worker {
            capacity: capacity(&scenario.workers[..1]),
            speed: first.speed,
            at_once: if shares { u64::from(model.servers) } else { 1 },
            decides_demands: capabilities.has(Capabilities::OWN_DEMANDS),
            loses: model.capacity > 0 || !model.patience.is_endless(),
        };
        // Which requests are measured after a warm-up depends on the load.
        let floors =
            if first.job.warmup_ns > 0 { Vec::new() } else { objectives.iter().map(|_| Floor::default()).collect() };
        let load = OfferedLoad::new(&model.discipline, &model.service);
        Self { load, floors, worker, generated: None, is_sampled: false }
    }

    /// Adds `requests`, in the order of arrival.
    pub fn add(&mut self, requests: &[Request], objectives: &[Objective]) {
        self.load.add(requests);
        for (floor, objective) in self.floors.iter_mut().zip(objectives) {
            let Some(limit_ns) = response_limit(objective) else { continue };
            for request in requests.iter().filter(|request| objective.selection.has(request.class, request.client)) {
                let ns = self.worker.speed.scale(request.service_ns) / self.worker.at_once;
                floor.times.record(ns);
                floor.missed += u64::from(ns >= limit_ns);
                floor.sum_ns += ns as f64;
                floor.squares += ns as f64 * ns as f64;
            }
        }
    }

    /// After the last request of `source`.
    pub fn end(&mut self, source: &Source) {
        self.generated = source.offered(self.worker.capacity);
        self.is_sampled = source.sampled().are_random();
    }

    /// Whether numbers of workers below the offered load are left out although the trace is short enough for them.
    pub fn leaves_out(&self) -> bool {
        self.generated.is_none() && self.least_workers(1.0) > 1
    }

    /// The load of the trace.
    pub fn load(&self) -> &OfferedLoad {
        &self.load
    }

    /// The demands that arrive in a unit of time at `times` the load of the trace, in workers; None if it is not known.
    pub fn offered(&self, times: f64) -> Option<f64> {
        if self.worker.decides_demands {
            return None;
        }
        Some(self.generated.or_else(|| self.load.utilization(self.worker.capacity))? * times)
    }

    /// The least number of workers that may hold an objective at `times` the load: one, if requests may be lost, or the
    /// offered load is not known.
    pub fn least_workers(&self, times: f64) -> u32 {
        let offered = self.offered(times).filter(|_| !self.worker.loses).unwrap_or(1.0);
        (offered.ceil() as u32).max(1)
    }

    /// Whether a generated trace overloads `workers` at `times` its load, so that waiting times grow with its length.
    pub fn overloads(&self, workers: u32, times: f64) -> bool {
        let is_known = !self.worker.decides_demands && !self.worker.loses;
        is_known && self.generated.is_some_and(|offered| offered * times >= SATURATED * f64::from(workers))
    }

    /// The load at which a generated trace would overload `workers`; None if nothing does.
    pub fn saturation(&self, workers: u32) -> Option<f64> {
        let is_known = !self.worker.decides_demands && !self.worker.loses;
        self.generated.filter(|&offered| is_known && offered > 0.0).map(|offered| f64::from(workers) / offered)
    }

    /// Why no number of workers holds one of `objectives`; None if that is not sure.
    pub fn none_holds(&self, objectives: &[Objective]) -> Option<String> {
        if self.worker.decides_demands {
            return None;
        }
        objectives.iter().zip(&self.floors).find_map(|(objective, floor)| self.floor_breaks(objective, floor))
    }

    fn floor_breaks(&self, objective: &Objective, floor: &Floor) -> Option<String> {
        let (limit_ns, number) = (response_limit(objective)? as f64, floor.times.count() as f64);
        if number == 0.0 {
            return None;
        }
        let margin = if self.is_sampled { SURE / number.sqrt() } else { 0.0 };
        let of = |selection: Selection| match selection {
            Selection::All => String::new(),
            Selection::Class(class) => format!(" of class {class}"),
            Selection::Client(client) => format!(" of client {client}"),
        };
        let alone = format!("the service time alone{}", of(objective.selection));
        match objective.target {
            Target::Share { share, metric, .. } => {
                let (missed, allowed) = (floor.missed as f64 / number, Target::allowed(share));
                let is_sure = missed - margin * (missed * (1.0 - missed)).sqrt() >= allowed && missed > 0.0;
                let figure = match metric {
                    Some(Metric::Percentile(percentile, _)) => {
                        format!("{percentile} = {}", shown(floor.times.percentile(percentile)?))
                    }
                    Some(Metric::Max(_)) => format!("max = {}", shown(floor.times.max())),
                    _ => {
                        let percentile = Percentile::of_thousandths(share);
                        let ns = percentile.map_or(Some(floor.times.max()), |one| floor.times.percentile(one))?;
                        format!("{} = {}", percentile.map_or("max".to_owned(), |one| one.to_string()), shown(ns))
                    }
                };
                is_sure.then(|| format!("{alone} has {figure}"))
            }
            // Lost requests have no response time, so the mean may be that of the short ones.
            Target::Figure { .. } if self.worker.loses => None,
            Target::Figure { .. } => {
                let mean = floor.sum_ns / number;
                let deviation = (floor.squares / number - mean * mean).max(0.0).sqrt();
                (mean - margin * deviation >= limit_ns).then(|| format!("{alone} has mean = {}", shown(mean as u64)))
            }
        }
    }
}

/// The limit of the response time in an objective; None if it limits another figure.
fn response_limit(objective: &Objective) -> Option<u64> {
    match objective.target {
        Target::Share { limits: TimeLimits { response_ns, .. }, .. } => response_ns,
        Target::Figure { metric: Metric::Mean(Times::Response), below } => Some(below as u64),
        Target::Figure { .. } => None,
    }
}

fn shown(ns: u64) -> String {
    let unit = TimeUnit::of(ns as f64, 3);
    format!("{} {}", unit.percentile(Some(ns)), unit.name)
}

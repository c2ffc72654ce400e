//! One replication of a scenario: arrivals and demands from the product's random streams, its policy, and its queue of
//! each worker. What is measured is computed here, from the completions alone.

use contract::{Completion, Request};
use policy::{Balancer, PolicySpec};
use random::demand::Demands;
use random::distribution::Distribution;
use random::exponential;
use random::streams::{Stream, Streams};
use sim_wasm::Queue;

use super::programs;
use super::scenario::{Figure, Of, Scenario, UNIT_NS};

const BATCH: usize = 4096;

/// The figures of the replication with the seed `seed` that measures `measured` requests.
pub(super) fn replicate(scenario: &Scenario, seed: u64, measured: u64) -> Vec<f64> {
    if let Some(program) = scenario.program {
        return programs::replicate(scenario, program, seed, measured);
    }
    let warm_up = scenario.warm_up_requests();
    let requests = scenario.unmeasured() + measured;
    let mut source = Source::new(scenario, seed);
    let cluster = scenario.cluster(seed);
    let spec = PolicySpec::named(&scenario.balancer).unwrap();
    let mut balancer = Balancer::new(&spec, &cluster).unwrap();
    let mut queues: Vec<Queue> = cluster.workers.iter().map(|member| Queue::new(member.model)).collect();
    let mut measures = Measures::new(scenario, warm_up..warm_up + measured);
    let (mut batch, mut workers) = (Vec::with_capacity(BATCH), Vec::new());
    let mut next = 0;
    while next < requests {
        batch.clear();
        while batch.len() < BATCH && next < requests {
            batch.push(source.request(next));
            next += 1;
        }
        measures.arrivals.extend(batch.iter().map(|request| request.arrival_ns));
        measures.classes.extend(batch.iter().map(|request| request.client as u8));
        balancer.assign_all(&batch, &mut workers).unwrap();
        for (request, &worker) in batch.iter().zip(&workers) {
            let place = worker as usize;
            let request = Request { service_ns: cluster.workers[place].speed.scale(request.service_ns), ..*request };
            queues[place].arrive(&request, &mut |completion| measures.add(completion, place));
        }
    }
    for (place, queue) in queues.into_iter().enumerate() {
        queue.end(&mut |completion| measures.add(completion, place));
    }
    measures.figures()
}

/// The requests of one replication.
pub(super) struct Source<'a> {
    scenario: &'a Scenario,
    stream: Stream,
    classes: Streams,
    demands: Demands,
    mean_ns: u64,
    now: u64,
}

impl<'a> Source<'a> {
    pub(super) fn new(scenario: &'a Scenario, seed: u64) -> Self {
        Self {
            scenario,
            stream: Streams::new(seed, "interarrival").of(0),
            classes: Streams::new(seed, "class"),
            demands: Demands::new(UNIT_NS, scenario.service.setting(UNIT_NS), seed),
            mean_ns: (UNIT_NS as f64 / scenario.rate).round() as u64,
            now: 0,
        }
    }

    pub(super) fn request(&mut self, id: u64) -> Request {
        self.now += match self.scenario.arrivals {
            Distribution::Exponential => exponential::sample_ns(&mut self.stream, self.mean_ns),
            other => {
                let sample = other.sample(&mut self.stream) * u128::from(self.mean_ns);
                ((sample + (1 << (Distribution::FRACTION_BITS - 1))) >> Distribution::FRACTION_BITS) as u64
            }
        };
        let service_ns = self.demands.sample(id);
        let mut request = Request { id, arrival_ns: self.now, service_ns, ..Request::default() };
        if let [first, others @ ..] = &self.scenario.classes[..] {
            let mut place = 0;
            let mut class = first;
            let mut rest = self.classes.of(id).unit() - first.share;
            for other in others {
                if rest < 0.0 {
                    break;
                }
                (place, class, rest) = (place + 1, other, rest - other.share);
            }
            // The place of the class travels as the client, which no discipline looks at.
            request.client = place;
            request.class = class.number;
            request.op = if class.write { Request::WRITE } else { Request::READ };
            request.service_ns = (service_ns as f64 * class.mean).round() as u64;
        }
        request
    }
}

/// Sums over the completions of the requests that are measured.
struct Measures<'a> {
    scenario: &'a Scenario,
    measured: std::ops::Range<u64>,
    /// By id, from 0.
    arrivals: Vec<u64>,
    classes: Vec<u8>,
    /// Sum and number for each figure.
    sums: Vec<(f64, f64)>,
}

impl<'a> Measures<'a> {
    fn new(scenario: &'a Scenario, measured: std::ops::Range<u64>) -> Self {
        let sums = vec![(0.0, 0.0); scenario.figures.len()];
        Self { scenario, measured, arrivals: Vec::new(), classes: Vec::new(), sums }
    }

    #[inline]
    fn add(&mut self, completion: Completion, worker: usize) {
        if !self.measured.contains(&completion.id) {
            return;
        }
        let arrival_ns = self.arrivals[completion.id as usize];
        let class = usize::from(self.classes[completion.id as usize]);
        let units = |ns: u64| ns as f64 / UNIT_NS as f64;
        let served = completion.start_ns != Completion::NOT_SERVED;
        let response = units(completion.finish_ns - arrival_ns);
        let delay = if served { units(completion.start_ns - arrival_ns) } else { response };
        let demand = units(completion.service_ns);
        let of = |of: Of| match of {
            Of::All => true,
            Of::Class(place) => place == class,
            Of::Worker(place) => place == worker,
        };
        let share = |holds: bool| (f64::from(u8::from(holds)), 1.0);
        let some = |value: f64, counts: bool| if counts { (value, 1.0) } else { (0.0, 0.0) };
        for ((figure, _), sums) in self.scenario.figures.iter().zip(&mut self.sums) {
            let (sum, number) = match *figure {
                Figure::Delay(all) => some(delay, served && of(all)),
                Figure::SquaredDelay => some(delay * delay, served),
                Figure::DelayAbove(x) => share(delay > x),
                Figure::Response(all) => some(response, served && of(all)),
                Figure::SquaredResponse => some(response * response, served),
                Figure::Stretch(from, to) if (from..to).contains(&demand) => (response, demand),
                Figure::Stretch(..) => (0.0, 0.0),
                Figure::TimeInQueue => some(delay, true),
                Figure::Rejected => share(!served && completion.finish_ns == arrival_ns),
                Figure::Abandoned => share(!served && completion.finish_ns > arrival_ns),
                Figure::InSystem | Figure::InSystemPerWorker => some(response, true),
            };
            sums.0 += sum;
            sums.1 += number;
        }
    }

    fn figures(&self) -> Vec<f64> {
        let Self { arrivals, measured, .. } = self;
        let elapsed = (arrivals[measured.end as usize - 1] - arrivals[measured.start as usize]) as f64 / UNIT_NS as f64;
        let value = |((figure, _), &(sum, number)): (&(Figure, _), &(f64, f64))| match figure {
            // Little's law: each request contributes the time that it stays.
            Figure::InSystem => sum / elapsed,
            Figure::InSystemPerWorker => sum / elapsed / self.scenario.workers.len() as f64,
            _ => sum / number,
        };
        self.scenario.figures.iter().zip(&self.sums).map(value).collect()
    }
}

//! Samples of service times.

use random::bounded_pareto::BoundedPareto;
use random::distribution::Distribution;
use random::streams::Streams;

use super::scenario::UNIT_NS;
use super::service::{Service, phases};

pub(super) struct Sampler { service: Service, streams: Streams, dist: Distribution, p: BoundedPareto }
impl Sampler {
    pub(super) fn new(service: Service, seed: u64) -> Self {
        let dist = match service {
            Service::Deterministic => Distribution::Constant,
            Service::Lognormal(cv) => Distribution::lognormal(cv).unwrap(),
            Service::Gamma(cv) => Distribution::gamma(cv).unwrap(),
            Service::Weibull(cv) => Distribution::weibull(cv).unwrap(),
            _ => Distribution::Exponential,
        };
        let p = match service { Service::BoundedPareto { tail, .. } => { let (a, b) = service.bounds(); BoundedPareto::new(a, b, tail) } _ => BoundedPareto::new(1.0, 2.0, 1.5) };
        Self { service, streams: Streams::new(seed, "service"), dist, p }
    }
    pub(super) fn sample(&self, id: u64) -> u64 {
        let mut s = self.streams.of(id);
        let x = match self.service {
            Service::Erlang(k) => (0..k).map(|_| Distribution::in_means(self.dist.sample(&mut s))).sum::<f64>() / f64::from(k),
            Service::Hyperexponential(cv) => { let [(a, m), (_, n)] = phases(cv); (if s.unit() < a { m } else { n }) * Distribution::in_means(self.dist.sample(&mut s)) }
            Service::BoundedPareto { .. } => self.p.sample(&mut s),
            _ => Distribution::in_means(self.dist.sample(&mut s)),
        };
        (x * UNIT_NS as f64).round() as u64
    }
}

//! Closed formulas of queueing theory. Times are in mean service times: the service rate of a server is 1.

// Those of reports. Published tables test them too.
pub(super) use measure::theory::{erlang_b, erlang_c};

use super::service::Service;

/// A figure of theory, and its source.
pub(super) type Known = (f64, &'static str);

/// ∫ f over `from` to `to`, by Simpson's rule.
pub(super) fn integral(from: f64, to: f64, f: impl Fn(f64) -> f64) -> f64 {
    const PARTS: u32 = 20_000;
    let width = (to - from) / f64::from(PARTS);
    let weight = |part: u32| if part == 0 || part == PARTS { 1.0 } else { f64::from(2 + part % 2 * 2) };
    (0..=PARTS).map(|part| weight(part) * f(from + width * f64::from(part))).sum::<f64>() * width / 3.0
}

/// The delay in queue of M/M/c at the utilization `rho`: its mean, its mean square and P(delay > x). A delay that is not
/// zero is exponential with rate c(1 − ρ).
#[derive(Clone, Copy)]
pub(super) struct Mmc {
    waits: f64,
    rate: f64,
    load: f64,
}

impl Mmc {
    pub(super) fn new(rho: f64, servers: u32) -> Self {
        let load = rho * f64::from(servers);
        Self { waits: erlang_c(load, servers), rate: f64::from(servers) - load, load }
    }

    pub(super) fn delay(self) -> f64 {
        self.waits / self.rate
    }

    pub(super) fn squared_delay(self) -> f64 {
        2.0 * self.waits / self.rate.powi(2)
    }

    pub(super) fn delay_above(self, x: f64) -> f64 {
        self.waits * (-self.rate * x).exp()
    }

    /// P(response > x): a response is an exponential service, after a delay that is zero or exponential (Gross, Harris,
    /// "Fundamentals of queueing theory", 1998, 2.3).
    pub(super) fn response_above(self, x: f64) -> f64 {
        let Self { waits, rate, .. } = self;
        let service = (-x).exp();
        // Of the sum of two exponential times; near a rate of 1, both have the same one.
        let both = if (rate - 1.0).abs() < 1e-9 {
            (1.0 + x) * service
        } else {
            (rate * service - (-rate * x).exp()) / (rate - 1.0)
        };
        (1.0 - waits) * service + waits * both
    }

    pub(super) fn in_system(self) -> f64 {
        self.load * (1.0 + self.delay())
    }
}

/// The probabilities of 0 to K requests in M/M/c/K at the offered load `load`, by the balance equations.
pub(super) fn mmck(load: f64, servers: u32, capacity: u32) -> Vec<f64> {
    birth_death(capacity, |_| load, |number| f64::from(number.min(servers)))
}

/// The probabilities of 0 to `largest` requests in a birth-death process.
fn birth_death(largest: u32, birth: impl Fn(u32) -> f64, death: impl Fn(u32) -> f64) -> Vec<f64> {
    let mut weights = vec![1.0];
    for number in 1..=largest {
        weights.push(weights[number as usize - 1] * birth(number - 1) / death(number));
    }
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| weight / sum).collect()
}

/// Σ n·p(n).
pub(super) fn mean(probabilities: &[f64]) -> f64 {
    probabilities.iter().zip(0u32..).map(|(share, number)| share * f64::from(number)).sum()
}

/// M/M/c+M, Erlang A (Palm, 1957), at the offered load `load`, with the mean patience `patience`: the abandoned share
/// and the mean time in queue of all requests. The queue is cut where its probability is below 10⁻³⁰.
pub(super) fn erlang_a(load: f64, servers: u32, patience: f64) -> (f64, f64) {
    let death = |number: u32| f64::from(number.min(servers)) + f64::from(number.saturating_sub(servers)) / patience;
    let chain = birth_death(servers + 3000, |_| load, death);
    let queue: f64 = mean(&chain[servers as usize..]);
    (queue / patience / load, queue / load)
}

/// M/M/c+D: as [`erlang_a`], with the constant patience `patience`. The formulas of M/M/c+G (Baccelli, Hebuterne, 1981) as
/// Zeltyn and Mandelbaum state them ("Call centers with impatient customers", 2005): with H(x) = ∫₀ˣ P(patience > u) du,
/// J = ∫ exp(λH(x) − cx) dx and J_H = ∫ H(x)·exp(λH(x) − cx) dx, E = 1/B(c − 1): P(abandon) = (1 + (λ − c)·J) / (E + λJ),
/// E\[time in queue\] = λ·J_H / (E + λJ).
pub(super) fn mmc_with_patience(load: f64, servers: u32, patience: Patience) -> (f64, f64) {
    let c = f64::from(servers);
    let (waited, end): (Box<dyn Fn(f64) -> f64>, f64) = match patience {
        Patience::Constant(d) => (Box::new(move |x: f64| x.min(d)), d),
        Patience::Exponential(mean) => (Box::new(move |x: f64| mean * (1.0 - (-x / mean).exp())), mean * 20.0),
    };
    let density = |x: f64| (load * waited(x) - c * x).exp();
    // Beyond `end`, H is constant and the rest is exponential.
    let rest = density(end) / c;
    let j = integral(0.0, end, density) + rest;
    let j_h = integral(0.0, end, |x| waited(x) * density(x)) + waited(end) * rest;
    let e = 1.0 / erlang_b(load, servers - 1);
    ((1.0 + (load - c) * j) / (e + load * j), load * j_h / (e + load * j))
}

/// The distribution of the patience.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    Constant(f64),
    Exponential(f64),
}

/// The delay of M/G/1 at the utilization `rho`, first in, first out: mean and mean square, from the moments of service
/// (Pollaczek, 1930; Khinchine, 1932; the second as in Takács, "Introduction to the theory of queues", 1962).
pub(super) fn mg1(rho: f64, moments: [f64; 3]) -> (f64, f64) {
    let [mean, second, third] = moments;
    let rate = rho / mean;
    let delay = rate * second / 2.0 / (1.0 - rho);
    (delay, 2.0 * delay.powi(2) + rate * third / 3.0 / (1.0 - rho))
}

/// The delay of M/G/1 with service of mean 1.
pub(super) fn mg1_of(rho: f64, service: Service) -> (f64, f64) {
    mg1(rho, [1, 2, 3].map(|power| service.moment(power)))
}

/// A class of requests: its arrival rate, and the first two moments of its service time.
#[derive(Clone, Copy)]
pub(super) struct ClassLoad {
    pub(super) rate: f64,
    pub(super) mean: f64,
    pub(super) second: f64,
}

/// The mean delay of each class in M/G/1 without pre-emption (Cobham, "Priority assignment in waiting line problems", 1954).
pub(super) fn priority_delays(classes: &[ClassLoad]) -> Vec<f64> {
    let residual: f64 = classes.iter().map(|class| class.rate * class.second / 2.0).sum();
    loads(classes).map(|(above, with)| residual / ((1.0 - above) * (1.0 - with))).collect()
}

/// The mean delay until service first starts and the mean response of each class in M/G/1 with pre-emption and
/// resumption (Conway, Maxwell, Miller: "Theory of scheduling", 1967, 8.6).
pub(super) fn preemptive_delays(classes: &[ClassLoad]) -> Vec<(f64, f64)> {
    let residual = |upto: usize| classes[..=upto].iter().map(|class| class.rate * class.second / 2.0).sum::<f64>();
    let delay = |(number, (above, with)): (usize, (f64, f64))| {
        let delay = residual(number) / ((1.0 - above) * (1.0 - with));
        (delay, delay + classes[number].mean / (1.0 - above))
    };
    loads(classes).enumerate().map(delay).collect()
}

/// The mean delay of each class in M/M/c without pre-emption, if all classes have the same service (Cobham, 1954).
pub(super) fn mmc_priority_delays(rates: &[f64], servers: u32) -> Vec<f64> {
    let c = f64::from(servers);
    let scale = |&rate: &f64| ClassLoad { rate: rate / c, mean: 1.0, second: 2.0 };
    let classes: Vec<ClassLoad> = rates.iter().map(scale).collect();
    let waits = erlang_c(rates.iter().sum(), servers);
    loads(&classes).map(|(above, with)| waits / c / ((1.0 - above) * (1.0 - with))).collect()
}

/// The mean response of each class in M/M/c with pre-emption, if all classes have the same service: classes 1 to k alone
/// are an M/M/c, and Little's law gives the response of class k from the difference of the numbers in system.
pub(super) fn mmc_preemptive_responses(rates: &[f64], servers: u32) -> Vec<f64> {
    let upto = |number: usize| match rates[..number].iter().sum::<f64>() {
        0.0 => 0.0,
        rate => Mmc::new(rate / f64::from(servers), servers).in_system(),
    };
    (0..rates.len()).map(|number| (upto(number + 1) - upto(number)) / rates[number]).collect()
}

/// For each class the load of the classes above it, and that load with its own.
fn loads(classes: &[ClassLoad]) -> impl Iterator<Item = (f64, f64)> {
    classes.iter().scan(0.0, |load, class| {
        let above = *load;
        *load += class.rate * class.mean;
        Some((above, *load))
    })
}

/// The mean delay of M/G/1 under shortest job first without pre-emption (Phipps, "Machine repair as a priority
/// waiting-line problem", 1956), for the density `f` of service times on 0 to `end` and the load `below(x)` of those up
/// to x.
pub(super) fn shortest_job_delay(
    rho: f64,
    second: f64,
    end: f64,
    f: impl Fn(f64) -> f64,
    below: impl Fn(f64) -> f64,
) -> f64 {
    rho * second / 2.0 * integral(0.0, end, |x| f(x) / (1.0 - below(x)).powi(2))
}

/// σ of GI/M/1: the root in (0, 1) of σ = A*(1 − σ), where A* is the Laplace transform of interarrival times (Kendall,
/// 1953). A request waits with probability σ, and then exponentially long with rate 1 − σ.
pub(super) fn gim1(transform: impl Fn(f64) -> f64) -> f64 {
    (0..100_000).fold(0.0, |sigma, _| transform(1.0 - sigma))
}

/// The mean delay of GI/M/1.
pub(super) fn gim1_delay(sigma: f64) -> f64 {
    sigma / (1.0 - sigma)
}

/// P(delay > x) of GI/M/1.
pub(super) fn gim1_delay_above(sigma: f64, x: f64) -> f64 {
    sigma * (-(1.0 - sigma) * x).exp()
}

/// P(response > x) of GI/M/1: the geometric sum of exponential times is exponential, with rate 1 − σ (Kendall, 1953).
pub(super) fn gim1_response_above(sigma: f64, x: f64) -> f64 {
    (-(1.0 - sigma) * x).exp()
}

/// The x at which `above`, a probability P(time > x) that falls, is `share`, by bisection.
pub(super) fn quantile(above: impl Fn(f64) -> f64, share: f64) -> f64 {
    let mut high = 1.0;
    while above(high) > share {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if above(middle) > share { low = middle } else { high = middle }
    }
    high
}

/// σ of E_k/M/1 at the utilization `rho`: Poisson arrivals dealt in turn to k workers.
pub(super) fn erlang_arrivals(rho: f64, phases: u32) -> f64 {
    let k = f64::from(phases);
    gim1(|s| (k * rho / (k * rho + s)).powf(k))
}

/// The mean field of `choices` random choices at the load `rho`: number in system per server, as the number of workers
/// grows (Vvedenskaya, Dobrushin, Karpelevich, 1996; Mitzenmacher, 2001): Σ ρ^((dⁱ − 1)/(d − 1)).
pub(super) fn mean_field(rho: f64, choices: i32) -> f64 {
    let d = f64::from(choices);
    (1..60).map(|i| rho.powf((d.powi(i) - 1.0) / (d - 1.0))).sum()
}

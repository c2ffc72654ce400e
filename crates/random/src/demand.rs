//! Service demands. They are fixed when a request is read, before any policy or simulator sees it.

use std::sync::Arc;

use contract::Request;

use crate::bounded_pareto::BoundedPareto;
use crate::cost::Cost;
use crate::distribution::{Distribution, Unmet, rounded_long_tailed};
use crate::empirical::Empirical;
use crate::erlang::Erlang;
use crate::exponential;
use crate::hyperexponential::Hyperexponential;
use crate::streams::{Stream, Streams};

/// SERVICE: where the demands come from that a trace does not give.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceDistribution {
    /// Exponential with mean ST.
    Exponential,
    /// Always ST.
    Deterministic,
    /// Any other one.
    Other(Arc<OtherService>),
}

/// A distribution with parameters, or a cost.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherService {
    /// Its text in settings, reports and the simulator's environment.
    name: String,
    source: DemandSource,
}

#[derive(Debug, Clone, PartialEq)]
enum DemandSource {
    Erlang(Erlang),
    Hyperexponential(Hyperexponential),
    Family {
        distribution: Distribution,
        cv: f64,
    },
    BoundedPareto {
        times_ns: BoundedPareto,
        /// The longest time \[ns\].
        longest_ns: u64,
    },
    Empirical(Empirical),
    Cost(Cost),
}

impl ServiceDistribution {
    /// The average of `phases` exponential samples; `phases` is from 1 to [`Erlang::MAX_PHASES`].
    pub fn erlang(phases: u32) -> Self {
        Self::other(format!("erlang:{phases}"), DemandSource::Erlang(Erlang::new(phases)))
    }

    /// The hyperexponential distribution of two phases with balanced means and the coefficient of variation `cv`, which is
    /// above 1 and at most [`Hyperexponential::MAX_CV`].
    pub fn hyperexponential(cv: f64) -> Self {
        let source = DemandSource::Hyperexponential(Hyperexponential::new(cv));
        Self::other(format!("hyperexponential:{cv}"), source)
    }

    /// The lognormal distribution with the coefficient of variation `cv`.
    ///
    /// # Errors
    /// If `cv` is outside the bounds of the family.
    pub fn lognormal(cv: f64) -> Result<Self, Unmet> {
        Self::family("lognormal", cv, Distribution::lognormal)
    }

    /// The gamma distribution with the coefficient of variation `cv`.
    ///
    /// # Errors
    /// If `cv` is outside the bounds of the family.
    pub fn gamma(cv: f64) -> Result<Self, Unmet> {
        Self::family("gamma", cv, Distribution::gamma)
    }

    /// The Weibull distribution with the coefficient of variation `cv`.
    ///
    /// # Errors
    /// If `cv` is outside the bounds of the family.
    pub fn weibull(cv: f64) -> Result<Self, Unmet> {
        Self::family("weibull", cv, Distribution::weibull)
    }

    /// The Pareto distribution of the first kind with the coefficient of variation `cv`.
    ///
    /// # Errors
    /// If `cv` is outside the bounds of the family.
    pub fn pareto(cv: f64) -> Result<Self, Unmet> {
        Self::family("pareto", cv, Distribution::pareto)
    }

    /// The Pareto distribution with α = `tail`, above 0, between `shortest_ns` and a longer `longest_ns` \[ns\].
    pub fn bounded_pareto(tail: f64, shortest_ns: u64, longest_ns: u64) -> Self {
        let times_ns = BoundedPareto::new(shortest_ns as f64, longest_ns as f64, tail);
        let name = format!("bounded-pareto:{tail},{shortest_ns}ns,{longest_ns}ns");
        Self::other(name, DemandSource::BoundedPareto { times_ns, longest_ns })
    }

    /// The times of a table, whose file has this SHA-256 in hexadecimal digits.
    pub fn empirical(times: Empirical, sha256: &str) -> Self {
        Self::other(format!("empirical:sha256:{sha256}"), DemandSource::Empirical(times))
    }

    /// A cost of the request.
    pub fn cost(cost: Cost) -> Self {
        Self::other("cost".to_owned(), DemandSource::Cost(cost))
    }

    fn family(name: &str, cv: f64, of: impl FnOnce(f64) -> Result<Distribution, Unmet>) -> Result<Self, Unmet> {
        Ok(Self::other(format!("{name}:{cv}"), DemandSource::Family { distribution: of(cv)?, cv }))
    }

    fn other(name: String, source: DemandSource) -> Self {
        ServiceDistribution::Other(Arc::new(OtherService { name, source }))
    }

    /// Its text in settings, reports and the simulator's environment.
    pub fn name(&self) -> &str {
        match self {
            ServiceDistribution::Exponential => "exponential",
            ServiceDistribution::Deterministic => "deterministic",
            ServiceDistribution::Other(other) => &other.name,
        }
    }

    /// Its mean, rounded \[ns\], if that is its own and not ST.
    pub fn own_mean_ns(&self) -> Option<u64> {
        match self.source()? {
            DemandSource::BoundedPareto { times_ns, longest_ns } => {
                Some(((times_ns.mean() + 0.5) as u64).min(*longest_ns))
            }
            DemandSource::Empirical(times) => Some(times.mean_ns()),
            _ => None,
        }
    }

    /// The cost, if demands are computed and not sampled.
    pub fn as_cost(&self) -> Option<&Cost> {
        if let Some(DemandSource::Cost(cost)) = self.source() { Some(cost) } else { None }
    }

    fn source(&self) -> Option<&DemandSource> {
        if let ServiceDistribution::Other(other) = self { Some(&other.source) } else { None }
    }
}

/// The moments of demands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// The mean \[ns\], not rounded.
    pub mean_ns: f64,
    /// The squared coefficient of variation: variance / mean².
    pub squared_cv: f64,
    /// Whether demands are exponential.
    pub is_exponential: bool,
}

/// The demand of a request whose trace does not give it, by SERVICE. The stream is keyed by SEED and the request's id, so that
/// the demand does not depend on the worker that serves the request.
#[derive(Debug, Clone)]
pub struct Demands {
    /// ST, or the mean of a distribution that has its own \[ns\].
    pub mean_ns: u64,
    /// SERVICE.
    pub distribution: ServiceDistribution,
    /// SEED.
    pub seed: u64,
    streams: Streams,
}

/// Demands are below this \[ns\], as those of a trace.
const LIMIT_NS: u64 = 1 << 62;

impl Demands {
    /// Demands of mean `st_ns` \[ns\], unless the distribution has a mean of its own; a cost adds to `st_ns`.
    pub fn new(st_ns: u64, distribution: ServiceDistribution, seed: u64) -> Self {
        let mean_ns = distribution.own_mean_ns().unwrap_or(st_ns);
        Self { mean_ns, distribution, seed, streams: Streams::new(seed, "service") }
    }

    /// The same demands under another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, streams: Streams::new(seed, "service"), ..self }
    }

    /// Whether demands depend on the seed.
    pub fn is_random(&self) -> bool {
        let varies = match &self.distribution {
            ServiceDistribution::Exponential => true,
            ServiceDistribution::Deterministic => false,
            ServiceDistribution::Other(other) => match &other.source {
                DemandSource::Erlang(_) | DemandSource::Hyperexponential(_) => true,
                DemandSource::Family { distribution, .. } => *distribution != Distribution::Constant,
                // These have times of their own, whatever the mean.
                DemandSource::BoundedPareto { .. } => return true,
                DemandSource::Empirical(times) => return times.is_random(),
                DemandSource::Cost(_) => return false,
            },
        };
        varies && self.mean_ns > 0
    }

    /// The demand of `request` \[ns\].
    #[inline]
    pub fn demand(&self, request: &Request) -> u64 {
        match &self.distribution {
            ServiceDistribution::Exponential => exponential::sample_ns(&mut self.streams.of(request.id), self.mean_ns),
            distribution => self.other(distribution, request),
        }
    }

    /// The demand of a request of which only the `id` is known: a read without sizes \[ns\].
    #[inline]
    pub fn sample(&self, id: u64) -> u64 {
        self.demand(&Request { id, ..Request::default() })
    }

    /// A separate function: the default, which is exponential, is inlined into the loops over requests only without the others.
    #[inline(never)]
    fn other(&self, distribution: &ServiceDistribution, request: &Request) -> u64 {
        let Some(source) = distribution.source() else { return self.mean_ns };
        let mut stream = self.streams.of(request.id);
        let means = match source {
            DemandSource::Erlang(distribution) => distribution.sample(&mut stream),
            DemandSource::Hyperexponential(distribution) => {
                rounded_long_tailed(&mut stream, |stream: &mut Stream| distribution.sample(stream))
            }
            DemandSource::Family { distribution, .. } => distribution.sample(&mut stream),
            DemandSource::BoundedPareto { times_ns, longest_ns } => {
                return ((times_ns.sample(&mut stream) + 0.5) as u64).min(*longest_ns);
            }
            DemandSource::Empirical(times) => return times.sample(&mut stream),
            DemandSource::Cost(cost) => return cost.of(self.mean_ns, request).min(LIMIT_NS - 1),
        };
        scaled(means, self.mean_ns)
    }

    /// The moments of the demands; None for a cost, which depends on the requests, and where demands that are rounded, cut
    /// off or rarer than any trace shows change them.
    pub fn moments(&self) -> Option<Moments> {
        /// Rounding moves the mean of a sampled demand of this mean by less than one in a million \[ns\].
        const FINE_NS: f64 = 1000.0;
        let st_ns = self.mean_ns as f64;
        let of = |mean_ns, squared_cv| Moments { mean_ns, squared_cv, is_exponential: false };
        let exponential = Moments { is_exponential: true, ..of(st_ns, 1.0) };
        let source = match &self.distribution {
            ServiceDistribution::Deterministic => return (self.mean_ns > 0).then_some(of(st_ns, 0.0)),
            ServiceDistribution::Exponential => return (st_ns >= FINE_NS).then_some(exponential),
            ServiceDistribution::Other(other) => &other.source,
        };
        let moments = match source {
            DemandSource::Empirical(times) => {
                let (mean_ns, squared_cv) = times.moments()?;
                return Some(of(mean_ns, squared_cv));
            }
            DemandSource::BoundedPareto { times_ns, .. } => {
                let shortest_ns = times_ns.shortest();
                return (shortest_ns >= FINE_NS).then(|| times_ns.squared_cv().map(|cv| of(times_ns.mean(), cv)))?;
            }
            // Its largest demands, which may be cut off, have much of the variance.
            DemandSource::Cost(_) | DemandSource::Family { distribution: Distribution::Pareto(_), .. } => return None,
            DemandSource::Family { distribution: Distribution::Exponential, .. } => exponential,
            DemandSource::Erlang(distribution) if distribution.phases() == 1 => exponential,
            DemandSource::Erlang(distribution) => of(st_ns, 1.0 / f64::from(distribution.phases())),
            DemandSource::Hyperexponential(distribution) => of(st_ns, distribution.squared_cv()),
            DemandSource::Family { cv, .. } => of(st_ns, cv * cv),
        };
        // By Markov's inequality, at most E[X³]/(E[X²]·limit) of the second moment is cut off. Of all these distributions, the
        // lognormal one has the largest E[X³]/E[X²], mean·(1 + cv²)².
        let spread = 1.0 + moments.squared_cv;
        let cut_off = st_ns * spread * spread / LIMIT_NS as f64;
        (st_ns >= FINE_NS && cut_off <= 1e-3).then_some(moments)
    }

    /// A note if rounding to whole nanoseconds is noticeable. Of exponential service times with a small mean m, a share 1 −
    /// e^(−1/2m) is rounded to 0, and their mean is 1/(2·sinh(1/2m)).
    pub fn rounding_note(&self) -> Option<String> {
        let phases = match &self.distribution {
            ServiceDistribution::Exponential => vec![(1.0, 1.0)],
            other => match other.source()? {
                DemandSource::Hyperexponential(distribution) => distribution.phases().to_vec(),
                _ => return None,
            },
        };
        if !(1..10).contains(&self.mean_ns) {
            return None;
        }
        let (mut mean, mut zeros) = (0.0, 0.0);
        for (probability, means) in phases {
            let above_half = libm::exp(-0.5 / (means * self.mean_ns as f64));
            mean += probability * above_half / (1.0 - above_half * above_half);
            zeros += 100.0 * probability * (1.0 - above_half);
        }
        Some(format!(
            "service times are rounded to whole nanoseconds: with ST={} ns their mean is {mean:.3} ns, and {zeros:.1} % of them \
             are 0",
            self.mean_ns
        ))
    }
}

/// `means`, in 2⁻⁴⁸, of `mean_ns` \[ns\], rounded; less than [`LIMIT_NS`].
fn scaled(means: u128, mean_ns: u64) -> u64 {
    let half = 1 << (Distribution::FRACTION_BITS - 1);
    let ns = means.saturating_mul(mean_ns.into()).saturating_add(half) >> Distribution::FRACTION_BITS;
    ns.min(u128::from(LIMIT_NS - 1)) as u64
}

#[cfg(test)]
#[path = "demand_tests.rs"]
mod tests;

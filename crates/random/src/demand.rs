//! Service demands. They are fixed when a request is read, before any policy or simulator sees it.

use crate::exponential;
use crate::streams::Streams;

/// The distribution of the service times that are sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum ServiceDistribution {
    /// Exponential.
    Exponential,
    /// Always the mean.
    Deterministic,
}

impl ServiceDistribution {
    /// The distributions and their names in settings, reports and the simulator's environment.
    pub const NAMES: [(&'static str, ServiceDistribution); 2] =
        [("exponential", ServiceDistribution::Exponential), ("deterministic", ServiceDistribution::Deterministic)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            ServiceDistribution::Exponential => Self::NAMES[0].0,
            ServiceDistribution::Deterministic => Self::NAMES[1].0,
        }
    }
}

/// Samples the demand of a request whose trace does not give it, with mean ST and distribution SERVICE. The stream is
/// keyed by SEED and the request's id, so that the demand does not depend on the worker that serves the request.
#[derive(Debug, Clone, Copy)]
pub struct Demands {
    /// ST: the mean \[ns\].
    pub mean_ns: u64,
    /// SERVICE.
    pub distribution: ServiceDistribution,
    /// SEED.
    pub seed: u64,
    streams: Streams,
}

impl Demands {
    /// Demands of mean `mean_ns` \[ns\].
    pub fn new(mean_ns: u64, distribution: ServiceDistribution, seed: u64) -> Self {
        Self { mean_ns, distribution, seed, streams: Streams::new(seed, "service") }
    }

    /// The demand of request `id` \[ns\].
    #[inline]
    pub fn sample(&self, id: u64) -> u64 {
        match self.distribution {
            ServiceDistribution::Exponential => exponential::sample_ns(&mut self.streams.of(id), self.mean_ns),
            ServiceDistribution::Deterministic => self.mean_ns,
        }
    }

    /// A note if rounding to whole nanoseconds is noticeable. With a small mean m, a share 1 − e^(−1/2m) of the demands
    /// is rounded to 0, and their mean is 1/(2·sinh(1/2m)).
    pub fn rounding_note(&self) -> Option<String> {
        if self.distribution != ServiceDistribution::Exponential || !(1..10).contains(&self.mean_ns) {
            return None;
        }
        let above_half = libm::exp(-0.5 / self.mean_ns as f64);
        let (mean, zeros) = (above_half / (1.0 - above_half * above_half), 100.0 * (1.0 - above_half));
        Some(format!(
            "service times are rounded to whole nanoseconds: with ST={} ns their mean is {mean:.3} ns, and {zeros:.1} % of them \
             are 0",
            self.mean_ns
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_depends_on_seed_and_id_alone() {
        let demands = Demands::new(1_000_000, ServiceDistribution::Exponential, 1);
        assert_eq!(demands.sample(7), Demands::new(1_000_000, ServiceDistribution::Exponential, 1).sample(7));
        assert_ne!(demands.sample(7), demands.sample(8));
        assert_ne!(demands.sample(7), Demands::new(1_000_000, ServiceDistribution::Exponential, 2).sample(7));
        assert_eq!(Demands::new(5, ServiceDistribution::Deterministic, 1).sample(7), 5);
    }

    #[test]
    fn the_rounding_note_matches_the_samples() {
        let n = 1_000_000;
        for (mean_ns, mean, zeros) in [(1, 0.960, 39.3), (3, 2.986, 15.4), (9, 8.995, 5.4)] {
            let demands = Demands::new(mean_ns, ServiceDistribution::Exponential, 1);
            let note = demands.rounding_note().unwrap();
            assert!(note.ends_with(&format!("mean is {mean:.3} ns, and {zeros:.1} % of them are 0")), "{note}");
            let samples: Vec<u64> = (0..n).map(|id| demands.sample(id)).collect();
            let (sum, none) = (samples.iter().sum::<u64>(), samples.iter().filter(|&&sample| sample == 0).count());
            // Within 4 standard deviations, which are about as large as the mean, and the rounding of the note.
            assert!((sum as f64 / n as f64 - mean).abs() < 0.0005 + 4.0 * mean / (n as f64).sqrt(), "{mean_ns}: {sum}");
            assert!(
                (none as f64 / n as f64 - zeros / 100.0).abs() < 0.0005 + 2.0 / (n as f64).sqrt(),
                "{mean_ns}: {none}"
            );
        }
        for exact in [
            (0, ServiceDistribution::Exponential),
            (10, ServiceDistribution::Exponential),
            (3, ServiceDistribution::Deterministic),
        ] {
            assert_eq!(Demands::new(exact.0, exact.1, 1).rounding_note(), None);
        }
    }

    #[test]
    fn demands_have_mean_st_and_variation_one() {
        let n = 1_000_000u64;
        let demands = Demands::new(1_000_000, ServiceDistribution::Exponential, 1);
        let (sum, squares) =
            (0..n).map(|id| demands.sample(id) as f64).fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        let mean = sum / n as f64;
        let variation = (squares / n as f64 - mean * mean).sqrt() / mean;
        assert!((mean / 1e6 - 1.0).abs() < 5.0 / (n as f64).sqrt(), "{mean}");
        assert!((variation - 1.0).abs() < 0.01, "{variation}");
    }
}

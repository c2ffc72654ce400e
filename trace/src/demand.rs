//! Demands, fixed when a request is read and before any policy or simulator sees it.

use crate::exponential;
use crate::random::Streams;

/// The law of the service times that are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "programs", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "lowercase"))]
pub enum Law {
    /// Exponential.
    Exponential,
    /// Always the mean.
    Deterministic,
}

impl Law {
    /// The laws and their names in settings, reports and the simulator's environment.
    pub const NAMES: [(&'static str, Law); 2] =
        [("exponential", Law::Exponential), ("deterministic", Law::Deterministic)];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Law::Exponential => Self::NAMES[0].0,
            Law::Deterministic => Self::NAMES[1].0,
        }
    }
}

/// What draws the demand of a request whose trace does not give it: mean ST by the law SERVICE, keyed by SEED and the
/// request's id, so that a request needs the same service wherever it lands.
#[derive(Debug, Clone, Copy)]
pub struct Demands {
    /// ST: the mean \[ns\].
    pub mean_ns: u64,
    /// SERVICE.
    pub law: Law,
    streams: Streams,
}

impl Demands {
    /// Demands of mean `mean_ns` \[ns\].
    pub fn new(mean_ns: u64, law: Law, seed: u64) -> Self {
        Self { mean_ns, law, streams: Streams::new(seed, "service") }
    }

    /// The demand of request `id` \[ns\].
    #[inline]
    pub fn draw(&self, id: u64) -> u64 {
        match self.law {
            Law::Exponential => exponential::draw_ns(&mut self.streams.of(id), self.mean_ns),
            Law::Deterministic => self.mean_ns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demand_hangs_on_seed_and_id_alone() {
        let demands = Demands::new(1_000_000, Law::Exponential, 1);
        assert_eq!(demands.draw(7), Demands::new(1_000_000, Law::Exponential, 1).draw(7));
        assert_ne!(demands.draw(7), demands.draw(8));
        assert_ne!(demands.draw(7), Demands::new(1_000_000, Law::Exponential, 2).draw(7));
        assert_eq!(Demands::new(5, Law::Deterministic, 1).draw(7), 5);
    }

    #[test]
    fn over_ids_the_mean_is_st_and_the_variation_one() {
        let n = 1_000_000u64;
        let demands = Demands::new(1_000_000, Law::Exponential, 1);
        let (sum, squares) = (0..n).map(|id| demands.draw(id) as f64).fold((0.0, 0.0), |(s, q), x| (s + x, q + x * x));
        let mean = sum / n as f64;
        let variation = (squares / n as f64 - mean * mean).sqrt() / mean;
        assert!((mean / 1e6 - 1.0).abs() < 5.0 / (n as f64).sqrt(), "{mean}");
        assert!((variation - 1.0).abs() < 0.01, "{variation}");
    }
}

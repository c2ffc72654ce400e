//! A rate that alternates between a high and a low level: bursts of one client.
//!
//! The alternation is a change of time (Çinlar: "Introduction to stochastic processes", 1975, 4.7). The client's arrivals
//! are those of a process of constant rate on an *operational* clock, which runs fast while the rate is high, slowly while
//! it is low, and at its own speed on average. If the process is a Poisson process, the result is a Markov-modulated
//! Poisson process (exponential periods; Fischer, Meier-Hellstern: "The Markov-modulated Poisson process cookbook", 1993),
//! an interrupted one (a low rate of 0), or, with Pareto periods, an on/off source whose superposition is self-similar
//! (Willinger, Taqqu, Sherman, Wilson: "Self-similarity through high-variability", 1997).

use crate::bounded_pareto::BoundedPareto;
use crate::exponential;
use crate::streams::Stream;

/// The two levels of a rate whose mean is 1, and how long each lasts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bursts {
    high: Level,
    low: Level,
    /// The share of time at the high level.
    high_share: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    rate: f64,
    periods: Periods,
}

/// The distribution of periods.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Periods {
    Exponential {
        mean_ns: u64,
    },
    /// In nanoseconds.
    Pareto(BoundedPareto),
}

impl Periods {
    /// A period \[2⁻⁴⁸ ns\].
    #[inline]
    fn sample(&self, stream: &mut Stream) -> u128 {
        match self {
            Periods::Exponential { mean_ns } => u128::from(exponential::sample(stream)) * u128::from(*mean_ns),
            Periods::Pareto(distribution) => fixed(distribution.sample(stream)),
        }
    }

    /// The rest of a period under way \[2⁻⁴⁸ ns\].
    fn sample_rest(&self, stream: &mut Stream) -> u128 {
        match self {
            Periods::Exponential { .. } => self.sample(stream),
            Periods::Pareto(distribution) => fixed(distribution.sample_rest(stream)),
        }
    }
}

/// `ns` in units of 2⁻⁴⁸ ns.
fn fixed(ns: f64) -> u128 {
    (ns * (1u64 << exponential::FRACTION_BITS) as f64 + 0.5) as u128
}

impl Bursts {
    /// Exponential periods of means `high_ns` and `low_ns`, both above 0; the high rate is `ratio` times the low one,
    /// which is 0 if `ratio` is infinite.
    pub fn exponential(ratio: f64, high_ns: u64, low_ns: u64) -> Self {
        let high_share = high_ns as f64 / (high_ns as f64 + low_ns as f64);
        let (high, low) = if ratio.is_finite() {
            let low = 1.0 / (1.0 - high_share + high_share * ratio);
            (ratio * low, low)
        } else {
            (1.0 / high_share, 0.0)
        };
        let level = |rate, mean_ns| Level { rate, periods: Periods::Exponential { mean_ns } };
        Self { high: level(high, high_ns), low: level(low, low_ns), high_share }
    }

    /// On and off for Pareto periods between two bounds, with the tail α = 3 − 2H of a self-similar process with Hurst
    /// parameter H = `hurst`, above ½ and below 1. Both levels last equally long, so the source is on half of the time.
    pub fn self_similar(hurst: f64, shortest_ns: u64, longest_ns: u64) -> Self {
        let pareto = Self::pareto(hurst, shortest_ns, longest_ns);
        let level = |rate| Level { rate, periods: Periods::Pareto(pareto) };
        Self { high: level(2.0), low: level(0.0), high_share: 0.5 }
    }

    /// The distribution of those periods \[ns\].
    pub fn pareto(hurst: f64, shortest_ns: u64, longest_ns: u64) -> BoundedPareto {
        BoundedPareto::new(shortest_ns as f64, longest_ns as f64, 3.0 - 2.0 * hurst)
    }

    fn level(&self, is_high: bool) -> &Level {
        if is_high { &self.high } else { &self.low }
    }

    /// The clock of one client at time 0, in the stationary state: the level is high with the probability of its share
    /// of time, and its period is under way.
    pub fn start(&self, mut stream: Stream) -> BurstClock {
        let is_high = stream.unit() < self.high_share;
        let level = self.level(is_high);
        let end = level.periods.sample_rest(&mut stream);
        BurstClock { stream, is_high, start: 0, end, start_operational: 0, end_operational: scaled(end, level.rate) }
    }
}

/// `time` times `rate`.
fn scaled(time: u128, rate: f64) -> u128 {
    (time as f64 * rate + 0.5) as u128
}

/// The period that a client is in. All times are in units of 2⁻⁴⁸ ns.
#[derive(Debug, Clone)]
pub struct BurstClock {
    stream: Stream,
    is_high: bool,
    start: u128,
    end: u128,
    start_operational: u128,
    end_operational: u128,
}

impl BurstClock {
    /// The time at which the operational clock shows `operational`, which is not less than in the call before.
    #[inline]
    pub fn time_of(&mut self, bursts: &Bursts, operational: u128) -> u128 {
        while operational >= self.end_operational {
            self.is_high = !self.is_high;
            let Level { rate, periods } = bursts.level(self.is_high);
            let period = periods.sample(&mut self.stream);
            (self.start, self.end) = (self.end, self.end + period);
            (self.start_operational, self.end_operational) =
                (self.end_operational, self.end_operational + scaled(period, *rate));
        }
        let since = (operational - self.start_operational) as f64 / bursts.level(self.is_high).rate;
        (self.start + since as u128).min(self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;

    const NS: f64 = (1u64 << exponential::FRACTION_BITS) as f64;

    #[test]
    fn the_mean_rate_is_1() {
        for (ratio, high, low) in [(1.0, 5, 5), (10.0, 3, 9), (f64::INFINITY, 1, 99), (f64::INFINITY, 99, 1)] {
            let bursts = Bursts::exponential(ratio, high, low);
            let mean = bursts.high_share * bursts.high.rate + (1.0 - bursts.high_share) * bursts.low.rate;
            assert!((mean - 1.0).abs() < 1e-12, "{bursts:?}");
            assert!(!ratio.is_finite() || (bursts.high.rate / bursts.low.rate / ratio - 1.0).abs() < 1e-12);
        }
    }

    /// The clock never goes back, and after many periods it is close to the operational one.
    #[test]
    fn operational_time_passes_at_its_own_speed_on_average() {
        let cases = [
            Bursts::exponential(20.0, 1000, 5000),
            Bursts::exponential(f64::INFINITY, 300, 700),
            Bursts::self_similar(0.6, 10, 10_000),
        ];
        for bursts in cases {
            let mut ratios = Vec::new();
            for client in 0..200 {
                let mut clock = bursts.start(Streams::new(24, "test").of(client));
                let (mut last, mut operational) = (0, 0);
                for _ in 0..5000 {
                    operational += fixed(400.0);
                    let time = clock.time_of(&bursts, operational);
                    assert!(time >= last);
                    last = time;
                }
                ratios.push(last as f64 / operational as f64);
            }
            // Of 200 independent clients.
            let (mean, variation) = (crate::testing::mean(&ratios), crate::testing::variation(&ratios));
            assert!((mean - 1.0).abs() < 4.0 * variation / 200f64.sqrt(), "{bursts:?}: {mean}, {variation}");
        }
    }

    #[test]
    fn the_level_at_time_0_is_high_for_its_share_of_clients() {
        let bursts = Bursts::exponential(3.0, 20, 80);
        let high = (0..100_000).filter(|&client| bursts.start(Streams::new(25, "test").of(client)).is_high).count();
        // Binomial (100,000, 0.2): within 4 standard deviations of 126.
        assert!(high.abs_diff(20_000) < 506, "{high}");
    }

    /// The times of docs/generator.md.
    #[test]
    fn times_are_those_of_the_documentation() {
        let cases = [
            Bursts::exponential(10.0, 50_000_000, 200_000_000),
            Bursts::exponential(f64::INFINITY, 50_000_000, 200_000_000),
            Bursts::self_similar(0.8, 10_000_000, 3_600_000_000_000),
        ];
        let times = cases.map(|bursts| {
            let mut clock = bursts.start(Streams::new(1, "rates").of(0));
            [1e6, 1e8, 1e9].map(|ns| (clock.time_of(&bursts, fixed(ns)) as f64 / NS) as u64)
        });
        let expected = [
            [2_800_000, 280_000_000, 1_626_590_051],
            [502_650_737, 522_450_737, 2_138_766_613],
            [500_000, 75_763_342, 930_472_184],
        ];
        assert_eq!(times, expected);
    }
}

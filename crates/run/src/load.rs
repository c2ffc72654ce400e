//! Loads: how many times as fast as in the trace requests arrive.

use std::fmt;
use std::str::FromStr;

use contract::Request;
use trace::decimal;

/// A load, in millionths of that of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Load(u64);

/// The smallest and the largest load.
const LEAST: u64 = 1_000;
const MOST: u64 = 1_000_000_000;

impl Load {
    /// That of the trace.
    pub const ONE: Self = Self(1_000_000);

    /// The load nearest to `times` that of the trace, between 0.001 and 1000.
    pub fn nearest(times: f64) -> Self {
        Self(((times * 1e6) as u64).clamp(LEAST, MOST))
    }

    /// With three decimals, so that it can be given as it is shown; with six below 0.1.
    pub(crate) fn rounded(times: f64) -> Self {
        let nearest = Self::nearest(times);
        if nearest.0 < 100_000 { nearest } else { Self((nearest.0 + 500) / 1000 * 1000) }
    }

    /// As a factor.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// When a request arrives under this load that arrives at `ns` in the trace, rounded down.
    fn arrival(self, ns: u64) -> u64 {
        u64::try_from(u128::from(ns) * u128::from(Self::ONE.0) / u128::from(self.0)).unwrap_or(u64::MAX)
    }
}

impl FromStr for Load {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_short = text.split_once('.').is_none_or(|(_, fraction)| fraction.len() <= 6);
        decimal::scaled(text.as_bytes(), Self::ONE.0)
            .filter(|millionths| is_short && (LEAST..=MOST).contains(millionths))
            .map(Self)
            .ok_or_else(|| "a load is a number from 0.001 to 1000, with at most six decimals".to_owned())
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / Self::ONE.0, self.0 % Self::ONE.0);
        f.write_str(measure::without_zeros(&text))
    }
}

/// Moves the arrivals of a trace to those under a load.
pub(crate) struct Arrivals {
    load: Load,
    moved: Vec<Request>,
}

impl Arrivals {
    pub(crate) fn new(load: Load) -> Self {
        Self { load, moved: Vec::new() }
    }

    /// `requests` as they arrive under the load. Under that of the trace, nothing is copied.
    pub(crate) fn of<'a>(&'a mut self, requests: &'a [Request]) -> &'a [Request] {
        let Self { load, moved } = self;
        if *load == Load::ONE {
            return requests;
        }
        let arrive = |request: &Request| Request { arrival_ns: load.arrival(request.arrival_ns), ..*request };
        moved.clear();
        moved.extend(requests.iter().map(arrive));
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_a_factor_with_at_most_six_decimals() {
        for (text, shown) in [("1", "1"), ("0.5", "0.5"), ("1.500", "1.5"), ("0.001", "0.001"), ("1000", "1000")] {
            assert_eq!(text.parse::<Load>().unwrap().to_string(), shown);
        }
        for text in ["", "0", "-1", "0.0001", "1001", "1e3", "1.0000001", "x", "50%"] {
            assert!(text.parse::<Load>().is_err(), "{text}");
        }
        assert_eq!([0.0, 1.25, 1e9].map(|times| Load::nearest(times).to_string()), ["0.001", "1.25", "1000"]);
    }

    #[test]
    fn twice_the_load_halves_the_times_of_arrival() {
        let requests = [0, 3, 1 << 62].map(|arrival_ns| Request { arrival_ns, service_ns: 7, ..Request::default() });
        let of = |load: &str| {
            let mut arrivals = Arrivals::new(load.parse().unwrap());
            arrivals.of(&requests).iter().map(|request| (request.arrival_ns, request.service_ns)).collect::<Vec<_>>()
        };
        assert_eq!(of("2"), [(0, 7), (1, 7), (1 << 61, 7)]);
        assert_eq!(of("0.5"), [(0, 7), (6, 7), (1 << 63, 7)]);
        assert!(std::ptr::eq(Arrivals::new(Load::ONE).of(&requests), &requests[..]));
    }
}

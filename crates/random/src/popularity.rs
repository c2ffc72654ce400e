//! Popularity: which of many places a request addresses.

use crate::streams::Stream;
use crate::zipf::Zipf;

/// A distribution over the places 1, 2 … of an array.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Popularity {
    /// All places are equally popular.
    Uniform,
    /// Place k is the k-th in popularity.
    Zipf(Zipf),
    /// A share of the requests goes to the first places.
    HotSpot {
        /// The share of requests, from 0 to 1.
        requests: f64,
        /// The share of places, from 0 to 1.
        places: f64,
    },
}

impl Popularity {
    /// A place from 1 to `places`, which is at least 1 and at most 2⁵³.
    #[inline]
    pub fn sample(&self, stream: &mut Stream, places: u64) -> u64 {
        match self {
            Popularity::Uniform => 1 + stream.below(places),
            Popularity::Zipf(zipf) => zipf.sample(stream, places),
            Popularity::HotSpot { requests, places: share } => {
                let hot = hot_places(*share, places);
                let is_hot = stream.unit() < *requests || hot == places;
                if is_hot { 1 + stream.below(hot) } else { 1 + hot + stream.below(places - hot) }
            }
        }
    }
}

/// The number of places that are hot, at least 1.
fn hot_places(share: f64, places: u64) -> u64 {
    ((places as f64 * share + 0.5) as u64).clamp(1, places)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;
    use crate::testing::assert_counts;

    fn samples(popularity: Popularity, places: u64) -> Vec<u64> {
        let mut stream = Streams::new(28, "test").of(0);
        (0..200_000).map(|_| popularity.sample(&mut stream, places)).collect()
    }

    #[test]
    fn a_hot_spot_gets_its_share() {
        for (requests, places, hot) in [(0.8, 0.2, 10), (0.1, 0.5, 25), (1.0, 0.1, 5), (0.0, 0.02, 1), (0.5, 1e-9, 1)] {
            let mut probabilities = vec![0.0];
            probabilities.extend(vec![requests / f64::from(hot); hot as usize]);
            probabilities.extend(vec![(1.0 - requests) / f64::from(50 - hot); 50 - hot as usize]);
            let samples = samples(Popularity::HotSpot { requests, places }, 50);
            if (requests, hot) == (0.5, 1) {
                // As the cells of the others are equal, the first is the one to look at.
                assert!(samples.iter().filter(|&&place| place == 1).count().abs_diff(100_000) < 900);
            }
            assert_counts(&format!("{requests} to {places}"), &samples, &probabilities);
        }
    }

    #[test]
    fn one_place_gets_every_request() {
        let hot = Popularity::HotSpot { requests: 0.2, places: 0.9 };
        for popularity in [Popularity::Uniform, Popularity::Zipf(Zipf::new(1.0)), hot] {
            assert!(samples(popularity, 1).iter().all(|&place| place == 1));
        }
    }

    /// The places of docs/generator.md.
    #[test]
    fn samples_are_those_of_the_documentation() {
        let hot = Popularity::HotSpot { requests: 0.8, places: 0.2 };
        let mut stream = Streams::new(1, "places").of(0);
        assert_eq!([(); 4].map(|()| hot.sample(&mut stream, 1_000_000)), [46_171, 122_820, 434_272, 14_847]);
    }
}

//! Markov chains of many states, truncated and solved: the number in system behind policies that look at it.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

/// A chain in continuous time. Each transition changes the number in system by at most one.
struct Chain {
    /// The number in system of each state.
    levels: Vec<usize>,
    /// Transitions into each state: where from, and the rate.
    into: Vec<Vec<(usize, f64)>>,
    /// The rate out of each state.
    out: Vec<f64>,
}

impl Chain {
    /// The states that `step` reaches from `start`; `level` is the number in system of a state. `step` leaves out the
    /// transitions beyond the truncation.
    fn new<S: Clone + Eq + Hash>(start: S, level: impl Fn(&S) -> usize, step: impl Fn(&S) -> Vec<(S, f64)>) -> Self {
        let mut numbers = HashMap::from([(start.clone(), 0)]);
        let mut states = vec![start];
        let (mut into, mut out) = (vec![Vec::new()], Vec::new());
        while let Some(state) = states.get(out.len()).cloned() {
            let from = out.len();
            let mut rate = 0.0;
            for (target, speed) in step(&state) {
                let to = *numbers.entry(target.clone()).or_insert_with(|| {
                    states.push(target);
                    into.push(Vec::new());
                    states.len() - 1
                });
                if to != from {
                    into[to].push((from, speed));
                    rate += speed;
                }
            }
            out.push(rate);
        }
        Self { levels: states.iter().map(level).collect(), into, out }
    }

    /// The mean number in system, by the method of Gauss and Seidel with an exact balance between levels after each
    /// sweep (Takahashi, "A lumping method for numerical calculations of stationary distributions of Markov chains", 1975), until
    /// a sweep changes it by less than 10⁻¹¹ of it ten times running.
    fn mean_level(&self) -> f64 {
        let n = self.out.len();
        let mut shares = vec![1.0 / n as f64; n];
        let (mut mean, mut still) = (0.0, 0);
        while still < 10 {
            for state in (0..n).chain((0..n).rev()) {
                shares[state] =
                    self.into[state].iter().map(|(from, rate)| shares[*from] * rate).sum::<f64>() / self.out[state];
            }
            let before = mean;
            mean = self.balance_levels(&mut shares);
            still = if (mean - before).abs() < 1e-11 * mean { still + 1 } else { 0 };
        }
        mean
    }

    /// Scales the probabilities of each level so that the flow up from it equals the flow down to it. Returns the mean
    /// level.
    fn balance_levels(&self, shares: &mut [f64]) -> f64 {
        let levels = self.levels.iter().max().map_or(0, |most| most + 1);
        let (mut masses, mut up, mut down) = (vec![0.0; levels], vec![0.0; levels], vec![0.0; levels]);
        for (state, level) in self.levels.iter().enumerate() {
            masses[*level] += shares[state];
            for (from, rate) in &self.into[state] {
                match self.levels[*from] {
                    below if below < *level => up[below] += shares[*from] * rate,
                    above if above > *level => down[above] += shares[*from] * rate,
                    _ => {}
                }
            }
        }
        let mut scales = vec![1.0];
        for level in 1..levels {
            scales.push(scales[level - 1] * up[level - 1] / down[level]);
        }
        let total: f64 = scales.iter().zip(&masses).map(|(scale, mass)| scale * mass).sum();
        for (share, level) in shares.iter_mut().zip(&self.levels) {
            *share *= scales[*level] / total;
        }
        scales.iter().zip(&masses).enumerate().map(|(level, (scale, mass))| level as f64 * scale * mass / total).sum()
    }
}

/// A policy: a request joins the worker with the fewest requests, of so many sampled at random.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choices {
    pub(super) number: i32,
    /// Whether a worker may be sampled more than once.
    pub(super) replacement: bool,
}

impl Choices {
    pub(super) const fn distinct(number: i32) -> Self {
        Self { number, replacement: false }
    }

    pub(super) const fn with_replacement(number: i32) -> Self {
        Self { number, replacement: true }
    }

    /// The probability of each place, among `workers` in order of their number in system, to be joined.
    fn shares(self, workers: usize) -> Vec<f64> {
        let n = workers as i32;
        // The probability that no sampled worker is at an earlier place than `place`.
        let none_before = |place: i32| -> f64 {
            let ratio = |k: i32| {
                let sampled = if self.replacement { 0 } else { k };
                f64::from((n - place - sampled).max(0)) / f64::from(n - sampled)
            };
            (0..self.number).map(ratio).product()
        };
        (0..n).map(|place| none_before(place) - none_before(place + 1)).collect()
    }
}

/// The mean response behind a policy over `W` workers with one exponential server each, with Poisson arrivals at the
/// utilization `rho`. States are the numbers in system in ascending order, which are a Markov chain because the workers
/// are alike: `Choices` and departures treat equal numbers alike.
///
/// Truncation: a request that would make more than `most` in all, or a difference above `spread` between the longest and
/// the shortest, is lost, and a departure that would do the latter does not happen. `truncation_changes_nothing` bounds the error.
pub(super) fn response<const W: usize>(rho: f64, choices: Choices, most: usize, spread: u16) -> f64 {
    let level = |state: &[u16; W]| state.iter().map(|&number| usize::from(number)).sum();
    let shares = choices.shares(W);
    let step = |state: &[u16; W]| {
        let mut steps = Vec::new();
        let mut push = |place: usize, number: u16, rate: f64| {
            let mut target = *state;
            target[place] = number;
            target.sort_unstable();
            if level(&target) <= most && target[W - 1] - target[0] <= spread && rate > 0.0 {
                steps.push((target, rate));
            }
        };
        for place in 0..W {
            push(place, state[place] + 1, rho * W as f64 * shares[place]);
            if state[place] > 0 {
                push(place, state[place] - 1, 1.0);
            }
        }
        steps
    };
    let chain = Chain::new([0; W], level, step);
    chain.mean_level() / (rho * W as f64)
}

/// The mean response over two workers of one exponential server each, with `speeds`, at the utilization `rho` of both
/// together. `first` is the probability that a request joins the first worker, by the numbers in both. Truncation: as
/// [`response`], at `most` requests at a worker.
pub(super) fn unequal(rho: f64, speeds: [f64; 2], most: u32, first: impl Fn([u32; 2]) -> f64) -> f64 {
    let rate = rho * (speeds[0] + speeds[1]);
    let step = |&[a, b]: &[u32; 2]| {
        let to_first = first([a, b]);
        let steps = [
            ([a + 1, b], rate * to_first),
            ([a, b + 1], rate * (1.0 - to_first)),
            ([a.wrapping_sub(1), b], speeds[0]),
            ([a, b.wrapping_sub(1)], speeds[1]),
        ];
        steps.into_iter().filter(|([a, b], rate)| *a <= most && *b <= most && *rate > 0.0).collect()
    };
    Chain::new([0, 0], |[a, b]| (a + b) as usize, step).mean_level() / rate
}

/// The probability that a request joins the first of two workers, of which it is `ratio` times as fast, under SED.
pub(super) fn sed(ratio: u32) -> impl Fn([u32; 2]) -> f64 {
    move |[a, b]| half_if_equal(a + 1, ratio * (b + 1))
}

/// As [`sed`], under JSQ.
pub(super) fn jsq([a, b]: [u32; 2]) -> f64 {
    half_if_equal(a, b)
}

fn half_if_equal(a: u32, b: u32) -> f64 {
    match a.cmp(&b) {
        Ordering::Less => 1.0,
        Ordering::Equal => 0.5,
        Ordering::Greater => 0.0,
    }
}

/// The mean response of one central queue, first in, first out, before two exponential servers with `speeds`, where a
/// request that finds both idle takes either with equal probability (Gumbel, "Waiting lines with heterogeneous servers", 1960). A
/// state is the number in system, and for 1 the busy server.
pub(super) fn unequal_servers(rho: f64, speeds: [f64; 2], most: usize) -> f64 {
    let both = speeds[0] + speeds[1];
    let rate = rho * both;
    let step = |&(number, busy): &(usize, usize)| match number {
        0 => vec![((1, 0), rate / 2.0), ((1, 1), rate / 2.0)],
        1 => vec![((2, 0), rate), ((0, 0), speeds[busy])],
        2 => vec![((3, 0), rate), ((1, 0), speeds[1]), ((1, 1), speeds[0])],
        n if n < most => vec![((n + 1, 0), rate), ((n - 1, 0), both)],
        n => vec![((n - 1, 0), both)],
    };
    Chain::new((0, 0), |(number, _)| *number, step).mean_level() / rate
}

/// The mean response at a worker with one exponential server of `speed` that gets those Poisson arrivals of rate `rate`
/// whose place in the repeated `pattern` is true. A state is the place of the next arrival and the number in system.
pub(super) fn dealt(rate: f64, speed: f64, pattern: &[bool], most: usize) -> f64 {
    let step = |&(place, number): &(usize, usize)| {
        let next = (place + 1) % pattern.len();
        let joined = number + usize::from(pattern[place]);
        let mut steps = vec![((next, joined.min(most)), rate)];
        if number > 0 {
            steps.push(((place, number - 1), speed));
        }
        steps
    };
    let mine = pattern.iter().filter(|mine| **mine).count() as f64 / pattern.len() as f64;
    Chain::new((0, 0), |(_, number)| *number, step).mean_level() / (rate * mine)
}

#[cfg(test)]
mod tests {
    use super::super::formulas::{Mmc, erlang_arrivals, gim1_delay};
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found}, not {expected}");
    }

    /// One worker is M/M/1; equal speeds are M/M/2; every k-th arrival is E_k/M/1.
    #[test]
    fn chains_have_the_closed_forms_of_their_special_cases() {
        close(response::<1>(0.8, Choices::distinct(1), 300, 300), 5.0, 1e-9);
        close(unequal_servers(0.8, [1.0, 1.0], 300), 1.0 + Mmc::new(0.8, 2).delay(), 1e-9);
        close(dealt(3.2, 1.0, &[false, true, false, false], 300), 1.0 + gim1_delay(erlang_arrivals(0.8, 4)), 1e-9);
        // At random, each is M/M/1.
        close(unequal(0.5, [2.0, 1.0], 60, |_| 2.0 / 3.0), 4.0 / 3.0, 1e-6);
        close(unequal(0.5, [1.0, 1.0], 60, |_| 0.5), 2.0, 1e-9);
    }

    /// Mean responses of 4 workers at 0.8 that are known from elsewhere: 1.95313 and 2.33016.
    #[test]
    fn policies_have_their_known_values() {
        close(response::<4>(0.8, Choices::distinct(4), 130, 12), 1.95313, 1e-5);
        close(response::<4>(0.8, Choices::distinct(2), 130, 18), 2.33016, 1e-5);
    }

    #[test]
    fn the_shares_of_places_are_those_of_pairs() {
        // Of the 6 pairs of 4 workers, 3 contain the first; of the 16 ordered ones 7.
        for (choices, shares) in [
            (Choices::distinct(2), [3.0 / 6.0, 2.0 / 6.0, 1.0 / 6.0, 0.0]),
            (Choices::distinct(4), [1.0, 0.0, 0.0, 0.0]),
            (Choices::distinct(1), [0.25; 4]),
            (Choices::with_replacement(2), [7.0 / 16.0, 5.0 / 16.0, 3.0 / 16.0, 1.0 / 16.0]),
        ] {
            for (found, share) in choices.shares(4).into_iter().zip(shares) {
                close(found, share, 1e-12);
            }
        }
    }

    /// Larger bounds change less than 10⁻⁶, so the bounds that the points use cut off less.
    #[test]
    fn truncation_changes_nothing() {
        for choices in [Choices::distinct(4), Choices::distinct(2), Choices::with_replacement(2)] {
            close(response::<4>(0.8, choices, 130, 18), response::<4>(0.8, choices, 150, 22), 1e-6);
        }
        for choices in [Choices::distinct(2), Choices::with_replacement(2)] {
            close(response::<3>(0.8, choices, 130, 20), response::<3>(0.8, choices, 180, 28), 1e-6);
            close(response::<2>(0.9, choices, 300, 40), response::<2>(0.9, choices, 400, 60), 1e-6);
        }
        close(unequal(0.8, [2.0, 1.0], 100, sed(2)), unequal(0.8, [2.0, 1.0], 140, sed(2)), 1e-6);
        close(unequal(0.6, [4.0, 1.0], 100, sed(4)), unequal(0.6, [4.0, 1.0], 140, sed(4)), 1e-6);
        close(unequal(0.8, [2.0, 1.0], 100, jsq), unequal(0.8, [2.0, 1.0], 140, jsq), 1e-6);
    }
}

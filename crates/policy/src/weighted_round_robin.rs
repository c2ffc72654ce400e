//! WRR: smooth weighted round robin, that of nginx (Dounin, "Upstream: smooth weighted round-robin balancing", 2012).

use contract::Request;
use failure::Failure;
use sim_wasm::{Speed, greatest_common_divisor};

use super::cluster::{Cluster, Policy};

/// Upper limit of the sum of the weights as integers, so that no current weight overflows.
const SUM: u64 = 1 << 62;

/// Longest period that is remembered.
const REMEMBERED: u64 = 1 << 20;

pub(super) struct WeightedRoundRobin {
    /// Integers without a common divisor, in the ratio of the weights.
    weights: Vec<i64>,
    sum: i64,
    current: Vec<i64>,
    /// The choices up to now, unless a period is too long. After `sum` choices all current weights are 0 again, and the
    /// choices repeat: then each current weight is `sum` times an integer above −1, and all of them sum to 0.
    period: Vec<u32>,
    /// The next choice in `period`.
    next: usize,
}

impl WeightedRoundRobin {
    /// # Errors
    /// If the weights have no common denominator within 64 bits.
    pub(super) fn new(cluster: &Cluster) -> Result<Self, String> {
        let weights: Vec<Speed> = cluster.workers.iter().map(|member| member.weight).collect();
        let (weights, sum) = integers(&weights).ok_or(
            "needs weights whose sum, as integers over their common denominator, is at most 2⁶²: give WEIGHTS fewer digits, or \
             SPEEDS if WEIGHTS is not given",
        )?;
        Ok(Self { current: vec![0; weights.len()], weights, sum, period: Vec::new(), next: 0 })
    }

    /// Adds to each current weight its weight, and returns the first worker with the largest one, which is lowered.
    fn choose(&mut self) -> u32 {
        let mut most = i64::MIN;
        for (current, weight) in self.current.iter_mut().zip(&self.weights) {
            *current += weight;
            most = most.max(*current);
        }
        let worker = self.current.iter().position(|&current| current == most).unwrap_or_default();
        self.current[worker] -= self.sum;
        worker as u32
    }
}

impl Policy for WeightedRoundRobin {
    #[inline]
    fn assign(&mut self, _: &Request) -> Result<u32, Failure> {
        if let Some(&worker) = self.period.get(self.next) {
            self.next = if self.next + 1 == self.sum as usize { 0 } else { self.next + 1 };
            return Ok(worker);
        }
        let worker = self.choose();
        if self.sum as u64 <= REMEMBERED {
            self.period.push(worker);
            self.next = if self.period.len() == self.sum as usize { 0 } else { self.period.len() };
        }
        Ok(worker)
    }
}

/// Integers without a common divisor, in the ratio of `weights`, and their sum; None if that is above the limit.
fn integers(weights: &[Speed]) -> Option<(Vec<i64>, i64)> {
    let mut common = 1u64;
    for weight in weights {
        let divisor = greatest_common_divisor(common, weight.denominator());
        common = common.checked_mul(weight.denominator() / divisor)?;
    }
    let mut integers = Vec::with_capacity(weights.len());
    for weight in weights {
        integers.push(weight.numerator().checked_mul(common / weight.denominator())?);
    }
    let shared = integers.iter().copied().fold(0, greatest_common_divisor);
    let sum = integers.iter().try_fold(0u64, |sum, integer| sum.checked_add(integer / shared))?;
    (sum <= SUM).then(|| (integers.iter().map(|integer| (integer / shared) as i64).collect(), sum as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(weights: &[&str]) -> Result<WeightedRoundRobin, String> {
        let mut cluster = Cluster::alike(weights.len(), 1, 0, 1);
        for (worker, weight) in cluster.workers.iter_mut().zip(weights) {
            worker.weight = Speed::parse(weight).unwrap();
        }
        WeightedRoundRobin::new(&cluster)
    }

    fn choices(weights: &[&str], number: usize) -> Vec<u32> {
        let mut policy = policy(weights).unwrap();
        (0..number).map(|_| policy.assign(&Request::default()).unwrap()).collect()
    }

    #[test]
    fn choices_are_those_that_nginx_published() {
        // a a b a c a a, and again.
        let period = [0, 0, 1, 0, 2, 0, 0];
        for weights in [["5", "1", "1"], ["10", "2", "2"], ["1/2", "0.1", "1/10"]] {
            assert_eq!(choices(&weights, 14), [period, period].concat(), "{weights:?}");
        }
        assert_eq!(choices(&["3", "3", "3"], 5), [0, 1, 2, 0, 1], "equal weights: in turn");
    }

    #[test]
    fn weights_without_a_small_common_denominator_are_refused() {
        assert_eq!(integers(&["1/3", "0.5"].map(|text| Speed::parse(text).unwrap())), Some((vec![2, 3], 5)));
        // Primes below 10⁶: their product is above 2⁶⁴.
        let primes = ["1/999983", "1/999979", "1/999961", "1/999959"];
        assert!(policy(&primes[..3]).is_ok());
        assert!(policy(&primes).is_err_and(|rule| rule.contains("give WEIGHTS")));
    }

    /// A remembered period is the one that a scan of all weights gives.
    #[test]
    fn choices_repeat_after_the_sum_of_the_weights() {
        for weights in [&["7", "3", "1", "1", "13/2"][..], &["1", "1000"], &["1/3", "0.25", "9"]] {
            let mut policy = policy(weights).unwrap();
            let chosen: Vec<u32> = (0..3 * policy.sum).map(|_| policy.assign(&Request::default()).unwrap()).collect();
            policy.current.fill(0);
            assert_eq!(chosen, (0..3 * policy.sum).map(|_| policy.choose()).collect::<Vec<u32>>(), "{weights:?}");
            for (worker, weight) in (0u32..).zip(&policy.weights) {
                let share = chosen.iter().filter(|&&chosen| chosen == worker).count();
                assert_eq!(share as i64, 3 * weight, "{weights:?}");
            }
        }
    }
}

//! Shared by tests of distributions: bounds for the distance between samples and their distribution.
//!
//! One seed in a thousand exceeds a bound by chance; all seeds are fixed.

/// The mean.
pub fn mean(samples: &[f64]) -> f64 {
    samples.iter().sum::<f64>() / samples.len() as f64
}

/// The coefficient of variation.
pub fn variation(samples: &[f64]) -> f64 {
    let mean = mean(samples);
    (samples.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / samples.len() as f64).sqrt() / mean
}

/// The first three moments of `samples` are those of the distribution, whose moments `moment` gives, within 5 standard
/// errors and the rounding of the sums. Moments to the sixth give those errors.
pub fn assert_moments(what: &str, samples: &[f64], moment: impl Fn(u32) -> f64) {
    let n = samples.len() as f64;
    for power in 1..=3 {
        let found = samples.iter().map(|x| x.powi(power as i32)).sum::<f64>() / n;
        let expected = moment(power);
        let variance = moment(2 * power) - expected * expected;
        let bound = 5.0 * (variance.max(0.0) / n).sqrt() + 1e-9 * expected;
        assert!((found - expected).abs() < bound, "{what}: moment {power} is {found}, not {expected} ± {bound}");
    }
}

/// The Kolmogorov-Smirnov test: the largest distance between the empirical distribution and `distribution` is at most
/// 1.95/√n.
pub fn assert_follows(what: &str, samples: Vec<f64>, distribution: impl Fn(f64) -> f64) {
    assert_follows_within(what, 0.0, samples, distribution);
}

/// The same for samples that may each be off by `step`: the bound holds for the distribution shifted by `step` in
/// either direction.
pub fn assert_follows_within(what: &str, step: f64, mut samples: Vec<f64>, distribution: impl Fn(f64) -> f64) {
    let n = samples.len() as f64;
    samples.sort_by(f64::total_cmp);
    let distance = samples.iter().enumerate().fold(0.0f64, |distance, (i, &x)| {
        let (over, under) = (distribution(x - step) - i as f64 / n, (i as f64 + 1.0) / n - distribution(x + step));
        distance.max(over).max(under)
    });
    assert!(distance < 1.95 / n.sqrt(), "{what}: {distance} of {}", 1.95 / n.sqrt());
}

/// The share of samples above `x` is `probability`, within 4 standard deviations of a binomial and a few more for its
/// skewness.
pub fn assert_tail(what: &str, samples: &[f64], x: f64, probability: f64) {
    let (n, count) = (samples.len() as f64, samples.iter().filter(|&&sample| sample > x).count() as f64);
    let bound = 4.0 * (n * probability).sqrt() + 4.0;
    assert!((count - n * probability).abs() < bound, "{what}: {count} of {} above {x}", n * probability);
}

/// Simpson's rule over `points` gives X the mean 1 and the coefficient of variation `cv`; `integrand` gives X − 1 and
/// its weight.
pub fn assert_solved(cv: f64, points: std::ops::Range<f64>, integrand: impl Fn(f64) -> (f64, f64)) {
    let steps = 400_000;
    let width = (points.end - points.start) / f64::from(steps);
    let mut sums = [0.0; 3];
    for step in 0..=steps {
        let simpson = if step == 0 || step == steps { 1.0 } else { f64::from(2 + 2 * (step % 2)) };
        let (excess, weight) = integrand(points.start + f64::from(step) * width);
        let weight = simpson * weight;
        sums = [sums[0] + weight, sums[1] + weight * excess, sums[2] + weight * excess * excess];
    }
    let (excess, variance) = (sums[1] / sums[0], sums[2] / sums[0] - (sums[1] / sums[0]).powi(2));
    assert!(excess.abs() < 1e-9 * cv.max(1e-3), "cv {cv}: mean 1 + {excess}");
    assert!((variance.sqrt() / cv - 1.0).abs() < 1e-6, "cv {cv}: {}", variance.sqrt());
}

/// Pearson's χ² test of counts of 0, 1, 2 … against their probabilities; neighbouring values are combined until 20 are
/// expected. The bound is the Wilson-Hilferty approximation at 3.09 standard deviations.
pub fn assert_counts(what: &str, samples: &[u64], probabilities: &[f64]) {
    let mut counts = vec![0.0; probabilities.len()];
    for &sample in samples {
        assert!((sample as usize) < counts.len(), "{what}: {sample}");
        counts[sample as usize] += 1.0;
    }
    let (mut statistic, mut cells, mut count, mut expected, mut left) = (0.0, 0.0, 0.0, 0.0, samples.len() as f64);
    for (value, probability) in probabilities.iter().enumerate() {
        count += counts[value];
        expected += probability * samples.len() as f64;
        let last = value + 1 == probabilities.len();
        if (expected >= 20.0 && left - expected >= 20.0) || last {
            statistic += if expected > 0.0 { (count - expected) * (count - expected) / expected } else { 0.0 };
            left -= expected;
            (cells, count, expected) = (cells + 1.0, 0.0, 0.0);
        }
    }
    let (freedom, spread) = (cells - 1.0, 2.0 / (9.0 * (cells - 1.0)));
    let bound = freedom * (1.0f64 - spread + 3.09 * f64::sqrt(spread)).powi(3);
    assert!(cells >= 2.0 && statistic < bound, "{what}: {statistic} of {bound} in {cells} cells");
}

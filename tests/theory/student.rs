//! Student's distribution, and the verdict on one figure over independent replications.

/// P(|T| ≤ `t`) for Student's T with `freedom` degrees of freedom: the finite sums of Abramowitz and Stegun ("Handbook of
/// Mathematical Functions", 1964, 26.7.3 and 26.7.4).
fn within(t: f64, freedom: u32) -> f64 {
    let angle = (t / f64::from(freedom).sqrt()).atan();
    let (sine, square) = (angle.sin(), angle.cos().powi(2));
    let odd = freedom % 2;
    let mut term = if odd == 1 { angle.cos() } else { 1.0 };
    let mut sum = 0.0;
    for k in (2 + odd..=freedom).step_by(2) {
        sum += term;
        term *= square * f64::from(k - 1) / f64::from(k);
    }
    if odd == 1 { (angle + sine * sum) * std::f64::consts::FRAC_2_PI } else { sine * sum }
}

/// The t with P(|T| > t) = `level`.
pub(super) fn quantile(level: f64, freedom: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if within(middle, freedom) < 1.0 - level { low = middle } else { high = middle }
    }
    high
}

/// The mean over replications, and the half-width of its confidence interval.
pub(super) fn interval(values: &[f64], student: f64) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, student * (variance / n).sqrt())
}

#[test]
fn quantiles_are_those_of_published_tables() {
    // Two-sided, as in the tables of Student's distribution (e.g. NIST/SEMATECH, "e-Handbook of Statistical Methods", 1.3.6.7.2).
    for (level, freedom, published) in [
        (0.05, 1, 12.706),
        (0.05, 2, 4.303),
        (0.05, 10, 2.228),
        (0.01, 29, 2.756),
        (0.001, 29, 3.659),
        (0.001, 11, 4.437),
        (0.002, 100, 3.174),
    ] {
        let found = quantile(level, freedom);
        assert!((found - published).abs() < 0.0005, "{level}, {freedom}: {found}, not {published}");
    }
}

#[test]
fn an_interval_is_that_of_a_worked_example() {
    // 1, 2, 3: mean 2, deviation 1, so the half-width at t = 3 is √3.
    let (mean, half) = interval(&[1.0, 2.0, 3.0], 3.0);
    assert!((mean - 2.0).abs() < 1e-12 && (half - 3f64.sqrt()).abs() < 1e-12);
}

//! The verdict on one figure over independent replications.

/// The mean over replications, and the half-width of its confidence interval.
pub(super) fn interval(values: &[f64], student: f64) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, student * (variance / n).sqrt())
}

#[test]
fn an_interval_is_that_of_a_worked_example() {
    // 1, 2, 3: mean 2, deviation 1, so the half-width at t = 3 is √3.
    let (mean, half) = interval(&[1.0, 2.0, 3.0], 3.0);
    assert!((mean - 2.0).abs() < 1e-12 && (half - 3f64.sqrt()).abs() < 1e-12);
}

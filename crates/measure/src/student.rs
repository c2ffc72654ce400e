//! Quantiles of the distributions that intervals and tests use. They are computed by arithmetic and the crate `libm`, so
//! that every platform gets the same bits.

use std::f64::consts::FRAC_2_PI;

/// P(|T| ≤ `t`) for Student's T with `freedom` degrees of freedom: the finite sums of Abramowitz and Stegun ("Handbook of
/// Mathematical Functions", 1964, 26.7.3 and 26.7.4).
fn within(t: f64, freedom: u32) -> f64 {
    let angle = libm::atan(t / f64::from(freedom).sqrt());
    let (sine, cosine) = (libm::sin(angle), libm::cos(angle));
    let odd = freedom % 2;
    let mut term = if odd == 1 { cosine } else { 1.0 };
    let mut sum = 0.0;
    for k in (2 + odd..=freedom).step_by(2) {
        sum += term;
        term *= cosine * cosine * f64::from(k - 1) / f64::from(k);
    }
    if odd == 1 { (angle + sine * sum) * FRAC_2_PI } else { sine * sum }
}

/// Student's quantile: the t with P(|T| > t) = `outside`, for `freedom` degrees of freedom, at least 1.
pub fn student(outside: f64, freedom: u32) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if within(middle, freedom) < 1.0 - outside { low = middle } else { high = middle }
    }
    high
}

/// The χ² with P(X > χ²) = 0.001, for `freedom` degrees of freedom, at least 1: the cube of Wilson and Hilferty ("The
/// distribution of chi-square", 1931), within 2 % from 4 degrees on.
pub(crate) fn chi_square_001(freedom: u32) -> f64 {
    /// P(Z > z) = 0.001 for the standard normal distribution.
    const NORMAL: f64 = 3.090_232_306;
    let ninth = 2.0 / (9.0 * f64::from(freedom));
    let root = 1.0 - ninth + NORMAL * ninth.sqrt();
    f64::from(freedom) * root * root * root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles_are_those_of_published_tables() {
        // Two-sided, as in the tables of Student's distribution (e.g. NIST/SEMATECH, "e-Handbook of Statistical Methods", 1.3.6.7.2).
        for (outside, freedom, published) in [
            (0.05, 1, 12.706),
            (0.05, 2, 4.303),
            (0.05, 10, 2.228),
            (0.01, 29, 2.756),
            (0.001, 29, 3.659),
            (0.001, 11, 4.437),
            (0.002, 100, 3.174),
        ] {
            let found = student(outside, freedom);
            assert!((found - published).abs() < 0.0005, "{outside}, {freedom}: {found}, not {published}");
        }
    }

    #[test]
    fn chi_squares_are_those_of_published_tables() {
        for (freedom, published) in [(4, 18.467), (8, 26.124), (16, 39.252), (32, 62.487)] {
            let found = chi_square_001(freedom);
            assert!((found / published - 1.0).abs() < 0.02, "{freedom}: {found}, not {published}");
        }
    }
}

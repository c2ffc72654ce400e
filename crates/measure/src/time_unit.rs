//! The unit of a column of times.

use crate::number::{decimal, fixed, or_dash, plus_minus, without_zeros};

/// A unit of time, and the number of decimals that a column shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeUnit {
    /// `ms`, `µs` or `ns`.
    pub name: &'static str,
    /// The unit is 10 to this power nanoseconds.
    power: u32,
    /// The decimals of an exact time.
    pub decimals: u32,
}

impl TimeUnit {
    /// The unit of a column with up to `decimals` decimals whose largest time is `largest_ns`: milliseconds, unless
    /// they show less than three digits of it.
    pub fn of(largest_ns: f64, decimals: u32) -> Self {
        let unit = |name, power: u32| Self { name, power, decimals: decimals.min(power) };
        let shows = |unit: &Self| largest_ns >= unit.step_ns() * 1000.0;
        let ms = unit("ms", 6);
        if largest_ns == 0.0 { ms } else { [ms, unit("µs", 3)].into_iter().find(shows).unwrap_or(unit("ns", 0)) }
    }

    /// The value of the last decimal of an integer time \[ns\].
    fn step_ns(&self) -> f64 {
        ten_to(self.power - self.decimals)
    }

    /// A time, rounded half up; a dash for none.
    pub fn time(&self, ns: Option<u128>) -> String {
        or_dash(ns, |ns| fixed(ns, self.power, self.decimals))
    }

    /// A percentile, which has no digits after its last one that is not 0; a dash for none.
    pub fn percentile(&self, ns: Option<u64>) -> String {
        without_zeros(&self.time(ns.map(u128::from))).to_owned()
    }

    /// A time with its half-width, both in nanoseconds, with at most as many decimals as a mean has.
    pub fn plus_minus(&self, ns: f64, half_width_ns: f64) -> String {
        let unit = ten_to(self.power);
        plus_minus(ns / unit, half_width_ns / unit, self.decimals.max(3) as usize)
    }

    /// A mean, with at least three decimals; a dash for none.
    pub fn mean(&self, ns: Option<f64>) -> String {
        or_dash(ns, |ns| decimal(ns / ten_to(self.power), self.decimals.max(3) as usize))
    }
}

/// 10 to this power, exactly.
fn ten_to(power: u32) -> f64 {
    10u64.pow(power) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_in_milliseconds_unless_they_show_less_than_three_digits_of_it() {
        for (largest_ns, table, text) in [
            (0.0, "ms", "ms"),
            (0.25, "ns", "ns"),
            (3.0, "ns", "ns"),
            (999.0, "ns", "ns"),
            (1e3, "µs", "ms"),
            (999_999.0, "µs", "ms"),
            (1e6, "ms", "ms"),
            (1e18, "ms", "ms"),
        ] {
            assert_eq!([3, 6].map(|decimals| TimeUnit::of(largest_ns, decimals).name), [table, text], "{largest_ns}");
        }
    }

    #[test]
    fn times_are_rounded_half_up_and_means_have_fractions() {
        let shown = |largest_ns: f64, decimals| {
            let unit = TimeUnit::of(largest_ns, decimals);
            let times = [None, Some(0), Some(3), Some(499), Some(500), Some(16_602_500)].map(|ns| unit.time(ns));
            let means = [None, Some(0.0), Some(0.000_4), Some(3.4), Some(16_602_600.0)].map(|ns| unit.mean(ns));
            (times.join(" "), means.join(" "))
        };
        let of = |times: &str, means: &str| (times.to_owned(), means.to_owned());
        assert_eq!(shown(2e7, 3), of("- 0.000 <0.001 <0.001 0.001 16.603", "- 0.000 <0.001 <0.001 16.603"));
        assert_eq!(
            shown(2e7, 6),
            of("- 0.000000 0.000003 0.000499 0.000500 16.602500", "- 0.000000 <0.000001 0.000003 16.602600")
        );
        assert_eq!(shown(2e3, 3), of("- 0.000 0.003 0.499 0.500 16602.500", "- 0.000 <0.001 0.003 16602.600"));
        assert_eq!(shown(20.0, 3), of("- 0 3 499 500 16602500", "- 0.000 <0.001 3.400 16602600.000"));
        let percentile = |decimals, ns| TimeUnit::of(2e7, decimals).percentile(ns);
        assert_eq!(
            [None, Some(0), Some(3), Some(16_610_000), Some(200_000_000)].map(|ns| percentile(3, ns)),
            ["-", "0", "<0.001", "16.61", "200"]
        );
        assert_eq!([16_606_000, 20_000].map(|ns| percentile(6, Some(ns))), ["16.606", "0.02"]);
        assert_eq!(TimeUnit::of(20.0, 3).percentile(Some(200)), "200");
        assert_eq!(TimeUnit::of(1e18, 6).time(Some(u128::from(u64::MAX))), "18446744073709.551615");
    }
}

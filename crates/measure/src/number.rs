//! Numbers as text: the only place that rounds them.
//!
//! A number above zero that would be rounded to 0 is shown as less than one unit of the last decimal: `<0.001`.

/// `value` / 10^`power` with `decimals` decimals, `power` at most, rounded half up.
pub fn fixed(value: u128, power: u32, decimals: u32) -> String {
    let step = 10u128.pow(power - decimals);
    match ((value + step / 2) / step, decimals as usize) {
        (0, decimals) if value > 0 => below_a_step(decimals),
        (steps, 0) => steps.to_string(),
        (steps, width) => {
            let whole = 10u128.pow(decimals);
            format!("{}.{:0width$}", steps / whole, steps % whole)
        }
    }
}

/// `value` with `decimals` decimals.
pub fn decimal(value: f64, decimals: usize) -> String {
    if decimals > 0 && value > 0.0 && value * (10u64.pow(decimals as u32) as f64) < 0.5 {
        below_a_step(decimals)
    } else {
        format!("{value:.decimals$}")
    }
}

/// `value ± half_width`, both with two digits of the half-width, but at most `decimals` decimals.
pub fn plus_minus(value: f64, half_width: f64, decimals: usize) -> String {
    let needed = if half_width > 0.0 { 1.0 - libm::floor(libm::log10(half_width)) } else { decimals as f64 };
    let decimals = (needed.max(0.0) as usize).min(decimals);
    // Tens, hundreds, … of a large half-width.
    let step = libm::pow(10.0, (-needed).max(0.0));
    let rounded = |number: f64| if step > 1.0 { libm::round(number / step) * step } else { number };
    format!("{:.decimals$} ± {}", rounded(value), decimal(rounded(half_width), decimals))
}

/// An average with six decimals; a dash for an average over nothing.
pub fn number(value: Option<f64>) -> String {
    or_dash(value, |value| decimal(value, 6))
}

/// A share as a percentage with two decimals; a dash for that of nothing.
pub fn percent(share: Option<f64>) -> String {
    or_dash(share, |share| decimal(share * 100.0, 2) + " %")
}

/// The text that `show` makes of a value; a dash for none.
pub fn or_dash<T>(value: Option<T>, show: impl FnOnce(T) -> String) -> String {
    value.map_or("-".to_owned(), show)
}

/// The text of a number without the zeros at the end of its fraction.
pub fn without_zeros(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

/// The number of decimals in the text of a number.
pub fn decimals(text: &str) -> usize {
    text.split_once('.').map_or(0, |(_, fraction)| fraction.len())
}

/// The text of a number, followed by blanks so that its decimal point is below that of a number with `width` decimals. A dash
/// gets none.
pub fn aligned(text: &str, width: usize) -> String {
    let blanks = match decimals(text) {
        _ if width == 0 || text == "-" => 0,
        0 => 1 + width,
        shown => width.saturating_sub(shown),
    };
    format!("{text}{:blanks$}", "")
}

fn below_a_step(decimals: usize) -> String {
    format!("<0.{:0>decimals$}", 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_shows_two_digits_of_its_half_width() {
        let shown = |half_width| plus_minus(16.558_952, half_width, 3);
        assert_eq!(
            [31.2, 3.12, 0.312, 0.0312, 0.000_312, 0.000_9].map(shown),
            ["17 ± 31", "16.6 ± 3.1", "16.56 ± 0.31", "16.559 ± 0.031", "16.559 ± <0.001", "16.559 ± 0.001"]
        );
        assert_eq!(plus_minus(332_739.0, 7204.0, 3), "332700 ± 7200");
        assert_eq!(plus_minus(1234.5, 50.0, 3), "1234 ± 50");
    }

    #[test]
    fn only_zero_is_shown_as_zero() {
        assert_eq!(
            [0, 4, 5, 14, 15, 1_004].map(|value| fixed(value, 3, 2)),
            ["0.00", "<0.01", "0.01", "0.01", "0.02", "1.00"]
        );
        assert_eq!([0, 1_499, 1_500].map(|value| fixed(value, 3, 0)), ["0", "1", "2"]);
        assert_eq!(
            [0.0, 1e-9, 0.000_4, 0.000_6, 12.0].map(|value| decimal(value, 3)),
            ["0.000", "<0.001", "<0.001", "0.001", "12.000"]
        );
        assert_eq!([None, Some(0.0), Some(1e-9), Some(0.5)].map(number), ["-", "0.000000", "<0.000001", "0.500000"]);
        assert_eq!([None, Some(0.0), Some(1e-9), Some(0.045)].map(percent), ["-", "0.00 %", "<0.01 %", "4.50 %"]);
    }

    #[test]
    fn points_are_below_each_other_without_zeros() {
        assert_eq!(
            ["200.000", "16.610", "16.601", "0.000", "<0.001", "200", "-"].map(without_zeros),
            ["200", "16.61", "16.601", "0", "<0.001", "200", "-"]
        );
        assert_eq!(["200", "16.61", "16.601", "-"].map(|text| aligned(text, 3)), ["200    ", "16.61 ", "16.601", "-"]);
        assert_eq!(["200", "-", "16.6"].map(|text| aligned(text, 0)), ["200", "-", "16.6"]);
    }
}

//! Figures of any unit as text.

use measure::judged::Unit;
use measure::{TimeUnit, decimal, plus_minus};

/// How the figures of a column are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    unit: Unit,
    time: TimeUnit,
}

impl Scale {
    /// For figures of this `unit` up to the largest of `values`.
    pub(crate) fn of(unit: Unit, values: impl Iterator<Item = f64>) -> Self {
        Self { unit, time: TimeUnit::of(values.map(f64::abs).fold(0.0, f64::max), 3) }
    }

    /// The name of the unit; empty of numbers.
    pub(crate) fn name(&self) -> &'static str {
        match self.unit {
            Unit::Ns => self.time.name,
            Unit::Share => "%",
            Unit::Number => "",
        }
    }

    /// A figure with its half-width, if there is one.
    pub(crate) fn figure(&self, value: f64, half_width: Option<f64>) -> String {
        let times = if self.unit == Unit::Share { 100.0 } else { 1.0 };
        match (self.unit, half_width) {
            (Unit::Ns, Some(half_width)) => self.time.plus_minus(value, half_width),
            (Unit::Ns, None) if value < 0.0 => format!("-{}", self.time.mean(Some(-value))),
            (Unit::Ns, None) => self.time.mean(Some(value)),
            (_, Some(half_width)) => plus_minus(value * times, half_width * times, 4),
            (_, None) => decimal(value * times, 4),
        }
    }

    /// A percentile or a maximum, with no more digits than are known.
    pub(crate) fn percentile(&self, ns: f64) -> String {
        self.time.percentile(Some(ns as u64))
    }

    /// A share that is 0 or more; one that is smaller than its half-width has an upper limit alone.
    pub(crate) fn share(&self, value: f64, half_width: Option<f64>) -> String {
        match half_width {
            Some(half_width) if value < half_width => format!("<{}", decimal((value + half_width) * 100.0, 3)),
            _ => self.figure(value, half_width),
        }
    }

    /// A figure with its half-width and its unit.
    pub(crate) fn with_unit(&self, value: f64, half_width: Option<f64>) -> String {
        format!("{} {}", self.figure(value, half_width), self.name()).trim_end().to_owned()
    }
}

/// Words in a list: `a, b and c`.
pub(crate) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

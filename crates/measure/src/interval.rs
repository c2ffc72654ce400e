//! Confidence intervals of quotients of sums.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Percentile;
use crate::student::student;

/// The confidence level of all intervals of reports.
pub const LEVEL: f64 = 0.95;

/// A confidence interval, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Interval {
    /// Value ± half-width.
    Known {
        /// In the unit of the figure.
        half_width: f64,
        /// The probability that an interval made in this way contains the true value.
        level: f64,
        /// How it was made.
        method: Method,
        /// Number of batches or replications.
        n: u32,
    },
    /// There is none.
    Unknown {
        /// Why, in a few words.
        reason: String,
    },
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Method {
    /// From consecutive parts of one run, which are nearly independent.
    #[serde(rename = "batch means")]
    BatchMeans,
    /// From independent runs.
    #[serde(rename = "replications")]
    Replications,
}

impl Interval {
    /// The half-width; None if there is no interval.
    pub fn half_width(&self) -> Option<f64> {
        match self {
            Interval::Known { half_width, .. } => Some(*half_width),
            Interval::Unknown { .. } => None,
        }
    }
}

/// The intervals of all figures, or one reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Intervals {
    /// Each figure has its interval, or its own reason.
    Each(Box<FigureIntervals>),
    /// No figure has one.
    None {
        /// Why, in a few words.
        reason: String,
    },
}

/// The interval of each figure, under the figure's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(missing_docs, reason = "the names are those of the figures")]
pub struct FigureIntervals {
    pub average_delay_in_queue_ns: Interval,
    pub average_number_in_queue: Interval,
    pub average_number_in_system: Interval,
    pub server_utilization: Interval,
    pub average_response_time_ns: Interval,
    pub waited_share: Interval,
    pub delay_in_queue: BTreeMap<Percentile, Interval>,
    pub response_time: BTreeMap<Percentile, Interval>,
    pub rejected_share: Interval,
    pub abandoned_share: Interval,
}

impl Intervals {
    /// For `reason`, there is none.
    pub(crate) fn none(reason: impl Into<String>) -> Self {
        Intervals::None { reason: reason.into() }
    }

    /// The intervals of the figures; None if there is none.
    pub fn each(&self) -> Option<&FigureIntervals> {
        match self {
            Intervals::Each(each) => Some(each),
            Intervals::None { .. } => None,
        }
    }
}

/// The contribution of a batch or a replication to a figure, which is Σ numerators / Σ denominators.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Part {
    /// Of the numerator.
    pub numerator: f64,
    /// Of the denominator.
    pub denominator: f64,
}

/// The deviations of `parts` from their common quotient: numerator − quotient · denominator. None if the quotient is
/// undefined.
pub(crate) fn deviations(parts: &[Part]) -> Option<Vec<f64>> {
    let (numerators, denominators) = sums(parts);
    let quotient = numerators / denominators;
    (denominators > 0.0).then(|| parts.iter().map(|part| part.numerator - quotient * part.denominator).collect())
}

/// The half-width of the interval at `level` of Σ numerators / Σ denominators over `parts`, which are independent: Student's
/// quantile times the standard error of a quotient, which is linear in the deviations (Law, "Simulation modeling and
/// analysis", 2015, 9.5.3). None with fewer than two parts, or if the quotient is undefined.
pub fn half_width(parts: &[Part], level: f64) -> Option<f64> {
    let freedom = u32::try_from(parts.len()).ok()?.checked_sub(1).filter(|&freedom| freedom > 0)?;
    let squares: f64 = deviations(parts)?.iter().map(|deviation| deviation * deviation).sum();
    let (_, denominators) = sums(parts);
    let variance = squares * parts.len() as f64 / f64::from(freedom);
    Some(student(1.0 - level, freedom) * variance.sqrt() / denominators)
}

fn sums(parts: &[Part]) -> (f64, f64) {
    parts.iter().fold((0.0, 0.0), |(numerators, denominators), part| {
        (numerators + part.numerator, denominators + part.denominator)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<const N: usize>(parts: [(f64, f64); N]) -> [Part; N] {
        parts.map(|(numerator, denominator)| Part { numerator, denominator })
    }

    #[test]
    fn an_interval_is_that_of_a_worked_example() {
        // 1, 2, 3: mean 2, deviation 1, t = 4.303 for 2 degrees of freedom: 4.303 / √3.
        let half = half_width(&parts([(1.0, 1.0), (2.0, 1.0), (3.0, 1.0)]), 0.95).unwrap();
        assert!((half - 4.302_652_7 / 3f64.sqrt()).abs() < 1e-6, "{half}");
        // Sums of twice as many have the same quotient, 2: the deviations are −2, 0, 2 and the denominators 6.
        let half = half_width(&parts([(2.0, 2.0), (4.0, 2.0), (6.0, 2.0)]), 0.95).unwrap();
        assert!((half - 4.302_652_7 / 3f64.sqrt()).abs() < 1e-6, "{half}");
        // A quotient that is the same in all parts has no deviation, whatever their sizes.
        assert_eq!(half_width(&parts([(1.0, 2.0), (4.0, 8.0)]), 0.95), Some(0.0));
    }

    #[test]
    fn there_is_none_of_one_part_or_over_nothing() {
        assert_eq!(half_width(&parts([(1.0, 2.0)]), 0.95), None);
        assert_eq!(half_width(&parts([(0.0, 0.0), (0.0, 0.0)]), 0.95), None);
    }

    #[test]
    fn json_has_the_interval_or_the_reason() {
        let known = Interval::Known { half_width: 0.5, level: LEVEL, method: Method::BatchMeans, n: 20 };
        let text = r#"{"half_width":0.5,"level":0.95,"method":"batch means","n":20}"#;
        assert_eq!(serde_json::to_string(&known).unwrap(), text);
        assert_eq!(serde_json::from_str::<Interval>(text).unwrap(), known);
        let unknown = Interval::Unknown { reason: "nothing is random".to_owned() };
        assert_eq!(serde_json::to_string(&unknown).unwrap(), r#"{"reason":"nothing is random"}"#);
    }
}

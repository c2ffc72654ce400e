//! Objectives as they were judged.

use serde::{Deserialize, Serialize};

/// Whether an objective holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// Neither is sure.
    TooClose,
}

impl Verdict {
    /// Of several objectives together.
    pub fn of_all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        verdicts.into_iter().fold(Verdict::Holds, |all, one| match (all, one) {
            (Verdict::Fails, _) | (_, Verdict::Fails) => Verdict::Fails,
            (Verdict::TooClose, _) | (_, Verdict::TooClose) => Verdict::TooClose,
            _ => Verdict::Holds,
        })
    }
}

/// The unit of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A time in nanoseconds.
    Ns,
    /// A share of 1.
    Share,
    /// A number of requests.
    Number,
}

/// An objective and what was measured of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Judged {
    /// The objective.
    pub objective: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// Unit of the estimate and of its half-width.
    pub unit: Unit,
    /// The figure of the objective; absent if it is undefined, or if there is none: of a joint share, and of percentiles of a
    /// class or a client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    /// The half-width of its interval, if it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
    /// The share of requests that miss a percentile, a maximum or a joint share: those decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<f64>,
    /// The half-width of its interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_half_width: Option<f64>,
    /// The largest share that may miss it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, Fails, Holds, TooClose};

    #[test]
    fn all_hold_if_each_holds() {
        let of = |verdicts: &[Verdict]| Verdict::of_all(verdicts.iter().copied());
        assert_eq!(of(&[]), Holds);
        assert_eq!(
            [of(&[Holds, Holds]), of(&[Holds, TooClose]), of(&[TooClose, Fails, Holds])],
            [Holds, TooClose, Fails]
        );
    }
}

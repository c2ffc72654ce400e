//! Figures of a run by name, as users compare them or set limits to them.

use std::fmt;

use crate::{Figures, Percentile};

/// The names of all metrics, for errors.
pub const METRICS: &str =
    "[mean|pNN|max] response|delay, utilization, waited, rejected, abandoned, number in queue, number in system";

/// Times of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Response times.
    Response,
    /// Delays in queue.
    Delay,
}

/// A figure of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A mean of times \[ns\].
    Mean(Times),
    /// A percentile of times \[ns\].
    Percentile(Percentile, Times),
    /// The longest time \[ns\].
    Max(Times),
    /// The utilization of the servers.
    Utilization,
    /// The share of requests that waited.
    Waited,
    /// The share of requests that were rejected.
    Rejected,
    /// The share of requests that were abandoned.
    Abandoned,
    /// The average number in queue.
    InQueue,
    /// The average number in the system.
    InSystem,
}

impl Times {
    /// The times that `word` names.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "response" => Some(Times::Response),
            "delay" => Some(Times::Delay),
            _ => None,
        }
    }

    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Times::Response => "response",
            Times::Delay => "delay",
        }
    }
}

impl Metric {
    /// The metric that these words name; None if they name none of [`METRICS`].
    pub fn of_words(words: &[&str]) -> Option<Self> {
        match *words {
            ["utilization"] => Some(Metric::Utilization),
            ["waited"] | ["waited", "share"] => Some(Metric::Waited),
            ["rejected"] | ["rejected", "share"] => Some(Metric::Rejected),
            ["abandoned"] | ["abandoned", "share"] => Some(Metric::Abandoned),
            ["number", "in", "queue"] => Some(Metric::InQueue),
            ["number", "in", "system"] => Some(Metric::InSystem),
            [word] => Some(Metric::Mean(Times::of(word)?)),
            ["mean", word] => Some(Metric::Mean(Times::of(word)?)),
            ["max", word] => Some(Metric::Max(Times::of(word)?)),
            [percentile, word] => {
                let number = percentile.strip_prefix('p')?;
                Some(Metric::Percentile(Percentile::parse(number)?, Times::of(word)?))
            }
            _ => None,
        }
    }

    /// Whether it is a time \[ns\].
    pub fn is_time(self) -> bool {
        matches!(self, Metric::Mean(_) | Metric::Percentile(..) | Metric::Max(_))
    }

    /// Whether it is a share, or a utilization.
    pub fn is_share(self) -> bool {
        matches!(self, Metric::Utilization | Metric::Waited | Metric::Rejected | Metric::Abandoned)
    }

    /// Its value in `figures`; None if it is undefined, or a percentile that was not chosen.
    pub fn of(self, figures: &Figures) -> Option<f64> {
        let percentiles = |times| match times {
            Times::Response => &figures.response_time,
            Times::Delay => &figures.delay_in_queue,
        };
        match self {
            Metric::Mean(Times::Response) => figures.average_response_time_ns,
            Metric::Mean(Times::Delay) => figures.average_delay_in_queue_ns,
            Metric::Percentile(percentile, times) => percentiles(times).get(percentile).map(|ns| ns as f64),
            Metric::Max(times) => percentiles(times).max_ns.map(|ns| ns as f64),
            Metric::Utilization => figures.server_utilization,
            Metric::Waited => figures.waited_share,
            Metric::Rejected => figures.rejected_share,
            Metric::Abandoned => figures.abandoned_share,
            Metric::InQueue => figures.average_number_in_queue,
            Metric::InSystem => figures.average_number_in_system,
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Metric::Mean(times) => write!(f, "mean {}", times.name()),
            Metric::Percentile(percentile, times) => write!(f, "{percentile} {}", times.name()),
            Metric::Max(times) => write!(f, "max {}", times.name()),
            Metric::Utilization => f.write_str("utilization"),
            Metric::Waited => f.write_str("waited"),
            Metric::Rejected => f.write_str("rejected"),
            Metric::Abandoned => f.write_str("abandoned"),
            Metric::InQueue => f.write_str("number in queue"),
            Metric::InSystem => f.write_str("number in system"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_is_named_by_its_words() {
        for (text, shown) in [
            ("mean delay", "mean delay"),
            ("response", "mean response"),
            ("p99.90 response", "p99.9 response"),
            ("max delay", "max delay"),
            ("utilization", "utilization"),
            ("rejected share", "rejected"),
            ("abandoned", "abandoned"),
            ("waited", "waited"),
            ("number in queue", "number in queue"),
            ("number in system", "number in system"),
        ] {
            let metric = Metric::of_words(&text.split(' ').collect::<Vec<_>>());
            assert_eq!(metric.map(|metric| metric.to_string()).as_deref(), Some(shown), "{text}");
        }
        for text in ["", "mean", "p99", "p100 delay", "99 delay", "mean utilization", "number in", "delay p99"] {
            assert_eq!(Metric::of_words(&text.split(' ').collect::<Vec<_>>()), None, "{text}");
        }
    }
}

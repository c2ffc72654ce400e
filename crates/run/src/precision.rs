//! `--until-precision`: how precise a figure of the run must be, and when that is looked at.

use std::fmt;
use std::str::FromStr;

use cli::settings::form;
use failure::Failure;
use measure::{Figures, Percentile, percent};

/// The form of `--until-precision`.
const FORM: &str = "SHARE% [of [mean|pNN] response|delay]";

/// Replications after which the precision is looked at first.
pub const FIRST: u32 = 10;

/// Upper limit of the replications, unless `--replications` gives one.
pub const MOST: u32 = 320;

/// A figure of the run, and the share of its value that the half-width of its 95 % interval may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Precision {
    /// Above 0 and below 1.
    pub share: f64,
    /// The times that the figure is made of.
    pub times: Times,
    /// The figure's percentile; None: the mean.
    pub percentile: Option<Percentile>,
    text: String,
}

/// Times of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Response times.
    Response,
    /// Delays in queue.
    Delay,
}

impl Precision {
    /// The precision that `text` describes.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let within = form::number("above 0% and below 100%", |share| 0.0 < share && share < 100.0);
        let mut words = text.split_whitespace();
        let share = words.next().and_then(|word| word.strip_suffix('%')).unwrap_or_default();
        let share = within.parse(share).map_err(|rule| format!("is not {FORM}: SHARE {rule}"))?;
        let other = || format!("is not {FORM}: NN is a decimal above 0 and below 100");
        let percentile = |word: &str| match word.strip_prefix('p') {
            None => (word == "mean").then_some(None),
            Some(number) => Percentile::parse(number).map(Some),
        };
        let times = |word: &str| match word {
            "response" => Some(Times::Response),
            "delay" => Some(Times::Delay),
            _ => None,
        };
        let (percentile, times) = match words.collect::<Vec<_>>()[..] {
            [] => (None, Times::Response),
            ["of", word] => (None, times(word).ok_or_else(other)?),
            ["of", figure, word] => (percentile(figure).ok_or_else(other)?, times(word).ok_or_else(other)?),
            _ => return Err(other()),
        };
        Ok(Self { share: share / 100.0, times, percentile, text: text.to_owned() })
    }
}

impl Precision {
    /// Checks that a report with these `percentiles` has the figure.
    ///
    /// # Errors
    /// [`Failure::Usage`] if it has not.
    pub fn check(&self, percentiles: &[Percentile]) -> Result<(), Failure> {
        match self.percentile {
            Some(percentile) if !percentiles.contains(&percentile) => Err(Failure::usage(format!(
                "--until-precision {self}: {percentile} is not among the percentiles of the report: add it to --percentiles"
            ))),
            _ => Ok(()),
        }
    }

    /// The half-width of the figure as a share of its value; None if it has no interval.
    pub fn reached(&self, figures: &Figures) -> Option<f64> {
        let each = figures.intervals.each()?;
        let (mean, percentiles, interval, intervals) = match self.times {
            Times::Response => (
                figures.average_response_time_ns,
                &figures.response_time,
                &each.average_response_time_ns,
                &each.response_time,
            ),
            Times::Delay => (
                figures.average_delay_in_queue_ns,
                &figures.delay_in_queue,
                &each.average_delay_in_queue_ns,
                &each.delay_in_queue,
            ),
        };
        let (value, half_width) = match self.percentile {
            None => (mean?, interval.half_width()?),
            Some(percentile) => (percentiles.get(percentile)? as f64, intervals.get(&percentile)?.half_width()?),
        };
        (value > 0.0).then(|| half_width / value)
    }

    /// The note on what was `reached` after `replications`.
    pub fn note(&self, reached: Option<f64>, replications: usize) -> String {
        match reached {
            Some(share) if share <= self.share => {
                format!("--until-precision {self}: reached after {replications} replications")
            }
            Some(share) => {
                format!(
                    "--until-precision {self}: not reached after {replications} replications: ± {}",
                    percent(Some(share))
                )
            }
            None => {
                format!("--until-precision {self}: not reached after {replications} replications: there is no interval")
            }
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Precision {
    /// As it was given.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// The numbers of replications after which the precision is looked at, if there are at most `most`.
pub fn looks(most: u32) -> impl Iterator<Item = u32> {
    let doubled = std::iter::successors(Some(FIRST), |number| number.checked_mul(2));
    doubled.take_while(move |&number| number < most).chain([most])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_names_a_share_and_a_figure() {
        for (text, share, percentile, times) in [
            ("2%", 0.02, None, Times::Response),
            ("0.5% of delay", 0.005, None, Times::Delay),
            ("99% of mean response", 0.99, None, Times::Response),
            ("10% of p99 response", 0.1, Some("99"), Times::Response),
            (" 5%  of p99.9 delay", 0.05, Some("99.9"), Times::Delay),
            ("5% of p50 delay", 0.05, Some("50"), Times::Delay),
        ] {
            let parsed = Precision::parse(text).unwrap();
            let percentile = percentile.map(|number| Percentile::parse(number).unwrap());
            assert_eq!((parsed.share, parsed.percentile, parsed.times), (share, percentile, times), "{text}");
            assert_eq!(parsed.to_string(), text);
        }
        let share = "is not SHARE% [of [mean|pNN] response|delay]: SHARE must be above 0% and below 100%";
        for text in ["", "2", "0%", "100%", "-1%", "x%", "% of delay", "of delay"] {
            assert_eq!(Precision::parse(text).unwrap_err(), share, "{text}");
        }
        let figure = "is not SHARE% [of [mean|pNN] response|delay]: NN is a decimal above 0 and below 100";
        for text in
            ["2% of", "2% delay", "2% of p100 delay", "2% of delay p99", "2% of p99 response times", "2% of p99"]
        {
            assert_eq!(Precision::parse(text).unwrap_err(), figure, "{text}");
        }
    }

    #[test]
    fn the_number_of_replications_doubles_between_looks() {
        let looks = |most| super::looks(most).collect::<Vec<_>>();
        assert_eq!(looks(MOST), [10, 20, 40, 80, 160, 320]);
        assert_eq!([looks(10), looks(11), looks(20)], [vec![10], vec![10, 11], vec![10, 20]]);
        assert_eq!(looks(50), [10, 20, 40, 50]);
    }
}

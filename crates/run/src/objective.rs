//! Objectives (`--slo`): what a run must hold.

use std::fmt;
use std::str::FromStr;

use cli::settings::{duration, form};
use failure::{Failure, printable};
use measure::criterion::{SELECTIONS, TimeLimits};
use measure::judged::{Judged, Verdict};
use measure::metric::{METRICS, Metric, Times};
use measure::{Criterion, Percentile, Selection};
use sandbox::ModelSettings;

/// The form of an objective, for errors.
const FORM: &str = "FIGURE [class=N|client=N] < VALUE, or SHARE% (response < TIME and delay < TIME) [class=N|client=N]";

/// 100 % in thousandths of a per cent.
const WHOLE: u32 = 100_000;

/// The largest number of objectives.
pub const MOST: usize = SELECTIONS;

/// What a run must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Objective {
    text: String,
    /// The requests that count.
    pub selection: Selection,
    /// What they must hold.
    pub target: Target,
}

/// What requests must hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// More than `share` of all requests must be completed within `limits`; all, if it is 1.
    Share {
        /// In thousandths of a per cent.
        share: u32,
        /// The limits.
        limits: TimeLimits,
        /// The percentile or the maximum that the objective is about, if it is about one.
        metric: Option<Metric>,
    },
    /// A figure must be below a value, in the figure's unit.
    Figure {
        /// The figure.
        metric: Metric,
        /// The value.
        below: f64,
    },
}

impl Objective {
    /// The objective that `text` describes.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, String> {
        let spaced =
            ["<", "(", ")"].iter().fold(text.to_owned(), |text, sign| text.replace(sign, &format!(" {sign} ")));
        let words: Vec<&str> = spaced.split_whitespace().collect();
        if words.iter().any(|word| word.contains('>') || word.starts_with('=')) {
            return Err(format!("is not {FORM}: an objective is an upper limit, with <"));
        }
        let shown = words.join(" ").replace("( ", "(").replace(" )", ")");
        let (target, selection) = match words.iter().position(|&word| word == "(") {
            Some(open) => joint(&words, open)?,
            None => figure(&words)?,
        };
        let selection = selection.unwrap_or(Selection::All);
        match target {
            Target::Figure { metric: metric @ (Metric::Utilization | Metric::InQueue | Metric::InSystem), .. }
                if selection != Selection::All =>
            {
                Err(format!("{metric} is a figure of the workers: leave out class= or client="))
            }
            _ => Ok(Self { text: printable(shown.as_bytes(), 200), selection, target }),
        }
    }

    /// What is counted for the objective, with its limits multiplied by each of `scales` in turn.
    pub fn criterion(&self, scales: &[f64]) -> Criterion {
        let limits = match self.target {
            Target::Share { limits, .. } => {
                let scaled = |ns: u64, scale: f64| if scale == 1.0 { ns } else { (ns as f64 * scale) as u64 };
                let of = |&scale: &f64| TimeLimits {
                    delay_ns: limits.delay_ns.map(|ns| scaled(ns, scale)),
                    response_ns: limits.response_ns.map(|ns| scaled(ns, scale)),
                };
                scales.iter().map(of).collect()
            }
            Target::Figure { .. } => Vec::new(),
        };
        Criterion { selection: self.selection, limits }
    }
}

/// Checks that `objectives` can be judged on workers with the settings `model`.
///
/// # Errors
/// [`Failure::Usage`] if there are too many, or DELAY ends the run early.
pub fn check(objectives: &[Objective], model: &ModelSettings) -> Result<(), Failure> {
    if objectives.len() > MOST {
        return Err(Failure::usage(format!(
            "--slo: {} objectives; there may be {MOST}: leave some out",
            objectives.len()
        )));
    }
    let twice = (1..objectives.len()).find(|&place| objectives[..place].contains(&objectives[place]));
    if let Some(twice) = twice {
        return Err(Failure::usage(format!("--slo '{}' is given twice", objectives[twice])));
    }
    let delay = &model.queue.delay;
    if !objectives.is_empty() && delay.get()? > 0 {
        return Err(delay.refuse(
            "ends the run before all requests are served, so that --slo can't be judged: leave one of them out",
        ));
    }
    Ok(())
}

/// Checks that all objectives hold as they were `judged`.
///
/// # Errors
/// [`Failure::Objective`] if one does not.
pub fn all_hold(judged: &[Judged]) -> Result<(), Failure> {
    let broken: Vec<&str> =
        judged.iter().filter(|one| one.verdict != Verdict::Holds).map(|one| one.objective.as_str()).collect();
    match broken.len() {
        0 => Ok(()),
        number => Err(Failure::objective(format!(
            "{number} of {} objectives do{} not hold: {}",
            judged.len(),
            if number == 1 { "es" } else { "" },
            broken.join("; ")
        ))),
    }
}

impl Target {
    /// The largest share of requests that may miss the limits of a share.
    pub fn allowed(share: u32) -> f64 {
        f64::from(WHOLE - share) / f64::from(WHOLE)
    }

    /// Whether a share holds if `met` of `arrived` requests met its limits.
    pub fn is_met(share: u32, met: u64, arrived: u64) -> bool {
        let (met, least) = (u128::from(met) * u128::from(WHOLE), u128::from(arrived) * u128::from(share));
        if share == WHOLE { met == least } else { met > least }
    }
}

/// FIGURE [class=N|client=N] < VALUE.
fn figure(words: &[&str]) -> Result<(Target, Option<Selection>), String> {
    let Some(sign) = words.iter().position(|&word| word == "<") else {
        return Err(format!("is not {FORM}: it has no <"));
    };
    let (figure, [value]) = (&words[..sign], &words[sign + 1..]) else {
        return Err(format!("is not {FORM}: VALUE is one word, such as 50ms or 0.1%"));
    };
    let (figure, selection) = match figure.split_last() {
        Some((last, before)) if last.contains('=') => (before, Some(self::selection(last)?)),
        _ => (figure, None),
    };
    let Some(metric) = Metric::of_words(figure) else {
        return Err(format!("is not {FORM}: FIGURE is {METRICS}, not \"{}\"", shown(&figure.join(" "))));
    };
    let limits = |times, value: &str| -> Result<TimeLimits, String> {
        let ns = Some(time(value)?);
        Ok(match times {
            Times::Delay => TimeLimits { delay_ns: ns, response_ns: None },
            Times::Response => TimeLimits { delay_ns: None, response_ns: ns },
        })
    };
    let target = match metric {
        Metric::Percentile(percentile, times) => {
            Target::Share { share: percentile.thousandths(), limits: limits(times, value)?, metric: Some(metric) }
        }
        Metric::Max(times) => Target::Share { share: WHOLE, limits: limits(times, value)?, metric: Some(metric) },
        Metric::Mean(_) => Target::Figure { metric, below: time(value)? as f64 },
        _ if metric.is_share() => Target::Figure { metric, below: share(value)? },
        _ => Target::Figure { metric, below: positive(value)? },
    };
    Ok((target, selection))
}

/// SHARE% (response < TIME and delay < TIME) [class=N|client=N].
fn joint(words: &[&str], open: usize) -> Result<(Target, Option<Selection>), String> {
    let close = words.iter().position(|&word| word == ")").filter(|&close| close > open);
    let (Some(close), [share]) = (close, &words[..open]) else {
        return Err(format!("is not {FORM}"));
    };
    let share = match share.strip_suffix('%') {
        Some("100") => WHOLE,
        number => number.and_then(Percentile::parse).map(Percentile::thousandths).ok_or_else(|| {
            format!("is not {FORM}: SHARE must be above 0% and at most 100%, with at most three decimals")
        })?,
    };
    let mut limits = TimeLimits::default();
    for part in words[open + 1..close].split(|&word| word == "and") {
        let [name, "<", value] = part else {
            return Err(format!(
                "is not {FORM}: \"{}\" is not response < TIME or delay < TIME",
                shown(&part.join(" "))
            ));
        };
        let limit = match Times::of(name) {
            Some(Times::Response) => &mut limits.response_ns,
            Some(Times::Delay) => &mut limits.delay_ns,
            None => return Err(format!("is not {FORM}: \"{}\" is not response or delay", shown(name))),
        };
        let ns = time(value)?;
        // Both must hold, so the smaller one does.
        *limit = Some(limit.map_or(ns, |other| other.min(ns)));
    }
    let selection = match &words[close + 1..] {
        [] => None,
        [word] => Some(selection(word)?),
        _ => return Err(format!("is not {FORM}")),
    };
    Ok((Target::Share { share, limits, metric: None }, selection))
}

fn selection(word: &str) -> Result<Selection, String> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let found = match word.split_once('=').filter(|(_, text)| is_number(text)) {
        Some(("class", text)) => text.parse().ok().map(Selection::Class),
        Some(("client", text)) => text.parse().ok().map(Selection::Client),
        _ => None,
    };
    found.ok_or_else(|| {
        format!("\"{}\" is not class=N with N up to 65535, or client=N with N up to 4294967295", shown(word))
    })
}

/// A time above 0 \[ns\].
fn time(text: &str) -> Result<u64, String> {
    if text.ends_with(|last: char| last.is_ascii_digit()) {
        return Err(format!("VALUE={} has no unit: write 50ms, 1.5s, …", shown(text)));
    }
    duration(1).parse(text).map_err(|rule| format!("VALUE={} {rule}", shown(text)))
}

/// A share above 0: `0.1%` or `0.001`.
fn share(text: &str) -> Result<f64, String> {
    match text.strip_suffix('%') {
        Some(percent) => positive(percent).map(|percent| percent / 100.0),
        None => positive(text),
    }
    .ok()
    .filter(|&share| share <= 1.0)
    .ok_or_else(|| format!("VALUE={} must be a share above 0 and up to 1, such as 0.1% or 0.001", shown(text)))
}

fn positive(text: &str) -> Result<f64, String> {
    let rule = form::number("a number above 0", |number| number > 0.0);
    rule.parse(text).map_err(|rule| format!("VALUE={} {rule}", shown(text)))
}

fn shown(text: &str) -> String {
    printable(text.as_bytes(), 60)
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Objective {
    /// As it was given, with one blank between words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
#[path = "objective_tests.rs"]
mod tests;

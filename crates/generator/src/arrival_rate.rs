//! ARRIVALS: how the rate of arrivals changes over time.

use std::sync::Arc;

use clap::builder::PossibleValue;
use cli::settings::Rule;
use cli::settings::form::{self, duration_above_0, number, value};
use cli::settings::table_file::{Table, TextFile};
use failure::Failure;
use random::bursts::Bursts;
use random::rate_curve::RateCurve;
use trace::decimal;

const MMPP: &str = "mmpp:RATIO,HIGH,LOW";
const ON_OFF: &str = "onoff:ON,OFF";
const SELF_SIMILAR: &str = "selfsimilar:H,SHORTEST,LONGEST";
const DAILY: &str = "daily:PEAK[,PERIOD]";
const RATE: &str = "rate:FILE";

/// The forms of ARRIVALS, with their help.
const FORMS: [(&str, &str); 6] = [
    ("constant", "The rate does not change"),
    (MMPP, "For HIGH on average, a client's rate is RATIO times the one for LOW on average (Markov-modulated Poisson)"),
    (ON_OFF, "A client sends for ON on average, then nothing for OFF on average; both are exponential"),
    (SELF_SIMILAR, "The same for Pareto periods between two bounds: self-similar, Hurst parameter H from 0.5 to 1"),
    (DAILY, "Sinusoidal: lowest at time 0, PEAK (1 to 2) times the mean after half a PERIOD (24h), for all clients"),
    (
        RATE,
        "Rates of all clients together from a CSV file, time_s,rate, in requests per second (INTER_ARRIVAL is not used)",
    ),
];

/// Operational time that a client of a long trace, with bursts or a daily curve, may need \[ns\]: a quarter of the upper limit
/// of times. In that much time, 256 bursts of the longest periods that settings accept, the integral of the rate is at
/// least this with all but certainty.
const OPERATIONAL_LIMIT_NS: f64 = (1u64 << 60) as f64;

/// The upper limit of arrivals \[ns\].
pub(crate) const LATEST_NS: u64 = 1 << 62;

/// The meaning of ARRIVALS.
#[derive(Debug, Clone, PartialEq)]
pub enum ArrivalRate {
    /// The rate is constant.
    Constant,
    /// High and low for exponential periods.
    Mmpp {
        /// The high rate over the low one.
        ratio: f64,
        /// Mean duration of the high rate \[ns\].
        high_ns: u64,
        /// Mean duration of the low rate \[ns\].
        low_ns: u64,
    },
    /// On and off for exponential periods.
    OnOff {
        /// Mean duration of being on \[ns\].
        on_ns: u64,
        /// Mean duration of being off \[ns\].
        off_ns: u64,
    },
    /// On and off for Pareto periods.
    SelfSimilar {
        /// The Hurst parameter.
        hurst: f64,
        /// The shortest period \[ns\].
        shortest_ns: u64,
        /// The longest period \[ns\].
        longest_ns: u64,
    },
    /// A sinusoidal curve.
    Daily {
        /// The highest rate over the mean.
        peak: f64,
        /// Its period \[ns\].
        period_ns: u64,
    },
    /// The rates in this file.
    File(String),
}

impl ArrivalRate {
    /// The rule of ARRIVALS.
    pub(crate) fn rule() -> Rule<Self> {
        Rule::of(parse).listing(FORMS.map(|(form, help)| PossibleValue::new(form).help(help)))
    }

    /// The file that it names.
    pub(crate) fn file(&self) -> Option<&str> {
        if let ArrivalRate::File(path) = self { Some(path) } else { None }
    }

    /// The change of time of the arrivals of `clients` clients, with its text for a report, which is none for a constant rate.
    /// `refuse` names the setting.
    pub(crate) fn change(&self, refuse: impl Fn(&str) -> Failure) -> Result<(TimeChange, Option<String>), Failure> {
        let (change, used) = match *self {
            ArrivalRate::Constant => return Ok((TimeChange::None, None)),
            ArrivalRate::Mmpp { ratio, high_ns, low_ns } => (
                TimeChange::Bursts(Bursts::exponential(ratio, high_ns, low_ns)),
                format!("mmpp:{ratio},{high_ns}ns,{low_ns}ns"),
            ),
            ArrivalRate::OnOff { on_ns, off_ns } => (
                TimeChange::Bursts(Bursts::exponential(f64::INFINITY, on_ns, off_ns)),
                format!("onoff:{on_ns}ns,{off_ns}ns"),
            ),
            ArrivalRate::SelfSimilar { hurst, shortest_ns, longest_ns } => (
                TimeChange::Bursts(Bursts::self_similar(hurst, shortest_ns, longest_ns)),
                format!("selfsimilar:{hurst},{shortest_ns}ns,{longest_ns}ns"),
            ),
            ArrivalRate::Daily { peak, period_ns } => (
                TimeChange::Curve(Arc::new(RateCurve::sinusoidal(peak, period_ns))),
                format!("daily:{peak},{period_ns}ns"),
            ),
            ArrivalRate::File(ref path) => {
                let file = TextFile::read(path).map_err(|rule| refuse(&rule))?;
                let curve = Arc::new(curve(&file)?);
                (TimeChange::Rates(curve), format!("rate:sha256:{}", file.sha256))
            }
        };
        Ok((change, Some(used)))
    }

    /// The mean length of a burst and the time to the next one \[ns\].
    pub(crate) fn mean_cycle_ns(&self) -> Option<f64> {
        match *self {
            ArrivalRate::Mmpp { high_ns, low_ns, .. } => Some(high_ns as f64 + low_ns as f64),
            ArrivalRate::OnOff { on_ns, off_ns } => Some(on_ns as f64 + off_ns as f64),
            ArrivalRate::SelfSimilar { hurst, shortest_ns, longest_ns } => {
                Some(2.0 * Bursts::pareto(hurst, shortest_ns, longest_ns).mean())
            }
            _ => None,
        }
    }
}

fn parse(text: &str) -> Result<ArrivalRate, String> {
    let (kind, values) = form::split(text);
    match kind {
        "constant" if values.is_empty() => Ok(ArrivalRate::Constant),
        "mmpp" => {
            let [ratio, high, low] = form::values(MMPP, values, 3)?;
            let at_least_1 = number("a number of at least 1", |ratio| ratio >= 1.0);
            let ratio = value(MMPP, "RATIO", ratio, &at_least_1)?;
            let (high_ns, low_ns) = (duration_above_0(MMPP, "HIGH", high)?, duration_above_0(MMPP, "LOW", low)?);
            Ok(ArrivalRate::Mmpp { ratio, high_ns, low_ns })
        }
        "onoff" => {
            let [on, off] = form::values(ON_OFF, values, 2)?;
            let (on_ns, off_ns) = (duration_above_0(ON_OFF, "ON", on)?, duration_above_0(ON_OFF, "OFF", off)?);
            Ok(ArrivalRate::OnOff { on_ns, off_ns })
        }
        "selfsimilar" => {
            let [hurst, shortest, longest] = form::values(SELF_SIMILAR, values, 3)?;
            let between = number("a number above 0.5 and below 1", |hurst| 0.5 < hurst && hurst < 1.0);
            let hurst = value(SELF_SIMILAR, "H", hurst, &between)?;
            let shortest_ns = duration_above_0(SELF_SIMILAR, "SHORTEST", shortest)?;
            let longest_ns = duration_above_0(SELF_SIMILAR, "LONGEST", longest)?;
            if longest_ns <= shortest_ns {
                return Err(format!("is not {SELF_SIMILAR}: LONGEST must be above SHORTEST"));
            }
            Ok(ArrivalRate::SelfSimilar { hurst, shortest_ns, longest_ns })
        }
        "daily" => {
            let [peak, period] = form::values(DAILY, values, 1)?;
            let peak = value(DAILY, "PEAK", peak, &number("a number from 1 to 2", |peak| (1.0..=2.0).contains(&peak)))?;
            let period_ns = duration_above_0(DAILY, "PERIOD", period.or(Some("24h")))?;
            Ok(ArrivalRate::Daily { peak, period_ns })
        }
        "rate" if !values.is_empty() => Ok(ArrivalRate::File(values.to_owned())),
        _ => Err(format!("must be one of {}", FORMS.map(|(form, _)| form).join(", "))),
    }
}

/// The first columns of a file of rates, with the length of their unit \[ns\].
const TIMES: [(&str, u64); 4] = [("time_s", 1_000_000_000), ("time_ms", 1_000_000), ("time_us", 1000), ("time_ns", 1)];

/// The rate of the last row at whose time a curve begins again.
const REPEAT: &str = "repeat";

/// The curve in a file of rates.
fn curve(file: &TextFile) -> Result<RateCurve, Failure> {
    let Table { column, rows } = file.rows(&TIMES.map(|(name, _)| name), "rate", None)?;
    let unit = TIMES.iter().find(|(name, _)| *name == column).map_or(1, |&(_, unit)| unit);
    let (mut points, mut end_ns) = (Vec::new(), None);
    for row in rows {
        let (line, [time, rate]) = row?;
        let wrong_time = |rule: &str| file.refuse_value(line, column, time, rule);
        let ns = decimal::scaled(time.as_bytes(), unit).filter(|ns| *ns < LATEST_NS);
        let ns = ns.ok_or_else(|| wrong_time("must be a decimal number of at least 0, and below 146 years"))?;
        match points.last() {
            _ if end_ns.is_some() => {
                return Err(file.refuse(line, format!("the row of the rate {REPEAT} must be the last")));
            }
            None if ns != 0 => return Err(wrong_time("must be 0 in the first row")),
            Some(&(before, _)) if ns <= before => return Err(wrong_time("must be later than in the row before")),
            None if rate == REPEAT => return Err(file.refuse(line, "there is no rate before the end")),
            _ => {}
        }
        if rate == REPEAT {
            end_ns = Some(ns);
            continue;
        }
        let rule = format!("must be a number of at least 0 [requests per second], or {REPEAT} in the last row");
        let per_second =
            cli::settings::number().parse(rate).map_err(|_| file.refuse_value(line, "rate", rate, rule))?;
        points.push((ns, per_second));
    }
    RateCurve::new(&points, end_ns).ok_or_else(|| {
        let rule = if points.iter().all(|(_, rate)| *rate == 0.0) {
            "all rates are 0"
        } else if end_ns.is_none() && points.last().is_some_and(|(_, rate)| *rate == 0.0) {
            "the last rate is 0, and it would last for ever: the trace might never have its SAMPLES requests; end the file with a row \
             of the rate repeat"
        } else {
            "the rates give more than 10¹² requests"
        };
        file.refuse(file.last_line(), rule)
    })
}

/// The time at which an arrival happens, by that of an arrival at a constant rate.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TimeChange {
    /// The same time.
    None,
    /// Bursts of each client.
    Bursts(Bursts),
    /// A curve with mean 1.
    Curve(Arc<RateCurve>),
    /// A curve of requests per second of all clients.
    Rates(Arc<RateCurve>),
}

impl TimeChange {
    /// Whether the rate follows a curve, of which a trace may hold a part.
    pub(crate) fn is_a_curve(&self) -> bool {
        matches!(self, TimeChange::Curve(_) | TimeChange::Rates(_))
    }

    /// The least integral of the rate up to the upper limit of times \[ns\].
    pub(crate) fn operational_limit_ns(&self) -> f64 {
        match self {
            TimeChange::None => LATEST_NS as f64,
            TimeChange::Bursts(_) | TimeChange::Curve(_) => OPERATIONAL_LIMIT_NS,
            TimeChange::Rates(curve) => curve.integral_ns(LATEST_NS),
        }
    }
}

#[cfg(test)]
#[path = "arrival_rate_tests.rs"]
mod tests;

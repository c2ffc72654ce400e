//! SERVICE: where the demands come from that a trace does not give.

use std::path::Path;

use clap::builder::PossibleValue;
use failure::Failure;
use random::demand::ServiceDistribution;
use random::distribution::Unmet;
use random::empirical::Empirical;
use random::erlang::Erlang;
use random::hyperexponential::Hyperexponential;
use trace::decimal;

use super::form::{self, duration_above_0, number, value};
use super::table_file::{NO_WEIGHTS, Table, TextFile, weight};
use super::{Rule, count};

const ERLANG: &str = "erlang:K";
const HYPEREXPONENTIAL: &str = "hyperexponential:CV";
const LOGNORMAL: &str = "lognormal:CV";
const GAMMA: &str = "gamma:CV";
const WEIBULL: &str = "weibull:CV";
const PARETO: &str = "pareto:CV";
const BOUNDED_PARETO: &str = "bounded-pareto:ALPHA,MIN,MAX";
const EMPIRICAL: &str = "empirical:FILE";

/// The forms of SERVICE, with their help.
const FORMS: [(&str, &str); 11] = [
    ("exponential", "Mean ST"),
    ("deterministic", "Always ST"),
    (ERLANG, "Mean ST, the sum of K exponential phases (K from 1 to 1000)"),
    (HYPEREXPONENTIAL, "Mean ST, coefficient of variation CV above 1 (at most 5000): two phases with balanced means"),
    (LOGNORMAL, "Mean ST, coefficient of variation CV (at most 80)"),
    (GAMMA, "Mean ST, coefficient of variation CV (at most 1000)"),
    (WEIBULL, "Mean ST, coefficient of variation CV (at most 400)"),
    (PARETO, "Mean ST, coefficient of variation CV (at most 2.5), without an upper limit"),
    (BOUNDED_PARETO, "Pareto from MIN to MAX, with a mean of its own (ST is not used)"),
    (
        EMPIRICAL,
        "A time from a CSV file, service_ms[,weight] (or _ns, _us, _s), with a mean of its own (ST is not used)",
    ),
    (
        "cost",
        "(ST + ST_PER_SIZE·size + ST_PER_REPLY·reply_size)·(WRITE_FACTOR if it is a write): computed, not sampled",
    ),
];

/// The meaning of SERVICE.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceChoice {
    /// This distribution.
    Distribution(ServiceDistribution),
    /// The times in this file.
    File(String),
    /// A cost of the request.
    Cost,
}

impl ServiceChoice {
    /// The rule of SERVICE.
    pub(crate) fn rule() -> Rule<Self> {
        Rule::of(parse).listing(FORMS.map(|(form, help)| PossibleValue::new(form).help(help)))
    }

    /// Its kind, which the text of the setting begins with.
    pub(crate) fn kind(&self) -> &str {
        match self {
            ServiceChoice::Distribution(distribution) => form::split(distribution.name()).0,
            ServiceChoice::File(_) => form::split(EMPIRICAL).0,
            ServiceChoice::Cost => "cost",
        }
    }

    /// Whether it has a mean of its own, which replaces ST.
    pub(crate) fn has_own_mean(&self) -> bool {
        match self {
            ServiceChoice::Distribution(distribution) => distribution.own_mean_ns().is_some(),
            ServiceChoice::File(_) => true,
            ServiceChoice::Cost => false,
        }
    }

    /// The file that it names.
    pub(crate) fn file(&self) -> Option<&Path> {
        if let ServiceChoice::File(path) = self { Some(Path::new(path)) } else { None }
    }
}

fn parse(text: &str) -> Result<ServiceChoice, String> {
    let (kind, values) = form::split(text);
    let distribution = match &*kind.to_ascii_lowercase() {
        alone @ ("exponential" | "deterministic" | "cost") if kind != text => {
            return Err(format!("must be {alone} alone, which has no values"));
        }
        "exponential" => ServiceDistribution::Exponential,
        "deterministic" => ServiceDistribution::Deterministic,
        "erlang" => {
            let [phases] = form::values(ERLANG, values, 1)?;
            let phases = value(ERLANG, "K", phases, &count(1..=u64::from(Erlang::MAX_PHASES)))?;
            ServiceDistribution::erlang(phases as u32)
        }
        "hyperexponential" => {
            let [cv] = form::values(HYPEREXPONENTIAL, values, 1)?;
            let within = number("a number above 1 and at most 5000", |cv| 1.0 < cv && cv <= Hyperexponential::MAX_CV);
            ServiceDistribution::hyperexponential(value(HYPEREXPONENTIAL, "CV", cv, &within)?)
        }
        "lognormal" => by_variation(LOGNORMAL, values, ServiceDistribution::lognormal)?,
        "gamma" => by_variation(GAMMA, values, ServiceDistribution::gamma)?,
        "weibull" => by_variation(WEIBULL, values, ServiceDistribution::weibull)?,
        "pareto" => by_variation(PARETO, values, ServiceDistribution::pareto)?,
        "bounded-pareto" => {
            let [tail, shortest, longest] = form::values(BOUNDED_PARETO, values, 3)?;
            let within = number("a number from 0.01 to 100", |tail| (0.01..=100.0).contains(&tail));
            let tail = value(BOUNDED_PARETO, "ALPHA", tail, &within)?;
            let shortest_ns = duration_above_0(BOUNDED_PARETO, "MIN", shortest)?;
            let longest_ns = duration_above_0(BOUNDED_PARETO, "MAX", longest)?;
            if longest_ns <= shortest_ns {
                return Err(format!("is not {BOUNDED_PARETO}: MAX must be above MIN"));
            }
            ServiceDistribution::bounded_pareto(tail, shortest_ns, longest_ns)
        }
        "empirical" if values.is_empty() => return Err(format!("is not {EMPIRICAL}: it names no file")),
        "empirical" => return Ok(ServiceChoice::File(values.to_owned())),
        "cost" => return Ok(ServiceChoice::Cost),
        _ => return Err(format!("must be one of {}", FORMS.map(|(form, _)| form).join(", "))),
    };
    Ok(ServiceChoice::Distribution(distribution))
}

/// A distribution of a family that is given by its coefficient of variation.
fn by_variation(
    form: &str,
    values: &str,
    of: fn(f64) -> Result<ServiceDistribution, Unmet>,
) -> Result<ServiceDistribution, String> {
    let [cv] = form::values(form, values, 1)?;
    let cv = value(form, "CV", cv, &super::number())?;
    of(cv).map_err(|Unmet { side, bound, reason }| format!("is not {form}: CV={cv} is {side} {bound}: {reason}"))
}

/// The first columns of a file of service times, with the length of their unit \[ns\].
const TIMES: [(&str, u64); 4] =
    [("service_ns", 1), ("service_us", 1000), ("service_ms", 1_000_000), ("service_s", 1_000_000_000)];

/// Service times are below this \[ns\], as those of a trace.
const LIMIT_NS: u64 = 1 << 62;

/// The distribution of the times in `file`.
///
/// # Errors
/// The first line that breaks a rule, with the setting that names the file.
pub(crate) fn empirical(file: &TextFile) -> Result<ServiceDistribution, Failure> {
    distribution_of(file).map_err(|failure| match failure {
        Failure::Usage { origin, setting, rule } => {
            Failure::Usage { origin, setting, rule: format!("{rule} (the file of SERVICE)") }
        }
        other => other,
    })
}

fn distribution_of(file: &TextFile) -> Result<ServiceDistribution, Failure> {
    let Table { column, rows } = file.rows(&TIMES.map(|(name, _)| name), "weight", Some("1"))?;
    let unit = TIMES.iter().find(|(name, _)| *name == column).map_or(1, |&(_, unit)| unit);
    let (mut times_ns, mut weights) = (Vec::new(), Vec::new());
    for row in rows {
        let (line, [time, of_time]) = row?;
        let ns = decimal::scaled(time.as_bytes(), unit).filter(|ns| *ns < LIMIT_NS);
        let rule = "must be a decimal number of at least 0, and below 146 years";
        times_ns.push(ns.ok_or_else(|| file.refuse_value(line, column, time, rule))?);
        weights.push(weight(of_time).map_err(|rule| file.refuse_value(line, "weight", of_time, rule))?);
    }
    let times = Empirical::new(times_ns, &weights).ok_or_else(|| file.refuse(file.last_line(), NO_WEIGHTS))?;
    Ok(ServiceDistribution::empirical(times, &file.sha256))
}

#[cfg(test)]
#[path = "service_tests.rs"]
mod tests;

//! Figures of M/M/1 that reports have with intervals, and their values by theory. Times are in mean service times.

use measure::interval::Interval;
use measure::{Figures, Percentile};

use super::measured::SERVICE_NS;

/// A figure. Percentiles are those of the text.
#[derive(Clone, Copy)]
pub(super) enum Figure {
    Delay,
    Response,
    InSystem,
    Utilization,
    ResponsePercentile(&'static str),
    DelayPercentile(&'static str),
}

impl Figure {
    pub(super) fn name(self) -> String {
        match self {
            Figure::Delay => "mean delay".into(),
            Figure::Response => "mean response".into(),
            Figure::InSystem => "mean number in system".into(),
            Figure::Utilization => "utilization".into(),
            Figure::ResponsePercentile(percentile) => format!("p{percentile} of response"),
            Figure::DelayPercentile(percentile) => format!("p{percentile} of delay"),
        }
    }

    /// Its value in the steady state at `load`: responses are exponential with rate 1 − ρ, and P(delay > t) is ρ times
    /// P(response > t).
    pub(super) fn theory(self, load: f64) -> f64 {
        let above = |percentile: &str| 1.0 - percentile.parse::<f64>().unwrap() / 100.0;
        match self {
            Figure::Delay | Figure::InSystem => load / (1.0 - load),
            Figure::Response => 1.0 / (1.0 - load),
            Figure::Utilization => load,
            Figure::ResponsePercentile(percentile) => -above(percentile).ln() / (1.0 - load),
            Figure::DelayPercentile(percentile) => (load / above(percentile)).ln().max(0.0) / (1.0 - load),
        }
    }

    /// Its value and the half-width of its interval; None if there is no interval.
    pub(super) fn of(self, figures: &Figures) -> Option<(f64, f64)> {
        let each = figures.intervals.each()?;
        let parsed = |percentile| Percentile::parse(percentile).unwrap();
        let (value, interval): (Option<f64>, &Interval) = match self {
            Figure::Delay => (figures.average_delay_in_queue_ns, &each.average_delay_in_queue_ns),
            Figure::Response => (figures.average_response_time_ns, &each.average_response_time_ns),
            Figure::InSystem => (figures.average_number_in_system, &each.average_number_in_system),
            Figure::Utilization => (figures.server_utilization, &each.server_utilization),
            Figure::ResponsePercentile(percentile) => {
                let value = figures.response_time.get(parsed(percentile));
                (value.map(|ns| ns as f64), &each.response_time[&parsed(percentile)])
            }
            Figure::DelayPercentile(percentile) => {
                let value = figures.delay_in_queue.get(parsed(percentile));
                (value.map(|ns| ns as f64), &each.delay_in_queue[&parsed(percentile)])
            }
        };
        let unit = if matches!(self, Figure::InSystem | Figure::Utilization) { 1.0 } else { SERVICE_NS as f64 };
        Some((value? / unit, interval.half_width()? / unit))
    }
}

/// The half-width at 95 % of the mean delay of `requests` at `load`, if its variance were known: 1.96·σ/√n with the asymptotic
/// variance σ² (Whitt, "Planning queueing simulations", 1989).
pub(super) fn asymptotic(load: f64, requests: f64) -> f64 {
    let sum = 2.0 + 5.0 * load - 4.0 * load.powi(2) + load.powi(3);
    1.96 * (load * sum / (1.0 - load).powi(4) / requests).sqrt()
}

#[test]
fn values_are_those_computed_by_hand() {
    let theory = |figure: Figure| figure.theory(0.5);
    assert_eq!(
        [Figure::Delay, Figure::Response, Figure::InSystem, Figure::Utilization].map(theory),
        [1.0, 2.0, 1.0, 0.5]
    );
    // 2 ln 2, and 2 ln 50; half of the requests do not wait.
    assert!((theory(Figure::ResponsePercentile("50")) - 1.386_294).abs() < 1e-6);
    assert!((theory(Figure::DelayPercentile("99")) - 7.824_046).abs() < 1e-6);
    assert_eq!(theory(Figure::DelayPercentile("50")), 0.0);
    assert!((asymptotic(0.5, 1.0) - 1.96 * 29f64.sqrt()).abs() < 1e-9);
}

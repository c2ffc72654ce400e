//! Confidence intervals of figures as people read them in a terminal.

use measure::interval::{FigureIntervals, Interval, Intervals, Method};
use measure::{Figures, Percentile, TimeUnit, plus_minus};

use crate::grid::paragraph;

/// The intervals of the figures that the table shows without, or why there are none, in lines of at most `width` characters.
pub fn lines(figures: &Figures, width: usize) -> String {
    match &figures.intervals {
        Intervals::None { reason } => paragraph("", &format!("no intervals: {reason}"), width),
        Intervals::Each(each) => of_each(figures, each, width),
    }
}

/// Why there are no intervals of `figures`; empty if there are some.
pub fn none(figures: &Figures, width: usize) -> String {
    match figures.intervals {
        Intervals::None { .. } => lines(figures, width),
        Intervals::Each(_) => String::new(),
    }
}

fn of_each(figures: &Figures, each: &FigureIntervals, width: usize) -> String {
    let unit = TimeUnit::of(figures.response_time.max_ns.unwrap_or(0) as f64, 3);
    let time = |name: &str, value: Option<f64>, interval: &Interval| {
        Some(format!("{name} {} {}", unit.plus_minus(value?, interval.half_width()?), unit.name))
    };
    let number = |name: &str, value: Option<f64>, interval: &Interval| {
        Some(format!("{name} {}", plus_minus(value?, interval.half_width()?, 6)))
    };
    let unknown = Interval::Unknown { reason: "it was not chosen".to_owned() };
    let p99 = each.response_time.get(&Percentile::P99).unwrap_or(&unknown);
    let p99_ns = figures.response_time.get(Percentile::P99).map(|ns| ns as f64);
    let response = &each.average_response_time_ns;
    let shown = [
        ("mean response", time("mean response", figures.average_response_time_ns, response), response),
        ("p99 of response", time("p99 of response", p99_ns, p99), p99),
        (
            "number in system",
            number("number in system", figures.average_number_in_system, &each.average_number_in_system),
            &each.average_number_in_system,
        ),
        (
            "utilization",
            number("utilization", figures.server_utilization, &each.server_utilization),
            &each.server_utilization,
        ),
    ];
    let missing = shown.iter().filter_map(|(name, _, interval)| match interval {
        Interval::Unknown { reason } if p99_ns.is_some() || *name != "p99 of response" => {
            Some(paragraph("", &format!("no interval of {name}: {reason}"), width))
        }
        _ => None,
    });
    let missing: String = missing.collect();
    let known: Vec<String> = shown.into_iter().filter_map(|(_, known, _)| known).collect();
    let made = [response, p99, &each.average_number_in_system, &each.server_utilization].into_iter().find_map(made);
    let Some(made) = made else { return missing };
    lines_of(&made, known, width) + &missing
}

/// How the interval was made.
fn made(interval: &Interval) -> Option<String> {
    match interval {
        Interval::Known { level, method, n, .. } => {
            let made = match method {
                Method::BatchMeans => format!("batch means, {n} batches"),
                Method::Replications => format!("{n} replications"),
            };
            Some(format!("{:.0} % intervals ({made}):", 100.0 * level))
        }
        Interval::Unknown { .. } => None,
    }
}

/// `head` and `figures`, in lines that end between two figures, not within one.
fn lines_of(head: &str, figures: Vec<String>, width: usize) -> String {
    let mut lines = vec![head.to_owned()];
    for (place, figure) in figures.into_iter().enumerate() {
        let separator = if place == 0 { " " } else { ", " };
        match lines.last_mut() {
            Some(last) if last.chars().count() + 2 + figure.chars().count() < width => {
                *last += separator;
                *last += &figure;
            }
            Some(last) => {
                last.push_str(separator.trim_end());
                lines.push(format!("  {figure}"));
            }
            None => {}
        }
    }
    lines.join("\n") + "\n"
}

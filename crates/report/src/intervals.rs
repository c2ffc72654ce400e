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
    let p99 = each.response_time.get(&Percentile::P99);
    let p99 = p99.and_then(|p99| {
        let value = figures.response_time.get(Percentile::P99).map(|ns| ns as f64);
        time("p99 of response", value, p99)
    });
    let response = &each.average_response_time_ns;
    let known: Vec<String> = [
        time("mean response", figures.average_response_time_ns, response),
        p99,
        number("number in system", figures.average_number_in_system, &each.average_number_in_system),
        number("utilization", figures.server_utilization, &each.server_utilization),
    ]
    .into_iter()
    .flatten()
    .collect();
    match response {
        Interval::Known { level, method, n, .. } => {
            let made = match method {
                Method::BatchMeans => format!("batch means, {n} batches"),
                Method::Replications => format!("{n} replications"),
            };
            let known = known.into_iter().enumerate();
            // A line ends between two figures, not within one.
            let mut lines = vec![format!("{:.0} % intervals ({made}):", 100.0 * level)];
            for (place, figure) in known {
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
        Interval::Unknown { reason } => paragraph("", &format!("no interval of the mean response: {reason}"), width),
    }
}

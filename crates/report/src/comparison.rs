//! The report of a comparison as people read it in a terminal.

use measure::comparison::{Combination, Comparison, Difference, Known};

use crate::figure::{Scale, listed};
use crate::grid::{Column, Grid, Place, paragraph};
use crate::table;

/// The report in lines of at most `width` characters; the answer comes first.
pub fn text(report: &Comparison, width: usize) -> String {
    let text = paragraph("", &answer(report), width);
    format!("{text}\n{}{}", rows(report, width), table::notes(&report.notes, width))
}

/// The answer in a sentence, or two.
pub fn answer(report: &Comparison) -> String {
    let interrupted = if report.interrupted { "Interrupted, so this is not final: " } else { "" };
    let groups = report.groups();
    if let [only] = &groups[..] {
        return format!("{interrupted}{}", of_group(report, only));
    }
    let place = |group: &[&Combination]| {
        let others = report.vary.iter().skip(1);
        let value = |key: &String| group.first().and_then(|one| one.values.get(key)).cloned().unwrap_or_default();
        others.map(|vary| format!("{}={}", vary.setting, value(&vary.setting))).collect::<Vec<_>>().join(" ")
    };
    let mut by_claim: Vec<(String, Vec<String>)> = Vec::new();
    // What is sure comes first.
    let (sure, others): (Vec<_>, Vec<_>) = groups.iter().partition(|group| group.iter().any(|one| one.is_best));
    for group in sure.into_iter().chain(others) {
        let claim = claim(report, group);
        match by_claim.iter_mut().find(|(known, _)| *known == claim) {
            Some((_, places)) => places.push(place(group)),
            None => by_claim.push((claim, vec![place(group)])),
        }
    }
    let part = |(claim, places): &(String, Vec<String>)| format!("{claim} at {}", listed(places));
    let text = by_claim.iter().map(part).collect::<Vec<_>>().join("; ");
    format!("{interrupted}{}.", capitalised(&text))
}

/// What is known of a group, in a few words.
fn claim(report: &Comparison, group: &[&Combination]) -> String {
    let metric = &report.metric;
    let lowest = group.iter().filter(|one| {
        one.value.is_some() && one.difference.is_none_or(|difference| difference.known == Known::Negligible)
    });
    let lowest: Vec<String> = lowest.map(|one| first_value(report, one)).collect();
    let is_open = group.iter().any(|one| one.difference.is_some_and(|difference| difference.known == Known::Open));
    match lowest.len() {
        0 => format!("no combination has a {metric}"),
        _ if is_open => format!("no lowest {metric} is sure"),
        1 => format!("{} has the lowest {metric}", lowest[0]),
        _ => format!("{} have the same lowest {metric}", listed(&lowest)),
    }
}

/// The answer on the only group.
fn of_group(report: &Comparison, group: &[&Combination]) -> String {
    let metric = &report.metric;
    let scale = Scale::of(report.unit, group.iter().filter_map(|one| one.value));
    let best = group.iter().find(|one| one.is_best).and_then(|one| Some((one, one.value?)));
    let mut others: Vec<(&&Combination, f64)> =
        group.iter().filter(|one| one.difference.is_some()).filter_map(|one| Some((one, one.value?))).collect();
    others.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    match (best, others.first()) {
        (Some((best, value)), Some((next, other))) => format!(
            "{} has the lowest {metric}, {}: {} below {}.",
            first_value(report, best),
            scale.with_unit(value, best.half_width),
            scale.with_unit(other - value, next.difference.and_then(|difference| difference.half_width)),
            first_value(report, next)
        ),
        _ => {
            let close =
                group.iter().filter(|one| one.difference.is_none_or(|difference| difference.known != Known::Real));
            let names: Vec<String> =
                close.filter(|one| one.value.is_some()).map(|one| first_value(report, one)).collect();
            let is_equal =
                group.iter().all(|one| one.difference.is_none_or(|difference| difference.known != Known::Open));
            match names.len() {
                0 => format!("No combination has a {metric}."),
                1 => format!("Only {} has a {metric}.", names[0]),
                _ if is_equal => format!("{} have the same lowest {metric}.", listed(&names)),
                _ => format!("No lowest {metric} is sure: {} may have it.", listed(&names)),
            }
        }
    }
}

/// The value of the setting that is compared: a word of a policy stands for itself, a number with the setting's name.
fn first_value(report: &Comparison, combination: &Combination) -> String {
    let Some(vary) = report.vary.first() else { return "it".to_owned() };
    let value = combination.values.get(&vary.setting).cloned().unwrap_or_default();
    if vary.setting == "BALANCER" { value } else { format!("{}={value}", vary.setting) }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A row for each combination, group by group.
fn rows(report: &Comparison, width: usize) -> String {
    let scale = Scale::of(report.unit, report.combinations.iter().filter_map(|one| one.value));
    let unit = if scale.name().is_empty() { String::new() } else { format!("\n[{}]", scale.name()) };
    let column = |head: String, left: bool, place: Place| Column { head, left, place };
    // The settings of the group come first.
    let keys: Vec<&String> = report.vary.iter().skip(1).chain(report.vary.first()).map(|vary| &vary.setting).collect();
    let mut columns: Vec<Column> = keys.iter().map(|key| column((*key).clone(), true, Place::First)).collect();
    columns.push(column(format!("{}{unit}", report.metric), false, Place::First));
    columns.push(column(format!("difference\nto the lowest{unit}"), false, Place::First));
    columns.push(column("lowest".to_owned(), true, Place::First));
    columns.push(column("runs".to_owned(), false, Place::IfRoom(0)));
    let mut failures = String::new();
    let mut grid = Grid::new(columns);
    for one in &report.combinations {
        let mut cells: Vec<String> = keys.iter().map(|key| one.values.get(*key).cloned().unwrap_or_default()).collect();
        if let Some(error) = &one.error {
            failures +=
                &paragraph("", &format!("{} failed ({}): {}", cells.join(" "), error.class, error.message), width);
            cells.push(format!("failed ({})", error.class));
            grid.row(cells);
            continue;
        }
        let dash = || "-".to_owned();
        cells.push(one.value.map_or_else(dash, |value| scale.figure(value, one.half_width)));
        cells
            .push(one.difference.map_or_else(dash, |difference| scale.figure(difference.value, difference.half_width)));
        cells.push(match one.difference {
            _ if one.is_best => "lowest".to_owned(),
            Some(Difference { known: Known::Negligible, .. }) => "equal".to_owned(),
            Some(Difference { known: Known::Open, .. }) => "not sure".to_owned(),
            _ => String::new(),
        });
        cells.push(one.replications.to_string());
        grid.row(cells);
    }
    grid.render(width) + &failures
}

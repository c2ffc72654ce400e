//! The report of a plan as people read it in a terminal.

use measure::judged::{Judged, Unit, Verdict};
use measure::plan_report::{Answer, PlanReport, Tried};
use measure::{aligned, decimals};

use crate::figure::{Scale, listed};
use crate::grid::{Column, Grid, Place, paragraph};
use crate::table;

/// With more numbers of workers than this, the table shows those around the answer.
const ROWS: usize = 24;

/// The report in lines of at most `width` characters; the answer comes first.
pub fn text(report: &PlanReport, width: usize) -> String {
    let mut text = paragraph("", &answer(report), width);
    for answer in report.answers.iter().filter(|answer| !answer.tried.is_empty()) {
        text += &format!("\n{}", curve(report, answer, width));
    }
    if report.answers.iter().all(|answer| answer.tried.is_empty()) {
        text.push('\n');
    }
    text + &table::notes(&report.notes, width)
}

/// The answer in a sentence, or two.
pub fn answer(report: &PlanReport) -> String {
    let objectives = listed(&report.objectives);
    let interrupted = if report.interrupted { "Interrupted, so this is not final: " } else { "" };
    let Some((first, others)) = report.answers.split_first() else {
        return format!("{interrupted}nothing was tried yet for {objectives}.");
    };
    if report.until_load {
        return format!("{interrupted}{}", of_load(first, &objectives));
    }
    let mut text = format!("{interrupted}{}", of_workers(report, first, &objectives));
    if !others.is_empty() {
        let each = |answer: &Answer| match answer.workers {
            Some(workers) => format!("{workers} at {}", of_load_name(answer.load)),
            None => format!("none at {}", of_load_name(answer.load)),
        };
        text += &format!(" Of other loads: {}.", listed(&others.iter().map(each).collect::<Vec<_>>()));
    }
    text
}

fn of_workers(report: &PlanReport, answer: &Answer, objectives: &str) -> String {
    let at = if answer.load == 1.0 { String::new() } else { format!(" at {} times the load", answer.load) };
    let Some(workers) = answer.workers else {
        if report.interrupted && answer.none_because.is_none() {
            return format!("for {objectives}{at}, no number of workers is sure yet.");
        }
        let why = answer.none_because.as_deref().unwrap_or("none is sure");
        return match answer.too_close.as_slice() {
            [] => format!("No number of workers holds {objectives}{at}: {why}."),
            [least, ..] => format!("Too close to call: {least} workers or more may hold {objectives}{at}, but {why}."),
        };
    };
    let cost = answer.cost.map_or(String::new(), |cost| format!(" (cost {})", money(cost)));
    let counted = if workers == 1 { "1 worker holds".to_owned() } else { format!("{workers} workers hold") };
    let mut text = match answer.too_close.first() {
        Some(least) => {
            let counted = if *least == 1 { "1 worker".to_owned() } else { format!("{least} workers") };
            format!("Too close to call: {counted} (or {workers} to be sure{cost}) for {objectives}{at}")
        }
        None if cost.is_empty() => format!("{counted} {objectives}{at}"),
        None => format!("{} {objectives}{at}", counted.replacen(" hold", &format!("{cost} hold"), 1)),
    };
    if let Some(holds) = answer.holds_to_load {
        // Rounded down, so that it is sure.
        let percent = ((holds / answer.load - 1.0) * 100.0 + 1e-9).floor();
        let at = format!("at {workers} the load may grow by");
        text += &match answer.broken_at_load {
            None => format!("; no limit of the load was found up to {} times", plain(holds)),
            Some(_) if percent < 1.0 => format!("; at {workers} the load may hardly grow"),
            Some(_) => format!("; {at} {percent} %"),
        };
    }
    text += ".";
    if let [above, ..] = answer.fails_above[..] {
        let verdict = |workers: u32| {
            let tried = answer.tried.iter().find(|tried| tried.workers == workers && tried.load == answer.load);
            tried
                .map_or("fails", |tried| if tried.verdict == Verdict::Fails { "fails" } else { "is too close to call" })
        };
        text += &format!(
            " Holds at {workers}, {} at {above}: the objectives do not get easier with each worker.",
            verdict(above)
        );
    }
    if report.interrupted { text.replacen(" hold", " may hold", 1) } else { text }
}

fn of_load(answer: &Answer, objectives: &str) -> String {
    let workers = answer.tried.first().map_or(0, |tried| tried.workers);
    let counted = if workers == 1 { "1 worker".to_owned() } else { format!("{workers} workers") };
    let hold = if workers == 1 { "holds" } else { "hold" };
    match (answer.holds_to_load, answer.broken_at_load, &answer.none_because) {
        (_, _, Some(why)) => format!("At no load {hold} {counted} {objectives}: {why}."),
        (Some(holds), Some(broken), _) => format!(
            "{counted} {hold} {objectives} up to {} times the load of the trace; from {} times on, that is not sure.",
            shown(holds, false),
            shown(broken, true)
        ),
        (Some(holds), None, _) => {
            format!(
                "{counted} {hold} {objectives} at any load that was tried, up to {} times that of the trace.",
                shown(holds, false)
            )
        }
        (None, ..) => format!("No load was found at which {counted} surely {hold} {objectives}."),
    }
}

/// A load with three decimals, rounded away from what it limits.
fn shown(load: f64, up: bool) -> String {
    let thousandths = if up { (load * 1000.0).ceil() } else { (load * 1000.0 + 1e-6).floor() };
    plain(thousandths / 1000.0)
}

/// A number without zeros at its end.
fn plain(number: f64) -> String {
    measure::without_zeros(&format!("{number:.3}")).to_owned()
}

/// A cost with up to six decimals.
fn money(cost: f64) -> String {
    measure::without_zeros(&format!("{cost:.6}")).to_owned()
}

/// A load in words.
fn of_load_name(load: f64) -> String {
    if load == 1.0 { "that of the trace".to_owned() } else { format!("{load} times") }
}

/// What was tried: a row for each number of workers, or for each load.
fn curve(report: &PlanReport, answer: &Answer, width: usize) -> String {
    let is_shown = |tried: &&Tried| report.until_load || tried.load == answer.load;
    let rows: Vec<&Tried> = answer.tried.iter().filter(is_shown).collect();
    let shown = around(&rows, answer.workers);
    let column = |head: &str, left: bool, place: Place| Column { head: head.to_owned(), left, place };
    let mut columns = vec![
        if report.until_load { column("load", false, Place::First) } else { column("workers", false, Place::First) },
        column("verdict", true, Place::First),
    ];
    let of_each: Vec<Vec<Cells<'_>>> =
        (0..report.objectives.len()).map(|place| objective(&report.objectives[place], place, shown)).collect();
    columns.extend(of_each.iter().flatten().map(|cells| column(&cells.head, false, Place::Below)));
    let has_cost = report.cost_per_worker.is_some() && !report.until_load;
    columns.extend(has_cost.then(|| column("cost", false, Place::Below)));
    columns.push(column("runs", false, Place::IfRoom(0)));
    let mut grid = Grid::new(columns);
    for tried in shown {
        let name = if report.until_load { plain(tried.load) } else { tried.workers.to_string() };
        let is_answer = !report.until_load && answer.workers == Some(tried.workers);
        let verdict = match tried.verdict {
            Verdict::Holds if is_answer && !report.interrupted => "holds: answer",
            Verdict::Holds => "holds",
            Verdict::Fails => "fails",
            Verdict::TooClose => "too close",
        };
        if let Some(reason) = &tried.reason {
            grid.row(vec![name, format!("{verdict}, {reason}")]);
            continue;
        }
        let cells = of_each.iter().flatten().map(|cells| (cells.cell)(tried));
        let cost = has_cost.then(|| tried.cost.map_or("-".to_owned(), money));
        let runs = tried.replications.to_string();
        grid.row([name, verdict.to_owned()].into_iter().chain(cells).chain(cost).chain([runs]).collect());
    }
    let mut text = match report.answers.len() {
        1 if answer.load == 1.0 => String::new(),
        _ if answer.load == 1.0 => "at the load of the trace\n".to_owned(),
        _ => format!("at {} times the load\n", answer.load),
    };
    text += &grid.render(width);
    if shown.len() < rows.len() {
        text += &format!("{} of {} numbers that were tried: those around the answer\n", shown.len(), rows.len());
    }
    if let Some(offered) = answer.offered.filter(|_| !report.until_load) {
        text += &paragraph("", &format!("offered load: {offered:.2} workers"), width);
    }
    text
}

/// The rows around the answer, or the last ones.
fn around<'a, 'b>(rows: &'b [&'a Tried], answer: Option<u32>) -> &'b [&'a Tried] {
    let place = rows.iter().position(|tried| Some(tried.workers) == answer).unwrap_or(rows.len());
    let first = place.saturating_sub(ROWS / 2).min(rows.len().saturating_sub(ROWS));
    &rows[first..(first + ROWS).min(rows.len())]
}

/// A column of an objective.
struct Cells<'a> {
    head: String,
    cell: Box<dyn Fn(&Tried) -> String + 'a>,
}

/// The columns of objective number `place`: its figure, and the share that misses it if that decides.
fn objective<'a>(name: &str, place: usize, rows: &[&'a Tried]) -> Vec<Cells<'a>> {
    let judged: Vec<&Judged> = rows.iter().filter_map(|tried| tried.objectives.get(place)).collect();
    let figure = name.split('<').next().unwrap_or(name).trim();
    // Words, one a line, so that columns are narrow.
    let head = figure.replace(' ', "\n");
    let mut columns = Vec::new();
    if judged.iter().any(|one| one.estimate.is_some()) {
        let unit = judged.first().map_or(Unit::Number, |one| one.unit);
        let scale = Scale::of(unit, judged.iter().filter_map(|one| one.estimate));
        let shown = |one: &&Judged| one.estimate.map_or(0, |ns| decimals(&scale.percentile(ns)));
        let width = judged.iter().map(shown).max().unwrap_or(0);
        let brackets = if scale.name().is_empty() { String::new() } else { format!("\n[{}]", scale.name()) };
        let cell = move |tried: &Tried| {
            let judged = tried.objectives.get(place);
            let figure = |one: &Judged| match one.missed {
                Some(_) => Some(aligned(&scale.percentile(one.estimate?), width)),
                None => Some(scale.figure(one.estimate?, one.half_width)),
            };
            judged.and_then(figure).unwrap_or_else(|| "-".to_owned())
        };
        columns.push(Cells { head: format!("{head}{brackets}"), cell: Box::new(cell) });
    }
    if judged.iter().any(|one| one.missed.is_some()) {
        let scale = Scale::of(Unit::Share, std::iter::empty());
        let limit = name.split_once('<').map_or(String::new(), |(_, limit)| limit.trim().to_owned());
        let head = if name.contains('(') {
            format!("miss\nobjective {}\n[%]", place + 1)
        } else {
            format!("{limit}\nor longer\n[%]")
        };
        let cell = move |tried: &Tried| {
            let judged = tried.objectives.get(place);
            judged
                .and_then(|one| Some(scale.share(one.missed?, one.missed_half_width)))
                .unwrap_or_else(|| "-".to_owned())
        };
        columns.push(Cells { head, cell: Box::new(cell) });
    }
    columns
}

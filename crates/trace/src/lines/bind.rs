//! Finds the columns of a trace, and gives each its meaning.

use std::collections::HashSet;

use failure::printable;

use super::columns::{Columns, Target};
use super::{LINE_LIMIT, too_long};
use super::{Lines, json, plain, quotes, tracegen_row};
use crate::cells::Cells;
use crate::clock::Clock;
use crate::decimal::{self, Numbers};
use crate::field::{Field, Identity};
use crate::format::{self, Divider, Format, Shape};

/// The separators that a header is tried with.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The names of columns, and what they were found with.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    pub(crate) divider: Divider,
    pub(crate) names: Vec<String>,
    /// Whether the first line is the header, and not a row.
    pub(crate) is_line: bool,
}

/// The names in the header `line` of a file that is divided by `separator`, without the blanks around them.
///
/// # Errors
/// The rule that the line breaks.
fn names(separator: u8, line: &[u8]) -> Result<Vec<String>, String> {
    if line.len() > LINE_LIMIT {
        return Err(too_long());
    }
    if memchr::memchr(b'\r', line).is_some() {
        return Err("stray carriage return in the line".to_owned());
    }
    let mut cells = Cells::default();
    if !quotes::divide_line(separator, line, &mut cells) {
        return Err("a quoted name of the header has no end".to_owned());
    }
    let name = |name: &[u8]| String::from_utf8_lossy(name.trim_ascii()).into_owned();
    Ok(cells.iter().map(name).collect())
}

/// The separator by which the header `first` fits `format`: it has the required columns. [`bind`] reports any other
/// error in it.
pub(crate) fn names_fit(format: &Format, first: &[u8]) -> Option<u8> {
    let Shape::Lines { header, .. } = format.shape else { return None };
    let fits = |separator: u8| {
        let names = names(separator, first).unwrap_or_default();
        let has = |name: &str| names.iter().any(|other| other == name);
        let is_arrival = |field: &Field| matches!(field, Field::Arrival(_));
        match header {
            format::Header::Absent(_) => false,
            format::Header::All | format::Header::Required(_) => format.required().iter().all(|name| has(name)),
            format::Header::Subset => format.fields.iter().any(|(name, field)| is_arrival(field) && has(name)),
        }
    };
    SEPARATORS.into_iter().find(|&separator| fits(separator))
}

/// The header of a trace of `format` whose first line is `first`.
///
/// # Errors
/// The rule that the line breaks.
pub(crate) fn header(
    format: &Format,
    columns: &Columns,
    delimiter: Option<Divider>,
    first: &[u8],
) -> Result<Header, String> {
    let Shape::Lines { divider, header, .. } = format.shape else { return Err("is not a text trace".to_owned()) };
    if let Divider::Json = divider {
        let names = json::names(first).ok_or("the first line is no JSON object")?;
        return Ok(Header { divider, names, is_line: false });
    }
    if let format::Header::Absent(names) = header {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        return Ok(Header { divider: delimiter.unwrap_or(divider), names, is_line: false });
    }
    let divider = delimiter.unwrap_or_else(|| separator(format, columns, first));
    let names = match divider {
        Divider::Delimited(separator) => names(separator, first)?,
        _ => String::from_utf8_lossy(first).split_ascii_whitespace().map(str::to_owned).collect(),
    };
    if columns.are_numbers() {
        let names = (1..=names.len()).map(|number| number.to_string()).collect();
        return Ok(Header { divider, names, is_line: false });
    }
    Ok(Header { divider, names, is_line: true })
}

/// What divides the file whose header is `first`: the separator by which it fits, else the most frequent, else blanks.
fn separator(format: &Format, columns: &Columns, first: &[u8]) -> Divider {
    let count = |separator: &u8| memchr::memchr_iter(*separator, first).count();
    if let Some(fitting) = names_fit(format, first).filter(|_| columns.is_empty()) {
        return Divider::Delimited(fitting);
    }
    // Of equals, the one that comes first.
    match SEPARATORS.into_iter().rev().max_by_key(count) {
        Some(separator) if count(&separator) > 0 || !first.trim_ascii().contains(&b' ') => {
            Divider::Delimited(separator)
        }
        _ => Divider::Blanks,
    }
}

/// The lines of a trace of `format` with this `header`. `unit` is that of `--time-unit`, `row` the first row if there is
/// one.
///
/// # Errors
/// The rule that the header breaks.
pub(crate) fn bind(
    format: &Format,
    header: Header,
    columns: &Columns,
    unit: Option<u64>,
    row: Option<&[u8]>,
) -> Result<Lines, String> {
    let Shape::Lines { comment, .. } = format.shape else { return Err("is not a text trace".to_owned()) };
    let Header { divider, names, is_line } = header;
    let separator = if let Divider::Delimited(separator) = divider { separator } else { b',' };
    let numbers = if matches!(divider, Divider::Delimited(b';')) { Numbers::Comma } else { Numbers::Point };
    check_names(&names)?;
    let mut lines = Lines {
        divider,
        names,
        fields: Vec::new(),
        comment,
        unknown: format.unknown,
        numbers,
        is_named: !columns.is_empty(),
        unit_hint: match (format.several_units, is_line) {
            (true, _) => "; if it is in another unit, --time-unit names that (s, ms, us or ns)",
            (_, true) => "; the column's name ends in its unit: arrival_s, service_ms",
            _ => "",
        },
        plain: Vec::new(),
        separator,
        tracegen: false,
    };
    let mut fields = of_format(format, &lines.names, columns)?;
    let first_cells = first_cells(&lines, row);
    let first_cell = |place: usize| first_cells.get(place).map_or(&b""[..], Vec::as_slice);
    for mapping in columns.mappings() {
        fields.extend(mapping.fields(&lines.names, unit, first_cell)?);
    }
    fields.sort_by_key(|&(place, field)| (!field.is_filter(), place));
    for (place, field) in &mut fields {
        match field {
            Field::Client(identity) | Field::Block(identity) if *identity == Identity::Either => {
                let cell = first_cell(*place).trim_ascii();
                // A missing value is no name.
                let is_missing = cell.is_empty() || cell.eq_ignore_ascii_case(b"nan");
                let is_number = is_missing || decimal::whole(cell, numbers).is_some();
                *identity = if is_number || row.is_none() { Identity::Number } else { Identity::Name };
            }
            Field::Arrival(clock @ Clock::Unit(_)) if format.several_units && !columns.has_arrival() => {
                *clock = unit.map_or(*clock, Clock::Unit);
            }
            _ => {}
        }
    }
    lines.fields = fields;
    check_fields(format, &lines)?;
    let of_column = |place: usize| {
        let mut fields = lines.fields.iter().filter(|(used, _)| *used == place);
        let field = fields.next().map_or(Field::Ignored, |&(_, field)| field);
        (plain::can_read(field) && fields.next().is_none()).then_some(field)
    };
    if comment.is_none() && format.unknown.is_empty() && matches!(divider, Divider::Delimited(_)) {
        lines.plain = (0..lines.names.len()).map(of_column).collect::<Option<_>>().unwrap_or_default();
    }
    lines.tracegen = separator == b',' && tracegen_row::are_its(&lines.plain);
    Ok(lines)
}

/// The fields of the format, but for those that `columns` gives another column.
fn of_format(format: &Format, names: &[String], columns: &Columns) -> Result<Vec<(usize, Field)>, String> {
    let mut fields: Vec<(usize, Field)> = Vec::new();
    for &(name, field) in format.fields {
        let target = Target::of(field);
        if target.is_some_and(|target| columns.mappings().iter().any(|mapping| mapping.target == target)) {
            continue;
        }
        let Some(place) = names.iter().position(|other| other == name) else { continue };
        let is_first = |&(other, known): &(usize, Field)| other != place && known.same(field);
        if let Some(&(other, _)) = fields.iter().find(|known| is_first(known)) {
            let (first, second) = (&names[other.min(place)], &names[other.max(place)]);
            return Err(format!("columns {first} and {second} have the same meaning"));
        }
        fields.push((place, field));
    }
    Ok(fields)
}

fn check_names(names: &[String]) -> Result<(), String> {
    let mut known = HashSet::new();
    match names.iter().find(|name| !name.is_empty() && !known.insert(*name)) {
        Some(twice) => Err(format!("duplicate column \"{}\"", printable(twice.as_bytes(), 40))),
        None => Ok(()),
    }
}

fn check_fields(format: &Format, lines: &Lines) -> Result<(), String> {
    let has = |name: &str| lines.names.iter().any(|other| other == name);
    if let Some(name) = format.required().into_iter().find(|name| !has(name)) {
        return Err(format!("there is no column {name}"));
    }
    if !lines.fields().any(|field| matches!(field, Field::Arrival(_))) {
        let rule = "no column is an arrival (arrival_ns, arrival_us, arrival_ms or arrival_s); --columns arrival=NAME:UNIT \
                    names one";
        return Err(rule.to_owned());
    }
    Ok(())
}

/// The cells of the first row; none if it can't be divided.
fn first_cells(lines: &Lines, row: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut cells = Cells::default();
    let Some(row) = row else { return Vec::new() };
    let is_divided = match lines.divider {
        Divider::Delimited(separator) => quotes::divide_line(separator, row, &mut cells),
        _ => lines.divide(row, &mut cells) == Ok(true),
    };
    if is_divided { cells.iter().map(<[u8]>::to_vec).collect() } else { Vec::new() }
}

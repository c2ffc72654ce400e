//! One row of a text trace.

use std::collections::HashSet;

use contract::Request;
use failure::printable;

use super::cut::{LINE_LIMIT, too_long};
use super::field::Field;
use super::formats::{Format, Header, Separator, Shape};
use super::{plain, tracegen_row};

/// The columns of one trace's lines: their meanings, and their names in errors.
#[derive(Debug)]
pub(super) struct Row {
    separator: Separator,
    columns: Vec<(String, Field)>,
    /// The columns again if [`plain::read`] can read them, else none.
    plain: Vec<Field>,
    /// Whether [`tracegen_row::read`] can read them.
    tracegen: bool,
    /// Whether the arrival is the end minus the duration.
    from_end: bool,
}

impl Row {
    /// The columns of a trace of `format` whose first line, without its line break, is `first`; None if the format is
    /// not a text format.
    ///
    /// # Errors
    /// The rule that a header breaks.
    pub(super) fn new(format: &Format, first: &[u8]) -> Option<Result<Self, String>> {
        let Shape::Lines { separator, header } = format.shape else { return None };
        let columns = match header {
            Header::Absent => Ok(format.columns.iter().map(|&(name, field)| (name.to_owned(), field)).collect()),
            Header::All | Header::Subset => named(format, header, first),
        };
        Some(columns.map(|columns: Vec<(String, Field)>| {
            let from_end = columns.iter().any(|(_, field)| matches!(field, Field::End(_)));
            let readable = separator == Separator::Comma && columns.iter().all(|&(_, field)| plain::can_read(field));
            let plain: Vec<Field> = columns.iter().filter(|_| readable).map(|&(_, field)| field).collect();
            let tracegen = tracegen_row::are_its(&plain);
            Self { separator, columns, plain, tracegen, from_end }
        }))
    }

    /// As [`Row::read`] of the line that starts at `at`, with its length including its line break, if a fast path can
    /// read it.
    #[inline]
    pub(super) fn read_quickly(&self, bytes: &[u8], at: usize, row: u64) -> Option<(Request, usize)> {
        let read = if self.tracegen { tracegen_row::read(bytes, at) } else { None };
        read.or_else(|| plain::read(&self.plain, &bytes[at..], row))
    }

    /// The meanings of its columns.
    pub(super) fn fields(&self) -> impl Iterator<Item = Field> {
        self.columns.iter().map(|&(_, field)| field)
    }

    /// The names of the columns that are not read.
    pub(super) fn ignored(&self) -> Vec<&str> {
        self.columns.iter().filter(|(_, field)| *field == Field::Ignored).map(|(name, _)| name.as_str()).collect()
    }

    /// The request in `line` (without its line break), which is row number `row`. The arrival may be negative (two's
    /// complement); a demand that is to be sampled is [`Request::TO_SAMPLE`].
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn read(&self, line: &[u8], row: u64) -> Result<Request, String> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        check_line(line)?;
        let mut request = Request { id: row, service_ns: Request::TO_SAMPLE, ..Request::default() };
        let mut cells = Cells { separator: self.separator, rest: Some(line) };
        for (name, field) in &self.columns {
            let cell = cells.next().ok_or_else(|| self.miscounted(line))?;
            field
                .read(cell, &mut request)
                .ok_or_else(|| format!("{name} \"{}\" is not {}", printable(cell, 40), field.rule()))?;
        }
        if cells.next().is_some() {
            return Err(self.miscounted(line));
        }
        if self.from_end {
            request.arrival_ns = request.arrival_ns.wrapping_sub(request.service_ns);
        }
        Ok(request)
    }

    fn miscounted(&self, line: &[u8]) -> String {
        let count = Cells { separator: self.separator, rest: Some(line) }.count();
        format!("the row has {count} columns, not {}", self.columns.len())
    }
}

/// Whether `first` may be a header of `format`: it names the required columns. [`Row::new`] reports any other error in
/// it.
pub(super) fn fits(format: &Format, header: Header, first: &[u8]) -> bool {
    let names: Vec<&[u8]> = first.split(|&byte| byte == b',').map(bare).collect();
    let has = |name: &str| names.contains(&name.as_bytes());
    match header {
        Header::Absent => false,
        Header::All => format.columns.iter().all(|(name, _)| has(name)),
        Header::Subset => format.columns.iter().any(|(name, field)| matches!(field, Field::Arrival(_)) && has(name)),
    }
}

fn bare(name: &[u8]) -> &[u8] {
    let name = name.trim_ascii();
    name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")).unwrap_or(name)
}

fn named(format: &Format, header: Header, first: &[u8]) -> Result<Vec<(String, Field)>, String> {
    check_line(first)?;
    let mut columns: Vec<(String, Field)> = Vec::new();
    let mut names = HashSet::new();
    for cell in first.split(|&byte| byte == b',') {
        let name = printable(cell, 40);
        if cell.trim_ascii() != cell {
            return Err(format!("column \"{name}\" has a space around its name"));
        }
        if !names.insert(cell) {
            return Err(format!("duplicate column \"{name}\""));
        }
        let known = format.columns.iter().find(|(known, _)| known.as_bytes() == cell);
        let field = known.map_or(Field::Ignored, |&(_, field)| field);
        if field != Field::Ignored
            && let Some((other, _)) = columns.iter().find(|(_, other)| other.same(field))
        {
            return Err(format!("columns {other} and {name} have the same meaning"));
        }
        columns.push((name, field));
    }
    let missing = |name: &str| !columns.iter().any(|(other, _)| other == name);
    match header {
        Header::Subset if !columns.iter().any(|(_, field)| matches!(field, Field::Arrival(_))) => {
            Err("no column is an arrival (arrival_ns, arrival_us, arrival_ms or arrival_s)".to_owned())
        }
        Header::All => match format.columns.iter().find(|(name, _)| missing(name)) {
            Some((name, _)) => Err(format!("there is no column {name}")),
            None => Ok(columns),
        },
        _ => Ok(columns),
    }
}

/// The rules for every line, whatever its columns.
fn check_line(line: &[u8]) -> Result<(), String> {
    if line.is_empty() {
        return Err("the line is blank".to_owned());
    }
    if line.len() > LINE_LIMIT {
        return Err(too_long());
    }
    match memchr::memchr2(b'"', b'\r', line).map(|at| line[at]) {
        None => Ok(()),
        Some(b'"') => Err("quoted fields are not supported".to_owned()),
        Some(_) => Err("stray carriage return in the line".to_owned()),
    }
}

/// The cells of a line.
struct Cells<'a> {
    separator: Separator,
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Cells<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        let end = match self.separator {
            Separator::Comma => rest.iter().position(|&byte| byte == b','),
            Separator::Blanks => rest.iter().position(blank),
        };
        let Some(end) = end else { return self.rest.take() };
        let behind = &rest[end + 1..];
        self.rest = Some(match self.separator {
            Separator::Comma => behind,
            Separator::Blanks => &behind[behind.iter().take_while(|byte| blank(byte)).count()..],
        });
        Some(&rest[..end])
    }
}

//! Lines of cells: divides a line, and reads its cells as a request.

mod bind;
pub(crate) mod columns;
mod defect;
mod json;
mod plain;
pub(crate) mod quotes;
mod tracegen_row;

use contract::Request;

use crate::cells::Cells;
use crate::clock::{Clock, TIME_LIMIT};
use crate::decimal::{self, Numbers};
use crate::field::Field;
use crate::format::Divider;

pub(crate) use bind::{bind, header, names_fit};
pub(crate) use defect::Defect;

/// The longest row \[bytes\], without its line break.
pub const LINE_LIMIT: usize = 64 << 10;

/// The rule that a row above the limit breaks.
pub(crate) fn too_long() -> String {
    format!("the line is longer than {LINE_LIMIT} bytes")
}

/// Names of columns that may be service times.
const LIKE_SERVICE: [&str; 9] =
    ["duration", "elapsed", "latency", "service", "runtime", "run_time", "response_time", "request_time", "exec_time"];

/// The lines of one trace: how they are divided, the names of their columns, and what each means.
#[derive(Debug)]
pub(crate) struct Lines {
    divider: Divider,
    names: Vec<String>,
    /// The column's place among the names, and its meaning: those that decide if a row is a request, then the others, both
    /// in the order of places.
    fields: Vec<(usize, Field)>,
    comment: Option<u8>,
    unknown: &'static [&'static str],
    numbers: Numbers,
    /// Whether `--columns` named columns.
    is_named: bool,
    /// The way out if a time does not fit its unit: decimals in whole nanoseconds, or a time that is too late.
    unit_hint: &'static str,
    /// The meaning of each column, if [`plain::read`] can read them, else none; and their separator.
    plain: Vec<Field>,
    separator: u8,
    /// Whether [`tracegen_row::read`] can read them.
    tracegen: bool,
}

impl Lines {
    /// The request in the row that starts at `at`, and the row's length with its line break, if a fast path can read it.
    /// The result is that of [`Lines::read`].
    #[inline]
    pub(crate) fn read_quickly(&self, bytes: &[u8], at: usize, row: u64) -> Option<(Request, usize)> {
        let read = if self.tracegen { tracegen_row::read(bytes, at) } else { None };
        read.or_else(|| plain::read(&self.plain, self.separator, &bytes[at..], row))
    }

    /// The request in the row at the start of `bytes`, which is line number `row`, and the row's length with its last
    /// line break. None: the line is blank or a comment. The arrival may be negative (two's complement); a demand that is to be
    /// sampled is [`Request::TO_SAMPLE`].
    pub(crate) fn read(&self, bytes: &[u8], row: u64, cells: &mut Cells) -> (Result<Option<Request>, Defect>, usize) {
        let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
        let line = &bytes[..end];
        let mut len = (end + 1).min(bytes.len());
        let is_quoted = matches!(self.divider, Divider::Delimited(_)) && memchr::memchr(b'"', line).is_some();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_comment = self.comment.is_some_and(|comment| line.first() == Some(&comment));
        if line.trim_ascii().is_empty() || is_comment {
            return (Ok(None), len);
        }
        let divided = if line.len() > LINE_LIMIT {
            Err(too_long())
        } else if is_quoted {
            let row = quotes::divide(self.separator, bytes, cells);
            len = row.unwrap_or(len);
            row.map(|_| true).ok_or_else(quotes::no_end)
        } else if memchr::memchr(b'\r', line).is_some() {
            Err("stray carriage return in the line".to_owned())
        } else {
            self.divide(line, cells)
        };
        let read = match divided {
            Err(rule) => Err(Defect::Line(rule)),
            Ok(false) => Err(Defect::NoRequest),
            Ok(true) => self.request(cells, row).map(Some),
        };
        (read, len)
    }

    /// The request in `line`, the first row of a trace, alone.
    pub(crate) fn read_first(&self, line: &[u8]) -> Result<Option<Request>, Defect> {
        self.read(line, 0, &mut Cells::default()).0
    }

    fn divide(&self, line: &[u8], cells: &mut Cells) -> Result<bool, String> {
        cells.clear();
        match self.divider {
            Divider::Delimited(separator) => line.split(|byte| *byte == separator).for_each(|cell| cells.push(cell)),
            Divider::Blanks => {
                let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
                line.split(blank).filter(|cell| !cell.is_empty()).for_each(|cell| cells.push(cell));
            }
            Divider::Json => json::divide(line, &self.names, cells)?,
            Divider::Own(divide) => return divide(line, cells),
        }
        Ok(true)
    }

    fn request(&self, cells: &Cells, row: u64) -> Result<Request, Defect> {
        if cells.len() != self.names.len() {
            return Err(Defect::Line(format!("the row has {} columns, not {}", cells.len(), self.names.len())));
        }
        let mut request = Request { id: row, service_ns: Request::TO_SAMPLE, ..Request::default() };
        for &(place, field) in &self.fields {
            let cell = cells.get(place).trim_ascii();
            let is_request = match field {
                Field::OnlyIf(text) => cell == text.as_bytes(),
                Field::Unless(starts) => !starts.iter().any(|start| cell.starts_with(start.as_bytes())),
                _ => true,
            };
            if !is_request {
                return Err(Defect::NoRequest);
            }
            let is_arrival = matches!(field, Field::Arrival(_) | Field::Before(_));
            if !is_arrival && self.unknown.iter().any(|unknown| unknown.as_bytes() == cell) {
                continue;
            }
            if field.read(cell, self.numbers, &mut request).is_none() {
                return Err(self.defect(place, field, cell));
            }
        }
        if (request.arrival_ns as i64).unsigned_abs() >= TIME_LIMIT {
            return Err(Defect::Line("the arrival is not within 2^62 ns of its origin".to_owned()));
        }
        Ok(request)
    }

    fn defect(&self, place: usize, field: Field, cell: &[u8]) -> Defect {
        let is_whole = matches!(field, Field::Arrival(Clock::Unit(1)) | Field::Service(1) | Field::Before(1));
        let is_number = decimal::freely(cell, 1, self.numbers).is_some_and(|ns| ns >= 0);
        let has_decimals = is_whole && cell.iter().any(|byte| matches!(byte, b'.' | b',' | b'-'));
        let is_late = !is_whole && matches!(field, Field::Arrival(Clock::Unit(_)));
        let hint = if is_number && (has_decimals || is_late) { self.unit_hint } else { "" };
        Defect::cell(&self.names[place], cell, &format!("{}{hint}", field.rule()))
    }

    /// The meanings of its columns.
    pub(crate) fn fields(&self) -> impl Iterator<Item = Field> {
        self.fields.iter().map(|&(_, field)| field)
    }

    /// The names of the columns that are not read.
    pub(crate) fn ignored(&self) -> Vec<&str> {
        let is_used = |place: usize| self.fields.iter().any(|&(used, _)| used == place);
        let unused = self.names.iter().enumerate().filter(|(place, name)| !is_used(*place) && !name.is_empty());
        unused.map(|(_, name)| name.as_str()).collect()
    }

    /// The first column that is not read and may be a service time, if there are no demands.
    pub(crate) fn like_service(&self) -> Option<&str> {
        let has_service = self.fields().any(|field| matches!(field, Field::Service(_)));
        let is_like = |name: &&str| LIKE_SERVICE.iter().any(|like| name.to_ascii_lowercase().contains(like));
        let used = self.fields.iter().filter(|(_, field)| matches!(field, Field::Before(_)));
        let used = used.map(|&(place, _)| self.names[place].as_str());
        self.ignored().into_iter().chain(used).find(is_like).filter(|_| !has_service)
    }

    /// The name of the column of arrivals, and `arrival_ns` as its cells hold times.
    pub(crate) fn show_arrival(&self, arrival_ns: i64) -> (String, String) {
        let arrival = self.fields.iter().find_map(|&(place, field)| match field {
            Field::Arrival(clock) => Some((place, clock)),
            _ => None,
        });
        let Some((place, clock)) = arrival else { return ("arrival".to_owned(), format!("{arrival_ns} ns")) };
        let before = self.fields.iter().find(|(_, field)| matches!(field, Field::Before(_)));
        let name = match before {
            None => self.names[place].clone(),
            Some(&(before, _)) => format!("{} − {}", self.names[place], self.names[before]),
        };
        (name, clock.show(arrival_ns))
    }

    /// How the columns are read, in one line.
    pub(crate) fn reading(&self) -> String {
        let column = |&(place, field): &(usize, Field)| {
            let name = &self.names[place];
            Some(match field {
                Field::Arrival(clock) => format!("arrival = {name} [{}]", clock.unit()),
                Field::Before(unit) => format!("less {name} [{}]", Clock::Unit(unit).unit()),
                Field::Service(unit) => format!("service = {name} [{}]", Clock::Unit(unit).unit()),
                Field::Client(_) => format!("client = {name}"),
                Field::Block(_) | Field::FirstOfBlocks => format!("block = {name}"),
                Field::Op(_) | Field::Method => format!("op = {name}"),
                Field::Class => format!("class = {name}"),
                Field::Size => format!("size = {name}"),
                Field::ReplySize => format!("reply_size = {name}"),
                Field::Id => format!("id = {name}"),
                Field::OnlyIf(text) => format!("rows with {name} = {text}"),
                Field::Unless(starts) => format!("no rows with {name} = {}…", starts.join("…, ")),
                Field::Ignored => return None,
            })
        };
        let mut fields = self.fields.clone();
        let is_arrival = |field: &Field| matches!(field, Field::Arrival(_) | Field::Before(_));
        fields.sort_by_key(|(_, field)| (!is_arrival(field), matches!(field, Field::Before(_))));
        fields.iter().filter_map(column).collect::<Vec<_>>().join(", ")
    }

    /// Whether `--columns` named columns.
    pub(crate) fn fields_are_named(&self) -> bool {
        self.is_named
    }

    /// Whether a comma in a number is a decimal comma.
    pub(crate) fn has_decimal_commas(&self) -> bool {
        self.numbers == Numbers::Comma
    }
}

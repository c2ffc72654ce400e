//! Reads native CSV (docs/traces.md) with the `csv` crate and a few plain rules.
//!
//! Differences to the crate alone: quotes, blank lines, stray carriage returns and long lines are rejected before the
//! crate reads them, and all rows must have the same number of columns.

use contract::Request;
use csv::{ByteRecord, ReaderBuilder};
use random::demand::Demands;
use trace::reader::LINE_LIMIT;

/// Names of the units of times, and the number of decimals down to nanoseconds.
const UNITS: [(&str, usize); 4] = [("s", 9), ("ms", 6), ("us", 3), ("ns", 0)];

/// The first wrong line, from 1; None if there is no line.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) line: Option<u64>,
}

/// The meaning of a column.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Arrival(usize),
    Service(usize),
    Named(&'static str),
    Ignored,
}

/// The requests in `text`.
pub(super) fn read(text: &[u8], demands: &Demands) -> Result<Vec<Request>, Wrong> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let lines = text.split_inclusive(|&byte| byte == b'\n');
    // The crate would accept some invalid lines, so it gets only the lines before the first of them.
    let (mut right, mut count) = (0, 0u64);
    for line in lines.clone().take_while(|line| may_be(line)) {
        right += line.len();
        count += 1;
    }
    let wrong_line = (count < lines.count() as u64).then_some(count + 1);
    let wrong = |line: u64| Wrong { line: Some(line) };
    // A second byte order mark is part of a name; the crate would skip it.
    let bom_is_cell = text.starts_with(b"\xef\xbb\xbf");
    let text = [if bom_is_cell { &b"\xef\xbb\xbf"[..] } else { b"" }, &text[..right]].concat();
    let mut reader = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.as_slice());
    let mut records = reader.byte_records().map(|record| record.expect("bytes in memory are read"));
    let Some(header) = records.next() else { return Err(Wrong { line: wrong_line }) };
    let columns = columns(&header).ok_or(wrong(1))?;
    let mut requests: Vec<Request> = Vec::new();
    for (row, record) in (0..).zip(records) {
        let request = request(&columns, &record, row, demands).ok_or(wrong(row + 2))?;
        if requests.last().is_some_and(|last| last.arrival_ns > request.arrival_ns || last.id >= request.id) {
            return Err(wrong(row + 2));
        }
        requests.push(request);
    }
    if wrong_line.is_some() { Err(Wrong { line: wrong_line }) } else { Ok(requests) }
}

/// Whether a line, with its line break, is valid by itself.
fn may_be(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line);
    !line.is_empty() && line.len() <= LINE_LIMIT && !line.iter().any(|byte| matches!(byte, b'"' | b'\r'))
}

fn columns(header: &ByteRecord) -> Option<Vec<Column>> {
    let columns: Vec<Column> = header.iter().map(column).collect();
    for (place, (name, column)) in header.iter().zip(&columns).enumerate() {
        let same = |other: &Column| {
            *column != Column::Ignored
                && std::mem::discriminant(other) == std::mem::discriminant(column)
                && !matches!(column, Column::Named(_))
        };
        let twice = header.iter().take(place).any(|other| other == name) || columns[..place].iter().any(same);
        if twice || name.trim_ascii() != name {
            return None;
        }
    }
    columns.iter().any(|column| matches!(column, Column::Arrival(_))).then_some(columns)
}

fn column(name: &[u8]) -> Column {
    const NAMES: [&str; 7] = ["id", "client", "class", "op", "block", "size", "reply_size"];
    for (unit, places) in UNITS {
        if name == format!("arrival_{unit}").as_bytes() {
            return Column::Arrival(places);
        }
        if name == format!("service_{unit}").as_bytes() {
            return Column::Service(places);
        }
    }
    NAMES.into_iter().find(|known| known.as_bytes() == name).map_or(Column::Ignored, Column::Named)
}

fn request(columns: &[Column], record: &ByteRecord, row: u64, demands: &Demands) -> Option<Request> {
    if record.len() != columns.len() {
        return None;
    }
    let mut request = Request { id: row, service_ns: Request::TO_SAMPLE, ..Request::default() };
    for (column, cell) in columns.iter().zip(record) {
        if *column == Column::Ignored {
            continue;
        }
        let cell = std::str::from_utf8(cell).ok()?;
        match column {
            Column::Arrival(places) => request.arrival_ns = time(cell, *places)?,
            Column::Service(_) if cell.is_empty() => {}
            Column::Service(places) => request.service_ns = time(cell, *places)?,
            Column::Named("id") => request.id = integer(cell)?,
            Column::Named("client") => request.client = integer(cell)?,
            Column::Named("class") => request.class = integer(cell)?,
            Column::Named("op") => {
                request.op = match cell {
                    "r" | "R" => Request::READ,
                    "w" | "W" => Request::WRITE,
                    _ => return None,
                }
            }
            Column::Named("block") => request.block = integer(cell)?,
            Column::Named("size") => request.size = integer(cell)?,
            Column::Named(_) => request.reply_size = integer(cell)?,
            Column::Ignored => {}
        }
    }
    if request.service_ns == Request::TO_SAMPLE {
        request.service_ns = demands.sample(request.id);
    }
    Some(request)
}

fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.chars().all(|c| c.is_ascii_digit())).then_some(text)
}

fn integer<T: TryFrom<u128>>(text: &str) -> Option<T> {
    T::try_from(digits(text)?.parse().ok()?).ok()
}

/// A time \[ns\]: moves the decimal point by writing the digits out, and cuts the rest.
fn time(text: &str, places: usize) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let moved = format!("{}{:0<places$.places$}", digits(whole)?, digits(fraction)?);
    integer(&moved).filter(|&ns: &u64| ns < 1 << 62)
}

//! Recognises the format of a trace by its start, or reports what to do.

use contract::RequestHeader;
use failure::{Failure, printable};

use super::cut::Cutter;
use super::flags::Options;
use crate::clock::{self, Clock};
use crate::format::{self, CSV, Divider, FORMATS, Format, Header, RECORDS, Shape, US};
use crate::lines::columns::{Columns, ending};
use crate::lines::{self, bind, names_fit};
use crate::lines::{LINE_LIMIT, too_long};
use crate::location::Location;

/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// The start of the first line of a native CSV that has the origin.
pub(super) const ORIGIN: &[u8] = b"# origin_ns=";

/// Bytes by which binary formats without a header are recognised.
const START: usize = 2_400;

/// Rows that an error shows.
const SHOWN_ROWS: usize = 3;

/// Words in the names of columns that may be times of arrival.
const LIKE_TIME: [&str; 7] = ["time", "stamp", "arriv", "date", "start", "when", "ts"];

/// Skips a byte order mark at the start, and blank lines.
pub(super) fn skip_start(location: &mut Location, cutter: &mut Cutter) -> Result<(), Failure> {
    if cutter.peek(location, |bytes| bytes.len() >= BOM.len())?.starts_with(BOM) {
        cutter.skip(BOM.len());
    }
    skip_blank_lines(location, cutter)
}

/// Skips blank lines before the first one that is not.
pub(super) fn skip_blank_lines(location: &mut Location, cutter: &mut Cutter) -> Result<(), Failure> {
    loop {
        let bytes = cutter.peek(location, |bytes| bytes.contains(&b'\n') || bytes.len() > LINE_LIMIT + 1)?;
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let blank = lines.take_while(|line| line.ends_with(b"\n") && line.trim_ascii().is_empty());
        let (len, count) = blank.fold((0, 0), |(len, count), line| (len + line.len(), count + 1));
        if len == 0 {
            return Ok(());
        }
        cutter.skip(len);
        location.skip_lines(count);
    }
}

/// The first line, without its line break.
pub(super) fn first_line<'a>(location: &Location, cutter: &'a mut Cutter) -> Result<&'a [u8], Failure> {
    let bytes = cutter.peek(location, |bytes| bytes.contains(&b'\n') || bytes.len() > LINE_LIMIT + 1)?;
    let line = match memchr::memchr(b'\n', bytes) {
        Some(end) => bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]),
        None if bytes.is_empty() => return Err(location.whole("the file is empty")),
        None => bytes,
    };
    if line.len() > LINE_LIMIT {
        return Err(location.at(0, &too_long()));
    }
    Ok(line)
}

/// Recognises the format of a trace: records by their first bytes, a CSV by its header, other formats by their sign or by
/// whether the first row can be read. A file with --columns for the arrival is a native CSV with other names.
///
/// # Errors
/// If no format fits, or several do.
pub(super) fn recognise(
    location: &mut Location,
    cutter: &mut Cutter,
    options: &Options,
) -> Result<&'static Format, Failure> {
    let start = cutter.peek(location, |bytes| bytes.len() >= 8)?;
    if start.starts_with(&RequestHeader::MAGIC) {
        return Ok(RECORDS);
    }
    let start = cutter.look(location, |bytes| bytes.len() >= START || is_text(bytes));
    let start = &start[..start.len().min(START)];
    let mut fitting: Vec<&'static Format> = Vec::new();
    for format in FORMATS {
        if let Shape::Fixed { fits, .. } = format.shape
            && fits(start)
        {
            fitting.push(format);
        }
    }
    if fitting.is_empty() {
        skip_start(location, cutter)?;
        let first = first_line(location, cutter)?;
        if first.starts_with(ORIGIN)
            || (options.columns.has_arrival() || options.delimiter.is_some())
                && !first.trim_ascii_start().starts_with(b"{")
        {
            return Ok(CSV);
        }
        fitting.extend(FORMATS.iter().filter(|format| line_fits(format, first)));
    }
    match fitting[..] {
        [format] => Ok(format),
        [] => Err(location.at(0, &next_step(location, cutter)?)),
        _ => {
            let names: Vec<&str> = fitting.iter().map(|format| format.name).collect();
            let rule = format!("the first line fits {}: --trace-format names the one that it is", names.join(" and "));
            Err(location.at(0, &rule))
        }
    }
}

/// Whether `bytes` are known to be text with a line: a record has zeros or other bytes that no text has. A first line
/// that fits a format is enough, so that a slow trace of short lines does not wait for a record's length.
fn is_text(bytes: &[u8]) -> bool {
    let length = |format: &&Format| if let Shape::Fixed { len, .. } = format.shape { len } else { 0 };
    let longest = FORMATS.iter().map(length).max().unwrap_or(0);
    let is_control = |byte: &u8| byte.is_ascii_control() && !byte.is_ascii_whitespace();
    // The last character may be cut.
    let is_utf8 = std::str::from_utf8(bytes).map_or_else(|error| error.error_len().is_none(), |_| true);
    let is_short = bytes.len() < longest;
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', bytes) else { return false };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    let fits = || line.starts_with(ORIGIN) || FORMATS.iter().any(|format| line_fits(format, line));
    !bytes.iter().any(is_control) && is_utf8 && (!is_short || fits())
}

/// Whether the first line of a trace fits `format`.
fn line_fits(format: &Format, first: &[u8]) -> bool {
    let Shape::Lines { divider, header, sign, .. } = format.shape else { return false };
    if let Some(sign) = sign {
        return sign(first);
    }
    if let Divider::Json = divider {
        let found = lines::header(format, &Columns::default(), None, first);
        let has = |name: &str| found.as_ref().is_ok_and(|found| found.names.iter().any(|other| other == name));
        return format.required().iter().all(|name| has(name));
    }
    match header {
        Header::Absent(_) => {
            let reads = |unit: Option<u64>| {
                lines::header(format, &Columns::default(), None, first)
                    .and_then(|found| bind(format, found, &Columns::default(), unit, Some(first)))
                    .is_ok_and(|lines| matches!(lines.read_first(first), Ok(Some(_))))
            };
            // Decimals of a file in another unit do not fit whole nanoseconds; the error names --time-unit.
            reads(None) || format.several_units && reads(Some(US))
        }
        Header::All | Header::Required(_) | Header::Subset => names_fit(format, first).is_some(),
    }
}

/// What to do with a file of no known format.
fn next_step(location: &Location, cutter: &mut Cutter) -> Result<String, Failure> {
    let first = first_line(location, cutter)?.to_vec();
    let is_live = cutter.is_live();
    let lines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).count();
    let start = cutter.look(location, |bytes| is_live || lines(bytes) >= SHOWN_ROWS || bytes.len() > LINE_LIMIT);
    let start = &start[..memchr::memchr_iter(b'\n', start).nth(SHOWN_ROWS - 1).map_or(start.len(), |end| end + 1)];
    let zeros = |first: usize| start.iter().skip(first).step_by(2).take(32).all(|&byte| byte == 0);
    if let Some(endian) = [(1, "LE"), (0, "BE")].into_iter().find(|&(first, _)| start.len() > 3 && zeros(first)) {
        let endian = endian.1;
        return Ok(format!(
            "is UTF-16 without a byte order mark; this makes a trace of it: iconv -f UTF-16{endian} -t UTF-8 FILE"
        ));
    }
    // What is behind a first line of text does not matter: how much of it was read ahead depends on the size of reads.
    let is_binary = || std::str::from_utf8(&first).is_err() && (start.contains(&0) || !start.contains(&b'\n'));
    if first.contains(&0) || is_binary() {
        let names = format::names();
        return Ok(format!("is not text, and of no known binary format; --trace-format selects one of {names}"));
    }
    if first.trim_ascii_start().starts_with(b"{") {
        let rule = "is JSON, of which only lines with timestamp, input_length and output_length are read (mooncake); this makes a CSV \
                    of others: jq -r '[.KEY, .KEY] | @csv' FILE";
        return Ok(rule.to_owned());
    }
    let found = lines::header(CSV, &Columns::default(), None, &first);
    let (divider, names) = found.map_or((Divider::Blanks, Vec::new()), |found| (found.divider, found.names));
    let divider = if names.len() > 1 { divider } else { Divider::Blanks };
    let rows: Vec<Vec<String>> = start
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .take(SHOWN_ROWS)
        .map(|row| cells(divider, row))
        .collect();
    let (names, values) = (rows.first().cloned().unwrap_or_default(), rows.get(1).cloned().unwrap_or_default());
    let is_header = names.iter().all(|name| name.parse::<f64>().is_err());
    let value = |place: usize| values.get(place).map_or("", String::as_str);
    let is_like = |name: &str| LIKE_TIME.iter().any(|like| name.to_ascii_lowercase().contains(like));
    let is_time = |value: &str| value.parse::<f64>().is_ok() || clock::iso(value.as_bytes()).is_some();
    let column = (0..names.len()).find(|&place| is_like(&names[place]) && is_time(value(place)));
    let column = column.or_else(|| (0..names.len()).find(|&place| clock::iso(value(place).as_bytes()).is_some()));
    let hint = match column {
        _ if !is_header => {
            "a file without a header is read by the numbers of its columns: --columns arrival=1:s".to_owned()
        }
        Some(place) => {
            let name = printable(names[place].as_bytes(), 40);
            format!("your header has {name}: try --columns 'arrival={name}:{}'", unit(&names[place], value(place)))
        }
        None => "a CSV needs a header with arrival_ns, _us, _ms or _s, or --columns arrival=NAME:UNIT".to_owned(),
    };
    let separator = match divider {
        Divider::Delimited(b'\t') => "tabs".to_owned(),
        Divider::Delimited(byte) => format!("\"{}\"", byte as char),
        _ => "blanks (--delimiter names another separator)".to_owned(),
    };
    let shown = rows.iter().map(|row| format!("\n    {}", row.join(" | "))).collect::<String>();
    let names = format::names();
    Ok(format!(
        "the format is not recognised; {hint}\n  the first rows, divided by {separator}:{shown}\n  --trace-format NAME is for: {names}"
    ))
}

/// The cells of a row, for an error.
fn cells(divider: Divider, row: &[u8]) -> Vec<String> {
    let shown = |cell: &[u8]| printable(cell.trim_ascii(), 40);
    match divider {
        Divider::Delimited(separator) => row.split(|&byte| byte == separator).take(12).map(shown).collect(),
        _ => row.split(|byte| byte.is_ascii_whitespace()).filter(|cell| !cell.is_empty()).take(12).map(shown).collect(),
    }
}

/// The unit that a time of arrival such as `value` in the column `name` probably has.
fn unit(name: &str, value: &str) -> &'static str {
    if let Some(ns) = ending(name) {
        return Clock::Unit(ns).unit();
    }
    match value.parse::<f64>() {
        Err(_) => "date",
        Ok(value) if value >= 1e17 => "ns",
        Ok(value) if value >= 1e14 => "us",
        Ok(value) if value >= 1e11 => "ms",
        Ok(_) => "s",
    }
}

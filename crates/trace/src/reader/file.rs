//! One file of a trace, opened.

use std::path::Path;

use contract::{Request, RequestHeader};
use failure::Failure;

use super::cut::Cutter;
use super::decode::{self, Decoder};
use super::flags::Options;
use super::recognise::{ORIGIN, first_line, recognise, skip_blank_lines, skip_start};
use super::wrong::Others;
use crate::clock::TIME_LIMIT;
use crate::decimal;
use crate::field::{Field, Identity};
use crate::format::{CSV, Divider, Format, Header, Shape};
use crate::input::{Compression, Input};
use crate::lines::{self, Lines, bind, quotes};
use crate::location::{Location, Rows};

/// Number of ignored columns that are listed.
const IGNORED_SHOWN: usize = 20;

/// Bytes of comments behind which the first row is looked for; more than the longest line.
const COMMENTS_LIMIT: usize = 1 << 20;

/// A file of a trace. Its bytes are read once, from start to end.
pub(super) struct TraceFile {
    pub(super) location: Location,
    pub(super) format: &'static Format,
    /// Whether the format was recognised rather than named.
    is_recognised: bool,
    /// Its size as it is stored \[bytes\], if it is a file.
    pub(super) size: Option<u64>,
    pub(super) is_piped: bool,
    pub(super) compression: Option<Compression>,
    /// The number of requests in the header of records.
    declared: Option<u64>,
    /// The origin of time that it declares \[ns\].
    pub(super) origin_ns: Option<i64>,
    pub(super) cutter: Cutter,
    pub(super) decoder: Decoder,
    pub(super) others: Others,
}

impl TraceFile {
    /// Opens the file at `path`, `-` for stdin, and recognises its format unless `options` name it.
    ///
    /// # Errors
    /// [`Failure::Trace`] if there is no file, it is empty or its format is not recognised; [`Failure::Host`] if it can't
    /// be read; [`Failure::Usage`] if a flag does not fit the format.
    pub(super) fn open(path: &Path, options: &Options, block_size: usize) -> Result<Self, Failure> {
        let location = Location::new(path);
        let input = Input::open(path, &location)?;
        Self::start(location, input, options, block_size)
    }

    /// Reads `input` in blocks of `block_size` \[bytes\].
    pub(super) fn start(
        mut location: Location,
        input: Input,
        options: &Options,
        block_size: usize,
    ) -> Result<Self, Failure> {
        let (size, is_piped, compression) = (input.size, input.is_piped, input.compression);
        let mut cutter = Cutter::new(input, block_size);
        let format = match options.format {
            Some(format) => format,
            None => recognise(&mut location, &mut cutter, options)?,
        };
        check_flags(format, options)?;
        let (mut declared, mut origin_ns) = (None, None);
        let rows = match format.shape {
            Shape::Records => {
                let header = records_header(&location, &mut cutter)?;
                declared = Some(header.requests).filter(|&requests| requests != RequestHeader::UNKNOWN);
                origin_ns = Some(header.origin_ns as i64);
                let len = header.record_len as usize;
                location.rows = Rows::Records { len };
                decode::Rows::Records { len }
            }
            Shape::Fixed { len, read, .. } => {
                location.rows = Rows::Records { len };
                decode::Rows::Fixed { len, read }
            }
            Shape::Lines { .. } => {
                if options.format.is_some() {
                    skip_start(&mut location, &mut cutter)?;
                }
                if std::ptr::eq(format, CSV) {
                    origin_ns = origin_line(&mut location, &mut cutter)?;
                }
                decode::Rows::Lines(lines(&mut location, format, options, &mut cutter)?)
            }
        };
        let decoder = Decoder { rows, skip_bad_rows: options.skip_bad_rows };
        Ok(Self {
            location,
            format,
            is_recognised: options.format.is_none(),
            size,
            is_piped,
            compression,
            declared,
            origin_ns,
            cutter,
            decoder,
            others: Others::default(),
        })
    }

    /// How its lines are read; None for records.
    pub(super) fn lines(&self) -> Option<&Lines> {
        match &self.decoder.rows {
            decode::Rows::Lines(lines) => Some(lines),
            _ => None,
        }
    }

    /// Whether one of its columns is `wanted`; records of the contract have all.
    pub(super) fn has(&self, wanted: impl Fn(Field) -> bool) -> bool {
        match &self.decoder.rows {
            decode::Rows::Lines(lines) => lines.fields().any(wanted),
            decode::Rows::Fixed { .. } => self.format.fields.iter().any(|&(_, field)| wanted(field)),
            decode::Rows::Records { .. } => true,
        }
    }

    /// The name of the format, if that is a guess.
    pub(super) fn guess(&self) -> Option<&'static str> {
        let is_certain = std::ptr::eq(self.format, CSV) || matches!(self.format.shape, Shape::Records);
        (self.is_recognised && !is_certain).then_some(self.format.name)
    }

    /// Compares the number of requests with the header, at the end.
    pub(super) fn check_count(&self) -> Result<(), Failure> {
        let requests = self.cutter.rows();
        let Some(declared) = self.declared.filter(|&declared| declared != requests) else { return Ok(()) };
        let how = if requests < declared { "is cut short" } else { "is too long" };
        Err(self.location.whole(&format!("the file {how}: {requests} requests, but its header declares {declared}")))
    }

    /// Remarks for the user, one line each; complete after its end. The file's name is not in them: the same trace gives the
    /// same report wherever it is.
    pub(super) fn remarks(&self) -> Vec<String> {
        let mut remarks = Vec::new();
        if let Some(lines) = self.lines() {
            let is_native = std::ptr::eq(self.format, CSV);
            if !is_native || lines.fields_are_named() {
                remarks.push(format!("read as {}: {}", self.format.name, lines.reading()));
            }
            let hashed = |field: Field| match field {
                Field::Client(Identity::Name) => Some("clients"),
                Field::Block(Identity::Name) => Some("blocks"),
                _ => None,
            };
            let hashed: Vec<&str> = lines.fields().filter_map(hashed).collect();
            if !hashed.is_empty() {
                remarks.push(format!("names of {} are hashed", hashed.join(" and ")));
            }
            if lines.has_decimal_commas() {
                remarks.push("columns are separated by ;, and a comma in a number is a decimal comma".to_owned());
            }
            let mut ignored = lines.ignored();
            let more = ignored.len().saturating_sub(IGNORED_SHOWN);
            ignored.truncate(IGNORED_SHOWN);
            if !ignored.is_empty()
                && matches!(
                    self.format.shape,
                    Shape::Lines { header: Header::All | Header::Required(_) | Header::Subset, .. }
                )
            {
                let ignored = ignored.iter().map(|name| failure::printable(name.as_bytes(), 40)).collect::<Vec<_>>();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                remarks.push(format!("ignored columns: {}{more}", ignored.join(", ")));
            }
            if let Some(like) = lines.like_service() {
                let like = failure::printable(like.as_bytes(), 40);
                remarks.push(format!("{like} is not read as the service time; --columns 'service={like}:UNIT' would"));
            }
        }
        if let Shape::Fixed { .. } = self.format.shape {
            remarks.push(format!("read as {}", self.format.name));
        }
        remarks.extend(self.format.notes.iter().map(|note| (*note).to_owned()));
        if let number @ 1.. = self.others.no_requests {
            remarks.push(format!("{number} rows are no requests by the rules of {}", self.format.name));
        }
        remarks.extend(self.others.remark());
        if let (true, true, Rows::Lines { .. }) = (self.is_piped, self.cutter.ends_in_a_line(), self.location.rows) {
            // Without rows, the last line is the header.
            let Rows::Lines { first } = self.location.rows else { return remarks };
            remarks.push(format!(
                "line {}: the pipe ended without a line break after this line, which may have been cut short",
                first + self.cutter.rows() - 1
            ));
        }
        remarks
    }
}

/// Refuses flags that do not fit the format.
fn check_flags(format: &Format, options: &Options) -> Result<(), Failure> {
    let refused =
        |flag: &str, why: &str| Err(Failure::usage(format!("--{flag} is not for the format {}: {why}", format.name)));
    let is_text = matches!(format.shape, Shape::Lines { .. });
    if !options.columns.is_empty() && !is_text {
        return refused("columns", "it has no columns");
    }
    let is_delimited = matches!(format.shape, Shape::Lines { divider: Divider::Delimited(_) | Divider::Blanks, .. });
    if options.delimiter.is_some() && !is_delimited {
        return refused("delimiter", "its lines are divided otherwise");
    }
    if options.time_unit.is_some() && !format.several_units && !options.columns.has_arrival() {
        return refused("time-unit", "its times have one unit");
    }
    Ok(())
}

/// The columns of a trace of `format`; skips its header.
fn lines(location: &mut Location, format: &Format, options: &Options, cutter: &mut Cutter) -> Result<Lines, Failure> {
    let first = first_line(location, cutter)?.to_vec();
    let wrong = |location: &Location, rule: String| location.at(0, &rule);
    let header =
        lines::header(format, &options.columns, options.delimiter, &first).map_err(|rule| wrong(location, rule))?;
    if let Divider::Delimited(separator) = header.divider {
        cutter.expect_quotes(separator);
    }
    if options.skip_bad_rows {
        cutter.shorten_long_lines();
    }
    let is_line = header.is_line;
    if is_line {
        cutter.skip_line();
    }
    let row = first_row(location, cutter, format, header.divider);
    let bound = bind(format, header, &options.columns, options.time_unit, row.as_deref());
    let bound = bound.map_err(|rule| wrong(location, rule))?;
    location.skip_lines(is_line.into());
    Ok(bound)
}

/// The first row, behind the header and comments; None if there is none.
fn first_row(location: &Location, cutter: &mut Cutter, format: &Format, divider: Divider) -> Option<Vec<u8>> {
    let Shape::Lines { comment, .. } = format.shape else { return None };
    let is_row = |line: &[u8]| !line.trim_ascii().is_empty() && line.first().copied() != comment;
    // Where the first line starts that is a row, and the length of that.
    let find = |bytes: &[u8]| {
        let lines = bytes.split_inclusive(|&byte| byte == b'\n');
        let start = lines.take_while(|line| line.ends_with(b"\n") && !is_row(line)).map(<[u8]>::len).sum();
        let len = match divider {
            Divider::Delimited(separator) => quotes::row_len(separator, &bytes[start..]),
            _ => memchr::memchr(b'\n', &bytes[start..]).map(|end| end + 1),
        };
        (start, len)
    };
    let bytes = cutter.look(location, |bytes| bytes.len() >= COMMENTS_LIMIT || find(bytes).1.is_some());
    let bytes = &bytes[..bytes.len().min(COMMENTS_LIMIT)];
    let (start, len) = find(bytes);
    let row = &bytes[start..len.map_or(bytes.len(), |len| start + len)];
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    is_row(row).then(|| row.to_vec())
}

/// Reads the line with the origin of a native CSV, if it has one.
fn origin_line(location: &mut Location, cutter: &mut Cutter) -> Result<Option<i64>, Failure> {
    let first = first_line(location, cutter)?;
    let Some(origin) = first.strip_prefix(ORIGIN) else { return Ok(None) };
    let origin_ns = decimal::integer(origin).filter(|&ns| ns < TIME_LIMIT).ok_or_else(|| {
        let shown = failure::printable(origin, 40);
        location.at(0, &format!("origin_ns \"{shown}\" is not a whole number of nanoseconds below 2^62"))
    })?;
    cutter.skip_line();
    location.skip_lines(1);
    skip_blank_lines(location, cutter)?;
    Ok(Some(origin_ns as i64))
}

/// Reads the header of records.
fn records_header(location: &Location, cutter: &mut Cutter) -> Result<RequestHeader, Failure> {
    let short = |have: usize, need: usize| {
        location.whole(&format!("the file is cut short: {have} of the header's {need} bytes"))
    };
    let bytes = cutter.peek(location, |bytes| bytes.len() >= Request::LEN)?;
    let start = bytes.first_chunk().ok_or_else(|| short(bytes.len(), Request::LEN))?;
    let header = RequestHeader::from_bytes(start).map_err(|rule| location.whole(&rule))?;
    if header.origin_ns >= TIME_LIMIT {
        return Err(location.whole(&format!("origin_ns {} is not below 2^62 ns", header.origin_ns)));
    }
    let len = header.record_len as usize;
    let have = cutter.peek(location, |bytes| bytes.len() >= len)?.len();
    if have < len {
        return Err(short(have, len));
    }
    cutter.skip(len);
    Ok(header)
}

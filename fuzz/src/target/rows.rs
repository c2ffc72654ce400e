//! Reads native CSV (docs/traces.md) by another method: the `csv` crate divides the rows, and plain rules read the cells.

use std::borrow::Cow;

use contract::Request;
use csv::{ByteRecord, ReaderBuilder, Terminator};
use random::demand::Demands;
use random::streams::fnv1a;
use trace::reader::LINE_LIMIT;

/// Names of the units of times, and the number of decimals down to nanoseconds.
const UNITS: [(&str, usize); 4] = [("s", 9), ("ms", 6), ("us", 3), ("ns", 0)];
const SEPARATORS: [u8; 4] = *b",;\t|";
const ORIGIN: &[u8] = b"# origin_ns=";

/// Where the first error is: at a line, from 1, or in the file as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrong {
    pub(super) line: Option<u64>,
    /// Whether the file is wrong as a whole too, which may be reported instead.
    pub(super) or_whole: bool,
}

/// The meaning of a column.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Arrival(usize),
    Service(usize),
    Named(&'static str),
    Ignored,
}

/// The columns of a file.
struct Header {
    separator: u8,
    columns: Vec<Column>,
}

/// The text behind what was read, and the number of its first line.
#[derive(Clone, Copy)]
struct Rest<'a> {
    text: &'a [u8],
    line: u64,
}

impl<'a> Rest<'a> {
    /// The next line, with its line break.
    fn line(&self) -> &'a [u8] {
        self.text.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default()
    }

    fn skip(&mut self, len: usize) {
        self.line += self.text[..len].iter().filter(|&&byte| byte == b'\n').count() as u64;
        self.text = &self.text[len..];
    }

    fn skip_blank_lines(&mut self) {
        while !self.text.is_empty() && self.line().trim_ascii().is_empty() && self.line().ends_with(b"\n") {
            self.skip(self.line().len());
        }
    }

    fn wrong(&self) -> Wrong {
        Wrong { line: Some(self.line), or_whole: false }
    }
}

const WHOLE: Wrong = Wrong { line: None, or_whole: true };

/// The requests in `text`.
pub(super) fn read(text: &[u8], demands: &Demands) -> Result<Vec<Request>, Wrong> {
    let mut rest = Rest { text: text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text), line: 1 };
    rest.skip_blank_lines();
    let mut origin_ns = None;
    if rest.line().starts_with(ORIGIN) {
        let digits = content(rest.line()).strip_prefix(ORIGIN).unwrap_or_default();
        let number = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let number: Option<u64> = number.and_then(|digits| digits.parse().ok());
        origin_ns =
            Some(number.filter(|&ns| ns < 1 << 62 && content(rest.line()).len() <= LINE_LIMIT).ok_or(rest.wrong())?);
        rest.skip(rest.line().len());
        rest.skip_blank_lines();
    }
    if rest.text.is_empty() {
        return Err(WHOLE);
    }
    let header = header(content(rest.line())).ok_or(rest.wrong())?;
    rest.skip(rest.line().len());
    let mut requests = rows(rest, &header, demands);
    let first = requests.iter_mut().flatten().next();
    let first_ns = first.map_or(0, |request| request.arrival_ns);
    let has_requests = requests.iter().any(Result::is_ok);
    let origin_ns = origin_ns.unwrap_or(first_ns);
    if has_requests && first_ns < origin_ns {
        let line = requests.iter().find_map(|request| request.err()).and_then(|wrong| wrong.line);
        return Err(Wrong { line, or_whole: true });
    }
    requests
        .into_iter()
        .map(|request| request.map(|request| Request { arrival_ns: request.arrival_ns - origin_ns, ..request }))
        .collect()
}

/// A line without its line break.
fn content(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r\n").or(line.strip_suffix(b"\n")).unwrap_or(line)
}

/// The requests up to the first wrong row, and that.
fn rows(mut rest: Rest<'_>, header: &Header, demands: &Demands) -> Vec<Result<Request, Wrong>> {
    let (mut requests, mut names, first_line) = (Vec::new(), None, rest.line);
    let mut last: Option<Request> = None;
    while !rest.text.is_empty() {
        let wrong = rest.wrong();
        let row = rest.line - first_line;
        if rest.line().trim_ascii().is_empty() {
            rest.skip(rest.line().len());
            continue;
        }
        let read = cells(rest.text, header.separator).and_then(|(cells, len)| {
            rest.skip(len);
            let names = names.get_or_insert_with(|| names_of(header, &cells));
            request(header, names, &cells, row)
        });
        let follows = |one: &Request| last.is_none_or(|last| last.arrival_ns <= one.arrival_ns && last.id < one.id);
        match read.filter(follows) {
            Some(read) => requests.push(Ok(*last.insert(read))),
            None => {
                requests.push(Err(wrong));
                break;
            }
        }
    }
    for request in requests.iter_mut().flatten() {
        if request.service_ns == Request::TO_SAMPLE {
            request.service_ns = demands.sample(request.id);
        }
    }
    requests
}

/// The cells of the row at the start of `text`, and its length; None if it is no valid row.
fn cells(text: &[u8], separator: u8) -> Option<(Vec<Vec<u8>>, usize)> {
    let line = text.split_inclusive(|&byte| byte == b'\n').next()?;
    if content(line).len() > LINE_LIMIT {
        return None;
    }
    let is_quoted = line.contains(&b'"');
    if !is_quoted && content(line).contains(&b'\r') {
        return None;
    }
    let window = if is_quoted { &text[..text.len().min(LINE_LIMIT + 2)] } else { line };
    let (mut cells, len) = divide(window, separator)?;
    // A line break at the end of the text may be missing.
    if is_quoted && !window[..len].ends_with(b"\n") && window.len() < text.len() {
        return None;
    }
    if window[..len].ends_with(b"\r\n") {
        cells.last_mut()?.pop();
    }
    let trimmed = cells.iter().map(|cell| cell.trim_ascii().to_vec()).collect();
    Some((trimmed, len))
}

/// The cells of the first record of `text`, and its length with its line break; None if it ends within quotes.
fn divide(text: &[u8], separator: u8) -> Option<(Vec<Vec<u8>>, usize)> {
    // The cell in front keeps the crate from skipping a byte order mark. Of a record that ends within quotes, the end
    // behind the text is a part.
    let framed = [b"x", &[separator][..], text, b"\nend"].concat();
    let mut reader = ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .has_headers(false)
        .terminator(Terminator::Any(b'\n'))
        .from_reader(framed.as_slice());
    let mut record = ByteRecord::new();
    reader.read_byte_record(&mut record).expect("bytes in memory are read");
    let len = (reader.position().byte() as usize).checked_sub(2)?;
    (len <= text.len() + 1).then(|| (record.iter().skip(1).map(<[u8]>::to_vec).collect(), len.min(text.len())))
}

fn header(line: &[u8]) -> Option<Header> {
    if line.len() > LINE_LIMIT || line.contains(&b'\r') {
        return None;
    }
    let names = |separator: u8| -> Vec<String> {
        let cells = divide(line, separator).map_or(Vec::new(), |(cells, _)| cells);
        cells.iter().map(|cell| String::from_utf8_lossy(cell.trim_ascii()).into_owned()).collect()
    };
    let is_arrival = |name: &String| matches!(column(name), Column::Arrival(_));
    let separator = SEPARATORS.into_iter().find(|&separator| names(separator).iter().any(is_arrival))?;
    let names = names(separator);
    let columns: Vec<Column> = names.iter().map(|name| column(name)).collect();
    for (place, name) in names.iter().enumerate() {
        let same = |other: &&Column| {
            matches!(
                (other, columns[place]),
                (Column::Arrival(_), Column::Arrival(_)) | (Column::Service(_), Column::Service(_))
            )
        };
        let twice = !name.is_empty() && names[..place].contains(name);
        if twice || columns[..place].iter().any(|other| same(&other)) {
            return None;
        }
    }
    Some(Header { separator, columns })
}

fn column(name: &str) -> Column {
    const NAMES: [&str; 7] = ["id", "client", "class", "op", "block", "size", "reply_size"];
    for (unit, places) in UNITS {
        if name == format!("arrival_{unit}") {
            return Column::Arrival(places);
        }
        if name == format!("service_{unit}") {
            return Column::Service(places);
        }
    }
    NAMES.into_iter().find(|known| *known == name).map_or(Column::Ignored, Column::Named)
}

/// Whether each column holds names, by the first row.
fn names_of(header: &Header, cells: &[Vec<u8>]) -> Vec<bool> {
    let is_name = |place: usize| cells.get(place).is_none_or(|cell| header.integer::<u64>(cell).is_none());
    (0..header.columns.len()).map(is_name).collect()
}

fn request(header: &Header, names: &[bool], cells: &[Vec<u8>], row: u64) -> Option<Request> {
    if cells.len() != header.columns.len() {
        return None;
    }
    let mut request = Request { id: row, service_ns: Request::TO_SAMPLE, ..Request::default() };
    for ((column, cell), is_name) in header.columns.iter().zip(cells).zip(names) {
        let hash = (!cell.is_empty()).then(|| fnv1a(cell));
        match column {
            Column::Ignored => {}
            Column::Arrival(places) => request.arrival_ns = header.time(cell, *places)?,
            Column::Service(_) if cell.is_empty() => {}
            Column::Service(places) => request.service_ns = header.time(cell, *places)?,
            Column::Named("id") => request.id = header.integer(cell)?,
            Column::Named("client") if *is_name => request.client = hash.map(|hash| (hash ^ (hash >> 32)) as u32)?,
            Column::Named("client") => request.client = header.integer(cell)?,
            Column::Named("class") => request.class = header.integer(cell)?,
            Column::Named("op") => {
                let word = cell.to_ascii_lowercase();
                let is = |words: [&[u8]; 2]| words.contains(&word.as_slice());
                request.op = if is([b"r", b"read"]) {
                    Request::READ
                } else if is([b"w", b"write"]) {
                    Request::WRITE
                } else {
                    return None;
                };
            }
            Column::Named("block") if *is_name => request.block = hash?,
            Column::Named("block") => request.block = header.integer(cell)?,
            Column::Named("size") => request.size = header.integer(cell)?,
            Column::Named(_) => request.reply_size = header.integer(cell)?,
        }
    }
    Some(request)
}

/// A decimal number: its digits, and the place of the point among them.
struct Number<'a> {
    is_negative: bool,
    digits: Cow<'a, str>,
    point: i64,
}

impl Header {
    fn number<'a>(&self, cell: &'a [u8]) -> Option<Number<'a>> {
        let text = std::str::from_utf8(cell).ok()?;
        let unsigned = text.strip_prefix('-').or(text.strip_prefix('+')).unwrap_or(text);
        let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
        let exponent: i16 = exponent.parse().ok()?;
        let is_point = |c: char| c == '.' || (c == ',' && self.separator == b';');
        let (whole, digits) = match mantissa.split_once(is_point) {
            None => (mantissa, Cow::Borrowed(mantissa)),
            Some((whole, fraction)) => (whole, Cow::Owned(format!("{whole}{fraction}"))),
        };
        let is_valid = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let point = whole.len() as i64 + i64::from(exponent);
        is_valid.then_some(Number { is_negative: text.starts_with('-'), digits, point })
    }

    fn integer<T: TryFrom<u128>>(&self, cell: &[u8]) -> Option<T> {
        let (whole, has_rest) = self.number(cell)?.moved(0)?;
        T::try_from(whole).ok().filter(|_| !has_rest)
    }

    /// A time \[ns\]: moves the decimal point, and cuts the rest; whole nanoseconds have none.
    fn time(&self, cell: &[u8], places: usize) -> Option<u64> {
        let (ns, has_rest) = self.number(cell)?.moved(places)?;
        u64::try_from(ns).ok().filter(|&ns| ns < 1 << 62 && !(places == 0 && has_rest))
    }
}

impl Number<'_> {
    /// The digits before the point, which is moved by `places`, and whether others but 0 follow; None if that is negative,
    /// or far above all limits.
    fn moved(&self, places: usize) -> Option<(u128, bool)> {
        let point = self.point + places as i64;
        let before = usize::try_from(point).unwrap_or(0);
        let is_zero = |digits: &str| digits.bytes().all(|digit| digit == b'0');
        let (whole, rest) = self.digits.split_at(before.min(self.digits.len()));
        let zeros = before - whole.len();
        let whole = whole.trim_start_matches('0');
        if whole.is_empty() {
            return (!self.is_negative || is_zero(rest) || places > 0).then_some((0, !is_zero(rest)));
        }
        if self.is_negative || whole.len() + zeros > 30 {
            return None;
        }
        let number: u128 = format!("{whole}{}", "0".repeat(zeros)).parse().ok()?;
        Some((number, !is_zero(rest)))
    }
}

//! Native CSVs, valid and edited ones, for the trace reader. It must read the same as the `csv` crate with plain rules,
//! reject the same, and name the same line.

use contract::Request;
use failure::{At, Failure};
use random::streams::Stream;
use trace::reader::ReadFlags;

use super::input::{Input, WORDS, demands};
use super::{check_lines, rows};
use crate::End;
use crate::edit::{edit, number, once_in, pick, place};

/// Bytes of the reader's blocks.
const BLOCK: u64 = 256 << 10;

/// A CSV of random columns. Some are longer than a block, some have lines of about the maximal length.
pub(super) fn make(random: &mut Stream) -> Vec<u8> {
    let columns = columns(random);
    let large = once_in(random, 200);
    let rows = match random.below(8) {
        _ if large => 12_000 + random.below(20_000),
        0 => random.below(200),
        _ => random.below(12),
    };
    let line_break: &[u8] = pick(random, &[b"\n", b"\n", b"\r\n"]);
    let style = Style::any(random);
    let mut text = columns.join(style.separator).into_bytes();
    let header = text.len();
    let (mut id, mut arrival_ns) = (random.below(3), random.below(1000));
    let shift = random.below(62);
    for _ in 0..rows {
        text.extend_from_slice(line_break);
        if style.is_strange && once_in(random, 8) {
            text.extend_from_slice(b" ");
            text.extend_from_slice(line_break);
        }
        for (place, column) in columns.iter().enumerate() {
            text.extend_from_slice(if place > 0 { style.separator } else { "" }.as_bytes());
            let cell = cell(random, column, id, arrival_ns, &style);
            text.extend_from_slice(&style.decorate(random, cell));
        }
        id = id.saturating_add(if once_in(random, 1_000) { number(random) >> 1 } else { 1 + random.below(2) });
        arrival_ns += random.bits() >> (2 + shift).max(16);
    }
    if once_in(random, 2) {
        text.extend_from_slice(line_break);
    }
    if once_in(random, 100) {
        // In a note, in a number, or at any position.
        let at = place(random, text.len());
        let long = vec![pick(random, b"0x"); 65_480 + random.below(80) as usize];
        text.splice(at..at, long);
    }
    if once_in(random, 2) {
        let edits = 1 + random.below(4);
        let header = if once_in(random, 4) { 0 } else { header };
        // Around block borders more often than elsewhere.
        let from = match text.len() as u64 / BLOCK {
            blocks @ 1.. if once_in(random, 2) => ((1 + random.below(blocks)) * BLOCK - random.below(64)) as usize,
            _ => header + place(random, text.len() - header),
        };
        let mut rest = text.split_off(from.min(text.len()).max(header));
        let behind = rest.split_off(rest.len().min(64));
        edit(&mut rest, random, edits, WORDS);
        text.extend(rest);
        text.extend(behind);
    }
    if once_in(random, 10) {
        let number = number(random);
        let origin = format!("# origin_ns={}", pick(random, &[0, 1, 500, number]));
        text = [origin.as_bytes(), line_break, &text].concat();
    }
    text
}

/// How a file is written.
struct Style {
    separator: &'static str,
    /// Whether numbers, blanks and quotes are written in other ways than tracegen's.
    is_strange: bool,
    /// Whether clients and blocks have names.
    has_names: bool,
}

impl Style {
    fn any(random: &mut Stream) -> Self {
        let separator = pick(random, &[",", ",", ",", ";", "\t", "|"]);
        Self { separator, is_strange: once_in(random, 2), has_names: once_in(random, 6) }
    }

    /// The cell, perhaps in another way of writing it.
    fn decorate(&self, random: &mut Stream, cell: String) -> Vec<u8> {
        if !self.is_strange || !once_in(random, 4) {
            return cell.into_bytes();
        }
        let is_number = cell.bytes().any(|byte| byte.is_ascii_digit()) && cell.parse::<f64>().is_ok();
        match random.below(8) {
            0 => format!("\"{cell}\""),
            1 => format!(" {cell}\t"),
            2 if !is_number => format!("\"{cell}{}{cell}\n\"\"\"", self.separator),
            3 if is_number => format!("+{cell}"),
            4 if is_number => format!("{cell}e0"),
            5 if is_number && !cell.contains('.') => format!("{cell}.0"),
            6 if is_number && self.separator == ";" => cell.replace('.', ","),
            7 if is_number && !cell.contains('.') => format!("{cell}000E-3"),
            _ => cell,
        }
        .into_bytes()
    }
}

/// Some columns in any order; mostly one of them is an arrival.
fn columns(random: &mut Stream) -> Vec<String> {
    let unit = |random: &mut Stream| pick(random, &["s", "ms", "us", "ns"]);
    let usual = "id,arrival_ns,client,op,block,size";
    let all = "id,arrival_ns,service_ns,client,class,op,block,size,reply_size";
    // The first has a fast path of its own.
    let given: &str = match random.below(5) {
        0 | 1 => usual,
        2 => all,
        _ => "",
    };
    if !given.is_empty() {
        return given.split(',').map(str::to_owned).collect();
    }
    let mut columns: Vec<String> = ["id", "client", "class", "op", "block", "size", "reply_size", "note", ""]
        .into_iter()
        .filter(|_| once_in(random, 2))
        .map(str::to_owned)
        .collect();
    if !once_in(random, 20) {
        columns.push(format!("arrival_{}", unit(random)));
    }
    if once_in(random, 2) {
        columns.push(format!("service_{}", unit(random)));
    }
    for last in (1..columns.len()).rev() {
        columns.swap(last, random.below(last as u64 + 1) as usize);
    }
    columns
}

fn cell(random: &mut Stream, column: &str, id: u64, arrival_ns: u64, style: &Style) -> String {
    let number = number(random);
    match column {
        "client" | "block" if style.has_names => {
            format!("{}{}", pick(random, &["", "a", "é ", "192.0.2."]), number % 10)
        }
        "id" => id.to_string(),
        "class" => (number as u16).to_string(),
        "op" => pick(random, &["r", "w", "R", "W", "read", "Write"]).to_owned(),
        "block" => number.to_string(),
        "client" | "size" | "reply_size" => (number as u32).to_string(),
        _ if column.starts_with("arrival_") => decimal(random, arrival_ns, column),
        _ if column.starts_with("service_") && once_in(random, 3) => String::new(),
        _ if column.starts_with("service_") => decimal(random, number >> 2, column),
        _ => pick(random, &["", "a b", "-1", "é", "\u{feff}", "0"]).to_owned(),
    }
}

/// `ns` in the unit of `column`, with added zeros and digits that do not change the value.
fn decimal(random: &mut Stream, ns: u64, column: &str) -> String {
    let places = match column.split_once('_').map(|(_, unit)| unit) {
        Some("s") => 9,
        Some("ms") => 6,
        Some("us") => 3,
        _ => 0,
    };
    let text = format!("{ns:0>width$}", width = places + 1);
    let (whole, fraction) = text.split_at(text.len() - places);
    match random.below(3) {
        0 if fraction.bytes().all(|byte| byte == b'0') => whole.to_owned(),
        0 | 1 if !fraction.is_empty() => format!("{whole}.{fraction}"),
        0 | 1 => whole.to_owned(),
        // Whole nanoseconds have no decimals.
        _ if places == 0 && !once_in(random, 1_000) => format!("00{whole}"),
        _ => format!("00{whole}.{fraction}{}", random.bits()),
    }
}

pub(super) fn run(text: &[u8]) -> Result<End, String> {
    let expected = rows::read(text, &demands());
    Input::with(text, |input| {
        let named = ReadFlags { trace_format: Some("csv".to_owned()), ..ReadFlags::default() };
        let end = compare(input, input.read(&named).map(|read| read.requests), &expected)?;
        // With zeros it may be taken for a binary format.
        if expected.is_ok() && !text.contains(&0) {
            compare(input, input.read(&ReadFlags::default()).map(|read| read.requests), &expected)?;
        }
        Ok(end)
    })
}

fn compare(
    input: &Input,
    read: Result<Vec<Request>, Failure>,
    expected: &Result<Vec<Request>, rows::Wrong>,
) -> Result<End, String> {
    match (read, expected) {
        (Ok(read), Ok(expected)) if read == *expected => Ok("read"),
        (Ok(read), Ok(expected)) => {
            let differs = read.iter().zip(expected).position(|(read, expected)| read != expected);
            let row = differs.unwrap_or(read.len().min(expected.len()));
            Err(format!("row {row} of {} is read as {:?}, not {:?}", expected.len(), read.get(row), expected.get(row)))
        }
        (Ok(read), Err(wrong)) => Err(format!("{} requests are read, but {wrong:?}", read.len())),
        (Err(failure), Ok(expected)) => Err(format!("{} requests are refused: {failure}", expected.len())),
        (Err(failure @ Failure::Trace { .. }), Err(wrong)) => {
            check_lines(&failure)?;
            let is_there = matches!(
                &failure,
                Failure::Trace { file: Some(file), at, rule }
                    if *file == input.name() && (*at == wrong.line.map(At::Line) || wrong.or_whole && (at.is_none() || rule.contains("before the origin of time")))
            );
            if is_there { Ok("refused") } else { Err(format!("refused as {failure}, but {wrong:?}")) }
        }
        (Err(failure), Err(_)) => Err(format!("refused as {}: {failure}", failure.class())),
    }
}

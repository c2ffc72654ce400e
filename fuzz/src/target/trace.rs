//! Traces of every format, edited, and read with any flags: accepted requests are in order and complete, and an error
//! names the line, the record or the fault of the whole. A target per family of parsers makes the cases; all run alike.

use contract::{Request, RequestHeader};
use failure::{At, Class, Failure};
use random::streams::Stream;
use trace::reader::ReadFlags;
use trace::testing::SAMPLES;

use super::container::{Container, zstd_bomb};
use super::input::{Input, Read, WORDS};
use super::{check_lines, flags, properties};
use crate::End;
use crate::edit::{edit, number, once_in, pick};

/// Bytes of a case before its trace: the flags, the property that is compared, the container.
const HEAD: usize = flags::LEN + 2;
/// A rare case is so many rows longer, so that it has several blocks.
const MORE_ROWS: u64 = 20_000;

const DELIMITED: &[&str] = &[
    "alibaba-block",
    "azure-functions-2021",
    "azure-llm",
    "burstgpt",
    "cloudphysics",
    "csv",
    "jmeter",
    "k6",
    "libcachesim-csv",
    "msr",
    "original",
    "spc",
    "splitwise",
    "systor17",
    "vegeta",
    "vidur",
];
const LINES: &[&str] = &["combined", "fio-iolog", "haproxy", "mqsim", "nginx", "swf"];
const JSON: &[&str] = &["mooncake"];
const BINARY: &[&str] = &["oracle-general", "records"];

/// Files without a format, for `--columns`.
const OTHERS: &[&[u8]] = &[
    b"user;ts;dur;verb\nanna;0,5;12;GET\nben;1,25;3;POST\n\xc3\xa9;2;;delete\n",
    b"note\tts\tuser\tend\tdur\n\"a\n\"\"b\"\t1\tx\t2.5\t1\n\t2\ty\t1e1\t.5\n",
    b"when|size\n2024-05-10T02:00:00+02:00|1\n2024-05-10 00:00:01Z|2.0\n",
    b"\xef\xbb\xbf\"ts\",\"dur\",\"\"\r\n\"1.5\",\"2\",\"\"\r\n\r\n 2 , 3,\"5\"\" disk\"\r\n",
    b"10.5 7\n11   8\n11\t9\n",
    b"{\"ts\": 1, \"dur\": 0.5, \"user\": \"a\\u00e9\"}\n{\"dur\": null, \"x\": [{}], \"ts\": 2e0}\n",
];

/// A case of a trace of delimited cells.
pub(super) fn delimited(random: &mut Stream) -> Vec<u8> {
    let kind = random.below(8);
    case_of(random, DELIMITED, |random, _| match kind {
        0 => Some(pick(random, OTHERS).to_vec()),
        1 | 2 => Some(super::csv::make(random)),
        _ => None,
    })
}

/// A case of a trace of lines that blanks or a function of the format divide.
pub(super) fn lines(random: &mut Stream) -> Vec<u8> {
    let other = once_in(random, 10);
    case_of(random, LINES, |random, _| other.then(|| pick(random, OTHERS).to_vec()))
}

/// A case of a trace of JSON lines.
pub(super) fn json(random: &mut Stream) -> Vec<u8> {
    let other = once_in(random, 3);
    case_of(random, JSON, |_, _| other.then(|| OTHERS[5].to_vec()))
}

/// A case of a binary trace.
pub(super) fn binary(random: &mut Stream) -> Vec<u8> {
    case_of(random, BINARY, |_, _| None)
}

/// A case of a packed trace: its container is edited too, or grows without bound.
pub(super) fn packed(random: &mut Stream) -> Vec<u8> {
    let names: Vec<&str> = flags::names().collect();
    let mut case = case_of(random, &names, |_, _| None);
    let container = 1 + random.below(4) as u8;
    case[HEAD - 1] = container;
    if once_in(random, 2) {
        let mut packed = match random.below(40) {
            0 => zstd_bomb(pick(random, b"\0x\n1"), 200, random.below(32) as u8),
            1 => Container::Gzip.pack(&vec![pick(random, b"\0x\n1"); 20 << 20]),
            _ => Container::of(container).pack(&case[HEAD..]),
        };
        let edits = random.below(4);
        edit(&mut packed, random, edits, &[]);
        case[HEAD - 1] = 0;
        case.truncate(HEAD);
        case.append(&mut packed);
    }
    case
}

/// A case of one of the formats `names`, or of what `other` makes.
fn case_of(random: &mut Stream, names: &[&str], other: impl FnOnce(&mut Stream, &str) -> Option<Vec<u8>>) -> Vec<u8> {
    let name = pick(random, names);
    let mut trace = match other(random, name) {
        Some(other) => other,
        None => {
            SAMPLES.iter().find(|(known, _)| *known == name).map_or_else(|| records(random), |(_, text)| text.to_vec())
        }
    };
    if once_in(random, 200) && trace.ends_with(b"\n") {
        let last = trace[..trace.len() - 1].iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let last = trace[last..].to_vec();
        trace.extend(last.repeat(random.below(MORE_ROWS) as usize));
    }
    let edits = pick(random, &[0, 0, 0, 1, 1, 2, 5]);
    edit(&mut trace, random, edits, WORDS);
    let mut case = flags::make(random, name).to_vec();
    case.extend([random.bits() as u8, 0]);
    case.append(&mut trace);
    case
}

fn records(random: &mut Stream) -> Vec<u8> {
    let count = random.below(12);
    let record_len = pick(random, &[48usize, 48, 56, 4_096]);
    let requests = if once_in(random, 2) { RequestHeader::UNKNOWN } else { count };
    let origin_ns = pick(random, &[0, 0, 1, 500]);
    let header = RequestHeader { record_len: record_len as u32, requests, origin_ns };
    let mut bytes = header.to_bytes().to_vec();
    bytes.resize(record_len, 0);
    let mut request = Request { arrival_ns: 500, ..Request::default() };
    for _ in 0..count {
        let end = bytes.len() + record_len;
        request.service_ns = if once_in(random, 9) { number(random) } else { random.below(1_000) };
        request.op = random.below(3) as u8;
        bytes.extend_from_slice(&request.to_bytes());
        bytes.resize(end, 0);
        request.id += 1 + random.below(3);
        request.arrival_ns += random.below(1_000);
    }
    bytes
}

pub(super) fn run(bytes: &[u8]) -> Result<End, String> {
    let mut head = [0; HEAD];
    let (start, trace) = bytes.split_at(bytes.len().min(HEAD));
    head[..start.len()].copy_from_slice(start);
    let [flags @ .., property, container] = head;
    let (flags, container) = (flags::read(&flags), Container::of(container));
    Input::with(&container.pack(trace), |input| {
        let read = input.read(&flags);
        match &read {
            Ok(read) => check_requests(read, &flags)?,
            Err(failure) if failure.class() == Class::Usage => return check_lines(failure).map(|()| "usage"),
            Err(failure) => check_refusal(failure, input, trace)?,
        }
        properties::hold(property, input, &flags, &read, (container, trace))?;
        Ok(match &read {
            Ok(read) if read.requests.is_empty() => "empty",
            Ok(read) if read.summary.skipped.is_empty() => "read",
            Ok(_) => "skipped",
            Err(Failure::Trace { at: None, .. }) => "whole",
            Err(_) => "row",
        })
    })
}

fn check_requests(read: &Read, flags: &ReadFlags) -> Result<(), String> {
    let Read { requests, summary, remarks } = read;
    for pair in requests.windows(2) {
        if pair[0].id >= pair[1].id || pair[0].arrival_ns > pair[1].arrival_ns {
            return Err(format!("{pair:?} are not in order"));
        }
    }
    // Spreading may add a tick to the last arrival.
    let limit = if flags.spread.is_some() { 1 << 63 } else { 1 << 62 };
    if let Some(late) = requests.iter().find(|request| request.arrival_ns >= limit || request.service_ns >= 1 << 62) {
        return Err(format!("{late:?} has a time of 2^62 ns or more"));
    }
    let [file] = summary.files.as_slice() else { return Err(format!("{summary:?}")) };
    let may_declare = ["csv", "records"].contains(&file.format) && flags.from.is_none();
    let is_first = flags.origin.as_deref().is_none_or(|origin| origin == "first");
    let first_ns = requests.first().map_or(0, |request| request.arrival_ns);
    // Without a flag the origin is the first arrival of the whole trace, whatever is left out.
    let is_whole = flags.only.is_none() && flags.sample.is_none();
    let of_used = is_whole || flags.from.is_some() || flags.origin.is_some();
    if first_ns != 0 && is_first && of_used && !(may_declare && flags.origin.is_none()) {
        return Err(format!("the first arrival is {first_ns} in {summary:?}"));
    }
    if flags.sort && flags.from.is_none() && is_whole && (0..).zip(requests).any(|(id, request)| request.id != id) {
        return Err("sorted requests are not numbered by their position".to_owned());
    }
    let named = flags.trace_format.as_deref().is_none_or(|named| named == file.format);
    let skipped = flags.skip_bad_rows || summary.skipped.is_empty();
    let whole = summary.requests == requests.len() as u64 && summary.sampled <= summary.requests;
    if !(named && skipped && whole && summary.flags == flags.given()) {
        return Err(format!("{summary:?}"));
    }
    let is_wrong = |remark: &&String| remark.is_empty() || remark.len() > 4_096;
    match remarks.iter().find(is_wrong) {
        Some(remark) => Err(format!("a remark has {} bytes: {remark:.200}", remark.len())),
        None => Ok(()),
    }
}

/// Whether an error is about the trace, and gives its location.
fn check_refusal(failure: &Failure, input: &Input, trace: &[u8]) -> Result<(), String> {
    /// Rules of a trace as a whole, and parts of them.
    const WHOLE: &[&str] = &[
        "the file is empty",
        "the file is cut short",
        "the file is too long",
        "the first bytes are",
        "version ",
        "record length ",
        "the header's reserved bytes",
        "origin_ns ",
        "is before the origin of time",
        "the last arrival comes 2^62 ns or more after the origin",
        "the first arrivals are not multiples of",
        " is not a multiple of ",
        "the gzip data is ",
        "the zstd data ",
        "the UTF-16 text ends within a character",
        "is a Parquet file",
        "is compressed with ",
        "is a zip archive",
        "is an SQLite database",
    ];
    check_lines(failure)?;
    let wrong = || format!("refused as {}: {failure}", failure.class());
    let Failure::Trace { file: Some(file), at, rule } = failure else { return Err(wrong()) };
    // A packed trace has other lines than its bytes.
    let is_plain = !matches!(trace, [0x1f, 0x8b, ..] | [0x28, 0xb5, ..] | [0x50..=0x5f, 0x2a, ..] | [0xff | 0xfe, ..]);
    let lines = trace.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    let is_there = match *at {
        None => WHOLE.iter().any(|whole| rule.contains(whole)),
        Some(At::Line(line)) => line > 0 && (line <= lines || !is_plain),
        Some(At::Record(record)) => record > 0 && (record <= trace.len() as u64 / 24 + 1 || !is_plain),
        Some(At::Request(_)) => false,
    };
    if *file == input.name() && is_there { Ok(()) } else { Err(wrong()) }
}

//! Traces of every format, edited, for the trace reader: it rejects them with a line or a record, and the requests that
//! it reads are in order.

use contract::{Request, RequestHeader};
use failure::{At, Failure};
use random::streams::Stream;
use trace::reader::ReadFlags;

use super::check_words;
use super::input::{Input, Read, WORDS};
use crate::End;
use crate::edit::{edit, number, once_in, pick};

/// The formats, each with an example. Records are generated.
const SEEDS: &[(&str, &[u8])] = &[
    ("csv", b"arrival_us,service_us\n0,5\n2,5\n20,1\n"),
    ("csv", b"id,arrival_ns,client,op,block,size\n0,10,0,r,17,8\n1,10,3,w,4294967296,1\n9,2000,1,R,0,65535\n"),
    ("csv", b"\xef\xbb\xbfarrival_s,service_ms,note,class,reply_size\r\n0.5,,a b,1,2\r\n0.500000001,0.25,,65535,4294967295\r\n"),
    ("original", b"0,0,r,17,8\n1500,0,w,4294967296,1\n1500.5,3,R,0,0\n"),
    ("azure-functions-2021", b"app,func,end_timestamp,duration\na,foobar,0.07949090003967285,0.08\nb,g,57.15786004066467,57.154\na,g,1.25,0\n"),
    ("azure-llm", b"TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n2023-11-16 18:17:04.0319600,3180,8\r\n"),
    ("mqsim", b"938513000 4 264719034 16 0\n938828000  3\t197570570 16 1\n"),
    ("records", b""),
];

/// A case: options of reading (a byte), and the trace.
pub(super) fn make(random: &mut Stream) -> Vec<u8> {
    let (format, seed) = pick(random, SEEDS);
    let mut bytes = vec![random.bits() as u8];
    // Mostly recognised, or read as its own format; otherwise as any format.
    if !once_in(random, 4) {
        let named = SEEDS.iter().position(|(name, _)| *name == format).unwrap_or(0) as u8;
        bytes[0] = (bytes[0] & 0b1110_0011) | (named << 2);
    }
    let mut trace = if format == "records" { records(random) } else { seed.to_vec() };
    if format == "csv" && once_in(random, 2) {
        trace = super::csv::make(random);
    }
    let edits = random.below(6);
    edit(&mut trace, random, edits, WORDS);
    bytes.append(&mut trace);
    bytes
}

fn records(random: &mut Stream) -> Vec<u8> {
    let count = random.below(12);
    let record_len = pick(random, &[48usize, 48, 56, 4_096]);
    let requests = if once_in(random, 2) { contract::RequestHeader::UNKNOWN } else { count };
    let mut bytes = RequestHeader { record_len: record_len as u32, requests }.to_bytes().to_vec();
    bytes.resize(record_len, 0);
    let mut request = Request::default();
    for _ in 0..count {
        let end = bytes.len() + record_len;
        request.service_ns = if once_in(random, 9) { number(random) } else { random.below(1_000) };
        bytes.extend_from_slice(&request.to_bytes());
        bytes.resize(end, 0);
        request.id += 1 + random.below(3);
        request.arrival_ns += random.below(1_000);
    }
    bytes
}

pub(super) fn run(bytes: &[u8]) -> Result<End, String> {
    let (how, trace) = bytes.split_first().unwrap_or((&0, &[]));
    // Bits: sort, rebase, three for the format, two whether the format is given, and one for reading from a pipe too.
    let named = SEEDS[usize::from(how >> 2 & 7)].0;
    let flags = ReadFlags {
        sort: how & 1 != 0,
        rebase: how & 2 != 0,
        trace_format: (how >> 5 & 3 == 0).then(|| named.to_owned()),
    };
    Input::with(trace, |input| {
        let read = input.read(&flags);
        if how >> 7 != 0 {
            let piped = input.read_piped(&flags);
            if format!("{read:?}") != format!("{piped:?}").replace(&input.pipe(), &input.name()) {
                return Err(format!("from a file {read:?}, from a pipe {piped:?}"));
            }
        }
        match read {
            Ok(read) => check_requests(&read, &flags, trace).map(|()| "read"),
            Err(failure) => check_refusal(&failure, input, trace),
        }
    })
}

fn check_requests(read: &Read, flags: &ReadFlags, trace: &[u8]) -> Result<(), String> {
    let Read { requests, summary } = read;
    for pair in requests.windows(2) {
        if pair[0].id >= pair[1].id || pair[0].arrival_ns > pair[1].arrival_ns {
            return Err(format!("{pair:?} are not in order"));
        }
    }
    if let Some(late) = requests.iter().find(|request| request.arrival_ns.max(request.service_ns) >= 1 << 62) {
        return Err(format!("{late:?} has a time of 2^62 ns or more"));
    }
    let of_file = ["csv", "original", "records"].contains(&summary.format);
    let first_ns = requests.first().map_or(0, |request| request.arrival_ns);
    if first_ns != 0 && (flags.rebase || !of_file) || summary.offset_ns != 0 && of_file && !flags.rebase {
        return Err(format!("the first arrival is {first_ns} in {summary:?}"));
    }
    if flags.sort && (0..).zip(requests).any(|(id, request)| request.id != id) {
        return Err("sorted requests are not numbered by their position".to_owned());
    }
    let whole = summary.requests == requests.len() as u64 && summary.bytes == trace.len() as u64;
    let named = flags.trace_format.as_deref().is_none_or(|named| named == summary.format);
    if whole && named && summary.sampled <= summary.requests { Ok(()) } else { Err(format!("{summary:?}")) }
}

/// Whether an error is about the trace, and gives its location.
fn check_refusal(failure: &Failure, input: &Input, trace: &[u8]) -> Result<End, String> {
    /// Errors of a trace as a whole.
    const WHOLE: &[&str] = &[
        "the file is empty",
        "the file is cut short",
        "the file is too long",
        "the first bytes are",
        "version ",
        "record length ",
        "the header's reserved bytes",
    ];
    check_words(failure)?;
    let wrong = || format!("refused as {}: {failure}", failure.class());
    let Failure::Trace { file: Some(file), at, rule } = failure else { return Err(wrong()) };
    let lines = trace.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
    let (end, is_there) = match *at {
        None => ("whole", WHOLE.iter().any(|whole| rule.starts_with(whole))),
        Some(At::Line(line)) => ("line", (1..=lines).contains(&line)),
        Some(At::Record(record)) => ("record", record <= trace.len() as u64 / 48),
        Some(At::Request(_)) => ("request", false),
    };
    if *file == input.name() && is_there { Ok(end) } else { Err(wrong()) }
}

//! The flags of a case, as bytes.

use random::streams::Stream;
use trace::reader::ReadFlags;
use trace::shape::keep::Only;
use trace::testing::SAMPLES;

use crate::edit::{once_in, pick};

/// Bytes of the flags: one each. 0 is a flag that is not given, any other selects one of its values.
pub(super) const LEN: usize = 13;
/// The byte of `--trace-format`.
const FORMAT: usize = 0;

const COLUMNS: &[&str] = &[
    "arrival=ts:s, service=dur:ms, client=user, op=verb",
    "arrival=ts:s",
    "arrival=ts:min,service=dur:h",
    "arrival=when, size=size",
    "arrival=when:date",
    "arrival=1:s",
    "arrival=2:ms,size=1",
    "arrival=3:us-2:s,client=1:name",
    "arrival=end-dur:ms,block=note",
    "arrival=ts:s-dur",
    "arrival=end_timestamp:s",
    "arrival=arrival_ns:us,id=id",
    "arrival=timestamp:us",
    "arrival=time:date",
    "service=duration:ms",
    "service=request_time:s",
    "service=latency:ns",
    "service=size:us,size=size",
    "client=note:name,block=note:number",
    "client=client,class=class,reply_size=bytes",
    "op=type",
    "size=\u{1b}[2J:ms",
    "arrival=\u{1b}[2J",
    "arrival=a=b",
    "arrival",
    "x=y",
    "",
];
const DELIMITERS: &[&str] = &[",", ";", "tab", "|", "blanks", " ", ":", "-", "\u{1}", "x", "", "é"];
const UNITS: &[&str] = &["s", "ms", "us", "ns", "min"];
const ORIGINS: &[&str] =
    &["first", "zero", "1ns", "900ns", "1.5s", "2023-11-16T18:17:03Z", "1969-12-31T00:00:00Z", "-1"];
const SPREADS: &[&str] = &["even", "random", "even:1s", "random:1ms", "even:1ns", "random:2h", "even:0"];
const TIMES: &[&str] =
    &["0", "1ns", "5us", "1ms", "1s", "1m", "1h", "100000h", "2023-11-16T18:17:03Z", "2024-05-10T00:00:01Z", "x"];
const SPEEDS: &[&str] = &["1", "2", "0.5", "3", "1e-9", "1e9", "1.000000001", "0", "1e-10"];
const SHARES: &[&str] =
    &["0.5:client", "0.25:client", "0.5:block", "1:block", "0.0000000000000000001:client", "2:client"];

/// The flags in `bytes`.
pub(super) fn read(bytes: &[u8; LEN]) -> ReadFlags {
    let text = |byte: u8, values: &[&str]| value(byte, values).map(str::to_owned);
    let format = |byte: u8| match byte {
        0 => None,
        byte => Some(names().nth(usize::from(byte - 1) % names().count()).unwrap_or_default().to_owned()),
    };
    let [trace_format, columns, delimiter, time_unit, origin, sort, skip, spread, from, until, speed, only, sample] =
        *bytes;
    ReadFlags {
        trace_format: format(trace_format),
        columns: text(columns, COLUMNS),
        delimiter: text(delimiter, DELIMITERS),
        time_unit: text(time_unit, UNITS),
        origin: text(origin, ORIGINS),
        sort: sort & 1 != 0,
        skip_bad_rows: skip & 1 != 0,
        spread: text(spread, SPREADS),
        from: text(from, TIMES),
        until: text(until, TIMES),
        speed: text(speed, SPEEDS),
        only: if only == 0 { None } else { Some(if only & 1 == 0 { Only::Read } else { Only::Write }) },
        sample: text(sample, SHARES),
    }
}

/// The names of all formats.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    SAMPLES.iter().map(|(name, _)| *name).chain(["records"])
}

fn value<'a>(byte: u8, values: &[&'a str]) -> Option<&'a str> {
    byte.checked_sub(1).map(|byte| values[usize::from(byte) % values.len()])
}

/// Flags for a trace of the format `name`: mostly none, or one that fits.
pub(super) fn make(random: &mut Stream, name: &str) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    if once_in(random, 4) {
        bytes[FORMAT] = names().position(|other| other == name).map_or(0, |place| place as u8 + 1);
    }
    for _ in 0..pick(random, &[0, 0, 1, 1, 2, 4]) {
        let flag = random.below(LEN as u64) as usize;
        // A format at random fits seldom.
        if flag != FORMAT || once_in(random, 8) {
            bytes[flag] = random.bits() as u8;
        }
    }
    bytes
}

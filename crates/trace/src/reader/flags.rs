//! The flags of every program that reads a trace.

use failure::{Failure, printable};

use super::moment::Moment;
use super::sequence::NORMAL_SPEED;
use crate::decimal::{self, Numbers};
use crate::format::{self, Divider, FORMATS, Format, MS, NS, S, US};
use crate::lines::columns::Columns;
use crate::shape::keep::{Keep, Only, Sample};
use crate::shape::spread::{How, Spread, SpreadFlag};

/// The flags of every program that reads a trace.
#[derive(clap::Args, Debug, Clone, Default)]
#[command(next_help_heading = "Reading a trace")]
pub struct ReadFlags {
    /// The trace's format.
    #[arg(long, value_name = "NAME", help = format!("The trace's format, instead of recognising it: {}", format::names()))]
    pub trace_format: Option<String>,
    /// Which column is what, with units of times: 'arrival=ts:s, service=dur:ms, client=user, op=verb'
    ///
    /// A file without a header has columns 1, 2, …; arrival=end-dur is a difference. Units are ns, us, ms, s, min, h, and
    /// date (ISO 8601) for an arrival; :name after a client or a block hashes names.
    #[arg(long, value_name = "MAPPING")]
    pub columns: Option<String>,
    /// What separates the columns: one character, tab, or blanks
    #[arg(long, value_name = "CHAR")]
    pub delimiter: Option<String>,
    /// The unit of arrivals, for formats whose files come in several: s, ms, us or ns
    #[arg(long, value_name = "UNIT")]
    pub time_unit: Option<String>,
    /// Where time starts: zero, first (the first arrival), or a TIME
    ///
    /// By default a trace starts at the origin in its file (that of tracegen's is 0), and without one at its first arrival. A TIME
    /// here and below is a duration (a bare number is in milliseconds) or a date: 90s, 2h, 2023-11-16T18:17:03Z.
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Option<String>,
    /// Sort the trace by arrival and number its requests anew
    #[arg(long)]
    pub sort: bool,
    /// Skip rows that can't be used; the report counts them by reason
    #[arg(long)]
    pub skip_bad_rows: bool,
    /// Place the requests of a tick of a coarse clock within it: even or random, with the tick as in even:1s
    #[arg(long, value_name = "HOW")]
    pub spread: Option<String>,
    /// Use the requests from TIME on, counted from the trace's origin
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Use the requests before TIME
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Divide all times of arrival by FACTOR
    #[arg(long, value_name = "FACTOR")]
    pub speed: Option<String>,
    /// Use only these requests
    #[arg(long, value_name = "OP")]
    pub only: Option<Only>,
    /// Use this share of the clients or of the blocks: 0.1:client
    #[arg(long, value_name = "SHARE:KEY")]
    pub sample: Option<String>,
}

/// Where `--origin` puts the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OriginFlag {
    First,
    At(i64),
}

/// The flags with their meanings.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) format: Option<&'static Format>,
    pub(super) columns: Columns,
    pub(super) delimiter: Option<Divider>,
    /// \[ns\]
    pub(super) time_unit: Option<u64>,
    pub(super) origin: Option<OriginFlag>,
    pub(super) sort: bool,
    pub(super) skip_bad_rows: bool,
    pub(super) spread: Option<SpreadFlag>,
    pub(super) from: Option<Moment>,
    pub(super) until: Option<Moment>,
    pub(super) speed: u64,
    pub(super) keep: Keep,
    /// Whether `--sample` samples blocks.
    pub(super) samples_blocks: bool,
    /// Whether `--only` is given.
    pub(super) needs_op: bool,
}

impl ReadFlags {
    /// The flags that are given, with their values as they were given.
    pub fn given(&self) -> Vec<(&'static str, String)> {
        let Self { trace_format, columns, delimiter, time_unit, origin, sort, skip_bad_rows, .. } = self;
        let Self { spread, from, until, speed, only, sample, .. } = self;
        let only = only.map(|only| match only {
            Only::Read => "read".to_owned(),
            Only::Write => "write".to_owned(),
        });
        let yes = |is_given: bool| is_given.then(|| "yes".to_owned());
        [
            ("trace-format", trace_format.clone()),
            ("columns", columns.clone()),
            ("delimiter", delimiter.clone()),
            ("time-unit", time_unit.clone()),
            ("origin", origin.clone()),
            ("sort", yes(*sort)),
            ("skip-bad-rows", yes(*skip_bad_rows)),
            ("spread", spread.clone()),
            ("from", from.clone()),
            ("until", until.clone()),
            ("speed", speed.clone()),
            ("only", only),
            ("sample", sample.clone()),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }

    /// Whether arrivals depend on SEED, as those that `--spread random` places.
    pub fn are_random(&self) -> bool {
        let spread = self.spread.as_deref().and_then(|text| Spread::parse(text).ok());
        spread.is_some_and(|flag| flag.how == How::Random)
    }

    /// The meanings of the flags.
    ///
    /// # Errors
    /// [`Failure::Usage`] that names the flag, its value and the rule that it breaks.
    pub(super) fn options(&self) -> Result<Options, Failure> {
        let sample = parsed("sample", self.sample.as_deref(), Sample::parse)?;
        let format = parsed("trace-format", self.trace_format.as_deref(), |name| {
            FORMATS
                .iter()
                .find(|format| format.name == name)
                .copied()
                .ok_or_else(|| format!("is none of {}", format::names()))
        })?;
        Ok(Options {
            format,
            columns: parsed("columns", self.columns.as_deref(), Columns::parse)?.unwrap_or_default(),
            delimiter: parsed("delimiter", self.delimiter.as_deref(), delimiter)?,
            time_unit: parsed("time-unit", self.time_unit.as_deref(), time_unit)?,
            origin: parsed("origin", self.origin.as_deref(), origin)?,
            sort: self.sort,
            skip_bad_rows: self.skip_bad_rows,
            spread: parsed("spread", self.spread.as_deref(), Spread::parse)?,
            from: parsed("from", self.from.as_deref(), Moment::parse)?,
            until: parsed("until", self.until.as_deref(), Moment::parse)?,
            speed: parsed("speed", self.speed.as_deref(), speed)?.unwrap_or(NORMAL_SPEED),
            keep: Keep::new(self.only, sample.as_ref()),
            needs_op: self.only.is_some(),
            samples_blocks: sample.is_some_and(|sample| sample.is_by_block()),
        })
    }
}

fn parsed<T>(flag: &str, text: Option<&str>, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let shown = || printable(text.as_bytes(), 80);
    parse(text).map(Some).map_err(|rule| Failure::usage(format!("--{flag} {}: {rule}", shown())))
}

fn delimiter(text: &str) -> Result<Divider, String> {
    match text.as_bytes() {
        _ if text == "tab" => Ok(Divider::Delimited(b'\t')),
        _ if text == "blanks" => Ok(Divider::Blanks),
        &[byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'.' | b'\r' | b'\n') => {
            Ok(Divider::Delimited(byte))
        }
        _ => Err("must be one character, tab or blanks".to_owned()),
    }
}

fn time_unit(text: &str) -> Result<u64, String> {
    match text {
        "s" => Ok(S),
        "ms" => Ok(MS),
        "us" | "µs" => Ok(US),
        "ns" => Ok(NS),
        _ => Err("must be s, ms, us or ns".to_owned()),
    }
}

fn origin(text: &str) -> Result<OriginFlag, String> {
    match text {
        "zero" => Ok(OriginFlag::At(0)),
        "first" => Ok(OriginFlag::First),
        _ => Moment::parse(text)
            .map(|moment| OriginFlag::At(moment.in_trace()))
            .map_err(|rule| format!("must be zero, first or a time ({rule})")),
    }
}

/// The factor in billionths.
fn speed(text: &str) -> Result<u64, String> {
    let billionths = decimal::freely(text.as_bytes(), NORMAL_SPEED, Numbers::Point);
    let speed = billionths.and_then(|speed| u64::try_from(speed).ok()).filter(|&speed| speed > 0);
    speed.ok_or_else(|| "must be a number above 0 with at most 9 decimal places".to_owned())
}

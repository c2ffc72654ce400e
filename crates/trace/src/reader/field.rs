//! Meanings of columns, and how a cell of each is read.

use time::{Date, Month};

use crate::decimal;
use contract::Request;
use random::streams::fnv1a;

/// Upper limit of times, 146 years \[ns\].
pub(super) const TIME_LIMIT: u64 = 1 << 62;

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// The meaning of a column. Times hold the length of their unit \[ns\].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The request's id.
    Id,
    /// Its arrival.
    Arrival(u64),
    /// Its arrival: `2023-11-16 18:17:03.9799600`, since 1970; may be negative.
    Date,
    /// Its end; the arrival is the end minus the duration, and may be negative.
    End(u64),
    /// Its demand; sampled if it is empty.
    Service(u64),
    /// Its demand, never empty.
    Duration(u64),
    /// The client's number.
    Client,
    /// The client's name, hashed: the two halves of FNV-1a, XORed.
    ClientName,
    /// Priority or kind.
    Class,
    /// The names of reads and writes.
    Op(&'static [(&'static str, u8)]),
    /// The first block.
    Block,
    /// The name of what is requested, hashed by FNV-1a.
    BlockName,
    /// Size, in the format's unit.
    Size,
    /// Size of the response, in the format's unit.
    ReplySize,
    /// Not read.
    Ignored,
}

impl Field {
    /// Writes the value of `cell` into `request`; None if the cell breaks [`Field::rule`].
    pub(super) fn read(self, cell: &[u8], request: &mut Request) -> Option<()> {
        match self {
            Field::Id => request.id = decimal::integer(cell)?,
            Field::Arrival(unit) | Field::End(unit) => request.arrival_ns = time(cell, unit)?,
            Field::Date => request.arrival_ns = date(cell)? as u64,
            Field::Service(_) if cell.is_empty() => {}
            Field::Service(unit) | Field::Duration(unit) => request.service_ns = time(cell, unit)?,
            Field::Client => request.client = decimal::integer(cell)?.try_into().ok()?,
            Field::ClientName => {
                let hash = name(cell)?;
                request.client = (hash ^ (hash >> 32)) as u32;
            }
            Field::Class => request.class = decimal::integer(cell)?.try_into().ok()?,
            Field::Op(words) => request.op = words.iter().find(|(word, _)| word.as_bytes() == cell)?.1,
            Field::Block => request.block = decimal::integer(cell)?,
            Field::BlockName => request.block = name(cell)?,
            Field::Size => request.size = decimal::integer(cell)?.try_into().ok()?,
            Field::ReplySize => request.reply_size = decimal::integer(cell)?.try_into().ok()?,
            Field::Ignored => {}
        }
        Some(())
    }

    /// The rule for a cell.
    pub(super) fn rule(self) -> String {
        match self {
            Field::Id | Field::Block => "an integer below 2^64".to_owned(),
            Field::Client | Field::Size | Field::ReplySize => "an integer below 2^32".to_owned(),
            Field::Class => "an integer below 2^16".to_owned(),
            Field::Arrival(_) | Field::End(_) | Field::Service(_) | Field::Duration(_) => {
                "a decimal number without sign, below 2^62 ns".to_owned()
            }
            Field::Date => "a date and time such as 2023-11-16 18:17:03.9799600, within 2^62 ns of 1970".to_owned(),
            Field::Op(words) => {
                format!("one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
            }
            Field::ClientName | Field::BlockName | Field::Ignored => "a name".to_owned(),
        }
    }

    /// Whether both have the same meaning, so that only one may occur.
    pub(super) fn same(self, other: Field) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

fn time(cell: &[u8], unit: u64) -> Option<u64> {
    decimal::scaled(cell, unit).filter(|&ns| ns < TIME_LIMIT)
}

fn name(cell: &[u8]) -> Option<u64> {
    (!cell.is_empty()).then(|| fnv1a(cell))
}

/// `YYYY-MM-DD hh:mm:ss`, with or without decimals, since 1970 \[ns\]. There are no leap seconds.
fn date(cell: &[u8]) -> Option<i64> {
    let (day, clock) = (cell.get(..10)?, cell.get(11..)?);
    let apart = day[4] == b'-' && day[7] == b'-' && cell[10] == b' ';
    let clock_apart =
        clock.len() >= 8 && clock[2] == b':' && clock[5] == b':' && clock.get(8).is_none_or(|&b| b == b'.');
    if !apart || !clock_apart {
        return None;
    }
    let number = |text: &[u8]| decimal::integer(text);
    let month = Month::try_from(u8::try_from(number(&day[5..7])?).ok()?).ok()?;
    let date =
        Date::from_calendar_date(number(&day[..4])? as i32, month, u8::try_from(number(&day[8..])?).ok()?).ok()?;
    let (hour, minute) = (number(&clock[..2])?, number(&clock[3..5])?);
    let second_ns = decimal::scaled(&clock[6..], 1_000_000_000)?;
    if hour > 23 || minute > 59 || second_ns >= 60_000_000_000 {
        return None;
    }
    let minutes = i64::from(date.to_julian_day() - EPOCH) * 1_440 + (hour * 60 + minute) as i64;
    let ns = minutes.checked_mul(60_000_000_000)?.checked_add(second_ns as i64)?;
    (ns.unsigned_abs() < TIME_LIMIT).then_some(ns)
}

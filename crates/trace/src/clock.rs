//! Times of arrival: how a cell holds one, and how one is shown to people.

use time::{Date, Month};

use crate::decimal::{self, Numbers};

/// Upper limit of times, 146 years \[ns\].
pub(crate) const TIME_LIMIT: u64 = 1 << 62;

/// Nanoseconds of a minute.
const MINUTE_NS: i128 = 60_000_000_000;

/// The Julian day of 1970-01-01.
const EPOCH: i32 = 2_440_588;

/// How a cell holds a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// A number of units of this length \[ns\]. Whole nanoseconds have no decimals.
    Unit(u64),
    /// Windows' FILETIME: ticks of 100 ns since 1601.
    Filetime,
    /// ISO 8601: `2023-11-16 18:17:03.97996`, with `T` or a space, with or without decimals and an offset; UTC without one.
    Iso,
    /// Of the common log format: `05/Nov/2023:01:59:59 -0400`, with or without decimals and offset; UTC without one.
    Log,
}

/// Seconds from 1601 to 1970.
const FILETIME_TO_UNIX_S: i128 = 11_644_473_600;

impl Clock {
    /// The time in `cell` \[ns\]; since 1970 for dates. None if it breaks [`Clock::rule`].
    pub(crate) fn read(self, cell: &[u8], numbers: Numbers) -> Option<i64> {
        let ns = match self {
            Clock::Unit(1) => i128::from(decimal::whole(cell, numbers)?),
            Clock::Unit(unit) => decimal::freely(cell, unit, numbers).filter(|&ns| ns >= 0)?,
            Clock::Filetime => i128::from(decimal::integer(cell)?) * 100 - FILETIME_TO_UNIX_S * 1_000_000_000,
            Clock::Iso => iso(cell)?,
            Clock::Log => log(cell)?,
        };
        i64::try_from(ns).ok().filter(|ns| ns.unsigned_abs() < TIME_LIMIT)
    }

    /// The name of its unit.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Clock::Unit(1) => "ns",
            Clock::Unit(1_000) => "µs",
            Clock::Unit(1_000_000) => "ms",
            Clock::Unit(1_000_000_000) => "s",
            Clock::Unit(60_000_000_000) => "min",
            Clock::Unit(_) => "h",
            Clock::Filetime => "100 ns since 1601",
            Clock::Iso | Clock::Log => "date",
        }
    }

    /// The rule for a cell.
    pub(crate) fn rule(self) -> String {
        match self {
            Clock::Unit(1) => "a whole number of nanoseconds below 2^62".to_owned(),
            Clock::Unit(unit) => format!("a number of {} from 0, below 2^62 ns", unit_name(unit)),
            Clock::Filetime => "a number of 100 ns since 1601".to_owned(),
            Clock::Iso => "a date and time such as 2023-11-16 18:17:03.97996, within 2^62 ns of 1970".to_owned(),
            Clock::Log => "a date and time such as 05/Nov/2023:01:59:59 -0400, within 2^62 ns of 1970".to_owned(),
        }
    }

    /// `ns`, as a cell may hold it.
    pub(crate) fn show(self, ns: i64) -> String {
        let decimals = |ns: u64, unit: u64| {
            let places = unit.ilog10() as usize;
            let text = format!("{}.{:0places$}", ns / unit, ns % unit);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        };
        let sign = if ns < 0 { "-" } else { "" };
        match self {
            Clock::Unit(unit @ (1_000 | 1_000_000 | 1_000_000_000)) => {
                format!("{sign}{}", decimals(ns.unsigned_abs(), unit))
            }
            Clock::Unit(_) => format!("{ns} ns"),
            Clock::Filetime | Clock::Iso | Clock::Log => {
                let (day, of_day) = (ns.div_euclid(86_400_000_000_000), ns.rem_euclid(86_400_000_000_000) as u64);
                let date = i32::try_from(day).ok().and_then(|day| Date::from_julian_day(EPOCH + day).ok());
                let (minutes, rest) = (of_day / 60_000_000_000, of_day % 60_000_000_000);
                let seconds = decimals(rest, 1_000_000_000);
                let seconds = if rest < 10_000_000_000 { format!("0{seconds}") } else { seconds };
                let date = date.map_or("?".to_owned(), |date| date.to_string());
                format!("{date} {:02}:{:02}:{seconds} UTC", minutes / 60, minutes % 60)
            }
        }
    }
}

/// The name of a unit of this length \[ns\].
pub(crate) fn unit_name(ns: u64) -> &'static str {
    match ns {
        1 => "nanoseconds",
        1_000 => "microseconds",
        1_000_000 => "milliseconds",
        1_000_000_000 => "seconds",
        60_000_000_000 => "minutes",
        _ => "hours",
    }
}

/// A date and time of ISO 8601, since 1970 \[ns\]. There are no leap seconds.
pub(crate) fn iso(cell: &[u8]) -> Option<i128> {
    let (day, rest) = (cell.get(..10)?, cell.get(10..)?);
    if day[4] != b'-' || day[7] != b'-' {
        return None;
    }
    let days = days(&day[..4], month_number(&day[5..7])?, &day[8..])?;
    let clock = match rest {
        [b' ' | b'T' | b't', clock @ ..] => clock,
        _ => return None,
    };
    Some(days * 1_440 * MINUTE_NS + time_of_day(clock)?)
}

/// A date and time of the common log format, since 1970 \[ns\].
fn log(cell: &[u8]) -> Option<i128> {
    const MONTHS: [&[u8]; 12] =
        [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
    let (day, clock) = (cell.get(..11)?, cell.get(12..)?);
    if day[2] != b'/' || day[6] != b'/' || cell[11] != b':' {
        return None;
    }
    let month = MONTHS.iter().position(|name| *name == &day[3..6])?;
    let month = Month::try_from(u8::try_from(month + 1).ok()?).ok()?;
    Some(days(&day[7..], month, &day[..2])? * 1_440 * MINUTE_NS + time_of_day(clock)?)
}

fn month_number(text: &[u8]) -> Option<Month> {
    Month::try_from(u8::try_from(decimal::integer(text)?).ok()?).ok()
}

/// Days since 1970.
fn days(year: &[u8], month: Month, day: &[u8]) -> Option<i128> {
    let (year, day) = (decimal::integer(year)?, decimal::integer(day)?);
    let date = Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    Some(i128::from(date.to_julian_day() - EPOCH))
}

/// `hh:mm:ss` with or without decimals, then nothing, `Z`, or an offset `+hh:mm`, `+hhmm` or `+hh`, which a space may
/// precede; the time since midnight in UTC \[ns\].
fn time_of_day(text: &[u8]) -> Option<i128> {
    let end = text.iter().position(|byte| matches!(byte, b'Z' | b'z' | b'+' | b'-' | b' ')).unwrap_or(text.len());
    let (clock, offset) = (&text[..end], text[end..].trim_ascii_start());
    if clock.len() < 8 || clock[2] != b':' || clock[5] != b':' || clock.get(8).is_some_and(|&byte| byte != b'.') {
        return None;
    }
    let (hour, minute) = (decimal::integer(&clock[..2])?, decimal::integer(&clock[3..5])?);
    let second_ns = decimal::scaled(&clock[6..], 1_000_000_000)?;
    if hour > 23 || minute > 59 || second_ns >= 60_000_000_000 {
        return None;
    }
    Some(i128::from(hour * 60 + minute) * MINUTE_NS + i128::from(second_ns) - offset_minutes(offset)? * MINUTE_NS)
}

fn offset_minutes(text: &[u8]) -> Option<i128> {
    let (sign, digits) = match text {
        [] => return Some(0),
        [b'Z' | b'z'] => return Some(0),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, &b"00"[..]),
        4 => digits.split_at(2),
        5 if digits[2] == b':' => (&digits[..2], &digits[3..]),
        _ => return None,
    };
    let (hours, minutes) = (decimal::integer(hours)?, decimal::integer(minutes)?);
    (hours <= 23 && minutes <= 59).then(|| sign * i128::from(hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(clock: Clock, cell: &str) -> Option<i64> {
        clock.read(cell.as_bytes(), Numbers::Point)
    }

    #[test]
    fn dates_are_read_with_their_offsets() {
        for (clock, cell, ns) in [
            (Clock::Iso, "1970-01-01 00:00:00", 0),
            (Clock::Iso, "1969-12-31T23:59:59.9999999999", -1),
            (Clock::Iso, "2000-02-29 12:34:56.789", 951_827_696_789_000_000),
            (Clock::Iso, "2024-05-10 00:00:00.009930+00:00", 1_715_299_200_009_930_000),
            (Clock::Iso, "2024-05-10T02:00:00+0200", 1_715_299_200_000_000_000),
            (Clock::Iso, "2024-05-09T23:30:00-00:30", 1_715_299_200_000_000_000),
            (Clock::Iso, "2024-05-10t00:00:00Z", 1_715_299_200_000_000_000),
            (Clock::Log, "05/Nov/2023:01:59:59 -0400", 1_699_163_999_000_000_000),
            (Clock::Log, "05/Nov/2023:01:00:00 -0500", 1_699_164_000_000_000_000),
            (Clock::Log, "06/Feb/2009:12:14:14.655", 1_233_922_454_655_000_000),
            (Clock::Filetime, "128166372003061629", 1_172_163_600_306_162_900),
            (Clock::Unit(1_000), "1.5e3", 1_500_000),
            (Clock::Unit(1), "242", 242),
        ] {
            assert_eq!(read(clock, cell), Some(ns), "{cell}");
        }
        for wrong in
            ["2023-02-29 00:00:00", "2023-01-01 24:00:00", "2023-01-01 00:00", "2023-01-01 00:00:00 +1", "", "é"]
        {
            assert_eq!(read(Clock::Iso, wrong), None, "{wrong}");
        }
        assert_eq!((read(Clock::Unit(1), "242.5"), read(Clock::Unit(1_000), "-1")), (None, None));
    }

    #[test]
    fn times_are_shown_in_their_unit() {
        assert_eq!(Clock::Unit(1_000_000).show(1_500_000), "1.5");
        assert_eq!(Clock::Unit(1_000_000_000).show(-2_000_000_000), "-2");
        assert_eq!(Clock::Unit(1).show(7), "7 ns");
        assert_eq!(Clock::Iso.show(1_699_163_999_500_000_000), "2023-11-05 05:59:59.5 UTC");
        assert_eq!(Clock::Log.show(-1), "1969-12-31 23:59:59.999999999 UTC");
    }
}

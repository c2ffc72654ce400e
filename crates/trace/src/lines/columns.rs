//! `--columns`: the meanings of a file's columns, and their units.

use crate::clock::Clock;
use crate::field::{Field, Identity, READ_WRITE};
use crate::format::{MS, NS, S, US};
use contract::Request;
use failure::printable;

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Id,
    Arrival,
    Service,
    Client,
    Class,
    Op,
    Block,
    Size,
    ReplySize,
}

const TARGETS: [(&str, Target); 9] = [
    ("arrival", Target::Arrival),
    ("service", Target::Service),
    ("client", Target::Client),
    ("class", Target::Class),
    ("op", Target::Op),
    ("block", Target::Block),
    ("size", Target::Size),
    ("reply_size", Target::ReplySize),
    ("id", Target::Id),
];

impl Target {
    /// The meaning of `field`; None if `--columns` can't name it.
    pub(super) fn of(field: Field) -> Option<Self> {
        Some(match field {
            Field::Id => Self::Id,
            Field::Arrival(_) | Field::Before(_) => Self::Arrival,
            Field::Service(_) => Self::Service,
            Field::Client(_) => Self::Client,
            Field::Class => Self::Class,
            Field::Op(_) | Field::Method => Self::Op,
            Field::Block(_) | Field::FirstOfBlocks => Self::Block,
            Field::Size => Self::Size,
            Field::ReplySize => Self::ReplySize,
            Field::OnlyIf(_) | Field::Unless(_) | Field::Ignored => return None,
        })
    }
}

/// Words for reads and writes, in files of all kinds.
const VERBS: &[(&str, u8)] = &[
    READ_WRITE[0],
    READ_WRITE[1],
    READ_WRITE[2],
    READ_WRITE[3],
    ("get", Request::READ),
    ("head", Request::READ),
    ("options", Request::READ),
    ("put", Request::WRITE),
    ("post", Request::WRITE),
    ("patch", Request::WRITE),
    ("delete", Request::WRITE),
    ("set", Request::WRITE),
];

/// The units that may follow a column's name.
const UNITS: [(&str, u64); 7] =
    [("ns", NS), ("us", US), ("µs", US), ("ms", MS), ("s", S), ("min", 60 * S), ("h", 3_600 * S)];

/// One `target=column`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(super) target: Target,
    /// `column`, `column:kind`, or `end-duration`.
    column: String,
}

/// The columns that `--columns` names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns(Vec<Mapping>);

impl Columns {
    /// From `arrival=ts:s, service=dur:ms, client=user`.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut mappings: Vec<Mapping> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (target, column) = part.split_once('=').ok_or_else(|| {
                format!("\"{}\" is not of the form arrival=NAME:UNIT", printable(part.as_bytes(), 40))
            })?;
            let known = TARGETS.iter().find(|(name, _)| *name == target.trim());
            let names = || TARGETS.map(|(name, _)| name).join(", ");
            let &(name, target) =
                known.ok_or_else(|| format!("{} is none of {}", printable(target.trim().as_bytes(), 40), names()))?;
            if mappings.iter().any(|mapping| mapping.target == target) {
                return Err(format!("{name} is given twice"));
            }
            if column.trim().is_empty() {
                return Err(format!("{name} has no column"));
            }
            mappings.push(Mapping { target, column: column.trim().to_owned() });
        }
        Ok(Self(mappings))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it names an arrival, so that the file's format need not be recognised.
    pub(crate) fn has_arrival(&self) -> bool {
        self.0.iter().any(|mapping| mapping.target == Target::Arrival)
    }

    pub(super) fn mappings(&self) -> &[Mapping] {
        &self.0
    }

    /// Whether columns are named by their numbers, from 1: then the file has no header.
    pub(super) fn are_numbers(&self) -> bool {
        let is_number = |part: &str| {
            let name = part.split_once(':').map_or(part, |(name, _)| name);
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
        };
        !self.0.is_empty() && self.0.iter().all(|mapping| mapping.column.split('-').all(is_number))
    }
}

impl Mapping {
    /// The fields in a file whose columns are called `names`. `unit` is that of times without one; `first_cell` gives
    /// the first row's cell of a column.
    ///
    /// # Errors
    /// The rule that it breaks.
    pub(super) fn fields<'a>(
        &self,
        names: &[String],
        unit: Option<u64>,
        first_cell: impl Fn(usize) -> &'a [u8],
    ) -> Result<Vec<(usize, Field)>, String> {
        let Some((place, kind)) = find(names, &self.column) else {
            return match self.target {
                Target::Arrival => self.difference(names, unit),
                _ => Err(self.missing(names, &self.column)),
            };
        };
        let field = match self.target {
            Target::Arrival => match (kind, ending(&names[place]).or(unit)) {
                (Some("date"), _) => Field::Arrival(Clock::Iso),
                (None, None) => match first_date(first_cell(place)) {
                    Some(clock) => Field::Arrival(clock),
                    None => return Err(self.without_unit(&names[place])),
                },
                (kind, known) => Field::Arrival(Clock::Unit(self.unit(kind, known, &names[place])?)),
            },
            Target::Service => Field::Service(self.unit(kind, ending(&names[place]).or(unit), &names[place])?),
            Target::Client => Field::Client(identity(kind)?),
            Target::Block => Field::Block(identity(kind)?),
            _ if kind.is_some() => return Err(format!("{} takes no unit", self.column)),
            Target::Id => Field::Id,
            Target::Class => Field::Class,
            Target::Op => Field::Op(VERBS),
            Target::Size => Field::Size,
            Target::ReplySize => Field::ReplySize,
        };
        Ok(vec![(place, field)])
    }

    /// `end-duration`: the arrival is the difference.
    fn difference(&self, names: &[String], unit: Option<u64>) -> Result<Vec<(usize, Field)>, String> {
        for (at, _) in self.column.match_indices('-') {
            let (end, duration) = (&self.column[..at], &self.column[at + 1..]);
            let (Some(end), Some(duration)) = (find(names, end), find(names, duration)) else { continue };
            // A unit that follows one of them is the unit of both, unless the other's name ends in its own.
            let of_both = end.1.or(duration.1).filter(|kind| *kind != "date");
            let unit_of = |(place, kind): (usize, Option<&str>)| {
                let known = ending(&names[place]);
                self.unit(kind.or(of_both.filter(|_| known.is_none())), known.or(unit), &names[place])
            };
            let clock = if end.1 == Some("date") { Clock::Iso } else { Clock::Unit(unit_of(end)?) };
            let before = unit_of(duration)?;
            return Ok(vec![(end.0, Field::Arrival(clock)), (duration.0, Field::Before(before))]);
        }
        Err(self.missing(names, &self.column))
    }

    fn unit(&self, kind: Option<&str>, known: Option<u64>, name: &str) -> Result<u64, String> {
        match kind {
            Some(kind) => UNITS.iter().find(|(unit, _)| *unit == kind).map(|&(_, ns)| ns).ok_or_else(|| {
                format!(
                    "the unit {} of {} is none of ns, us, ms, s, min, h",
                    printable(kind.as_bytes(), 20),
                    self.column
                )
            }),
            None => known.ok_or_else(|| self.without_unit(name)),
        }
    }

    fn without_unit(&self, name: &str) -> String {
        let date = if self.target == Target::Arrival { " or :date" } else { "" };
        format!("column {name} needs its unit: {name}:s, :ms, :us, :ns, :min, :h{date}")
    }

    fn missing(&self, names: &[String], column: &str) -> String {
        let shown: Vec<String> = names.iter().take(20).map(|name| printable(name.as_bytes(), 40)).collect();
        format!("there is no column {} (the columns are {})", printable(column.as_bytes(), 40), shown.join(", "))
    }
}

/// The place of the column that `text` names, and its kind: the text after the colon.
fn find<'a>(names: &[String], text: &'a str) -> Option<(usize, Option<&'a str>)> {
    let place = |name: &str| names.iter().position(|other| other == name.trim());
    if let Some(place) = place(text) {
        return Some((place, None));
    }
    // A text with a minus after the colon is a difference of two columns, not a kind.
    let (name, kind) = text.rsplit_once(':').filter(|(_, kind)| !kind.contains('-'))?;
    Some((place(name)?, Some(kind.trim())))
}

/// Endings of names that state a unit.
const ENDINGS: [(&str, u64); 20] = [
    ("ns", NS),
    ("nanos", NS),
    ("nanoseconds", NS),
    ("us", US),
    ("µs", US),
    ("usec", US),
    ("micros", US),
    ("microseconds", US),
    ("ms", MS),
    ("msec", MS),
    ("millis", MS),
    ("milliseconds", MS),
    ("s", S),
    ("sec", S),
    ("secs", S),
    ("seconds", S),
    ("min", 60 * S),
    ("minutes", 60 * S),
    ("h", 3_600 * S),
    ("hours", 3_600 * S),
];

/// The unit that a column's name ends in: `latency_ms`, `time [s]`, `arrivalNs`.
pub(crate) fn ending(name: &str) -> Option<u64> {
    let name = name.trim_end_matches([')', ']']);
    let is_border = |letter: char| !letter.is_alphanumeric();
    let word = name.rsplit(is_border).next().filter(|word| word.len() < name.len());
    // In camel case the last word begins with the last capital letter.
    let camel = name.rfind(char::is_uppercase).filter(|&at| at > 0).map(|at| &name[at..]);
    let of = |word: &str| ENDINGS.iter().find(|(known, _)| word.eq_ignore_ascii_case(known)).map(|&(_, ns)| ns);
    word.and_then(of).or_else(|| camel.and_then(of))
}

fn identity(kind: Option<&str>) -> Result<Identity, String> {
    match kind {
        None => Ok(Identity::Either),
        Some("name") => Ok(Identity::Name),
        Some("number") => Ok(Identity::Number),
        Some(other) => Err(format!("{} is none of name, number", printable(other.as_bytes(), 20))),
    }
}

/// The kind of date in the first cell of a column without a unit.
fn first_date(cell: &[u8]) -> Option<Clock> {
    let reads = |clock: &Clock| clock.read(cell.trim_ascii(), crate::decimal::Numbers::Point).is_some();
    [Clock::Iso, Clock::Log].into_iter().find(reads)
}

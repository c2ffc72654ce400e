//! Meanings of columns, and how a cell of each is read.

use contract::Request;
use random::streams::fnv1a;

use crate::clock::{Clock, TIME_LIMIT, unit_name};
use crate::decimal::{self, Numbers};

/// How something is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// By a number.
    Number,
    /// By a name, which is hashed by FNV-1a; for a client, the two halves of the hash are XORed.
    Name,
    /// By whichever the first row has; it becomes one of the others when a trace is opened.
    Either,
}

/// The meaning of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// The request's id.
    Id,
    /// Its arrival, or its end if there is a [`Field::Before`].
    Arrival(Clock),
    /// A duration that is subtracted from the arrival, in units of this length \[ns\].
    Before(u64),
    /// Its demand, in units of this length \[ns\]; sampled if the cell is empty.
    Service(u64),
    /// The sender.
    Client(Identity),
    /// Priority or kind.
    Class,
    /// `r`, `w`, `read` or `write` in any case, or one of the format's own words.
    Op(&'static [(&'static str, u8)]),
    /// A method of HTTP: those that change something are writes, and all others reads.
    Method,
    /// The first block, or what is requested.
    Block(Identity),
    /// The first number of a list `[1, 2]` is the block.
    FirstOfBlocks,
    /// Size, in the format's unit.
    Size,
    /// Size of the response, in the format's unit.
    ReplySize,
    /// The row is a request only if the cell is this text.
    OnlyIf(&'static str),
    /// The row is a request unless the cell starts with one of these texts.
    Unless(&'static [&'static str]),
    /// Not read.
    Ignored,
}

/// Words for reads and writes.
pub(crate) const READ_WRITE: &[(&str, u8)] =
    &[("r", Request::READ), ("w", Request::WRITE), ("read", Request::READ), ("write", Request::WRITE)];

/// Methods of HTTP and WebDAV that change something.
const WRITES: [&str; 9] = ["POST", "PUT", "PATCH", "DELETE", "MKCOL", "COPY", "MOVE", "PROPPATCH", "LOCK"];

impl Field {
    /// Writes the value of `cell` into `request`; None if the cell breaks [`Field::rule`]. Durations before the arrival
    /// are subtracted at once or later, in whichever order the columns are.
    pub(crate) fn read(self, cell: &[u8], numbers: Numbers, request: &mut Request) -> Option<()> {
        let number = |below: u64| decimal::whole(cell, numbers).filter(|&number| number < below);
        match self {
            Field::Id => request.id = decimal::whole(cell, numbers)?,
            Field::Arrival(clock) => {
                request.arrival_ns = request.arrival_ns.wrapping_add(clock.read(cell, numbers)? as u64);
            }
            Field::Before(unit) => {
                request.arrival_ns = request.arrival_ns.wrapping_sub(duration(cell, unit, numbers)?);
            }
            Field::Service(_) if cell.is_empty() => {}
            Field::Service(unit) => request.service_ns = duration(cell, unit, numbers)?,
            Field::Client(Identity::Number | Identity::Either) => request.client = number(1 << 32)? as u32,
            Field::Client(Identity::Name) => {
                let hash = name(cell)?;
                request.client = (hash ^ (hash >> 32)) as u32;
            }
            Field::Class => request.class = number(1 << 16)? as u16,
            Field::Op(words) => {
                let same = |(word, _): &&(&str, u8)| word.as_bytes().eq_ignore_ascii_case(cell);
                request.op = words.iter().find(same)?.1;
            }
            Field::Method => {
                let writes = WRITES.iter().any(|method| method.as_bytes() == cell);
                request.op = if writes { Request::WRITE } else { Request::READ };
            }
            Field::Block(Identity::Number | Identity::Either) => request.block = decimal::whole(cell, numbers)?,
            Field::Block(Identity::Name) => request.block = name(cell)?,
            Field::FirstOfBlocks => request.block = first_of_list(cell)?,
            Field::Size => request.size = number(1 << 32)? as u32,
            Field::ReplySize => request.reply_size = number(1 << 32)? as u32,
            Field::OnlyIf(_) | Field::Unless(_) | Field::Ignored => {}
        }
        Some(())
    }

    /// The rule for a cell.
    pub(crate) fn rule(self) -> String {
        match self {
            Field::Id | Field::Block(Identity::Number | Identity::Either) => "an integer below 2^64".to_owned(),
            Field::Client(Identity::Number | Identity::Either) | Field::Size | Field::ReplySize => {
                "an integer below 2^32".to_owned()
            }
            Field::Class => "an integer below 2^16".to_owned(),
            Field::Arrival(clock) => clock.rule(),
            Field::Before(1) | Field::Service(1) => "a whole number of nanoseconds below 2^62".to_owned(),
            Field::Before(unit) | Field::Service(unit) => {
                format!("a number of {} from 0, below 2^62 ns", unit_name(unit))
            }
            Field::Op(words) => {
                format!("one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
            }
            Field::FirstOfBlocks => "a list of integers below 2^64".to_owned(),
            Field::Client(Identity::Name) | Field::Block(Identity::Name) => "a name".to_owned(),
            Field::Method | Field::OnlyIf(_) | Field::Unless(_) | Field::Ignored => "a text".to_owned(),
        }
    }

    /// Whether it decides only if the row is a request.
    pub(crate) fn is_filter(self) -> bool {
        matches!(self, Field::OnlyIf(_) | Field::Unless(_))
    }

    /// Whether both have the same meaning, so that only one may occur.
    pub(crate) fn same(self, other: Field) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// Whole nanoseconds have no decimals.
fn duration(cell: &[u8], unit: u64, numbers: Numbers) -> Option<u64> {
    let ns = if unit == 1 {
        decimal::whole(cell, numbers)?
    } else {
        u64::try_from(decimal::freely(cell, unit, numbers)?).ok()?
    };
    (ns < TIME_LIMIT).then_some(ns)
}

fn name(cell: &[u8]) -> Option<u64> {
    (!cell.is_empty()).then(|| fnv1a(cell))
}

/// The first number in `[1, 2]`; 0 in `[]`.
fn first_of_list(cell: &[u8]) -> Option<u64> {
    let inner = cell.strip_prefix(b"[")?.strip_suffix(b"]")?;
    let first = inner.split(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
    if inner.trim_ascii().is_empty() { Some(0) } else { decimal::integer(first) }
}

//! A time in a trace, as a flag names it.

use crate::clock;
use crate::clock::TIME_LIMIT;
use crate::duration;

/// A time in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// So long after the origin \[ns\].
    After(i64),
    /// At this time of the trace itself, which counts from 1970 \[ns\].
    At(i64),
}

impl Moment {
    /// A duration or a date.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(ns) = clock::iso(text.as_bytes()) {
            let ns = i64::try_from(ns).ok().filter(|ns| ns.unsigned_abs() < TIME_LIMIT);
            return ns.map(Moment::At).ok_or_else(|| "is not within 146 years of 1970".to_owned());
        }
        match duration::parse(text) {
            Ok(ns) if ns < TIME_LIMIT => Ok(Moment::After(ns as i64)),
            Ok(_) => Err("is longer than 146 years".to_owned()),
            Err(rule) => Err(format!("{rule}; or a date such as 2023-11-16T18:17:03Z")),
        }
    }

    /// The time in a trace whose origin is at `origin_ns`.
    pub(super) fn since(self, origin_ns: i64) -> i64 {
        match self {
            Moment::After(ns) => origin_ns.saturating_add(ns),
            Moment::At(ns) => ns,
        }
    }

    /// As a time of the trace itself: a duration counts from its 0.
    pub(super) fn in_trace(self) -> i64 {
        self.since(0)
    }
}

//! One window of time.

use serde::{Deserialize, Serialize};

use crate::tally::{as_text, from_text};

/// Events within a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Events {
    /// Their number.
    pub(crate) number: u64,
    /// The sum of their times \[ns\].
    pub(crate) times: u128,
}

impl Events {
    #[inline]
    pub(crate) fn add(&mut self, number: u64, times: u128) {
        self.number += number;
        self.times += times;
    }
}

/// What happened in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub(crate) struct Window {
    /// Arrivals.
    pub(crate) arrived: Events,
    /// Entries into service, and requests that left unserved.
    pub(crate) left_queue: Events,
    /// Requests that left the system.
    pub(crate) departed: Events,
    /// Of the requests that arrived in this window: service began.
    pub(crate) started: u64,
    /// Of those, Σ (start − arrival) \[ns\].
    pub(crate) delay_sum_ns: u128,
    /// Of the requests that arrived in this window: service was completed.
    pub(crate) completed: u64,
    /// Of those, Σ (finish − arrival) \[ns\].
    pub(crate) response_sum_ns: u128,
    /// Of the requests that arrived in this window: rejected.
    pub(crate) rejected: u64,
    /// Of the requests that arrived in this window: abandoned.
    pub(crate) abandoned: u64,
    /// Server time of the requests that left in this window \[ns\].
    pub(crate) service_sum_ns: u128,
}

/// A window in JSON: its numbers, in the order of its fields.
type Row = [Text; 13];

/// A number that may exceed 2⁵³, as text.
#[derive(Serialize, Deserialize)]
struct Text(#[serde(serialize_with = "as_text", deserialize_with = "from_text")] u128);

impl From<Window> for Row {
    fn from(window: Window) -> Self {
        let Window { arrived, left_queue, departed, .. } = window;
        [
            arrived.number.into(),
            arrived.times,
            left_queue.number.into(),
            left_queue.times,
            departed.number.into(),
            departed.times,
            window.started.into(),
            window.delay_sum_ns,
            window.completed.into(),
            window.response_sum_ns,
            window.rejected.into(),
            window.abandoned.into(),
            window.service_sum_ns,
        ]
        .map(Text)
    }
}

impl TryFrom<Row> for Window {
    type Error = std::num::TryFromIntError;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let [
            arrived,
            arrivals,
            left,
            lefts,
            departed,
            departures,
            started,
            delays,
            completed,
            responses,
            rejected,
            abandoned,
            service,
        ] = row.map(|Text(number)| number);
        let events = |number: u128, times| Ok::<_, Self::Error>(Events { number: number.try_into()?, times });
        Ok(Self {
            arrived: events(arrived, arrivals)?,
            left_queue: events(left, lefts)?,
            departed: events(departed, departures)?,
            started: started.try_into()?,
            delay_sum_ns: delays,
            completed: completed.try_into()?,
            response_sum_ns: responses,
            rejected: rejected.try_into()?,
            abandoned: abandoned.try_into()?,
            service_sum_ns: service,
        })
    }
}

impl Window {
    /// Adds the same window of another worker, or a neighbouring window.
    pub(crate) fn add(&mut self, other: &Self) {
        for (events, more) in [
            (&mut self.arrived, other.arrived),
            (&mut self.left_queue, other.left_queue),
            (&mut self.departed, other.departed),
        ] {
            events.add(more.number, more.times);
        }
        self.started += other.started;
        self.delay_sum_ns += other.delay_sum_ns;
        self.completed += other.completed;
        self.response_sum_ns += other.response_sum_ns;
        self.rejected += other.rejected;
        self.abandoned += other.abandoned;
        self.service_sum_ns += other.service_sum_ns;
    }
}

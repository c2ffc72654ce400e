//! The errors of requests that the last stage refuses.

use failure::Failure;

use super::cut::Block;
use super::decode::{Decoder, Rows};
use super::sequence::Unordered;
use super::stage::Stop;
use super::ticks::NotTicked;
use crate::location::Location;

/// The rule of a trace whose first requests have no tick.
const NO_TICK: &str = "the first arrivals are not multiples of 1 s or 1 ms: --spread even:TICK names the tick of the clock, if it had one";

/// The error of a trace that ended in the last stage. `block`: the one with the request, if that is known.
pub(super) fn stopped<E: From<Failure>>(
    stop: Stop<E>,
    location: &Location,
    decoder: &Decoder,
    block: Option<&Block>,
) -> E {
    match stop {
        Stop::Failed(error) => error,
        Stop::Unordered(unordered) => explain(location, decoder, block, unordered).into(),
        Stop::NotTicked(NotTicked::OffTick { index, arrival_ns, tick_ns }) => {
            let (name, arrival) = show(decoder, arrival_ns);
            let rule = format!(
                "{name} {arrival} is not a multiple of {tick_ns} ns: --spread even:TICK names the tick of the clock, if it had one"
            );
            at(location, decoder, block, index, &rule).into()
        }
        Stop::NotTicked(_) => location.whole(NO_TICK).into(),
    }
}

/// The error of a request that breaks a rule of order.
pub(super) fn explain(location: &Location, decoder: &Decoder, block: Option<&Block>, unordered: Unordered) -> Failure {
    let show = |arrival_ns: i64| show(decoder, arrival_ns);
    match unordered {
        Unordered::GoesBack { index, arrival_ns, last_ns } => {
            let ((name, arrival), (_, last)) = (show(arrival_ns), show(last_ns));
            let rule = format!("{name} goes back ({arrival} after {last}); --sort puts them in order");
            at(location, decoder, block, index, &rule)
        }
        Unordered::Id { index, id, last } => {
            at(location, decoder, block, index, &format!("id does not increase ({id} after {last})"))
        }
        Unordered::BeforeOrigin { index, arrival_ns, origin_ns } => {
            let ((name, arrival), (_, origin)) = (show(arrival_ns), show(origin_ns));
            let rule = format!(
                "{name} {arrival} is before the origin of time ({origin}); --origin first starts at the first arrival"
            );
            at(location, decoder, block.filter(|_| index.is_some()), index.unwrap_or(0), &rule)
        }
        Unordered::TooLate => location.whole("the last arrival comes 2^62 ns or more after the origin"),
    }
}

fn at(location: &Location, decoder: &Decoder, block: Option<&Block>, index: usize, rule: &str) -> Failure {
    match block {
        Some(block) => location.at(decoder.row_of(block, index), rule),
        None => location.whole(rule),
    }
}

/// The name of the column of arrivals, and `arrival_ns` as its cells hold times.
fn show(decoder: &Decoder, arrival_ns: i64) -> (String, String) {
    match &decoder.rows {
        Rows::Lines(lines) => lines.show_arrival(arrival_ns),
        _ => ("arrival_ns".to_owned(), arrival_ns.to_string()),
    }
}

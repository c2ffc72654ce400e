//! `--spread`: finds the tick of the trace's clock, and spreads the requests of each tick.

use contract::Request;

use crate::shape::spread::{NotSpread, Spread, SpreadFlag};

/// Requests that decide what the tick is, if the flag does not name it: a number, so that it does not depend on how the
/// trace is cut into blocks.
const FIRST: usize = 1_000;

const MS_NS: i64 = 1_000_000;
const S_NS: i64 = 1_000_000_000;

/// Spreads the requests of a trace, which come in order.
#[derive(Debug)]
pub(super) struct Ticks {
    flag: SpreadFlag,
    seed: u64,
    /// The first requests, before the tick is known.
    first: Vec<Request>,
    spread: Option<Spread>,
}

/// Why requests can't be spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTicked {
    /// The first requests have no tick.
    NoTick,
    /// The request at `index` of the pushed ones is not on a tick of `tick_ns`.
    OffTick { index: usize, arrival_ns: i64, tick_ns: u64 },
    /// Too many requests are in one tick.
    TooMany,
}

impl Ticks {
    pub(super) fn new(flag: SpreadFlag, seed: u64) -> Self {
        Self { flag, seed, first: Vec::new(), spread: None }
    }

    /// Takes the next requests, and appends those of complete ticks to `out`.
    ///
    /// # Errors
    /// If there is no tick, a request is not on it, or too many are.
    pub(super) fn push(&mut self, requests: &[Request], out: &mut Vec<Request>) -> Result<(), NotTicked> {
        if self.spread.is_some() || self.flag.tick_ns.is_some() {
            return self.spread(requests, 0, out);
        }
        let before = self.first.len();
        self.first.extend_from_slice(requests);
        if self.first.len() < FIRST { Ok(()) } else { self.start(before, out) }
    }

    /// Appends the rest to `out`, at the end of the trace.
    ///
    /// # Errors
    /// As [`Ticks::push`].
    pub(super) fn finish(&mut self, out: &mut Vec<Request>) -> Result<(), NotTicked> {
        if !self.first.is_empty() {
            self.start(0, out)?;
        }
        if let Some(spread) = &mut self.spread {
            spread.finish(out);
        }
        Ok(())
    }

    /// Finds the tick, and spreads the first requests, of which `before` were pushed earlier than the last ones.
    fn start(&mut self, before: usize, out: &mut Vec<Request>) -> Result<(), NotTicked> {
        let first = std::mem::take(&mut self.first);
        let deciding = &first[..first.len().min(FIRST)];
        let fits = |tick_ns: &i64| deciding.iter().all(|request| (request.arrival_ns as i64) % tick_ns == 0);
        let tick_ns = [S_NS, MS_NS].into_iter().find(fits).ok_or(NotTicked::NoTick)?;
        self.flag.tick_ns = Some(tick_ns as u64);
        self.spread(&first, before, out)
    }

    fn spread(&mut self, requests: &[Request], before: usize, out: &mut Vec<Request>) -> Result<(), NotTicked> {
        let tick_ns = self.flag.tick_ns.ok_or(NotTicked::NoTick)?;
        let spread = self.spread.get_or_insert_with(|| Spread::new(self.flag.how, tick_ns, self.seed));
        spread.push(requests, out).map_err(|not| match not {
            // The first requests, by which the tick was found, are on it.
            NotSpread::OffTick(index) => {
                let arrival_ns = requests.get(index).map_or(0, |request| request.arrival_ns as i64);
                NotTicked::OffTick { index: index.saturating_sub(before), arrival_ns, tick_ns }
            }
            NotSpread::TooMany => NotTicked::TooMany,
        })
    }
}

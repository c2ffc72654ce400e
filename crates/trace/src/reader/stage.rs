//! The last stage: puts the requests in sequence.

use contract::Request;
use failure::{Failure, Limit};
use random::demand::Demands;

use super::coarse::{Coarse, Looking};
use super::decode::{self, Completed};
use super::sequence::{Order, Part, Unordered, Window};
use super::ticks::{NotTicked, Ticks};
use crate::shape::keep::Keep;
use crate::shape::spread::{MAX_IN_A_TICK, SpreadFlag};

/// What the last stage does and has seen.
#[derive(Debug)]
pub(super) struct Stage {
    order: Order,
    pub(super) part: Part,
    pub(super) coarse: Coarse,
    ticks: Option<Ticks>,
    /// The requests that were spread.
    out: Vec<Request>,
    demands: Demands,
    /// Whether demands are sampled here, because only here is known which requests are used, and what their ids are.
    samples: bool,
    /// Number of demands that were sampled.
    pub(super) sampled: u64,
}

/// Why a trace ends in this stage.
#[derive(Debug)]
pub(super) enum Stop<E> {
    /// A request breaks a rule.
    Unordered(Unordered),
    /// Requests can't be spread.
    NotTicked(NotTicked),
    /// Any other failure.
    Failed(E),
}

impl Stage {
    pub(super) fn new(window: Window, keep: Keep, spread: Option<SpreadFlag>, demands: Demands, samples: bool) -> Self {
        Self {
            order: Order::default(),
            part: Part::new(window, keep),
            coarse: Coarse::default(),
            ticks: spread.map(|flag| Ticks::new(flag, demands.seed)),
            out: Vec::new(),
            demands,
            samples,
            sampled: 0,
        }
    }

    /// Whether demands are sampled in this stage.
    pub(super) fn samples(&self) -> bool {
        self.samples
    }

    /// Passes the next requests to `each`, if they are used. `completed` has been found in them.
    ///
    /// Requests before one that is out of order are passed first: the first error of the trace is reported, however the
    /// trace is cut into blocks.
    pub(super) fn pass<E: From<Failure>>(
        &mut self,
        requests: &mut [Request],
        completed: Completed,
        looking: &Looking,
        each: impl FnMut(&[Request]) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        self.sampled += completed.sampled;
        let checked = self.order.check(requests, completed.in_order);
        let in_order = match checked {
            Err(Unordered::GoesBack { index, .. } | Unordered::Id { index, .. }) => index,
            _ => requests.len(),
        };
        self.coarse.add(requests, completed, looking);
        self.spread(&mut requests[..in_order], each)?;
        checked.map_err(Stop::Unordered)
    }

    /// Passes requests that are in order to `each`, if they are used; with `--spread` those of complete ticks, spread.
    fn spread<E: From<Failure>>(
        &mut self,
        requests: &mut [Request],
        each: impl FnMut(&[Request]) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        let Some(ticks) = &mut self.ticks else { return self.take(requests, each) };
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        let pushed = ticks.push(requests, &mut out);
        let taken = self.take(&mut out, each);
        self.out = out;
        // The index is that of a request before it was spread.
        taken.map_err(|stop| match stop {
            Stop::Unordered(Unordered::BeforeOrigin { arrival_ns, origin_ns, .. }) => {
                Stop::Unordered(Unordered::BeforeOrigin { index: None, arrival_ns, origin_ns })
            }
            stop => stop,
        })?;
        pushed.map_err(stopped)
    }

    /// Passes the rest to `each`, at the end of the trace.
    pub(super) fn end<E: From<Failure>>(
        &mut self,
        each: impl FnMut(&[Request]) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        let Some(ticks) = &mut self.ticks else { return Ok(()) };
        let mut out = Vec::new();
        ticks.finish(&mut out).map_err(stopped)?;
        self.take(&mut out, each)
    }

    fn take<E>(
        &mut self,
        requests: &mut [Request],
        mut each: impl FnMut(&[Request]) -> Result<(), E>,
    ) -> Result<(), Stop<E>> {
        let requests = self.part.take(requests).map_err(Stop::Unordered)?;
        if requests.is_empty() {
            return Ok(());
        }
        if self.samples {
            self.sampled += decode::sample(&self.demands, requests);
        }
        each(requests).map_err(Stop::Failed)
    }
}

fn stopped<E: From<Failure>>(not: NotTicked) -> Stop<E> {
    match not {
        NotTicked::TooMany => Stop::Failed(
            Failure::limit(Limit::RequestsInTick, format!("--spread takes at most {MAX_IN_A_TICK}")).into(),
        ),
        not => Stop::NotTicked(not),
    }
}

//! Whether a trace was recorded by a coarse clock: all arrivals are whole seconds, or whole milliseconds, and most
//! requests arrive with the one before.

use std::sync::atomic::{AtomicBool, Ordering};

use contract::Request;

use super::decode::Completed;

/// What the arrivals so far have in common.
#[derive(Debug, Default)]
pub(super) struct Coarse {
    whole_seconds: bool,
    whole_millis: bool,
    /// Number of requests that arrive with the one before.
    together: u64,
    requests: u64,
    last_ns: Option<u64>,
}

/// Whether it is still worth looking: the threads that decode blocks read it.
#[derive(Debug)]
pub(super) struct Looking(AtomicBool);

impl Looking {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(true))
    }

    pub(super) fn is_on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    fn stop(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Coarse {
    /// Adds the next requests, with what [`complete`](super::decode::complete) found in them.
    pub(super) fn add(&mut self, requests: &[Request], completed: Completed, looking: &Looking) {
        let (Some(first), Some(last)) = (requests.first(), requests.last()) else { return };
        let is_first = self.requests == 0;
        self.whole_seconds = completed.whole_seconds && (is_first || self.whole_seconds);
        self.whole_millis = completed.whole_millis && (is_first || self.whole_millis);
        self.together += completed.together + u64::from(self.last_ns == Some(first.arrival_ns));
        self.requests += requests.len() as u64;
        self.last_ns = Some(last.arrival_ns);
        if !self.whole_millis {
            looking.stop();
        }
    }

    /// The note on a coarse clock; None if the clock is not coarse, or most requests arrive alone.
    pub(super) fn remark(&self) -> Option<String> {
        let (together, all) = (self.together, self.requests.saturating_sub(1));
        if !self.whole_millis || together * 2 <= all {
            return None;
        }
        let tick = if self.whole_seconds { "1 s" } else { "1 ms" };
        Some(format!(
            "all arrivals are multiples of {tick}, and {together} of {all} interarrival times are 0: these bursts come from rounding; \
             --spread even or random places the requests of a tick within it"
        ))
    }
}

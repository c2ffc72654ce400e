//! The queue of one worker, under any discipline.

use contract::{Completion, Request};

use crate::fifo::Fifo;
use crate::model::Model;

/// The simulation of one shard.
#[derive(Debug, Clone)]
pub enum Queue {
    /// First in, first out without PATIENCE: a recursion.
    Fifo(Fifo),
}

impl Queue {
    /// An empty queue at time 0.
    pub fn new(model: Model) -> Self {
        Queue::Fifo(Fifo::new(model))
    }

    /// Processes the next request and emits the completions that are certain by now. Returns false when the simulation
    /// has ended: the DELAY-th delay in queue is known, and no further request can be rejected before that service
    /// start.
    #[inline]
    pub fn arrive(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        match self {
            Queue::Fifo(fifo) => fifo.arrive(request, emit),
        }
    }

    /// Processes the requests of `records`, as [`Queue::arrive`] does, and appends the records of their completions.
    pub fn arrive_all(&mut self, records: &[[u8; Request::LEN]], completions: &mut Vec<[u8; Completion::LEN]>) -> bool {
        match self {
            Queue::Fifo(fifo) => fifo.arrive_all(records, completions),
        }
    }

    /// At the end of the shard: emits the completions that remain.
    pub fn end(self, emit: &mut impl FnMut(Completion)) {
        match self {
            Queue::Fifo(fifo) => fifo.end(emit),
        }
    }
}

//! The queue of one worker, under any discipline.

use contract::{Completion, Request};

use crate::events::Events;
use crate::fifo::Fifo;
use crate::model::{Discipline, Model};
use crate::sharing::Sharing;

/// The simulation of one shard.
#[derive(Debug, Clone)]
pub enum Queue {
    /// First in, first out without PATIENCE: a recursion.
    Fifo(Fifo),
    /// Any other discipline: one event after the other.
    Steps(Steps),
}

impl Queue {
    /// An empty queue at time 0.
    pub fn new(model: Model) -> Self {
        if model.discipline == Discipline::Fifo && model.patience.is_endless() {
            Queue::Fifo(Fifo::new(model))
        } else {
            Queue::Steps(Steps::new(model))
        }
    }

    /// Processes the next request and emits the completions that are certain by now. Returns false when the simulation
    /// has ended: the DELAY-th delay in queue is known, and no further request can be rejected before that service
    /// start.
    #[inline]
    pub fn arrive(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        match self {
            Queue::Fifo(fifo) => fifo.arrive(request, emit),
            Queue::Steps(steps) => steps.arrive(request, emit),
        }
    }

    /// Processes the requests of `records`, as [`Queue::arrive`] does, and appends the records of their completions.
    pub fn arrive_all(&mut self, records: &[[u8; Request::LEN]], completions: &mut Vec<[u8; Completion::LEN]>) -> bool {
        match self {
            Queue::Fifo(fifo) => fifo.arrive_all(records, completions),
            Queue::Steps(steps) => {
                let mut emit = |done: Completion| completions.push(done.to_bytes());
                records.iter().all(|record| steps.arrive(&Request::from_bytes(record), &mut emit))
            }
        }
    }

    /// At the end of the shard: emits the completions that remain.
    pub fn end(self, emit: &mut impl FnMut(Completion)) {
        match self {
            Queue::Fifo(fifo) => fifo.end(emit),
            Queue::Steps(steps) => steps.end(emit),
        }
    }
}

/// A queue that is simulated event by event. All disciplines can be.
#[derive(Debug, Clone)]
pub struct Steps(Kind);

#[derive(Debug, Clone)]
enum Kind {
    Events(Box<Events>),
    Sharing(Box<Sharing>),
}

/// Calls the method of either kind.
macro_rules! either {
    ($kind:expr, $inner:ident => $call:expr) => {
        match $kind {
            Kind::Events($inner) => $call,
            Kind::Sharing($inner) => $call,
        }
    };
}

impl Steps {
    /// An empty queue at time 0.
    pub fn new(model: Model) -> Self {
        Self(match model.discipline {
            Discipline::Ps => Kind::Sharing(Box::new(Sharing::new(&model))),
            _ => Kind::Events(Box::new(Events::new(&model))),
        })
    }

    /// Requests waiting or in service.
    #[inline]
    pub fn in_system(&self) -> usize {
        either!(&self.0, queue => queue.in_system())
    }

    /// Unfinished service of all requests at `now` \[ns\]. All events up to `now` must have been processed.
    #[inline]
    pub fn unfinished(&self, now: u64) -> u128 {
        either!(&self.0, queue => queue.unfinished(now))
    }

    /// The time of the next departure or abandonment \[ns\]; None if there is no request.
    #[inline]
    pub fn next(&self) -> Option<u64> {
        either!(&self.0, queue => queue.next())
    }

    /// Processes the next departure or abandonment, after which one request less is in the system, and the entry into
    /// service that follows from it.
    #[inline]
    pub fn step(&mut self, emit: &mut impl FnMut(Completion)) {
        either!(&mut self.0, queue => queue.step(emit));
    }

    /// `request` arrives. All events up to its arrival must have been processed. Returns whether it enters the system.
    #[inline]
    pub fn admit(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        either!(&mut self.0, queue => queue.admit(request, emit))
    }

    #[inline]
    fn arrive(&mut self, request: &Request, emit: &mut impl FnMut(Completion)) -> bool {
        either!(&mut self.0, queue => {
            while !queue.ended() && queue.next().is_some_and(|next| next <= request.arrival_ns) {
                queue.step(emit);
            }
            if queue.ended() {
                return false;
            }
            queue.admit(request, emit);
            !queue.ended()
        })
    }

    fn end(mut self, emit: &mut impl FnMut(Completion)) {
        either!(&mut self.0, queue => {
            while !queue.ended() && queue.next().is_some() {
                queue.step(emit);
            }
        });
    }
}

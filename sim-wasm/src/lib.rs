//! The default simulator: one station with SERVERS servers and room for CAPACITY requests, under one of seven disciplines. Requests may
//! leave when their PATIENCE ends, and the simulation may stop after DELAY service starts.
//!
//! Start with [`Queue`], the queue of one worker, and [`Model`], its settings. [`Queue::Fifo`] is first in, first out by the recursion of
//! Kiefer and Wolfowitz ("On the theory of queues with many servers", 1955): a request starts at max(arrival, time when the earliest
//! server is free). [`Steps`] simulates every discipline event by event, and processor sharing in virtual time. Policies use
//! [`Station`] and [`Steps`] as their models of workers. [`filter()`] is the program around the queue, which becomes `sim.wasm` and also
//! runs natively. All times are whole nanoseconds.
//!
//! ```
//! use contract::Request;
//! use sim_wasm::{Model, Queue};
//!
//! // One server; each of two requests needs 4 ns.
//! let mut queue = Queue::new(Model { servers: 1, ..Model::default() });
//! let mut starts = Vec::new();
//! for (id, arrival_ns) in [(0, 0), (1, 1)] {
//!     let request = Request { id, arrival_ns, service_ns: 4, ..Request::default() };
//!     queue.arrive(&request, &mut |completion| starts.push(completion.start_ns));
//! }
//! queue.end(&mut |completion| starts.push(completion.start_ns));
//! assert_eq!(starts, [0, 4]); // The second request waits for 3 ns.
//! ```

mod events;
mod fifo;
mod filter;
mod model;
mod queue;
mod sharing;
mod speed;
mod station;
mod waiting;

#[cfg(test)]
mod oracle;
#[cfg(test)]
mod tests;

pub use fifo::Fifo;
pub use filter::{Refusal, filter};
pub use model::{Deadlines, Discipline, Model, Patience};
pub use queue::{Queue, Steps};
pub use speed::{Speed, greatest_common_divisor};
pub use station::Station;

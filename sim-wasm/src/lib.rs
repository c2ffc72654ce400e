//! The default simulator: one station with SERVERS servers and room for CAPACITY requests, first in, first out. It may
//! stop after DELAY service starts.
//!
//! Start with [`Fifo`], the queue model, and [`Model`], its settings; policies use [`Station`] as their model of a worker.
//! [`filter()`] is the program around the model, which becomes `sim.wasm` and also runs natively. All times are whole
//! nanoseconds. Service starts follow the recursion of Kiefer and Wolfowitz ("On the theory of queues with many servers",
//! 1955): a request starts at max(arrival, time when the earliest server is free).
//!
//! ```
//! use contract::Request;
//! use sim_wasm::{Fifo, Model};
//!
//! // One server; each of two requests needs 4 ns.
//! let mut fifo = Fifo::new(Model { servers: 1, ..Model::default() });
//! let mut starts = Vec::new();
//! for (id, arrival_ns) in [(0, 0), (1, 1)] {
//!     let request = Request { id, arrival_ns, service_ns: 4, ..Request::default() };
//!     fifo.arrive(&request, &mut |completion| starts.push(completion.start_ns));
//! }
//! fifo.end(&mut |completion| starts.push(completion.start_ns));
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
pub use speed::Speed;
pub use station::Station;

//! The default simulator: one station of SERVERS servers and room for CAPACITY, first in first out, that may end after DELAY
//! entries.
//!
//! The library is the queue model itself; it is what policies see of workers too. The program around it ([`filter`])
//! becomes `sim.wasm`, and runs natively just as well.

mod fifo;
mod filter;
mod model;
mod station;

pub use fifo::Fifo;
pub use filter::{Refusal, filter};
pub use model::{CAPABILITIES, Model};
pub use station::Station;

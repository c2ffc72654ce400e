//! The default simulator: one station with SERVERS servers and room for CAPACITY requests, first in, first out. It may
//! stop after DELAY service starts.
//!
//! The library is the queue model itself, which policies also use as their model of workers. The program around it
//! ([`filter`]) becomes `sim.wasm`, and also runs natively.

mod fifo;
mod filter;
mod model;
mod station;

pub use fifo::Fifo;
pub use filter::{Refusal, filter};
pub use model::{CAPABILITIES, Model};
pub use station::Station;

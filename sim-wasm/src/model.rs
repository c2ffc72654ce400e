//! The capabilities of the default simulator, and its settings.

use contract::Capabilities;

/// The capabilities of the default simulator.
pub const CAPABILITIES: Capabilities =
    Capabilities::SERVERS.and(Capabilities::DISCIPLINE).and(Capabilities::CAPACITY).and(Capabilities::DELAY);

/// The settings of the queue model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Model {
    /// SERVERS: servers of the station, at least 1.
    pub servers: u32,
    /// CAPACITY: upper limit of the requests in the system, including those in service; 0 = no limit.
    pub capacity: u64,
    /// DELAY: service starts after which the simulation ends; 0 = it does not.
    pub delay: u64,
}

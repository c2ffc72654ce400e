//! Numbers of requests over time, from the events of windows.

use crate::Windows;
use crate::window::{Events, Window};

/// Integrals over a window \[ns\].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Areas {
    /// ∫ requests waiting dt.
    pub(crate) waiting: u128,
    /// ∫ requests in the system dt.
    pub(crate) system: u128,
}

impl Windows {
    /// The integrals over each window, up to `end_ns`, where the last window ends.
    pub(crate) fn areas(&self, end_ns: u64) -> Vec<Areas> {
        let (mut waiting, mut system) = (0, 0);
        let mut areas = |(place, window): (usize, &Window)| {
            let from = (place as u128) << self.shift;
            let to = (from + (1 << self.shift)).min(end_ns.into()).max(from);
            let (arrived, left_queue, departed) = (window.arrived, window.left_queue, window.departed);
            let areas = Areas {
                waiting: area(waiting, arrived, left_queue, from, to),
                system: area(system, arrived, departed, from, to),
            };
            waiting = (waiting + arrived.number).saturating_sub(left_queue.number);
            system = (system + arrived.number).saturating_sub(departed.number);
            areas
        };
        self.windows.iter().enumerate().map(&mut areas).collect()
    }
}

/// ∫ number dt between two times, if `number` are there at the beginning, some come, and some go.
fn area(number: u64, come: Events, go: Events, from: u128, to: u128) -> u128 {
    let all = u128::from(number) * (to - from) + u128::from(come.number) * to + go.times;
    all.saturating_sub(come.times + u128::from(go.number) * to)
}

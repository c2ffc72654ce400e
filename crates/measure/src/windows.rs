//! Windows of time: what happened in each, in at most a fixed number of windows whose width doubles as the run goes on.

use serde::{Deserialize, Serialize};

use crate::coarse::Coarse;
use crate::window::{Events, Window};
use crate::{Counts, Tally};

/// Upper limit of the windows of a worker.
pub(crate) const WINDOWS: usize = 1024;

/// Windows of all workers together: workers of larger runs have fewer windows each.
const WINDOWS_OF_RUN: usize = 1 << 14;

/// Upper limit of the windows of each of `workers` workers.
pub fn limit(workers: u32) -> usize {
    let share = WINDOWS_OF_RUN / (workers as usize).max(1);
    (share.next_power_of_two() >> usize::from(!share.is_power_of_two())).clamp(64, WINDOWS)
}

/// Times of the requests that arrived in a cell, which is several windows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    /// Start − arrival of those whose service began.
    pub(crate) delay: Coarse,
    /// Finish − arrival of those whose service was completed.
    pub(crate) response: Coarse,
}

impl Times {
    pub(crate) fn add(&mut self, other: &Self) {
        self.delay.add(other.delay.counts());
        self.response.add(other.response.counts());
    }

    /// The sum of many.
    pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Self> + Clone) -> Self {
        Self {
            delay: Coarse::sum(all.clone().map(|times| &times.delay)),
            response: Coarse::sum(all.map(|times| &times.response)),
        }
    }
}

/// The windows of a worker, or the sums over several. Window number i begins at i · 2^`shift` ns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windows {
    /// The width of a window is 2 to this power nanoseconds.
    pub(crate) shift: u32,
    /// Upper limit of windows, a power of two.
    limit: usize,
    /// The windows, up to the last one in which something happened.
    pub(crate) windows: Vec<Window>,
    /// The cells of the windows in which requests arrived: each is several windows.
    pub(crate) cells: Vec<Times>,
}

impl Windows {
    /// Without any event; `limit` must be a power of two.
    pub fn new(limit: usize) -> Self {
        // Memory that is not used yet is not resident, and a vector that grew would be copied each time.
        Self { shift: 0, limit, windows: Vec::with_capacity(limit), cells: Vec::new() }
    }

    /// Upper limit of windows.
    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    /// Cells are fewer than windows, since their histograms are larger: 2 to this power windows are one cell.
    #[inline]
    pub(crate) fn cell_shift(&self) -> u32 {
        // 1,024 windows have 128 cells, 64 windows have 32.
        (self.limit / (self.limit / 8).max(32).min(self.limit)).ilog2()
    }

    /// The number of the window of `time`; windows are widened if it is too late for them.
    #[inline]
    pub(crate) fn place(&mut self, time: u64) -> usize {
        if (time >> self.shift) as usize >= self.windows.len() {
            self.reach(time);
        }
        (time >> self.shift) as usize
    }

    #[cold]
    fn reach(&mut self, time: u64) {
        // The width depends on the latest time alone, so that it is the same in whichever order events come.
        while time >> self.shift >= self.limit as u64 {
            self.widen();
        }
        let place = (time >> self.shift) as usize;
        self.windows.resize(self.windows.len().max(place + 1), Window::default());
    }

    /// The cell of the requests that arrive in window number `place`.
    pub(crate) fn cell(&mut self, place: usize) -> &mut Times {
        let cell = place >> self.cell_shift();
        if cell >= self.cells.len() {
            self.cells.resize(cell + 1, Times::default());
        }
        &mut self.cells[cell]
    }

    /// The end of the last window in which a request arrived \[ns\]; 0 without any.
    pub(crate) fn last_arrival_ns(&self) -> u64 {
        let last = self.windows.iter().rposition(|window| window.arrived.number > 0);
        last.map_or(0, |last| (last as u64 + 1) << self.shift)
    }

    /// Doubles the width: merges neighbours.
    fn widen(&mut self) {
        self.shift += 1;
        for place in 0..self.windows.len().div_ceil(2) {
            let mut sum = self.windows[2 * place];
            if let Some(other) = self.windows.get(2 * place + 1) {
                sum.add(other);
            }
            self.windows[place] = sum;
        }
        self.windows.truncate(self.windows.len().div_ceil(2));
        for place in 0..self.cells.len().div_ceil(2) {
            let mut sum = std::mem::take(&mut self.cells[2 * place]);
            if let Some(other) = self.cells.get(2 * place + 1) {
                sum.add(other);
            }
            self.cells[place] = sum;
        }
        self.cells.truncate(self.cells.len().div_ceil(2));
    }

    /// The same in at most `limit` windows, a power of two that is not larger.
    pub(crate) fn with_limit(&self, limit: usize) -> Self {
        let mut narrow = Self::new(limit);
        // No cell is narrower than it was.
        narrow.shift = self.shift + self.cell_shift().saturating_sub(narrow.cell_shift());
        for (place, window) in self.windows.iter().enumerate().rev() {
            let place = narrow.place((place as u64) << self.shift);
            narrow.windows[place].add(window);
        }
        for (place, cell) in self.cells.iter().enumerate() {
            let place = narrow.place((place as u64) << (self.shift + self.cell_shift()));
            narrow.cell(place).add(cell);
        }
        narrow
    }

    /// Adds another worker's windows, of the same limit. The sums have the width of the wider ones.
    pub fn add(&mut self, other: &Self) {
        let mut other = other.clone();
        while self.shift < other.shift {
            self.widen();
        }
        while other.shift < self.shift {
            other.widen();
        }
        self.windows.resize(self.windows.len().max(other.windows.len()), Window::default());
        self.windows.iter_mut().zip(&other.windows).for_each(|(window, other)| window.add(other));
        self.cells.resize(self.cells.len().max(other.cells.len()), Times::default());
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, other)| cell.add(other));
    }

    /// Checks windows from outside, `limit` at most, against the `tally` of the same worker or class.
    ///
    /// # Errors
    /// The rule that they break.
    pub(crate) fn check(&self, tally: &Tally, limit: usize) -> Result<(), &'static str> {
        let len = self.windows.len();
        // No wider than they must be for the latest event (those of classes may be a little), and within the limit of times.
        let is_least = self.shift <= 3 || (len > limit / 2 && self.windows.last() != Some(&Window::default()));
        if self.limit != limit
            || self.shift > 62
            || (len as u128) << self.shift > 1 << 63
            || !is_least
            || len > self.limit
            || self.cells.len() > self.limit >> self.cell_shift()
        {
            return Err("it has other windows than this run");
        }
        let Counts { completed, in_service, rejected, abandoned, .. } = tally.counts;
        let mut sum = [0u128; 10];
        for (place, window) in self.windows.iter().enumerate() {
            let (from, to) = ((place as u128) << self.shift, (place as u128 + 1) << self.shift);
            for Events { number, times } in [window.arrived, window.left_queue, window.departed] {
                if number > tally.counts.offered {
                    return Err("a window has more events than requests");
                }
                let number = u128::from(number);
                if !(number * from..=number * to).contains(&times) {
                    return Err("a window has events outside of its time");
                }
            }
            let own = [
                window.arrived.number.into(),
                window.left_queue.number.into(),
                window.departed.number.into(),
                window.started.into(),
                window.delay_sum_ns,
                window.completed.into(),
                window.response_sum_ns,
                window.rejected.into(),
                window.abandoned.into(),
                window.service_sum_ns,
            ];
            for (sum, own) in sum.iter_mut().zip(own) {
                *sum = sum.checked_add(own).ok_or("the sums of its windows exceed 128 bits")?;
            }
        }
        let arrived = u128::from(tally.counts.offered) - u128::from(tally.counts.not_yet_arrived);
        let left = u128::from(completed) + u128::from(rejected) + u128::from(abandoned);
        let [arrivals, left_queue, departed, started, delay_sum, complete, response_sum, reject, abandon, service_sum] =
            sum;
        let most = u128::from(tally.counts.offered) * u128::from(u64::MAX);
        // Windows also have what the warm-up had, which the tally does not.
        let agrees = |of_windows: u128, of_tally: u128| {
            if tally.from_ns == 0 { of_windows == of_tally } else { of_windows >= of_tally }
        };
        let agree = arrivals == arrived
            && agrees(left_queue, left + u128::from(in_service))
            && agrees(departed, left)
            && agrees(started, tally.started.into())
            && agrees(delay_sum, tally.delay_sum_ns)
            && agrees(complete, completed.into())
            && agrees(response_sum, tally.response_sum_ns)
            && response_sum.max(service_sum).max(delay_sum) <= most
            && agrees(reject, rejected.into())
            && agrees(abandon, abandoned.into());
        let count =
            |of: fn(&Times) -> &Coarse| self.cells.iter().map(|cell| u128::from(of(cell).total())).sum::<u128>();
        if !agree || count(|cell| &cell.delay) != started || count(|cell| &cell.response) != complete {
            return Err("its windows contradict its counts");
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "windows_tests.rs"]
mod tests;

//! The peak rate of a trace: the requests in its busiest window.

/// The lengths of windows are 10⁰, 10¹, … 10¹² ns.
const LEVELS: usize = 13;

/// The level of windows of 1 s.
const SECOND: usize = 9;

/// Arrivals in windows of time. The first window starts at the first arrival, each other one at the end of the one before.
///
/// The windows are 1 s long. If the span is below 100 s, they are the longest power of ten of nanoseconds that fits 100
/// times into it (at least 1 ns); if it is 10⁷ s (16 weeks) or more, the shortest that fits fewer than 10⁷ times into
/// it. Since the span is known only at the end, windows of several lengths are counted at once: of the length for the
/// span so far, and of all longer ones. The requests of a window are added to the longer window around it when the
/// shorter one ends.
#[derive(Debug)]
pub(super) struct Windows {
    levels: [Level; LEVELS],
    /// The level for the span so far.
    lowest: usize,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    /// End of the current window, exclusive \[ns\].
    end_ns: u64,
    /// Its requests, without those in the current window of the level below.
    count: u64,
    /// The largest count of an earlier window, and the end of that window, exclusive \[ns\].
    busiest: (u64, u64),
}

/// The busiest window; if several are equal, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Busiest {
    /// Length of the windows \[ns\].
    pub(super) window_ns: u64,
    /// Its requests.
    pub(super) requests: u64,
    /// Start of the window since the first arrival \[ns\].
    pub(super) start_ns: u64,
}

impl Default for Windows {
    fn default() -> Self {
        let level = |level| Level { end_ns: length(level), count: 0, busiest: (0, 0) };
        Self { levels: std::array::from_fn(level), lowest: 0 }
    }
}

impl Windows {
    /// Counts an arrival `since_ns` after the first one; `since_ns` never decreases.
    #[inline]
    pub(super) fn record(&mut self, since_ns: u64) {
        if since_ns >= outgrown(self.lowest) {
            self.rise(since_ns);
        }
        if since_ns >= self.levels[self.lowest].end_ns {
            self.close(since_ns);
        }
        self.levels[self.lowest].count += 1;
    }

    /// The busiest window so far.
    pub(super) fn busiest(&self) -> Busiest {
        let window_ns = length(self.lowest);
        let Level { end_ns, count, busiest: (mut requests, mut busiest_end_ns) } = self.levels[self.lowest];
        if count > requests {
            (requests, busiest_end_ns) = (count, end_ns);
        }
        Busiest { window_ns, requests, start_ns: busiest_end_ns.saturating_sub(window_ns) }
    }

    /// Drops the levels whose windows are too short for a span of `since_ns`.
    fn rise(&mut self, since_ns: u64) {
        while since_ns >= outgrown(self.lowest) {
            self.levels[self.lowest + 1].count += self.levels[self.lowest].count;
            self.lowest += 1;
        }
    }

    /// Closes the windows that have ended by `since_ns`. If a window has not ended, no longer one has.
    fn close(&mut self, since_ns: u64) {
        let mut passed = 0;
        for (level, window) in self.levels.iter_mut().enumerate().skip(self.lowest) {
            window.count += passed;
            if since_ns < window.end_ns {
                break;
            }
            if window.count > window.busiest.0 {
                window.busiest = (window.count, window.end_ns);
            }
            passed = std::mem::take(&mut window.count);
            window.end_ns = (since_ns / length(level) + 1) * length(level);
        }
    }
}

/// Length of the windows of `level` \[ns\].
const fn length(level: usize) -> u64 {
    10u64.pow(level as u32)
}

/// The smallest span for which the windows of `level` are too short \[ns\].
#[inline]
fn outgrown(level: usize) -> u64 {
    match level {
        ..SECOND => 1000 * length(level),
        SECOND..12 => 10_000_000 * length(level),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use random::streams::Streams;

    use super::*;

    fn busiest(arrivals: &[u64]) -> Busiest {
        let mut windows = Windows::default();
        arrivals.iter().for_each(|&arrival| windows.record(arrival));
        windows.busiest()
    }

    #[test]
    fn the_length_depends_on_the_span() {
        const S: u64 = 1_000_000_000;
        for (span, window) in [
            (0, 1),
            (999, 1),
            (1_000, 10),
            (100 * S - 1, S / 10),
            (100 * S, S),
            (10_000_000 * S - 1, S),
            (10_000_000 * S, 10 * S),
            (100_000_000 * S, 100 * S),
            ((1 << 62) - 1, 1000 * S),
        ] {
            assert_eq!(busiest(&[0, span]).window_ns, window, "{span}");
        }
    }

    #[test]
    fn as_counted_by_hand() {
        let all_at_once = busiest(&[0; 5]);
        assert_eq!(all_at_once, Busiest { window_ns: 1, requests: 5, start_ns: 0 });
        // Windows of 10 ns: 0 to 9 has two, 10 to 19 one, 500 to 509 three, 1000 to 1009 three.
        let found = busiest(&[0, 9, 10, 500, 501, 509, 1000, 1001, 1009]);
        assert_eq!(found, Busiest { window_ns: 10, requests: 3, start_ns: 500 });
        // The last window is included.
        assert_eq!(busiest(&[0, 1000, 1001]), Busiest { window_ns: 10, requests: 2, start_ns: 1000 });
    }

    #[test]
    fn as_counted_window_by_window() {
        let mut stream = Streams::new(1, "test").of(0);
        for trial in 0..300 {
            let mut arrivals = vec![0u64];
            for _ in 0..500 {
                // Interarrival times of all magnitudes up to a limit, which depends on the trial.
                let magnitude = stream.below(2 + trial % 14) as u32;
                arrivals.push(arrivals[arrivals.len() - 1] + stream.below(10u64.pow(magnitude)));
            }
            let found = busiest(&arrivals);
            let mut counts = BTreeMap::new();
            arrivals.iter().for_each(|arrival| *counts.entry(arrival / found.window_ns).or_insert(0u64) += 1);
            let most = *counts.values().max().unwrap();
            let first = *counts.iter().find(|(_, count)| **count == most).unwrap().0;
            assert_eq!((found.requests, found.start_ns), (most, first * found.window_ns), "{trial}");
        }
    }
}

//! The end of the warm-up, found in the windows.

use crate::Windows;

/// The fewest cells in which a warm-up is sought.
const FEWEST: usize = 16;

impl Windows {
    /// The end of the warm-up of a run until `end_ns` \[ns\], by MSER (White, "An effective truncation heuristic for bias
    /// reduction in simulation output", 1997) over the mean numbers in system of the cells: the cut that minimises the
    /// squared standard error of the rest. None if the run is too short, or the least error is at its middle, so that it
    /// did not become stationary.
    pub fn warm_up(&self, end_ns: u64) -> Option<u64> {
        let per_cell = 1 << self.cell_shift();
        let arrivals_end = self.windows.iter().rposition(|window| window.arrived.number > 0)? / per_cell;
        let areas = self.areas(end_ns);
        let numbers: Vec<f64> = areas
            .chunks(per_cell)
            .take(arrivals_end)
            .map(|cell| cell.iter().map(|areas| areas.system).sum::<u128>() as f64)
            .collect();
        if numbers.len() < FEWEST {
            return None;
        }
        let most = numbers.len() / 2;
        let error = |cut: usize| {
            let rest = &numbers[cut..];
            let n = rest.len() as f64;
            let mean = rest.iter().sum::<f64>() / n;
            rest.iter().map(|number| (number - mean) * (number - mean)).sum::<f64>() / (n * n)
        };
        let errors: Vec<f64> = (0..=most).map(error).collect();
        let best = (0..=most).min_by(|&a, &b| errors[a].total_cmp(&errors[b]))?;
        (best < most).then_some((best as u64) << (self.shift + self.cell_shift()))
    }
}

#[cfg(test)]
mod tests {
    use crate::{End, Kind, Measurement};

    /// Requests every 10 ns, with a response time of `response(i)`: the end of the warm-up as a share of the run.
    fn warm_up(response: impl Fn(u64) -> u64) -> Option<f64> {
        let mut measurement = Measurement::new(1, 0);
        let requests = 100_000;
        for i in 0..requests {
            let (arrival, finish) = (10 * i, 10 * i + response(i));
            measurement.end(Kind::default(), arrival, End::Completed { start: finish, finish, service: 0 });
        }
        measurement.close(10 * requests + 1000);
        let windows = measurement.finish().0.windows;
        windows.warm_up(10 * requests + 1000).map(|ns| ns as f64 / (10 * requests) as f64)
    }

    #[test]
    fn a_ramp_is_cut_off() {
        // Some noise, without which any deviation would be seen.
        let noise = |i: u64| i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 57;
        let cut = warm_up(|i| (i / 10).min(1000) + noise(i)).unwrap();
        assert!((0.05..0.2).contains(&cut), "{cut}");
        assert!(warm_up(|i| 1000 + noise(i)).unwrap() < 0.2);
        // It grows to the end.
        assert_eq!(warm_up(|i| i + noise(i)), None);
    }
}

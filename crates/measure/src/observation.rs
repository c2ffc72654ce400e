//! Observations: what a batch of a run, or a whole replication, contributes to each figure.

use crate::coarse::Coarse;
use crate::interval::Part;
use crate::window::Window;
use crate::windows::Times;
use crate::{Tally, Windows};

/// The sums of a batch or of a replication. Counts are of the requests that arrived in it, integrals of its time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observation {
    pub(crate) arrived: u64,
    pub(crate) started: u64,
    pub(crate) completed: u64,
    pub(crate) rejected: u64,
    pub(crate) abandoned: u64,
    delay_sum_ns: u128,
    response_sum_ns: u128,
    waiting_area_ns: u128,
    system_area_ns: u128,
    service_sum_ns: u128,
    time_ns: u128,
    pub(crate) times: Times,
}

fn part(numerator: u128, denominator: u128) -> Part {
    Part { numerator: numerator as f64, denominator: denominator as f64 }
}

impl Observation {
    /// Of a whole replication: of a tally, or of the sum of the tallies of workers that share the time `time_ns`.
    pub(crate) fn of_tally(tally: &Tally, time_ns: u128) -> Self {
        let times = Times { delay: tally.delay_in_queue.coarse(), response: tally.response_time.coarse() };
        Self { times, time_ns, ..Self::sums(tally) }
    }

    /// Of a tally over the time `time_ns`, without its histograms.
    pub(crate) fn over(tally: &Tally, time_ns: u128) -> Self {
        Self { time_ns, ..Self::sums(tally) }
    }

    /// Of one worker, without its histograms.
    pub(crate) fn sums(tally: &Tally) -> Self {
        let counts = &tally.counts;
        let arrived = counts.offered.saturating_sub(counts.not_yet_arrived).saturating_sub(counts.warm_up);
        Self {
            arrived,
            started: tally.started,
            completed: counts.completed,
            rejected: counts.rejected,
            abandoned: counts.abandoned,
            delay_sum_ns: tally.delay_sum_ns,
            response_sum_ns: tally.response_sum_ns,
            waiting_area_ns: tally.waiting_area_ns,
            system_area_ns: tally.system_area_ns,
            service_sum_ns: tally.service_sum_ns,
            time_ns: tally.time_ns(),
            times: Times::default(),
        }
    }

    /// The rate of arrivals.
    pub(crate) fn arrivals(&self) -> Part {
        part(self.arrived.into(), self.time_ns)
    }

    pub(crate) fn mean_delay(&self) -> Part {
        part(self.delay_sum_ns, self.started.into())
    }

    pub(crate) fn mean_response(&self) -> Part {
        part(self.response_sum_ns, self.completed.into())
    }

    pub(crate) fn number_in_queue(&self) -> Part {
        part(self.waiting_area_ns, self.time_ns)
    }

    pub(crate) fn number_in_system(&self) -> Part {
        part(self.system_area_ns, self.time_ns)
    }

    /// Of `servers` servers.
    pub(crate) fn utilization(&self, servers: u64) -> Part {
        part(self.service_sum_ns, self.time_ns * u128::from(servers))
    }

    pub(crate) fn waited(&self) -> Part {
        part(self.times.delay.above(0).into(), self.started.into())
    }

    pub(crate) fn rejected(&self) -> Part {
        part(self.rejected.into(), self.arrived.into())
    }

    pub(crate) fn abandoned(&self) -> Part {
        part(self.abandoned.into(), self.arrived.into())
    }
}

/// `counts` above a coarse bucket, of all.
pub(crate) fn above(counts: &Coarse, bucket: usize) -> Part {
    part(counts.above(bucket).into(), counts.total().into())
}

/// The whole cells of windows between two times, from which batches are made.
pub(crate) struct Cells {
    cells: Vec<Observation>,
    cell_ns: u128,
}

impl Cells {
    /// The cells from `from_ns` to the last arrival; those at the ends, which are not whole, are left out.
    pub(crate) fn of(windows: &Windows, from_ns: u64) -> Self {
        let per_cell = 1usize << windows.cell_shift();
        let shift = windows.shift + windows.cell_shift();
        let first = (u128::from(from_ns).div_ceil(1 << shift)) as usize;
        let last =
            windows.windows.iter().rposition(|window| window.arrived.number > 0).map_or(0, |last| last / per_cell);
        let areas = windows.areas(u64::MAX);
        let none = Times::default();
        let cell = |place: usize| {
            let windows_of_cell = place * per_cell..(place + 1) * per_cell;
            let mut sum = Window::default();
            windows.windows[windows_of_cell.clone()].iter().for_each(|window| sum.add(window));
            let areas = &areas[windows_of_cell];
            let (waiting_area_ns, system_area_ns) =
                areas.iter().fold((0, 0), |(waiting, system), areas| (waiting + areas.waiting, system + areas.system));
            Observation {
                arrived: sum.arrived.number,
                started: sum.started,
                completed: sum.completed,
                rejected: sum.rejected,
                abandoned: sum.abandoned,
                delay_sum_ns: sum.delay_sum_ns,
                response_sum_ns: sum.response_sum_ns,
                waiting_area_ns,
                system_area_ns,
                service_sum_ns: sum.service_sum_ns,
                time_ns: 1 << shift,
                times: windows.cells.get(place).unwrap_or(&none).clone(),
            }
        };
        Self { cells: (first..last).map(cell).collect(), cell_ns: 1 << shift }
    }

    /// Their number.
    pub(crate) fn len(&self) -> usize {
        self.cells.len()
    }

    /// The time of all \[ns\].
    pub(crate) fn time_ns(&self) -> u128 {
        self.cell_ns * self.cells.len() as u128
    }

    /// `number` batches of about the same length, which must not be more than there are cells.
    pub(crate) fn batches(&self, number: usize) -> Vec<Observation> {
        let edge = |batch: usize| batch * self.cells.len() / number;
        (0..number).map(|batch| sum(&self.cells[edge(batch)..edge(batch + 1)])).collect()
    }
}

/// The observations of parts together.
pub(crate) fn sum(parts: &[Observation]) -> Observation {
    let mut sum = Observation::default();
    for part in parts {
        sum.arrived += part.arrived;
        sum.started += part.started;
        sum.completed += part.completed;
        sum.rejected += part.rejected;
        sum.abandoned += part.abandoned;
        sum.delay_sum_ns += part.delay_sum_ns;
        sum.response_sum_ns += part.response_sum_ns;
        sum.waiting_area_ns += part.waiting_area_ns;
        sum.system_area_ns += part.system_area_ns;
        sum.service_sum_ns += part.service_sum_ns;
        sum.time_ns += part.time_ns;
    }
    sum.times = Times::sum(parts.iter().map(|part| &part.times));
    sum
}

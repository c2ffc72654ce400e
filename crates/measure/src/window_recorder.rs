//! Records completions into windows. The histograms of the cell in which requests arrive at present are dense counters,
//! which are so small that they stay in the cache of a core.

use crate::coarse::{self, BUCKETS};
use crate::histogram;
use crate::windows::Windows;

/// Counters of one histogram of a cell.
type Counters = Box<[u16; BUCKETS]>;

/// Values that counters may count before they are moved.
const ROOM: u64 = u16::MAX as u64;

/// Records one worker's completions.
#[derive(Debug, Clone)]
pub struct WindowRecorder {
    windows: Windows,
    delay: Counters,
    response: Counters,
    /// The first time of the cell that the counters belong to, and values that they have counted.
    cell_from: u64,
    counted: u64,
    /// Times of requests that arrived in earlier cells.
    late: Vec<Late>,
}

/// The times of a request that was completed after others that arrived in a later cell.
#[derive(Debug, Clone, Copy)]
struct Late {
    arrival: u64,
    /// The coarse buckets of its delay, and of its response time if its service was completed.
    delay: u16,
    response: Option<u16>,
}

/// Late requests that are entered into their cells together, for each window that there may be. Requests of many cells may be
/// completed in any order, and entering one into a cell costs as much as entering a hundred.
const LATE: usize = 16;

/// Plain completions whose arrivals are in one window, whose starts are in one window, and whose finishes are in one
/// window.
pub struct Segment<'a> {
    /// The first times of these three windows \[ns\].
    pub arrivals_from: u64,
    /// Of the starts \[ns\].
    pub starts_from: u64,
    /// Of the finishes \[ns\].
    pub finishes_from: u64,
    /// The width of each is 2 to this power nanoseconds.
    pub shift: u32,
    /// Counters of delays, by [`coarse::of_fine`].
    pub delay: &'a mut [u16; BUCKETS],
    /// Counters of response times.
    pub response: &'a mut [u16; BUCKETS],
}

/// The sums of the completions of a segment \[ns\].
#[derive(Debug, Clone, Copy)]
pub struct SegmentSums {
    /// Number of the completions.
    pub number: u64,
    /// Σ (arrival − first time of the arrivals' window).
    pub arrivals: u64,
    /// Σ (start − arrival).
    pub delays: u64,
    /// Σ service; finish = start + service.
    pub services: u64,
}

impl WindowRecorder {
    /// Into at most `limit` windows, a power of two.
    pub fn new(limit: usize) -> Self {
        let counters = || Box::new([0; BUCKETS]);
        Self {
            windows: Windows::new(limit),
            delay: counters(),
            response: counters(),
            cell_from: 0,
            counted: 0,
            late: Vec::new(),
        }
    }

    /// The segment of a plain completion with these times; None if later requests have been completed before, so that it is
    /// late. At most `most` completions may be counted into it.
    #[inline]
    pub fn segment(&mut self, arrival: u64, start: u64, finish: u64, most: u64) -> Option<Segment<'_>> {
        // The latest first, so that the width is the same for all three.
        self.windows.place(finish);
        let place = self.windows.place(arrival);
        if arrival < self.cell_from && !self.is_current(place) {
            return None;
        }
        self.move_to(place, most);
        let shift = self.windows.shift;
        let from = |time: u64| time >> shift << shift;
        let (delay, response) = (&mut *self.delay, &mut *self.response);
        Some(Segment {
            arrivals_from: from(arrival),
            starts_from: from(start),
            finishes_from: from(finish),
            shift,
            delay,
            response,
        })
    }

    /// Ends a segment with these first times of its windows. Its counters have counted all of its completions.
    pub fn end_segment(&mut self, [arrivals_from, starts_from, finishes_from]: [u64; 3], sums: SegmentSums) {
        let SegmentSums { number, arrivals, delays, services } = sums;
        let arrivals = u128::from(number) * u128::from(arrivals_from) + u128::from(arrivals);
        let starts = arrivals + u128::from(delays);
        let windows = &mut self.windows;
        let place = windows.place(arrivals_from);
        let window = &mut windows.windows[place];
        window.arrived.add(number, arrivals);
        window.started += number;
        window.delay_sum_ns += u128::from(delays);
        window.completed += number;
        window.response_sum_ns += u128::from(delays) + u128::from(services);
        let place = windows.place(starts_from);
        windows.windows[place].left_queue.add(number, starts);
        let place = windows.place(finishes_from);
        windows.windows[place].departed.add(number, starts + u128::from(services));
        windows.windows[place].service_sum_ns += u128::from(services);
        self.counted += number;
    }

    /// Records a request whose service was completed.
    pub fn completed(&mut self, arrival: u64, start: u64, finish: u64, service: u64) {
        let place = self.departed(arrival, start, finish);
        self.served(finish, service);
        self.started(place, arrival, start - arrival, Some(finish - arrival));
        let window = &mut self.windows.windows[place];
        window.completed += 1;
        window.response_sum_ns += u128::from(finish - arrival);
    }

    /// Records a request that left during its service.
    pub fn abandoned_in_service(&mut self, arrival: u64, start: u64, finish: u64, service: u64) {
        let place = self.departed(arrival, start, finish);
        self.served(finish, service);
        self.started(place, arrival, start - arrival, None);
        self.windows.windows[place].abandoned += 1;
    }

    /// Records a request that left unserved: on arrival (rejected) or later (abandoned).
    pub fn left_unserved(&mut self, arrival: u64, finish: u64) {
        let place = self.departed(arrival, finish, finish);
        let window = &mut self.windows.windows[place];
        *(if finish == arrival { &mut window.rejected } else { &mut window.abandoned }) += 1;
    }

    /// Records a request that is in service at the end of the simulation.
    pub fn in_service(&mut self, arrival: u64, start: u64) {
        self.windows.place(start);
        let place = self.arrived(arrival);
        let entered = self.windows.place(start);
        self.windows.windows[entered].left_queue.add(1, start.into());
        self.started(place, arrival, start - arrival, None);
    }

    /// Records a request that is waiting at the end of the simulation.
    pub fn waiting(&mut self, arrival: u64) {
        self.arrived(arrival);
    }

    /// The same so far, in at most `limit` windows.
    pub(crate) fn with_limit(&self, limit: usize) -> Self {
        let mut copy = self.clone();
        copy.move_counters();
        copy.enter_late();
        Self { windows: copy.windows.with_limit(limit), ..Self::new(limit) }
    }

    /// The windows.
    pub fn finish(mut self) -> Windows {
        self.move_counters();
        self.enter_late();
        self.windows
    }

    /// Records the arrival, and returns its window.
    fn arrived(&mut self, arrival: u64) -> usize {
        let place = self.windows.place(arrival);
        self.windows.windows[place].arrived.add(1, arrival.into());
        place
    }

    /// Records a request that left the queue and the system, and returns the window of its arrival.
    fn departed(&mut self, arrival: u64, left_queue: u64, finish: u64) -> usize {
        // The latest first: it may widen the windows.
        let left = self.windows.place(finish);
        self.windows.windows[left].departed.add(1, finish.into());
        let entered = self.windows.place(left_queue);
        self.windows.windows[entered].left_queue.add(1, left_queue.into());
        self.arrived(arrival)
    }

    /// Records the server time of a request that left at `finish`.
    fn served(&mut self, finish: u64, service: u64) {
        let left = self.windows.place(finish);
        self.windows.windows[left].service_sum_ns += u128::from(service);
    }

    /// Records the start of service of a request that arrived in window number `place`, and its times.
    fn started(&mut self, place: usize, arrival: u64, delay: u64, response: Option<u64>) {
        let window = &mut self.windows.windows[place];
        window.started += 1;
        window.delay_sum_ns += u128::from(delay);
        let bucket = |time| coarse::of_fine(histogram::index(time));
        let (delay, response) = (bucket(delay), response.map(bucket));
        if !self.is_current(place) && arrival < self.cell_from {
            self.late.push(Late { arrival, delay: delay as u16, response: response.map(|bucket| bucket as u16) });
            if self.late.len() == LATE * self.windows.limit() {
                self.enter_late();
            }
            return;
        }
        self.move_to(place, 1);
        self.counted += 1;
        self.delay[delay] += 1;
        if let Some(response) = response {
            self.response[response] += 1;
        }
    }

    /// Enters the late requests into their cells.
    #[cold]
    fn enter_late(&mut self) {
        let mut late = std::mem::take(&mut self.late);
        late.sort_unstable_by_key(|late| late.arrival);
        let shift = self.windows.shift + self.windows.cell_shift();
        for cell in late.chunk_by(|a, b| a.arrival >> shift == b.arrival >> shift) {
            let place = self.windows.place(cell[0].arrival);
            let times = self.windows.cell(place);
            times.delay.add(counted(cell.iter().map(|late| late.delay)));
            times.response.add(counted(cell.iter().filter_map(|late| late.response)));
        }
        late.clear();
        self.late = late;
    }

    /// Whether the counters belong to the cell of window number `place`.
    fn is_current(&self, place: usize) -> bool {
        let shift = self.windows.shift + self.windows.cell_shift();
        (place >> self.windows.cell_shift()) as u64 == self.cell_from >> shift
    }

    /// Makes the counters those of the cell of window number `place`, with room for `room` values.
    fn move_to(&mut self, place: usize, room: u64) {
        if !self.is_current(place) || self.counted + room > ROOM {
            self.move_counters();
            self.cell_from = (place as u64) << self.windows.shift;
        }
    }

    /// Moves what the counters have counted into their cell.
    #[cold]
    fn move_counters(&mut self) {
        if self.counted == 0 {
            return;
        }
        let place = self.windows.place(self.cell_from);
        let cell = self.windows.cell(place);
        for (counters, counts) in [(&mut self.delay, &mut cell.delay), (&mut self.response, &mut cell.response)] {
            counts.add(used(&**counters));
            counters.fill(0);
        }
        self.counted = 0;
    }
}

/// \[bucket, count\] of the used counters; most are not.
fn used(counters: &[u16]) -> impl Iterator<Item = (usize, u64)> {
    const CHUNK: usize = 32;
    let chunks =
        counters.chunks(CHUNK).enumerate().filter(|(_, chunk)| chunk.iter().fold(0, |any, count| any | count) > 0);
    let each = chunks.flat_map(|(number, chunk)| (number * CHUNK..).zip(chunk));
    each.filter(|&(_, &count)| count > 0).map(|(bucket, &count)| (bucket, count.into()))
}

/// \[bucket, count\] of `buckets`, in rising order.
fn counted(buckets: impl Iterator<Item = u16>) -> impl Iterator<Item = (usize, u64)> {
    let mut buckets: Vec<u16> = buckets.collect();
    buckets.sort_unstable();
    let counts: Vec<_> =
        buckets.chunk_by(|a, b| a == b).map(|equal| (usize::from(equal[0]), equal.len() as u64)).collect();
    counts.into_iter()
}

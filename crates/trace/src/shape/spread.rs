//! `--spread`: separates requests that a coarse clock recorded at the same time.
//!
//! A clock that counts in *ticks* (seconds, say) rounds every arrival to the start of its tick. Then all requests of a
//! tick arrive at once, and wait because of the rounding. Spreading moves the n arrivals of the tick that begins at t
//! to times in \[t, t + tick), in the order of the trace:
//!
//! * `even`: request k of n, from 0, arrives at t + ⌊k·tick/n⌋.
//! * `random`: n offsets are sampled, below(tick) n times, from the stream `spread` of SEED, whose number is the tick's
//!   index t/tick (as a 64-bit integer in two's complement, if negative). They are sorted; request k gets the k-th
//!   smallest. So the arrivals within a tick are those of a Poisson process of which n arrivals fall into the tick.
//!
//! The index counts from the origin of the trace's format, so that the samples do not depend on which arrival is first.

use contract::Request;
use random::streams::Streams;

use crate::duration;

/// The largest number of requests in one tick. All of them are held in memory: 2.4 GB.
pub const MAX_IN_A_TICK: usize = 50_000_000;

/// The longest tick, 104 days \[ns\].
const MAX_TICK: u64 = 1 << 53;

/// How requests are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// At equal distances.
    Even,
    /// At random times.
    Random,
}

/// The value of `--spread`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpreadFlag {
    /// How requests are spread.
    pub how: How,
    /// The length of a tick \[ns\], at least 1; None if the reader determines it from the trace.
    pub tick_ns: Option<u64>,
}

/// Why requests can't be spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotSpread {
    /// The arrival of the request at this index of the pushed ones is not a multiple of the tick.
    OffTick(usize),
    /// More than [`MAX_IN_A_TICK`] requests are in one tick.
    TooMany,
}

/// Spreads the requests of a trace, which come in order of arrival.
#[derive(Debug)]
pub struct Spread {
    how: How,
    tick_ns: u64,
    streams: Streams,
    /// The requests of the last tick, whose number is not known before the next one.
    held: Vec<Request>,
    most: usize,
    /// The offsets of one tick \[ns\].
    offsets: Vec<u64>,
}

impl How {
    /// Its name in `--spread` and in reports.
    pub fn name(self) -> &'static str {
        match self {
            How::Even => "even",
            How::Random => "random",
        }
    }
}

impl Spread {
    /// The value of `--spread`: `even` or `random`, and the length of a tick after a colon unless the reader determines it from
    /// the trace.
    ///
    /// # Errors
    /// The rule that `text` breaks.
    pub fn parse(text: &str) -> Result<SpreadFlag, String> {
        let (name, tick) = text.split_once(':').map_or((text, None), |(name, tick)| (name, Some(tick)));
        let how = [How::Even, How::Random].into_iter().find(|how| how.name() == name);
        let how = how.ok_or("must be even or random, with the length of a tick as in even:1s or without")?;
        let tick_ns = tick.map(|tick| match duration::parse(tick)? {
            0 => Err("needs a tick of at least 1 ns".to_owned()),
            ns if ns > MAX_TICK => Err("needs a tick of at most 104 days".to_owned()),
            ns => Ok(ns),
        });
        Ok(SpreadFlag { how, tick_ns: tick_ns.transpose()? })
    }

    /// Spreads over ticks of `tick_ns` \[ns\] (0 counts as 1); random offsets come from the streams of `seed`.
    pub fn new(how: How, tick_ns: u64, seed: u64) -> Self {
        Self {
            how,
            tick_ns: tick_ns.clamp(1, MAX_TICK),
            streams: Streams::new(seed, "spread"),
            held: Vec::new(),
            most: MAX_IN_A_TICK,
            offsets: Vec::new(),
        }
    }

    /// Takes the next requests, in order of arrival, and appends those of all ticks that are complete to `out`, spread.
    /// Only arrivals change.
    ///
    /// # Errors
    /// If a request is not on a tick, or too many are on one. Requests of complete ticks before it are in `out`.
    pub fn push(&mut self, requests: &[Request], out: &mut Vec<Request>) -> Result<(), NotSpread> {
        for (index, request) in requests.iter().enumerate() {
            if self.held.first().is_some_and(|held| held.arrival_ns != request.arrival_ns) {
                self.finish(out);
            }
            if (request.arrival_ns as i64).rem_euclid(self.tick_ns as i64) != 0 {
                return Err(NotSpread::OffTick(index));
            }
            if self.held.len() == self.most {
                return Err(NotSpread::TooMany);
            }
            self.held.push(*request);
        }
        Ok(())
    }

    /// Appends the requests of the last tick to `out`, spread. Call it after the last request.
    pub fn finish(&mut self, out: &mut Vec<Request>) {
        let Some(first) = self.held.first() else { return };
        let (len, tick_ns, start_ns) = (self.held.len() as u64, self.tick_ns, first.arrival_ns as i64);
        self.offsets.clear();
        match self.how {
            How::Even => self.offsets.extend((0..len).map(|k| share(k, tick_ns, len))),
            How::Random => {
                let mut stream = self.streams.of((start_ns / tick_ns as i64) as u64);
                self.offsets.extend((0..len).map(|_| stream.below(tick_ns)));
                self.offsets.sort_unstable();
            }
        }
        // Both are below 2⁶², and the sum is below 2⁶³.
        let arrives = |(request, &offset_ns): (&Request, &u64)| Request {
            arrival_ns: (start_ns + offset_ns as i64) as u64,
            ..*request
        };
        out.extend(self.held.iter().zip(&self.offsets).map(arrives));
        self.held.clear();
    }
}

/// ⌊k·tick/n⌋.
fn share(k: u64, tick_ns: u64, n: u64) -> u64 {
    match k.checked_mul(tick_ns) {
        Some(product) => product / n,
        None => (u128::from(k) * u128::from(tick_ns) / u128::from(n)) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn requests(arrivals: &[i64]) -> Vec<Request> {
        let request = |(id, &arrival_ns): (u64, &i64)| Request {
            id,
            arrival_ns: arrival_ns as u64,
            block: 7,
            ..Request::default()
        };
        (0..).zip(arrivals).map(request).collect()
    }

    /// The arrivals of `arrivals` after they are spread, pushed `at_a_time`. Everything else must be as before.
    fn spread(mut spread: Spread, arrivals: &[i64], at_a_time: usize) -> Result<Vec<i64>, NotSpread> {
        let (before, mut out) = (requests(arrivals), Vec::new());
        for requests in before.chunks(at_a_time) {
            spread.push(requests, &mut out)?;
        }
        spread.finish(&mut out);
        assert_eq!(out.len(), before.len());
        let same = |(one, other): (&Request, &Request)| Request { arrival_ns: other.arrival_ns, ..*one } == *other;
        assert!(out.iter().zip(&before).all(same));
        Ok(out.iter().map(|request| request.arrival_ns as i64).collect())
    }

    #[test]
    fn even_divides_each_tick_by_its_requests() {
        let arrivals = [-10, -10, -10, 0, 20, 20, 20, 20, 30, 30];
        for at_a_time in [1, 3, 100] {
            let spread = spread(Spread::new(How::Even, 10, 1), &arrivals, at_a_time).unwrap();
            assert_eq!(spread, [-10, -7, -4, 0, 20, 22, 25, 27, 30, 35]);
        }
        // With more requests than nanoseconds some are at the same time, and none leaves its tick.
        assert_eq!(spread(Spread::new(How::Even, 2, 1), &[4; 5], 2).unwrap(), [4, 4, 4, 5, 5]);
        // The product is above 2⁶⁴.
        let long = 1i64 << 53;
        let arrivals = spread(Spread::new(How::Even, long as u64, 1), &[-long; 3000], 1000).unwrap();
        assert_eq!(arrivals[2999], -long + (2999 * i128::from(long) / 3000) as i64);
    }

    #[test]
    fn random_offsets_are_those_of_the_documented_stream() {
        let second = 1_000_000_000;
        let offsets = |index: u64, n: usize| {
            let mut stream = Streams::new(5, "spread").of(index);
            let mut offsets: Vec<i64> = (0..n).map(|_| stream.below(second as u64) as i64).collect();
            offsets.sort_unstable();
            offsets
        };
        let at = |index: i64, n| offsets(index as u64, n).into_iter().map(move |offset| index * second + offset);
        let expected: Vec<i64> = at(-3, 3).chain(at(0, 1)).chain(at(8, 2)).collect();
        let arrivals = [-3, -3, -3, 0, 8, 8].map(|tick| tick * second);
        for at_a_time in [1, 4, 6] {
            let spread = spread(Spread::new(How::Random, second as u64, 5), &arrivals, at_a_time).unwrap();
            assert_eq!(spread, expected);
        }
        // Computed from the rules of docs/reproducibility.md by another program.
        let spread =
            |second_of| spread(Spread::new(How::Random, second as u64, 1), &[second_of * second; 3], 3).unwrap();
        assert_eq!(spread(0), [334_705_393, 870_461_291, 984_824_993]);
        assert_eq!(spread(-1), [-942_751_035, -412_563_466, -297_275_634]);
    }

    #[test]
    fn random_offsets_are_uniform() {
        // 100,000 offsets in ten parts of a tick: within 5 standard deviations (95 each) of 10,000.
        let arrivals = spread(Spread::new(How::Random, 1000, 1), &[5000; 100_000], 100).unwrap();
        let mut parts = [0u32; 10];
        arrivals.iter().for_each(|arrival| parts[((arrival - 5000) / 100) as usize] += 1);
        assert!(arrivals.is_sorted() && parts.iter().all(|part| part.abs_diff(10_000) < 475), "{parts:?}");
    }

    #[test]
    fn a_request_off_the_tick_is_refused_by_its_index() {
        for wrong in [1001, -999, 500] {
            let mut spread = Spread::new(How::Even, 1000, 1);
            let mut out = Vec::new();
            spread.push(&requests(&[-2000, -1000]), &mut out).unwrap();
            assert_eq!(spread.push(&requests(&[-1000, wrong, 3]), &mut out), Err(NotSpread::OffTick(1)), "{wrong}");
        }
    }

    #[test]
    fn the_requests_of_one_tick_are_limited() {
        let limited = || Spread { most: 3, ..Spread::new(How::Random, 1000, 1) };
        assert!(spread(limited(), &[0, 0, 0, 1000, 1000, 1000], 2).is_ok());
        assert_eq!(spread(limited(), &[0, 0, 0, 0], 2), Err(NotSpread::TooMany));
    }

    #[test]
    fn the_flag_has_a_tick_or_none() {
        let flag = |how, tick_ns| Ok(SpreadFlag { how, tick_ns });
        assert_eq!(Spread::parse("even"), flag(How::Even, None));
        assert_eq!(Spread::parse("random"), flag(How::Random, None));
        assert_eq!(Spread::parse("even:1s"), flag(How::Even, Some(1_000_000_000)));
        assert_eq!(Spread::parse("random:1 ms"), flag(How::Random, Some(1_000_000)));
        for (wrong, rule) in [
            ("", "must be even or random"),
            ("Even", "must be even or random"),
            ("poisson:1s", "must be even or random"),
            ("even:", "must be a duration"),
            ("even:1s:2s", "must be a duration"),
            ("even:0", "at least 1 ns"),
            ("even:105000h", "at most 104 days"),
        ] {
            let error = Spread::parse(wrong).unwrap_err();
            assert!(error.contains(rule), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn order_and_ticks_are_kept(
            ticks in prop::collection::vec(-5..5i64, 0..60),
            tick_ns in 1..2000i64,
            random in any::<bool>(),
        ) {
            let mut arrivals: Vec<i64> = ticks.iter().map(|tick| tick * tick_ns).collect();
            arrivals.sort_unstable();
            let how = if random { How::Random } else { How::Even };
            let spread = spread(Spread::new(how, tick_ns as u64, 1), &arrivals, 7).unwrap();
            prop_assert!(spread.is_sorted());
            prop_assert!(spread.iter().zip(&arrivals).all(|(to, from)| (0..tick_ns).contains(&(to - from))));
        }
    }
}

//! The arrivals of all clients, merged: each client's interarrival times are samples of its own random stream.

use failure::{Failure, Setting};
use random::bursts::BurstClock;
use random::distribution::Distribution;
use random::rate_curve::CurveClock;
use random::streams::{Stream, Streams};

use crate::arrival_rate::{LATEST_NS, TimeChange};
use crate::client_class::ClientClass;
use crate::generation::Generation;
use crate::tournament::Tournament;

#[cold]
fn too_long(seed: u64) -> Failure {
    let setting = Setting { key: "SEED".to_owned(), value: seed.to_string() };
    Failure::Usage { origin: None, setting: Some(setting), rule: "makes a trace longer than 146 years".to_owned() }
}

/// One arrival.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) ns: u64,
    pub(crate) client: u32,
}

/// The arrivals of a trace, in the order of time, then of client.
#[derive(Debug)]
pub(crate) struct Arrivals {
    seed: u64,
    classes: Vec<ClassArrivals>,
    /// The class of each client; empty if there is one class of constant rate, which the fast path is for.
    class_of: Vec<u32>,
    clients: Vec<ClientArrivals>,
    /// Where each client's changed time is; empty if `class_of` is.
    times: Vec<ClientTime>,
    /// Each client's next arrival \[ns\].
    next: Tournament,
    /// Arrivals still to come.
    left: u64,
}

/// What the clients of a class have in common.
#[derive(Debug, Clone)]
struct ClassArrivals {
    interarrivals: Distribution,
    mean_ns: u64,
    change: TimeChange,
}

/// One client's arrivals.
#[derive(Debug)]
struct ClientArrivals {
    interarrivals: Stream,
    /// Operational time of the request after the next one, since the start of the trace \[2⁻⁴⁸ ns\]; at a constant rate, that is
    /// its arrival. Interarrival times are added without rounding; only arrivals are cut to nanoseconds. The sample is one
    /// ahead, so that the tournament does not wait for it.
    clock: u128,
}

/// Where a client is in the changed time of its class.
#[derive(Debug)]
enum ClientTime {
    Unchanged,
    Bursts(BurstClock),
    Curve(CurveClock),
}

impl ClientTime {
    fn new(change: &TimeChange, rates: Stream) -> Self {
        match change {
            TimeChange::None => ClientTime::Unchanged,
            TimeChange::Bursts(bursts) => ClientTime::Bursts(bursts.start(rates)),
            TimeChange::Curve(_) | TimeChange::Rates(_) => ClientTime::Curve(CurveClock::default()),
        }
    }

    /// The arrival at the operational time `clock` \[ns\], at most [`LATEST_NS`]. A separate function keeps the loop of a
    /// constant rate small.
    #[inline(never)]
    fn arrival_ns(&mut self, clock: u128, change: &TimeChange) -> u64 {
        // Beyond the limit, bursts would be sampled up to a time that no trace has.
        if clock >> Distribution::FRACTION_BITS >= u128::from(LATEST_NS) && !matches!(change, TimeChange::Rates(_)) {
            return LATEST_NS;
        }
        let time = match (self, change) {
            (ClientTime::Bursts(clock_of_client), TimeChange::Bursts(bursts)) => clock_of_client.time_of(bursts, clock),
            (ClientTime::Curve(clock_of_client), TimeChange::Curve(curve) | TimeChange::Rates(curve)) => {
                clock_of_client.time_of(curve, clock)
            }
            _ => clock,
        };
        whole_ns(time)
    }
}

/// `time` \[2⁻⁴⁸ ns\], cut \[ns\], and at most [`LATEST_NS`].
#[inline]
fn whole_ns(time: u128) -> u64 {
    u64::try_from(time >> Distribution::FRACTION_BITS).unwrap_or(u64::MAX).min(LATEST_NS)
}

impl ClientArrivals {
    /// Adds an interarrival time \[2⁻⁴⁸ of the mean\]. A clock saturates at its upper limit. [`Arrivals::fill`] reports
    /// it only if the request is part of the trace: an interarrival time of centuries is no error if the other clients
    /// fill the trace first.
    #[inline]
    fn advance(&mut self, interarrival: u128, mean_ns: u64) {
        let interarrival = match u64::try_from(interarrival) {
            Ok(interarrival) => u128::from(interarrival) * u128::from(mean_ns),
            Err(_) => interarrival.saturating_mul(mean_ns.into()),
        };
        self.clock = self.clock.saturating_add(interarrival);
    }
}

impl Arrivals {
    /// The arrivals of a whole trace.
    pub(crate) fn new(generation: &Generation) -> Self {
        let &Generation { samples, seed, ref classes, .. } = generation;
        let [gaps, rates] = ["gaps", "rates"].map(|name| Streams::new(seed, name));
        let is_plain = classes.len() == 1 && classes[0].change == TimeChange::None;
        let (mut clients, mut class_of, mut times, mut first) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, class) in (0..).zip(classes) {
            for _ in 0..class.clients {
                let of_client = clients.len() as u64;
                let mut client = ClientArrivals { interarrivals: gaps.of(of_client), clock: 0 };
                let interarrival = class.interarrivals.sample_first(&mut client.interarrivals);
                client.advance(interarrival, class.mean_ns);
                if is_plain {
                    first.push(whole_ns(client.clock));
                } else {
                    let mut time = ClientTime::new(&class.change, rates.of(of_client));
                    first.push(time.arrival_ns(client.clock, &class.change));
                    class_of.push(number);
                    times.push(time);
                }
                let interarrival = class.interarrivals.sample(&mut client.interarrivals);
                client.advance(interarrival, class.mean_ns);
                clients.push(client);
            }
        }
        let arrivals = |class: &ClientClass| ClassArrivals {
            interarrivals: class.interarrivals,
            mean_ns: class.mean_ns,
            change: class.change.clone(),
        };
        let classes = classes.iter().map(arrivals).collect();
        Self { seed, classes, class_of, clients, times, next: Tournament::new(first), left: samples }
    }

    /// Replaces the contents of `out` with the next arrivals: `most`, or all that are left.
    ///
    /// # Errors
    /// If a request arrives at 2⁶² ns or later.
    pub(crate) fn fill(&mut self, out: &mut Vec<Arrival>, most: usize) -> Result<(), Failure> {
        out.clear();
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        self.left -= count as u64;
        let Self { seed, classes, class_of, clients, times, next, .. } = self;
        let (first_class, is_plain) = (&classes[0], class_of.is_empty());
        for _ in 0..count {
            let (ns, number) = next.first();
            if ns >= LATEST_NS {
                return Err(too_long(*seed));
            }
            out.push(Arrival { ns, client: number });
            let number = number as usize;
            let client = &mut clients[number];
            let class = if is_plain { first_class } else { &classes[class_of[number] as usize] };
            next.replace_first(if is_plain {
                whole_ns(client.clock)
            } else {
                times[number].arrival_ns(client.clock, &class.change)
            });
            let interarrival = class.interarrivals.sample(&mut client.interarrivals);
            client.advance(interarrival, class.mean_ns);
        }
        Ok(())
    }
}

#[cfg(test)]
impl Arrivals {
    /// Makes client 0 send its next request, and after it one that is later than the upper limit.
    pub(crate) fn end_client_0(&mut self) {
        self.clients[0].advance(u128::MAX, 1);
        self.clients[0].advance(1 << 64, u64::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::generation;

    #[test]
    fn an_interarrival_time_beyond_the_limit_is_an_error() {
        let mut arrivals = Arrivals::new(&generation(&[]));
        arrivals.end_client_0();
        assert_eq!(arrivals.fill(&mut Vec::new(), 1), Ok(()));
        let failure = arrivals.fill(&mut Vec::new(), 1).unwrap_err();
        assert_eq!(failure.to_string(), "SEED=1 makes a trace longer than 146 years");
    }

    #[test]
    fn clocks_add_large_interarrival_times_exactly() {
        let mut client = ClientArrivals { interarrivals: Streams::new(1, "gaps").of(0), clock: 0 };
        client.advance((1 << 70) + (1 << 47), 1_000_001);
        assert_eq!(client.clock, ((1 << 70) + (1 << 47)) * 1_000_001);
        assert_eq!(whole_ns(client.clock), (1 << 22) * 1_000_001 + 500_000);
    }
}

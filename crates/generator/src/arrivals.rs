//! The arrivals of all clients, merged: each client's interarrival times are samples of its own random stream.

use failure::{Failure, Setting};
use random::streams::{Stream, Streams};

use crate::generation::Generation;
use crate::tournament::Tournament;
use random::distribution::Distribution;

/// Upper limit of every arrival \[ns\].
const LATEST_NS: u64 = 1 << 62;

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
    interarrivals: Distribution,
    mean_ns: u64,
    seed: u64,
    clients: Vec<ClientArrivals>,
    /// Each client's next arrival \[ns\].
    next: Tournament,
    /// Arrivals still to come.
    left: u64,
}

/// One client's arrivals.
#[derive(Debug)]
struct ClientArrivals {
    interarrivals: Stream,
    /// Arrival of the request after the next one, since the start of the trace \[2⁻⁴⁸ ns\]. Interarrival times are
    /// added without rounding; only arrivals are cut to nanoseconds. The sample is one ahead, so that the tournament
    /// does not wait for it.
    clock: u128,
}

impl ClientArrivals {
    /// The clock, cut \[ns\], and at most [`LATEST_NS`].
    #[inline]
    fn arrival_ns(&self) -> u64 {
        u64::try_from(self.clock >> Distribution::FRACTION_BITS).unwrap_or(u64::MAX).min(LATEST_NS)
    }

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
        let Generation { interarrivals, inter_arrival_ns: mean_ns, seed, samples, concurrency, .. } = *generation;
        let streams = Streams::new(seed, "gaps");
        let mut clients: Vec<ClientArrivals> = (0..concurrency)
            .map(|number| ClientArrivals { interarrivals: streams.of(number.into()), clock: 0 })
            .collect();
        let first = clients.iter_mut().map(|client| {
            let interarrival = interarrivals.sample_first(&mut client.interarrivals);
            client.advance(interarrival, mean_ns);
            let first = client.arrival_ns();
            let interarrival = interarrivals.sample(&mut client.interarrivals);
            client.advance(interarrival, mean_ns);
            first
        });
        let next = Tournament::new(first.collect());
        Self { interarrivals, mean_ns, seed, clients, next, left: samples }
    }

    /// Replaces the contents of `out` with the next arrivals: `most`, or all that are left.
    ///
    /// # Errors
    /// If a request arrives at 2⁶² ns or later.
    pub(crate) fn fill(&mut self, out: &mut Vec<Arrival>, most: usize) -> Result<(), Failure> {
        out.clear();
        let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(most);
        self.left -= count as u64;
        for _ in 0..count {
            let (ns, number) = self.next.first();
            if ns >= LATEST_NS {
                return Err(too_long(self.seed));
            }
            out.push(Arrival { ns, client: number });
            let client = &mut self.clients[number as usize];
            self.next.replace_first(client.arrival_ns());
            let interarrival = self.interarrivals.sample(&mut client.interarrivals);
            client.advance(interarrival, self.mean_ns);
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
        assert_eq!(client.arrival_ns(), (1 << 22) * 1_000_001 + 500_000);
    }
}

//! Samples the requests of a trace: first arrival and client ([`Arrivals`]), then size, block and operation
//! ([`RequestBodies`]).

use std::sync::Mutex;

use contract::Request;
use failure::Failure;
use trace::ordered::{self, Turns, on_threads};

use crate::arrivals::Arrivals;
use crate::generation::Generation;
use crate::request_body::RequestBodies;

/// Requests that a thread samples at a time.
const BATCH_REQUESTS: usize = 8192;

/// The requests of a trace in order of arrival, then of client: exactly SAMPLES, ids from 0, demands not yet sampled.
#[derive(Debug)]
pub struct Generator {
    arrivals: Arrivals,
    bodies: RequestBodies,
}

impl Generator {
    /// The generator at the first request.
    pub fn new(generation: &Generation) -> Self {
        Self { arrivals: Arrivals::new(generation), bodies: RequestBodies::new(generation) }
    }

    /// Appends the next requests to `out`, at most `most`, and returns their number: 0 after the last one. Their
    /// `service_ns` is 0.
    ///
    /// # Errors
    /// If a request arrives at 2⁶² ns or later: in less than one of a million seeds of the settings that
    /// [`Generation::from_settings`] accepts.
    pub fn fill(&mut self, out: &mut Vec<Request>, most: usize) -> Result<usize, Failure> {
        let mut arrivals = Vec::new();
        self.arrivals.fill(&mut arrivals, most)?;
        self.bodies.fill(&arrivals, out);
        Ok(arrivals.len())
    }

    /// Passes all requests that are left to `take`, in order and in batches. Before that, `prepare` processes each
    /// batch on its own; it runs on several threads at once, each with its own copy of `prepared`.
    ///
    /// # Errors
    /// As [`Generator::fill`], after `take` has received all batches before; any error of `prepare` or `take`.
    pub fn read<P: Clone + Sync, E: From<Failure> + Send>(
        &mut self,
        prepared: &P,
        prepare: impl Fn(&mut [Request], &mut P) -> Result<(), E> + Sync,
        take: impl FnMut(&[Request], &P) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        self.read_with_threads(ordered::threads(), prepared, prepare, take)
    }

    /// Each client's random streams are sequential. So threads take turns: one samples arrivals while another samples
    /// the bodies of the batch before. The samples do not depend on the number of threads.
    fn read_with_threads<P: Clone + Sync, E: From<Failure> + Send>(
        &mut self,
        threads: usize,
        prepared: &P,
        prepare: impl Fn(&mut [Request], &mut P) -> Result<(), E> + Sync,
        take: impl FnMut(&[Request], &P) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let arrivals = Mutex::new((&mut self.arrivals, 0));
        let (bodies, takes) = (Turns::new(&mut self.bodies), Turns::new(take));
        on_threads(threads, || {
            let (mut arrived, mut requests, mut prepared) = (Vec::new(), Vec::new(), prepared.clone());
            loop {
                let (filled, body, turn) = {
                    // After a panic on another thread, the panic is reported, not this error.
                    let Ok(mut arrivals) = arrivals.lock() else { return Ok(()) };
                    let (arrivals, batches) = &mut *arrivals;
                    let filled = arrivals.fill(&mut arrived, BATCH_REQUESTS);
                    if filled.is_ok() && arrived.is_empty() {
                        return Ok(());
                    }
                    *batches += 1;
                    (filled, bodies.turn(*batches - 1), takes.turn(*batches - 1))
                };
                requests.clear();
                let sampled = body.take(|bodies| {
                    bodies.fill(&arrived, &mut requests);
                    Ok::<_, Failure>(())
                });
                if sampled.is_none() {
                    return Ok(());
                }
                let ready = filled.map_err(E::from).and_then(|()| prepare(&mut requests, &mut prepared));
                let taken = turn.take(|take| {
                    ready?;
                    take(&requests, &prepared)
                });
                match taken {
                    Some(taken) => taken?,
                    None => return Ok(()),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum as _;

    use crate::Family;
    use crate::testing::{generation, trace};

    #[test]
    fn exactly_samples_in_order_of_arrival_then_client() {
        for distribution in Family::value_variants().iter().map(|family| family.name()) {
            // Gaps of a few nanoseconds: many arrivals at one time.
            let trace = trace(&[
                ("DISTRIBUTION", &distribution),
                ("CONCURRENCY", "50"),
                ("INTER_ARRIVAL", "20ns"),
                ("SAMPLES", "12345"),
            ]);
            assert_eq!(trace.len(), 12345);
            assert!(trace.iter().zip(0..).all(|(request, place)| request.id == place));
            let order = |request: &Request| (request.arrival_ns, request.client);
            assert!(trace.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])));
            assert!(trace.windows(2).any(|pair| pair[0].arrival_ns == pair[1].arrival_ns));
            assert!((0..50).all(|client| trace.iter().any(|request| request.client == client)));
        }
    }

    #[test]
    fn the_trace_does_not_depend_on_batches() {
        let generation = generation(&[("SAMPLES", "1000"), ("CONCURRENCY", "3")]);
        let mut all = Vec::new();
        assert_eq!(Generator::new(&generation).fill(&mut all, 2000), Ok(1000));
        let (mut generator, mut chunks) = (Generator::new(&generation), Vec::new());
        let made: Vec<usize> = (0..4).map(|_| generator.fill(&mut chunks, 400).unwrap()).collect();
        assert_eq!((made, chunks), (vec![400, 400, 200, 0], all));
    }

    /// All requests, by `threads` threads, with a demand sampled for each.
    fn read_with_threads(threads: usize, generator: &mut Generator) -> Result<Vec<Request>, Failure> {
        let mut all = Vec::new();
        let prepare = |requests: &mut [Request], prepared: &mut u64| {
            requests.iter_mut().for_each(|request| request.service_ns = request.id + 1);
            *prepared = requests[0].id;
            Ok(())
        };
        generator.read_with_threads(threads, &0, prepare, |requests, prepared| {
            assert_eq!(*prepared, requests[0].id);
            all.extend_from_slice(requests);
            Ok::<_, Failure>(())
        })?;
        Ok(all)
    }

    #[test]
    fn the_trace_does_not_depend_on_threads() {
        for samples in [1, BATCH_REQUESTS - 1, BATCH_REQUESTS, BATCH_REQUESTS + 1, 20 * BATCH_REQUESTS + 1] {
            for clients in [1, 3, 1000, 5000] {
                let changes = [("SAMPLES", &*samples.to_string()), ("CONCURRENCY", &*clients.to_string())];
                let generation = generation(&changes);
                let mut alone = Vec::new();
                assert_eq!(Generator::new(&generation).fill(&mut alone, usize::MAX), Ok(samples));
                alone.iter_mut().for_each(|request| request.service_ns = request.id + 1);
                for threads in [1, 2, 3, 8] {
                    let sampled = read_with_threads(threads, &mut Generator::new(&generation)).unwrap();
                    assert!(sampled == alone, "{samples} of {clients} on {threads}");
                }
            }
        }
    }

    #[test]
    fn an_error_comes_after_all_batches_before_it() {
        for threads in [1, 2, 8] {
            let mut generator = Generator::new(&generation(&[("SAMPLES", "10000000"), ("CONCURRENCY", "2")]));
            let mut taken = 0;
            let failing = |requests: &[Request], _: &()| {
                taken += requests.len();
                if taken == 5 * BATCH_REQUESTS { Err(Failure::host("at 5")) } else { Ok(()) }
            };
            let failure = generator.read_with_threads(threads, &(), |_, ()| Ok(()), failing).unwrap_err();
            assert_eq!((failure.to_string(), taken), ("at 5".to_owned(), 5 * BATCH_REQUESTS));

            let mut generator = Generator::new(&generation(&[]));
            generator.fill(&mut Vec::new(), 10).unwrap();
            generator.arrivals.end_client_0();
            let failure = read_with_threads(threads, &mut generator).unwrap_err();
            assert_eq!(failure.to_string(), "SEED=1 makes a trace longer than 146 years");
        }
    }

    #[test]
    fn a_seed_determines_the_trace() {
        let trace = |seed| trace(&[("SEED", seed), ("SAMPLES", "1000"), ("CONCURRENCY", "3")]);
        assert_eq!(trace("7"), trace("7"));
        let differ = trace("7").iter().zip(trace("8")).filter(|(a, b)| a.arrival_ns != b.arrival_ns).count();
        assert_eq!(differ, 1000);
    }

    #[test]
    fn a_client_does_not_depend_on_the_others() {
        let own = |concurrency, client| -> Vec<(u64, u8, u64, u32)> {
            trace(&[("CONCURRENCY", concurrency), ("SAMPLES", "50000")])
                .iter()
                .filter(|request| request.client == client)
                .map(|request| (request.arrival_ns, request.op, request.block, request.size))
                .collect()
        };
        for client in 0..3 {
            let (few, many) = (own("3", client), own("40", client));
            assert!(few.len() > many.len() && many.len() > 1000);
            assert_eq!(few[..many.len()], many);
        }
        assert!(own("3", 0).iter().zip(own("3", 1)).all(|(one, other)| one.0 != other.0));
    }

    #[test]
    fn the_share_of_reads_is_read_ratio() {
        for (ratio, p) in [("0", 0.0), ("1", 0.01), ("70", 0.7), ("99.5", 0.995), ("100", 1.0)] {
            let trace = trace(&[("READ_RATIO", ratio)]);
            let (n, reads) = (trace.len() as f64, trace.iter().filter(|request| request.op == Request::READ).count());
            // Binomial: within 4 standard deviations; exact at 0 and 100 per cent.
            let bound = 4.0 * (n * p * (1.0 - p)).sqrt();
            assert!((reads as f64 - n * p).abs() <= bound, "{ratio}: {reads}");
        }
    }

    #[test]
    fn a_request_lies_within_the_storage_array_and_reaches_both_ends() {
        for (distribution, size) in [("uniform", "10"), ("poisson", "10"), ("deterministic", "100"), ("normal", "1")] {
            let trace = trace(&[("DISTRIBUTION", distribution), ("SIZE", size), ("SAS", "100"), ("MEAN", "30")]);
            assert!(trace.iter().all(|r| r.size >= 1 && r.block >= 1 && r.block + u64::from(r.size) - 1 <= 100));
            assert!(trace.iter().any(|r| r.block == 1));
            assert!(trace.iter().any(|r| r.block + u64::from(r.size) - 1 == 100));
        }
        let blocks: Vec<f64> = trace(&[("SIZE", "1"), ("DISTRIBUTION", "deterministic")])
            .iter()
            .map(|request| (request.block as f64 - 0.5) / 1e6)
            .collect();
        random::testing::assert_follows("places", blocks, |x| x);
    }
}

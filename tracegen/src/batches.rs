//! The requests of a trace, drawn on threads.

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread::Builder;

use trace::{Failure, Request};

use crate::arrivals::Arrival;
use crate::generator::Generator;

/// Requests of a batch.
const BATCH: usize = 4096;

/// Batches that may lie between two threads: enough that none waits for the other to be woken.
const AHEAD: usize = 4;

/// A trace in batches. One thread draws when requests arrive, another one what they ask for: each client's streams are of one
/// order, so that the stages of the work are divided among threads and not the requests, and no number of threads shows.
#[derive(Debug)]
pub struct Batches {
    drawn: Receiver<Result<Vec<Request>, Failure>>,
    used: Sender<Vec<Request>>,
    /// Whether the last batch has come.
    ended: bool,
}

impl Batches {
    pub(crate) fn start(generator: Generator) -> Result<Self, Failure> {
        let Generator { mut arrivals, mut contents } = generator;
        let (arrived, next) = sync_channel::<Result<Vec<Arrival>, Failure>>(AHEAD);
        let (worn, fresh) = channel::<Vec<Arrival>>();
        spawn("arrivals", move || {
            loop {
                let mut batch = fresh.try_recv().unwrap_or_default();
                let filled = arrivals.fill(&mut batch, BATCH).map(|()| batch);
                let last = !matches!(&filled, Ok(batch) if !batch.is_empty());
                // Where nobody takes it, the trace is no longer wanted.
                if arrived.send(filled).is_err() || last {
                    return;
                }
            }
        })?;
        let (requested, drawn) = sync_channel(AHEAD);
        let (used, free) = channel::<Vec<Request>>();
        spawn("contents", move || {
            for arrived in next {
                let drawn = arrived.map(|arrivals| {
                    let mut batch = free.try_recv().unwrap_or_default();
                    batch.clear();
                    contents.fill(&arrivals, &mut batch);
                    let _ = worn.send(arrivals);
                    batch
                });
                if requested.send(drawn).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { drawn, used, ended: false })
    }

    /// Puts the next requests into `batch`, whose old ones go; false at the end.
    ///
    /// # Errors
    /// As [`Generator::fill`]; nothing comes after an error.
    pub fn next(&mut self, batch: &mut Vec<Request>) -> Result<bool, Failure> {
        let _ = self.used.send(std::mem::take(batch));
        if self.ended {
            return Ok(false);
        }
        let fault = || Failure::Host("a generator's thread panicked, which is a fault of Queuebox".to_owned());
        let drawn = self.drawn.recv().map_err(|_| fault()).flatten();
        self.ended = !matches!(&drawn, Ok(drawn) if !drawn.is_empty());
        *batch = drawn?;
        Ok(!self.ended)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Failure> {
    match Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::Host(format!("a thread can't be started: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::generation;

    fn all(mut batches: Batches) -> Vec<Request> {
        let (mut all, mut batch) = (Vec::new(), Vec::new());
        while batches.next(&mut batch).unwrap() {
            all.extend_from_slice(&batch);
        }
        assert_eq!((batches.next(&mut batch), batch.len()), (Ok(false), 0));
        all
    }

    #[test]
    fn threads_do_not_show() {
        for samples in [1, BATCH - 1, BATCH, BATCH + 1, 20 * BATCH] {
            for clients in [1, 3, 1000, 5000] {
                let changes = [("SAMPLES", &*samples.to_string()), ("CONCURRENCY", &*clients.to_string())];
                let generation = generation(&changes);
                let mut alone = Vec::new();
                assert_eq!(Generator::new(&generation).fill(&mut alone, usize::MAX), Ok(samples));
                assert!(all(Generator::new(&generation).ahead().unwrap()) == alone, "{samples} of {clients}");
            }
        }
    }

    #[test]
    fn an_error_is_the_last_that_comes() {
        let mut generator = Generator::new(&generation(&[]));
        generator.arrivals.end_client_0();
        let mut batches = generator.ahead().unwrap();
        let mut batch = Vec::new();
        let failure = batches.next(&mut batch).unwrap_err();
        assert_eq!(failure.to_string(), "SEED=1 makes a trace longer than 146 years");
        assert_eq!((batches.next(&mut batch), batch.len()), (Ok(false), 0));
    }

    #[test]
    fn a_trace_that_nobody_wants_any_more_is_not_drawn_on() {
        let mut batches = Generator::new(&generation(&[("SAMPLES", "100000000000")])).ahead().unwrap();
        assert_eq!(batches.next(&mut Vec::new()), Ok(true));
        let Batches { drawn, used, .. } = batches;
        drop(drawn);
        // The thread that takes used batches has ended when none can be given back.
        let patience = std::time::Instant::now();
        while used.send(Vec::new()).is_ok() {
            assert!(patience.elapsed().as_secs() < 60);
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }
}

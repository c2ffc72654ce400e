//! The default simulator's library, compiled natively, its completions checked and folded.

use host::measure::Tally;
use sim_wasm::{Fifo, Model};
use trace::{Completion, Request};

/// Simulates the records of a shard in memory.
pub(crate) fn simulate(records: &[u8]) -> Tally {
    let mut tally = Tally::default();
    let mut fifo = Fifo::new(Model { servers: 1, capacity: 0, delay: 0 });
    for record in records.chunks_exact(Request::LEN) {
        let request = Request::from_bytes(record);
        tally.counts.offered += 1;
        tally.demand_sum_ns += u128::from(request.service_ns);
        fifo.arrive(&request, &mut |Completion { id, start_ns, finish_ns, service_ns }| {
            assert!(
                id == request.id
                    && start_ns >= request.arrival_ns
                    && finish_ns - start_ns == service_ns
                    && service_ns == request.service_ns
            );
            tally.end_ns = tally.end_ns.max(finish_ns);
            tally.completed(request.arrival_ns, start_ns, finish_ns, service_ns);
        });
    }
    tally
}

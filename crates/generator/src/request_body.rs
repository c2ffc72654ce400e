//! Size, block and operation of each request.

use contract::Request;
use random::streams::{Stream, Streams};

use crate::arrivals::Arrival;
use crate::generation::Generation;
use crate::sizes::Sizes;

/// Samples size, block and operation of the requests of a trace, in its order.
#[derive(Debug)]
pub(crate) struct RequestBodies {
    sizes: Sizes,
    /// The largest size \[blocks\].
    max_blocks: u32,
    sas: u64,
    read_ratio: f64,
    clients: Vec<ClientStreams>,
    /// Id of the next request.
    id: u64,
}

/// The random streams of one client.
#[derive(Debug)]
struct ClientStreams {
    sizes: Stream,
    blocks: Stream,
    ops: Stream,
}

impl RequestBodies {
    /// At the first request.
    pub(crate) fn new(generation: &Generation) -> Self {
        let &Generation { sizes, sas, read_ratio, seed, concurrency, .. } = generation;
        let streams = ["sizes", "places", "ops"].map(|name| Streams::new(seed, name));
        let client = |number| {
            let [sizes, blocks, ops] = streams.map(|streams| streams.of(number));
            ClientStreams { sizes, blocks, ops }
        };
        let clients = (0..u64::from(concurrency)).map(client).collect();
        Self { sizes, max_blocks: u32::try_from(sas).unwrap_or(u32::MAX), sas, read_ratio, clients, id: 0 }
    }

    /// Appends the requests with these arrivals, which are the next of the trace.
    pub(crate) fn fill(&mut self, arrivals: &[Arrival], out: &mut Vec<Request>) {
        out.extend(arrivals.iter().zip(self.id..).map(|(&Arrival { ns, client: number }, id)| {
            let client = &mut self.clients[number as usize];
            let size = self.sizes.sample(&mut client.sizes, self.max_blocks);
            let block = 1 + client.blocks.below(self.sas - u64::from(size) + 1);
            let read = client.ops.unit() * 100.0 < self.read_ratio;
            let op = if read { Request::READ } else { Request::WRITE };
            Request { id, arrival_ns: ns, client: number, size, block, op, ..Request::default() }
        }));
        self.id += arrivals.len() as u64;
    }
}

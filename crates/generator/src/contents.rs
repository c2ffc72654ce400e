//! What requests ask for: size, place and kind.

use contract::Request;
use random::streams::{Stream, Streams};

use crate::arrivals::Arrival;
use crate::generation::Generation;
use crate::sizes::Sizes;

/// What the requests of a trace ask for, in its order.
#[derive(Debug)]
pub(crate) struct Contents {
    sizes: Sizes,
    /// The largest size \[blocks\].
    most: u32,
    sas: u64,
    read_ratio: f64,
    clients: Vec<Client>,
    /// The next request's id.
    id: u64,
}

/// What one client's next request will be sampled from.
#[derive(Debug)]
struct Client {
    sizes: Stream,
    places: Stream,
    ops: Stream,
}

impl Contents {
    /// From the first request on.
    pub(crate) fn new(generation: &Generation) -> Self {
        let &Generation { sizes, sas, read_ratio, seed, concurrency, .. } = generation;
        let streams = ["sizes", "places", "ops"].map(|name| Streams::new(seed, name));
        let client = |number| {
            let [sizes, places, ops] = streams.map(|streams| streams.of(number));
            Client { sizes, places, ops }
        };
        let clients = (0..u64::from(concurrency)).map(client).collect();
        Self { sizes, most: u32::try_from(sas).unwrap_or(u32::MAX), sas, read_ratio, clients, id: 0 }
    }

    /// Appends the requests that arrive next.
    pub(crate) fn fill(&mut self, arrivals: &[Arrival], out: &mut Vec<Request>) {
        out.extend(arrivals.iter().zip(self.id..).map(|(&Arrival { ns, client: number }, id)| {
            let client = &mut self.clients[number as usize];
            let size = self.sizes.sample(&mut client.sizes, self.most);
            let block = 1 + client.places.below(self.sas - u64::from(size) + 1);
            let read = client.ops.unit() * 100.0 < self.read_ratio;
            let op = if read { Request::READ } else { Request::WRITE };
            Request { id, arrival_ns: ns, client: number, size, block, op, ..Request::default() }
        }));
        self.id += arrivals.len() as u64;
    }
}

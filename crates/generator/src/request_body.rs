//! Size, block and operation of each request.

use contract::Request;
use random::popularity::Popularity;
use random::streams::{Stream, Streams};

use crate::arrivals::Arrival;
use crate::client_class::ClientClass;
use crate::generation::Generation;
use crate::popularity::{Places, Run};

/// Samples size, block and operation of the requests of a trace, in its order.
#[derive(Debug)]
pub(crate) struct RequestBodies {
    classes: Vec<ClientClass>,
    /// The class of each client; empty if there is one.
    class_of: Vec<u32>,
    clients: Vec<ClientStreams>,
    /// The run of each client; empty if no class has runs.
    runs: Vec<Run>,
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
        let classes = generation.classes.clone();
        let number = classes.iter().map(|class| u64::from(class.clients)).sum();
        let streams = ["sizes", "places", "ops"].map(|name| Streams::new(generation.seed, name));
        let client = |number| {
            let [sizes, blocks, ops] = streams.map(|streams| streams.of(number));
            ClientStreams { sizes, blocks, ops }
        };
        let clients = (0..number).map(client).collect();
        let class_of =
            (0..).zip(&classes).flat_map(|(number, class)| std::iter::repeat_n(number, class.clients as usize));
        let class_of = if classes.len() == 1 { Vec::new() } else { class_of.collect() };
        let runs = Streams::new(generation.seed, "runs");
        let runs = (0..number).map(|number| Run::new(runs.of(number)));
        let has_runs = classes.iter().any(|class| matches!(class.places, Places::Runs { .. }));
        Self { class_of, clients, runs: if has_runs { runs.collect() } else { Vec::new() }, classes, id: 0 }
    }

    /// Appends the requests with these arrivals, which are the next of the trace.
    pub(crate) fn fill(&mut self, arrivals: &[Arrival], out: &mut Vec<Request>) {
        let Self { classes, class_of, clients, runs, id } = self;
        let requests = arrivals.iter().zip(*id..);
        *id += arrivals.len() as u64;
        let (first_class, one_class) = (&classes[0], class_of.is_empty());
        out.extend(requests.map(|(arrival, id)| {
            let class = if one_class { first_class } else { &classes[class_of[arrival.client as usize] as usize] };
            request(id, arrival, class, clients, runs)
        }));
    }
}

#[inline(always)]
fn request(
    id: u64,
    arrival: &Arrival,
    class: &ClientClass,
    clients: &mut [ClientStreams],
    runs: &mut [Run],
) -> Request {
    let &Arrival { ns, client: number } = arrival;
    let client = &mut clients[number as usize];
    let size = class.sizes.sample(&mut client.sizes, u32::try_from(class.sas).unwrap_or(u32::MAX));
    let places = class.sas - u64::from(size) + 1;
    let block = match &class.places {
        Places::Independent(Popularity::Uniform) => 1 + client.blocks.below(places),
        other => other_place(other, client, runs, number, size, places),
    };
    let read = client.ops.unit() * 100.0 < class.read_ratio;
    let op = if read { Request::READ } else { Request::WRITE };
    Request { id, arrival_ns: ns, client: number, size, block, op, class: class.priority, ..Request::default() }
}

/// Where a request starts unless all blocks are equally popular. A separate function keeps the default path small.
#[inline(never)]
fn other_place(
    kind: &Places,
    client: &mut ClientStreams,
    runs: &mut [Run],
    number: u32,
    size: u32,
    places: u64,
) -> u64 {
    match *kind {
        Places::Independent(popularity) => popularity.sample(&mut client.blocks, places),
        Places::Runs { mean } => runs[number as usize].place(&mut client.blocks, size, places, mean),
    }
}

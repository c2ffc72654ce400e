//! The integers that are counted while a trace is read.

use contract::Request;

use super::distribution::Distribution;
use super::popularity::Popularity;
use super::windows::Windows;

/// The integers that a description is computed from.
#[derive(Debug)]
pub(super) struct Counted {
    /// The first and the last arrival \[ns\].
    pub(super) ends_ns: Option<(u64, u64)>,
    /// Interarrival times \[ns\].
    pub(super) interarrival: Distribution,
    /// Interarrival times that are 0.
    pub(super) zero_gaps: u64,
    /// Arrivals in windows of time.
    pub(super) windows: Windows,
    /// Reads, writes and other operations; None if the trace does not give them.
    pub(super) ops: Option<[u64; 3]>,
    /// Service demands \[ns\].
    pub(super) demands: Distribution,
    /// Sizes of requests.
    pub(super) sizes: Distribution,
    /// Sizes of responses.
    pub(super) reply_sizes: Distribution,
    /// Requests of each client.
    pub(super) clients: Popularity,
    /// Requests for each block; None if the trace does not give blocks.
    pub(super) blocks: Option<Popularity>,
}

impl Counted {
    /// The counts before the first request. `has_ops` and `has_blocks` state whether the trace gives operations and blocks.
    pub(super) fn new(has_ops: bool, has_blocks: bool) -> Self {
        Self {
            ends_ns: None,
            interarrival: Distribution::default(),
            zero_gaps: 0,
            windows: Windows::default(),
            ops: has_ops.then_some([0; 3]),
            demands: Distribution::default(),
            sizes: Distribution::default(),
            reply_sizes: Distribution::default(),
            clients: Popularity::default(),
            blocks: has_blocks.then(Popularity::default),
        }
    }

    /// Counts `requests`, which are in order of arrival.
    pub(super) fn add(&mut self, requests: &[Request]) {
        for request in requests {
            self.arrival(request.arrival_ns);
            self.demands.record(request.service_ns);
            self.sizes.record(request.size.into());
            self.reply_sizes.record(request.reply_size.into());
            self.clients.record(request.client.into());
        }
        if let Some(ops) = &mut self.ops {
            requests.iter().for_each(|request| ops[usize::from(request.op).min(2)] += 1);
        }
        if let Some(blocks) = &mut self.blocks {
            requests.iter().for_each(|request| blocks.record(request.block));
        }
    }

    #[inline]
    fn arrival(&mut self, arrival_ns: u64) {
        let (first_ns, last_ns) = self.ends_ns.unwrap_or((arrival_ns, arrival_ns));
        if self.ends_ns.is_some() {
            self.interarrival.record(arrival_ns - last_ns);
            self.zero_gaps += u64::from(arrival_ns == last_ns);
        }
        self.ends_ns = Some((first_ns, arrival_ns));
        self.windows.record(arrival_ns - first_ns);
    }
}

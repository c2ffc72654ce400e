//! Partitioning: every request of the trace to exactly one worker.

use host::report::Load;
use indicatif::{ProgressBar, ProgressStyle};
use trace::Request;

use crate::policy::Balancer;
use crate::source::Source;

/// Where the workers' shards go.
pub(crate) trait Shards: Send {
    /// The trace's next requests, and of each the worker, from 0, to whose shard it goes.
    ///
    /// # Errors
    /// Where a shard can't be written.
    fn send(&mut self, requests: &[Request], workers: &[u32]) -> anyhow::Result<()>;
}

/// A trace on its way through a policy.
pub(crate) struct Partition {
    source: Source,
    balancer: Balancer,
    load: Load,
    requests: u64,
}

impl Partition {
    /// `source` under `balancer`.
    pub(crate) fn new(source: Source, balancer: Balancer) -> Self {
        Self { source, balancer, load: Load::default(), requests: 0 }
    }

    /// Sends the whole trace to `shards`. Progress is shown, as what is being done, where stderr is a terminal.
    ///
    /// # Errors
    /// Where the trace is bad or has no requests, a limit is passed, or a shard can't be written.
    pub(crate) fn pour(&mut self, doing: &str, shards: &mut impl Shards) -> anyhow::Result<()> {
        let progress = progress(doing, &self.source);
        let Self { source, balancer, load, requests: count } = self;
        let mut workers = Vec::new();
        source.read(|requests, position| {
            load.add(requests);
            *count += requests.len() as u64;
            balancer.assign_all(requests, &mut workers)?;
            shards.send(requests, &workers)?;
            progress.set_position(position);
            Ok(())
        })?;
        progress.finish_and_clear();
        Ok(())
    }

    /// The trace; what it tells of itself is complete after [`Partition::pour`].
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// What the trace asks of the workers.
    pub(crate) fn load(&self) -> &Load {
        &self.load
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests
    }
}

fn progress(doing: &str, source: &Source) -> ProgressBar {
    let template = match source {
        Source::Generated(..) => "{human_pos} of {human_len} requests",
        Source::Recorded(..) => "{decimal_bytes} of {decimal_total_bytes}",
    };
    let bar = source.length().map_or_else(ProgressBar::no_length, ProgressBar::new);
    let style = ProgressStyle::with_template(&format!("{doing} [{{bar:30}}] {template}, {{eta}} left"));
    bar.with_style(style.expect("the template is right").progress_chars("=> "))
}

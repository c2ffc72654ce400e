//! One scenario's path from the reading to its workers.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use contract::Request;
use policy::{Balancer, PolicySpec, Sizes};

use crate::load::Arrivals;
use crate::notes::OfferedLoad;
use crate::scaling::Scaling;
use crate::scenario::Scenario;
use crate::shard_files::{ShardFiles, Shards};

/// A scenario while the trace is read.
pub(crate) struct Lane<'a> {
    pub(crate) policy: Option<PolicySpec>,
    arrivals: Arrivals,
    balancer: Option<Balancer>,
    scaling: Scaling,
    /// The files of its shards, if they are kept.
    kept: Option<&'a mut ShardFiles>,
    pub(crate) load: OfferedLoad,
    assigned: Vec<u32>,
    pub(crate) failed: Option<anyhow::Error>,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(scenario: &Scenario, sizes: &Sizes, kept: Option<&'a mut ShardFiles>) -> Self {
        let cluster = scenario.cluster();
        let policy = scenario.policy.as_ref().map(|policy| policy.fitted(sizes, &cluster));
        let (balancer, failed) = match policy.as_ref().map(|policy| Balancer::new(policy, &cluster)).transpose() {
            Ok(balancer) => (balancer, None),
            Err(error) => (None, Some(error.into())),
        };
        let scaling = Scaling::new(&scenario.workers);
        let model = &scenario.first().model;
        let load = OfferedLoad::new(&model.discipline, &model.service);
        let arrivals = Arrivals::new(scenario.load);
        Self { policy, arrivals, balancer, scaling, kept, load, assigned: Vec::new(), failed }
    }

    pub(crate) fn take(&mut self, requests: &[Request], shards: &mut dyn Shards) -> anyhow::Result<()> {
        let requests = self.arrivals.of(requests);
        self.load.add(requests);
        match &mut self.balancer {
            Some(balancer) => balancer.assign_all(requests, &mut self.assigned)?,
            None => {
                self.assigned.clear();
                self.assigned.resize(requests.len(), 0);
            }
        }
        let requests = self.scaling.of_workers(requests, &self.assigned);
        shards.send(requests, &self.assigned)?;
        self.kept.as_mut().map_or(Ok(()), |kept| kept.send(requests, &self.assigned))
    }

    /// Processes all blocks. After a failure the rest is discarded, so that it does not delay other scenarios.
    pub(crate) fn follow(&mut self, blocks: &Receiver<Arc<[Request]>>, shards: &mut dyn Shards) {
        while let Ok(block) = blocks.recv() {
            if self.failed.is_none() {
                self.failed = self.take(&block, shards).err();
            }
        }
    }
}

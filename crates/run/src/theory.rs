//! The mean delay of a run by queueing theory, where its assumptions hold.

use contract::Capabilities;
use measure::theory::{Theory, ekm1_delay, mg1_delay, mmc_delay};
use random::demand::Moments;
use sim_wasm::{Discipline, Speed};

use crate::scenario::{Scenario, Worker};
use crate::source::Source;

/// From here on a load is taken for 1: the sum of the loads of several classes is rounded.
const SATURATED: f64 = 1.0 - 1e-9;

/// The most servers of one queue: Erlang's recursion has a step for each.
const MAX_SERVERS: u32 = 10_000_000;

/// The theory of `scenario` over `source`; None unless all of its assumptions hold: Poisson arrivals, demands of known
/// moments that are independent of them, equal workers that serve them first in, first out, without a limit of any kind, a
/// load below 1, and a policy that makes a queue of a known formula of each worker or of all together.
pub(crate) fn theory(scenario: &Scenario, source: &Source) -> Option<Theory> {
    let (generation, demands) = source.generation()?;
    let moments = demands.moments().filter(|_| generation.is_poisson())?;
    let capabilities = scenario.first().capabilities?;
    let is_own = [Capabilities::OWN_DEMANDS, Capabilities::SHARED].into_iter().any(|own| capabilities.has(own));
    if is_own || !capabilities.has(Capabilities::DISCIPLINE) {
        return None;
    }
    let queue = Queue::of(scenario, moments)?;
    let servers_of_all = f64::from(queue.servers) * f64::from(queue.number);
    let utilization = generation.offered(moments.mean_ns, servers_of_all)?;
    if utilization >= SATURATED {
        return None;
    }
    let (delay, source) = queue.delay(utilization, moments);
    Some(Theory { model: queue.name(moments), mean_delay_ns: delay * moments.mean_ns, source: source.to_owned() })
}

/// Equal queues of requests that wait together.
struct Queue {
    /// Number of these queues.
    number: u32,
    /// Servers of each.
    servers: u32,
    /// Each gets every so many-th request; 1: its arrivals are a Poisson process.
    dealt_to: u32,
}

impl Queue {
    /// The queues of `scenario`; None without a formula for them.
    fn of(scenario: &Scenario, moments: Moments) -> Option<Self> {
        let servers = scenario.first().model.servers;
        if !scenario.workers.iter().all(|worker| is_plain(worker, servers)) {
            return None;
        }
        let workers = u32::try_from(scenario.workers.len()).ok()?;
        let policy = scenario.policy.as_ref().map(|policy| policy.form().name);
        let queue = match policy {
            _ if workers == 1 => Self { number: 1, servers, dealt_to: 1 },
            // A random part of a Poisson process is a Poisson process.
            Some("R") => Self { number: workers, servers, dealt_to: 1 },
            Some("RR") => Self { number: workers, servers, dealt_to: workers },
            // A request goes where it starts first, as from one queue before all servers.
            Some("LW") => Self { number: 1, servers: workers.checked_mul(servers)?, dealt_to: 1 },
            _ => return None,
        };
        let is_known = match (queue.dealt_to, queue.servers) {
            (1, 1) => true,
            (1, 2..=MAX_SERVERS) | (_, 1) => moments.is_exponential,
            _ => false,
        };
        is_known.then_some(queue)
    }

    /// The mean delay at this `utilization` \[mean demands\], and its formula.
    fn delay(&self, utilization: f64, moments: Moments) -> (f64, &'static str) {
        if self.dealt_to > 1 {
            (ekm1_delay(utilization, self.dealt_to), "GI/M/1 (Kendall)")
        } else if self.servers > 1 {
            (mmc_delay(utilization, self.servers), "Erlang C")
        } else {
            (mg1_delay(utilization, moments.squared_cv), "Pollaczek-Khinchine")
        }
    }

    /// In Kendall's notation.
    fn name(&self, moments: Moments) -> String {
        let arrivals = if self.dealt_to > 1 { format!("E{}", self.dealt_to) } else { "M".to_owned() };
        let service = match moments {
            Moments { is_exponential: true, .. } => "M",
            Moments { squared_cv: 0.0, .. } => "D",
            _ => "G",
        };
        format!("{arrivals}/{service}/{}", self.servers)
    }
}

/// Whether `worker` has this number of `servers` of speed 1, and serves all requests in the order of arrival.
fn is_plain(worker: &Worker, servers: u32) -> bool {
    let model = &worker.job.model;
    model.servers == servers
        && worker.speed == Speed::ONE
        && model.discipline == Discipline::Fifo.name()
        && model.capacity == 0
        && model.delay == 0
        && model.patience.is_endless()
}

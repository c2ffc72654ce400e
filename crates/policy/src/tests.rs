//! Properties of policies over whole traces.

use ::random::demand::{Demands, ServiceDistribution};
use ::random::streams::hash;
use contract::Request;
use proptest::prelude::*;
use sim_wasm::{Model, Patience, Speed, Station};

use super::least_unfinished::LeastUnfinished;
use super::oracle::{LEAST_UNFINISHED, Oracle};
use super::worker::{EventWorker, FifoWorker, WorkerModel};
use super::*;

impl Balancer {
    /// The policy called `name`.
    pub(super) fn named(name: &str, workers: usize, servers: u32, capacity: u64, seed: u64) -> Self {
        Self::new(&PolicySpec::named(name).unwrap(), &Cluster::alike(workers, servers, capacity, seed)).unwrap()
    }

    /// The worker that gets `request`.
    pub(super) fn assign(&mut self, request: &Request) -> Result<usize, Failure> {
        Ok(self.0.assign(request)? as usize)
    }
}

/// Traces with ties, zero service demands and skipped ids.
pub(super) fn traces() -> impl Strategy<Value = Vec<Request>> {
    prop::collection::vec((0u64..4, 0u64..12, 1u64..3), 1..200).prop_map(|rows| {
        let (mut arrival_ns, mut id) = (0, 0);
        let request = |(interarrival, service_ns, step)| {
            arrival_ns += interarrival;
            id += step;
            Request { id, arrival_ns, service_ns, block: id % 7, class: (id % 3) as u16, ..Request::default() }
        };
        rows.into_iter().map(request).collect()
    })
}

/// Every policy, as BALANCER names it; `SITA:` is completed with cut-offs.
const NAMES: [&str; 16] = [
    "R",
    "RR",
    "WRR",
    "TC",
    "POWER:1",
    "POWER:2",
    "POWER:3",
    "POWER:9",
    "POWER:3,replacement",
    "JSQ",
    "SED",
    "LW",
    "SITA",
    "SITA:",
    "HASH",
    LEAST_UNFINISHED,
];

/// Clusters of up to eight workers, alike or not.
fn clusters() -> impl Strategy<Value = Cluster> {
    let speed = || (1u64..5, 1u64..4).prop_map(|(numerator, denominator)| Speed::new(numerator, denominator).unwrap());
    let worker = (1u32..5, 0u64..6, speed(), speed());
    (prop::collection::vec(worker, 1..9), any::<bool>(), any::<u64>()).prop_map(|(workers, alike, seed)| {
        let mut cluster = Cluster::alike(workers.len(), 1, 0, seed);
        for (number, member) in cluster.workers.iter_mut().enumerate() {
            let (servers, capacity, speed, weight) = workers[if alike { 0 } else { number }];
            member.model = Model { servers, capacity, ..member.model };
            (member.speed, member.weight) = (speed, weight);
        }
        cluster
    })
}

/// The delay in queue of every request under `name`, over `workers` single servers.
fn delays(name: &str, workers: usize, seed: u64, trace: &[Request]) -> Vec<u64> {
    let mut balancer = Balancer::named(name, workers, 1, 0, seed);
    let mut stations = vec![Station::new(1); workers];
    let delay = |request: &Request| {
        let worker = balancer.assign(request).unwrap();
        stations[worker].enter(request.arrival_ns, request.service_ns).0 - request.arrival_ns
    };
    trace.iter().map(delay).collect()
}

proptest! {
    /// LW over single servers is equivalent to a central queue, request by request.
    #[test]
    fn lw_is_equivalent_to_a_central_queue(trace in traces(), workers in 1usize..6, seed: u64) {
        let mut central = Station::new(workers as u32);
        let expected: Vec<u64> = trace
            .iter()
            .map(|request| central.enter(request.arrival_ns, request.service_ns).0 - request.arrival_ns)
            .collect();
        prop_assert_eq!(delays("LW", workers, seed, &trace), expected);
    }

    /// Every policy agrees with the definition in docs/policies.md, request by request, for any division of the trace
    /// into blocks.
    #[test]
    fn fast_policies_agree_with_a_full_search(
        mut trace in traces(), unit in prop::sample::select(vec![1, 977]), mut cluster in clusters(), block in 1usize..50,
        name in prop::sample::select(NAMES.to_vec()), by_events: bool,
    ) {
        // Demands with more digits than SITA's histogram keeps, or not.
        for request in &mut trace {
            (request.arrival_ns, request.service_ns) = (request.arrival_ns * unit, request.service_ns * unit);
        }
        // The cut-offs of SITA:1,2,… are as many as the workers need.
        let name = match name {
            "SITA:" if cluster.len() == 1 => "SITA".to_owned(),
            "SITA:" => format!("SITA:{}", (1..cluster.len()).map(|cut| cut.to_string()).collect::<Vec<_>>().join(",")),
            name => name.to_owned(),
        };
        let mut oracle = Oracle::new(&name, &cluster, &trace);
        if by_events {
            // Longer than the trace, but the workers' models no longer use the recursion.
            cluster.workers[0].model.patience = Patience { mean_ns: 1 << 40, exponential: false };
        }
        let mut balancer = if name == LEAST_UNFINISHED {
            Balancer(if by_events {
                Box::new(LeastUnfinished::<EventWorker>::new(&cluster))
            } else {
                Box::new(LeastUnfinished::<FifoWorker>::new(&cluster))
            })
        } else {
            let mut sizes = Sizes::default();
            sizes.add(&trace);
            Balancer::new(&PolicySpec::named(&name).unwrap().fitted(&sizes, &cluster), &cluster).unwrap()
        };
        let mut chosen = Vec::new();
        for requests in trace.chunks(block) {
            balancer.assign_all(requests, &mut chosen).unwrap();
            let expected: Vec<u32> = requests.iter().map(|request| oracle.assign(request) as u32).collect();
            prop_assert_eq!(&chosen, &expected, "{}", name);
        }
    }

    /// A full worker is chosen only if all are full.
    #[test]
    fn lw_rejects_no_request_while_a_worker_has_room(trace in traces(), servers in 1u32..3, seed: u64) {
        let mut balancer = Balancer::named("LW", 3, servers, 4, seed);
        let mut workers = vec![FifoWorker::new(&Cluster::alike(1, servers, 4, seed).workers[0]); 3];
        for request in &trace {
            workers.iter_mut().for_each(|worker| worker.advance(request.arrival_ns));
            let all_full = workers.iter().all(FifoWorker::is_full);
            prop_assert!(workers[balancer.assign(request).unwrap()].admit(request) || all_full);
        }
    }
}

/// Long traces over few and many workers: digests of the choices of an earlier implementation with a heap of departures
/// and ordered sets of workers.
#[test]
fn shards_are_unchanged() {
    for (name, expected) in SHARDS {
        let mut digest = 0;
        for workers in [1, 2, 4, 7, 100, 1000] {
            for (servers, capacity) in [(1, 0), (1, 5), (3, 0), (3, 5)] {
                for load in [0.5, 0.9, 1.5] {
                    let trace = exponential(8000, 1_000_000.0 / (f64::from(workers * servers) * load), 1_000_000, 5);
                    let mut balancer = Balancer::named(name, workers as usize, servers, capacity, 11);
                    let mut chosen = Vec::new();
                    balancer.assign_all(&trace, &mut chosen).unwrap();
                    digest = chosen.into_iter().fold(digest, |digest, worker| hash(digest ^ u64::from(worker)));
                }
            }
        }
        assert_eq!(format!("{digest:016x}"), expected, "{name}");
    }
}

/// POWER:1 is R, POWER:2 is TC, and WRR is RR if weights are equal.
const SHARDS: [(&str, &str); 9] = [
    ("R", "081f824c3a172026"),
    ("POWER:1", "081f824c3a172026"),
    ("RR", "703912cf6cd1040e"),
    ("WRR", "703912cf6cd1040e"),
    ("TC", "700d336113b427f2"),
    ("POWER:2", "700d336113b427f2"),
    ("JSQ", "645ed583dad1607a"),
    ("LW", "d4dd6811312db79f"),
    ("HASH", "d3868a8a6d04284f"),
];

/// A trace of exponential interarrival times and demands, with times cut so that there are ties.
fn exponential(requests: u64, interarrival: f64, demand: u64, seed: u64) -> Vec<Request> {
    let interarrivals = Demands::new(interarrival as u64, ServiceDistribution::Exponential, seed ^ 0x5eed);
    let demands = Demands::new(demand, ServiceDistribution::Exponential, seed);
    let mut arrival_ns = 0;
    let request = |id| {
        arrival_ns += interarrivals.sample(id);
        let service_ns = demands.sample(id) / 4096 * 4096;
        Request { id, arrival_ns: arrival_ns / 1024 * 1024, service_ns, block: id % 4999, ..Request::default() }
    };
    (0..requests).map(request).collect()
}

#[test]
fn the_number_in_system_has_a_limit() {
    let requests = vec![Request { service_ns: 1, ..Request::default() }; 1_000_000];
    for name in ["TC", "POWER:3", "JSQ", "SED", "LW"] {
        let mut balancer = Balancer::named(name, 3, 2, 0, 1);
        let mut workers = Vec::new();
        for _ in 0..super::MAX_IN_SYSTEM / requests.len() {
            balancer.assign_all(&requests, &mut workers).unwrap();
        }
        assert!(matches!(balancer.assign(&requests[0]), Err(Failure::Limit { .. })), "{name}");
        // Rejected requests do not count.
        let mut balancer = Balancer::named(name, 3, 2, 5, 1);
        (0..17).for_each(|_| balancer.assign_all(&requests, &mut workers).unwrap());
    }
}

#[test]
fn ties_are_broken_evenly() {
    for name in ["JSQ", "LW", "TC", "POWER:3", "POWER:4,replacement", "SED"] {
        let mut shares = [0u32; 4];
        for seed in 0..4000 {
            let mut balancer = Balancer::named(name, 4, 1, 0, seed);
            shares[balancer.assign(&Request::default()).unwrap()] += 1;
        }
        assert!(shares.iter().all(|share| share.abs_diff(1000) < 137), "{name}: {shares:?}");
    }
    // Busy workers that are free at the same time tie too.
    let mut shares = [0u32; 3];
    for seed in 0..3000 {
        let mut balancer = Balancer::named("LW", 3, 1, 0, seed);
        let mut last = 0;
        for id in 0..4 {
            last = balancer.assign(&Request { id, service_ns: 10, ..Request::default() }).unwrap();
        }
        shares[last] += 1;
    }
    assert!(shares.iter().all(|share| share.abs_diff(1000) < 130), "{shares:?}");
}

/// Over replications at utilization 0.9 with exponential demands: JSQ < TC < RR < R in mean delay, each difference
/// significant.
#[test]
fn policies_with_more_state_have_shorter_delays() {
    const WORKERS: usize = 4;
    let names = ["JSQ", "TC", "RR", "R"];
    let mean = |name: &str, seed: u64| {
        let trace = exponential(100_000, 1_000_000.0, 3_600_000, seed);
        delays(name, WORKERS, seed, &trace).iter().sum::<u64>() as f64 / trace.len() as f64
    };
    let means: Vec<Vec<f64>> = names.iter().map(|name| (0..20).map(|seed| mean(name, seed)).collect()).collect();
    for (pair, less) in means.windows(2).zip(names.windows(2)) {
        // Paired over the same traces: Student's t with 19 degrees of freedom at 99.95 %.
        let differences: Vec<f64> = pair[0].iter().zip(&pair[1]).map(|(a, b)| b - a).collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let deviation = (differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let half = 3.883 * deviation / n.sqrt();
        println!("{} has a mean delay {mean:.0} ± {half:.0} ns below {}", less[0], less[1]);
        assert!(mean > half, "{less:?}: {mean} ± {half}");
    }
}

//! What holds exactly, to the nanosecond: Lindley's recursion, and Little's law.

use std::collections::HashMap;

use random::distribution::Distribution;
use sim_wasm::{Model, Queue};

use super::scenario::Scenario;
use super::service::Service;
use super::simulate::Source;
use crate::middleware::{report, workers};
use crate::support::Folder;

/// Lindley ("The theory of queues with a single server", 1952): a request waits for the delay of the one before it, plus
/// that one's service, less the time between them, if that is not negative.
#[test]
fn delays_of_one_server_follow_lindley_s_recursion() {
    let arrivals = [
        Distribution::Uniform,
        Distribution::Exponential,
        Distribution::gamma(2.0).unwrap(),
        Distribution::lognormal(0.5).unwrap(),
    ];
    for (seed, arrivals) in (1..).zip(arrivals) {
        for service in [Service::Deterministic, Service::Exponential, Service::Lognormal(2.0)] {
            let scenario = Scenario::new("", 0.9).arrivals(arrivals).service(service);
            let mut source = Source::new(&scenario, seed);
            let mut queue = Queue::new(Model::default());
            let (mut delay, mut before, mut waited) = (0i128, 0, 0);
            for id in 0..50_000 {
                let request = source.request(id);
                delay = (delay - i128::from(request.arrival_ns) + before).max(0);
                before = i128::from(request.arrival_ns) + i128::from(request.service_ns);
                let mut found = None;
                queue.arrive(&request, &mut |done| found = Some(i128::from(done.start_ns - request.arrival_ns)));
                assert_eq!(found, Some(delay), "{arrivals:?}, {service:?}, request {id}");
                waited += i32::from(delay > 0);
            }
            assert!(waited > 10_000, "{arrivals:?}, {service:?}: {waited} requests waited");
        }
    }
}

/// One row of a file of completions.
struct Row {
    start: Option<u64>,
    finish: Option<u64>,
}

/// The rows of `name` by id.
fn rows(folder: &Folder, name: &str) -> HashMap<u64, Row> {
    let row = |line: &str| {
        let cells: Vec<Option<u64>> = line.split(',').map(|cell| cell.parse().ok()).collect();
        (cells[0].unwrap(), Row { start: cells[2], finish: cells[3] })
    };
    folder.text(name).lines().skip(1).map(row).collect()
}

/// ∫₀ᵀ requests in the system dt and ∫₀ᵀ waiting requests dt, by a sweep over all events in the order of time.
fn areas(arrivals: &[u64], rows: &HashMap<u64, Row>, end: u64) -> [u128; 2] {
    let mut events: Vec<(u64, [i32; 2])> = Vec::new();
    for (id, &arrival) in (0u64..).zip(arrivals) {
        events.push((arrival, [1, 1]));
        // Requests without a row wait until the end, or arrive later.
        let Some(Row { start, finish }) = rows.get(&id) else { continue };
        // One that is never served waits until it leaves.
        events.extend(start.or(*finish).map(|time| (time, [0, -1])));
        events.extend(finish.map(|time| (time, [-1, 0])));
    }
    events.sort_unstable();
    let (mut areas, mut numbers, mut last) = ([0; 2], [0; 2], 0);
    for (time, changes) in events.into_iter().chain([(end, [0, 0])]) {
        let now = time.min(end);
        for place in 0..2 {
            areas[place] += numbers[place] * i128::from(now - last);
            numbers[place] += i128::from(changes[place]);
        }
        last = now;
    }
    areas.map(|area| u128::try_from(area).unwrap())
}

/// Orders of service, with limits of the queue.
const STATIONS: [&str; 12] = [
    "--discipline fifo",
    "--discipline fifo --servers 3 --capacity 5",
    "--discipline fifo --patience exponential:8ms",
    "--discipline fifo --patience 3ms --capacity 4 --delay 900",
    "--discipline lifo --servers 2 --capacity 6",
    "--discipline lifo --delay 1500",
    "--discipline siro --patience 10ms",
    "--discipline sjf --capacity 9",
    "--discipline priority --servers 2 --patience exponential:5ms",
    "--discipline priority-preemptive --capacity 7",
    "--discipline ps --servers 2",
    "--discipline ps --capacity 4",
];

/// Little's law ("A proof for the queuing formula L = λW", 1961), as areas: the reported averages over time are those of a
/// sweep over the events of the completions, to the nanosecond.
#[test]
fn averages_over_time_are_those_of_an_event_sweep() {
    let folder = Folder::new();
    let made = "--samples 3000 --concurrency 3 --inter-arrival 30ms --distribution poisson --st 9500us --out t.csv";
    folder.run("tracegen", made).succeeds();
    // Times in whole nanoseconds, and demands, are those of the completions of an unlimited queue.
    folder.host("t.csv --st 9500us --completions all.csv").succeeds();
    let arrivals: Vec<u64> =
        folder.text("all.csv").lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert_eq!(arrivals.len(), 3000);
    for station in STATIONS {
        let flags = format!("t.csv --st 9500us {station} --verify --completions c.csv --json");
        let tally = folder.host(&flags).succeeds().json()["tally"].take();
        let [in_system, waiting] = areas(&arrivals, &rows(&folder, "c.csv"), tally["end_ns"].as_u64().unwrap());
        assert_eq!(tally["system_area_ns"], in_system.to_string(), "{station}");
        assert_eq!(tally["waiting_area_ns"], waiting.to_string(), "{station}");
        assert!(in_system > waiting && (waiting > 0 || station.contains("ps")), "{station}");
    }
}

/// As above, for the averages of a run over several workers: they are sums over the workers, until the latest time.
#[test]
fn averages_of_a_run_are_those_of_an_event_sweep() {
    let folder = Folder::new();
    let made = "--samples 3000 --concurrency 1 --inter-arrival 4ms --distribution poisson --out t.csv";
    folder.run("tracegen", made).succeeds();
    for (policy, station) in [("JSQ", "--discipline ps"), ("RR", "--capacity 3"), ("LW", "--patience 20ms")] {
        let report = report(
            &folder,
            &format!("--trace t.csv --workers 3 --balancer {policy} {station} --verify --completions c.csv"),
        );
        let run = &report["run"];
        let arrivals: Vec<u64> =
            folder.text("c.csv").lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
        assert_eq!((arrivals.len(), workers(&report).len()), (3000, 3));
        let end = run["time_simulation_ended_ns"].as_u64().unwrap();
        let averages = areas(&arrivals, &rows(&folder, "c.csv"), end).map(|area| area as f64 / end as f64);
        assert_eq!(run["average_number_in_system"], averages[0], "{policy} {station}");
        assert_eq!(run["average_number_in_queue"], averages[1], "{policy} {station}");
    }
}

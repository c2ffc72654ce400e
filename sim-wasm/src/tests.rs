//! All disciplines against their definitions.

use contract::{Completion, Request};
use proptest::prelude::*;

use crate::{Discipline, Model, Patience, Queue, Steps, oracle};

/// Shards with ties, zero service demands, skipped ids, classes and writes.
fn shards(longest: usize) -> impl Strategy<Value = Vec<Request>> {
    prop::collection::vec((0u64..5, 0u64..12, 1u64..3, 0u16..3, 0u8..2), 1..longest).prop_map(|rows| {
        let (mut arrival_ns, mut id) = (0, 0);
        let request = |(interarrival, service_ns, step, class, op)| {
            arrival_ns += interarrival;
            id += step;
            Request { id, arrival_ns, service_ns, class, op, ..Request::default() }
        };
        rows.into_iter().map(request).collect()
    })
}

fn models() -> impl Strategy<Value = Model> {
    let patience = prop_oneof![
        Just(Patience::ENDLESS),
        (1u64..20, any::<bool>()).prop_map(|(mean_ns, exponential)| Patience { mean_ns, exponential })
    ];
    let disciplines = prop::sample::select(Discipline::ALL.to_vec())
        .prop_filter("has an oracle of its own", |&it| it != Discipline::Ps);
    (disciplines, 1u32..4, 0u64..8, prop_oneof![Just(0u64), 1u64..60], patience, any::<u64>(), 1u32..4).prop_map(
        |(discipline, servers, capacity, delay, patience, seed, worker)| Model {
            discipline,
            servers,
            capacity,
            delay,
            patience,
            seed,
            worker,
        },
    )
}

/// The completions of `queue`, by id.
fn completions(mut queue: Queue, requests: &[Request]) -> Vec<Completion> {
    let mut done = Vec::new();
    if requests.iter().all(|request| queue.arrive(request, &mut |completion| done.push(completion))) {
        queue.end(&mut |completion| done.push(completion));
    }
    done.sort_by_key(|done| done.id);
    done
}

proptest! {
    #[test]
    fn queues_agree_with_a_full_search(model in models(), shard in shards(60)) {
        prop_assert_eq!(completions(Queue::new(model), &shard), oracle::completions(&model, &shard));
    }

    /// The recursion of first in, first out against the event loop.
    #[test]
    fn the_recursion_agrees_with_the_event_loop(model in models(), shard in shards(200)) {
        let model = Model { discipline: Discipline::Fifo, patience: Patience::ENDLESS, ..model };
        prop_assert!(matches!(Queue::new(model), Queue::Fifo(_)));
        prop_assert_eq!(completions(Queue::new(model), &shard), completions(Queue::Steps(Steps::new(model)), &shard));
    }

    /// Processor sharing against exact fractions.
    #[test]
    fn sharing_is_exact(servers in 1u32..4, capacity in 0u64..6, shard in shards(12)) {
        let model = Model { discipline: Discipline::Ps, servers, capacity, ..Model::default() };
        prop_assert_eq!(completions(Queue::new(model), &shard), oracle::shared(&model, &shard));
    }

    /// Under processor sharing with DELAY, requests have what they would have at that instant.
    #[test]
    fn sharing_stops_after_delay_arrivals(servers in 1u32..4, delay in 1u64..20, shard in shards(20)) {
        let model = Model { discipline: Discipline::Ps, servers, ..Model::default() };
        let whole = completions(Queue::new(model), &shard);
        let stopped = completions(Queue::new(Model { delay, ..model }), &shard);
        prop_assert_eq!(stopped.len(), shard.len().min(delay as usize));
        let end = shard.get(delay as usize - 1).map(|request| request.arrival_ns);
        for (stopped, whole) in stopped.iter().zip(&whole) {
            match end {
                Some(end) if whole.finish_ns > end => {
                    prop_assert_eq!(stopped.finish_ns, Completion::IN_SERVICE);
                    prop_assert!(stopped.service_ns < whole.service_ns);
                }
                _ => prop_assert_eq!(stopped, whole),
            }
        }
    }

    /// Unfinished work is that of a single server that never idles while there is work.
    #[test]
    fn work_is_conserved(model in models(), shard in shards(60)) {
        for discipline in Discipline::ALL {
            let model = Model { discipline, patience: Patience::ENDLESS, delay: 0, servers: 1, capacity: 0, ..model };
            let (mut steps, mut work, mut last) = (Steps::new(model), 0u64, 0);
            for request in &shard {
                let now = request.arrival_ns;
                while steps.next().is_some_and(|next| next <= now) {
                    steps.step(&mut |_| ());
                }
                work = work.saturating_sub(now - last);
                prop_assert_eq!(steps.unfinished(now), u128::from(work), "{:?} at {}", discipline, now);
                steps.admit(request, &mut |_| ());
                (work, last) = (work + request.service_ns, now);
            }
        }
    }
}

#[test]
fn three_requests_share_one_server() {
    // Three of 2 ns each at 0: each has a third of the server. The fourth arrives at 3, when each has received 1 ns.
    let request = |id, arrival_ns, service_ns| Request { id, arrival_ns, service_ns, ..Request::default() };
    let shard = [request(0, 0, 2), request(1, 0, 2), request(2, 0, 2), request(3, 3, 2)];
    let done = completions(Queue::new(Model { discipline: Discipline::Ps, ..Model::default() }), &shard);
    assert_eq!(done.iter().map(|done| done.finish_ns).collect::<Vec<_>>(), [7, 7, 7, 8]);
}

/// The table of docs/contract.md.
#[test]
fn completions_are_those_of_the_documentation() {
    let page = include_str!("../../docs/contract.md");
    let (_, table) = page.split_once("| id | arrival | demand | class, op |").unwrap();
    let mut lines = table.lines();
    let words: Vec<&str> = lines.next().unwrap().split('|').map(str::trim).filter(|word| !word.is_empty()).collect();
    let cells = |row: &str| row.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = lines.skip(1).take_while(|row| row.starts_with('|')).map(cells).collect();
    let number = |text: &str| text.parse::<u64>().unwrap();
    let request = |row: &Vec<String>| {
        let (class, op) = row[4].split_once(", ").unwrap();
        let (id, arrival_ns, service_ns) = (number(&row[1]), number(&row[2]), number(&row[3]));
        Request { id, arrival_ns, service_ns, class: number(class) as u16, op: number(op) as u8, ..Request::default() }
    };
    let shard: Vec<Request> = rows.iter().map(request).collect();
    assert_eq!((shard.len(), words.len()), (8, Discipline::ALL.len()));
    for (column, discipline) in Discipline::ALL.into_iter().enumerate() {
        assert_eq!(words[column].split(',').next(), Some(discipline.name()));
        let done = completions(Queue::new(Model { discipline, ..Model::default() }), &shard);
        let shown: Vec<String> = done.iter().map(|done| format!("{}–{}", done.start_ns, done.finish_ns)).collect();
        let expected: Vec<&str> = rows.iter().map(|row| row[5 + column].as_str()).collect();
        assert_eq!(shown, expected, "{}", discipline.name());
    }
}

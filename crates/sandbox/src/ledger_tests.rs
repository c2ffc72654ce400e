use contract::CompletionHeader;
use failure::At;
use random::streams::Streams;
use sim_wasm::Fifo;

use super::*;

const FIFO: Capabilities = Capabilities(11);

/// A ledger with four requests read: arrivals 0, 10, 20, 30, demands 10.
fn ledger(servers: u32, delay: u64, capabilities: Capabilities) -> Ledger {
    let mut ledger = Ledger::of(servers, delay, 100);
    ledger.header(&CompletionHeader { capabilities }.to_bytes()).unwrap();
    for id in 0..4 {
        let request = Request { id, arrival_ns: id * 10, service_ns: 10, ..Request::default() };
        ledger.read(&request.to_bytes(), 48).unwrap();
    }
    ledger
}

fn answer(ledger: &mut Ledger, id: u64, start_ns: u64, finish_ns: u64, service_ns: u64) -> Result<(), Failure> {
    ledger.complete(&Completion { id, start_ns, finish_ns, service_ns }.to_bytes())
}

fn rule(result: Result<(), Failure>) -> String {
    match result.unwrap_err() {
        Failure::Contract { rule, .. } => rule,
        other => panic!("{other:?}"),
    }
}

#[test]
fn completions_in_any_order_add_up() {
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]] {
        let mut ledger = ledger(1, 0, FIFO);
        for id in order {
            answer(&mut ledger, id, id * 10, id * 10 + 10, 10).unwrap();
        }
        let Measured { tally, delay_reached: reached, .. } = ledger.close().unwrap().result().unwrap();
        assert_eq!((tally.counts.completed, tally.end_ns, reached), (4, 40, false));
        assert_eq!((tally.waiting_area_ns, tally.system_area_ns, tally.service_sum_ns), (0, 40, 40));
    }
}

#[test]
fn each_rule_is_named_with_its_completion() {
    let first = |answer: Completion| rule(ledger(1, 0, FIFO).complete(&answer.to_bytes()));
    let good = Completion { id: 1, start_ns: 10, finish_ns: 20, service_ns: 10 };
    assert_eq!(
        first(Completion { id: 9, ..good }),
        "completion 1 (id 9, start 10, finish 20, service 10): no outstanding request has this id"
    );
    assert!(first(Completion { start_ns: 9, ..good }).contains("start is before arrival"));
    assert!(first(Completion { start_ns: 30, ..good }).contains("finish is before start"));
    assert!(first(Completion { service_ns: 11, ..good }).contains("more than the request's demand"));
    assert!(first(Completion { finish_ns: 21, ..good }).contains("finish - start is not service"));
    assert!(first(Completion { finish_ns: NONE, ..good }).contains("still in service"));
    assert!(first(Completion { start_ns: NONE, ..good }).contains("service is not 0"));
    assert!(first(Completion { start_ns: NONE, service_ns: 0, finish_ns: 5, ..good }).contains("before arrival"));
    assert!(first(Completion { start_ns: NONE, service_ns: 0, finish_ns: NONE, ..good }).contains("neither"));
    assert!(first(Completion { start_ns: NONE, service_ns: 0, finish_ns: 10, ..good }).contains("CAPACITY"));
}

#[test]
fn no_request_is_completed_twice() {
    for first in [0, 2] {
        let mut ledger = ledger(1, 0, FIFO);
        answer(&mut ledger, first, 20, 30, 10).unwrap();
        assert!(rule(answer(&mut ledger, first, 20, 30, 10)).contains("no outstanding request has this id"));
    }
}

#[test]
fn total_service_is_bounded_by_the_servers() {
    let mut overlapping = ledger(1, 0, FIFO);
    for id in 0..4 {
        answer(&mut overlapping, id, 30, 40, 10).unwrap();
    }
    let Measured { tally, .. } = overlapping.close().unwrap().result().unwrap();
    assert_eq!(tally.service_sum_ns, 40, "40 ns of service fit into 40 ns");

    let mut ledger = Ledger::of(1, 0, 100);
    ledger.header(&CompletionHeader { capabilities: FIFO }.to_bytes()).unwrap();
    for id in 0..2 {
        ledger.read(&Request { id, service_ns: 10, ..Request::default() }.to_bytes(), 48).unwrap();
        answer(&mut ledger, id, 0, 10, 10).unwrap();
    }
    assert!(rule(ledger.close().map(drop)).contains("20 ns, is more than SERVERS=1 can give in 10 ns"));
}

#[test]
fn every_request_must_be_completed() {
    let mut ledger = ledger(1, 0, FIFO);
    answer(&mut ledger, 0, 0, 10, 10).unwrap();
    assert!(rule(ledger.close().map(drop)).contains("3 outstanding requests, the first is 1"));
    assert!(rule(Ledger::of(1, 0, 1).close().map(drop)).contains("no header"));
}

#[test]
fn abandoned_and_own_demands() {
    let mut impatient = ledger(1, 0, FIFO);
    answer(&mut impatient, 0, 0, 4, 4).unwrap();
    answer(&mut impatient, 1, NONE, 15, 0).unwrap();
    answer(&mut impatient, 2, 20, 30, 10).unwrap();
    answer(&mut impatient, 3, 30, 40, 10).unwrap();
    let counts = impatient.close().unwrap().result().unwrap().tally.counts;
    assert_eq!((counts.completed, counts.abandoned, counts.rejected), (2, 2, 0));

    let mut own = ledger(1, 0, FIFO.and(Capabilities::OWN_DEMANDS));
    answer(&mut own, 0, 0, 400, 400).unwrap();
    assert_eq!(own.rules.measured.all.tally.counts.completed, 1);
}

#[test]
fn with_delay_the_rest_is_waiting_or_not_yet_arrived() {
    let mut ledger = ledger(2, 2, FIFO);
    answer(&mut ledger, 0, 0, NONE, 10).unwrap();
    answer(&mut ledger, 1, 10, NONE, 0).unwrap();
    assert!(rule(answer(&mut ledger, 2, 20, 30, 10)).contains("more service starts than DELAY"));

    let mut ledger = super::tests::ledger(1, 1, FIFO);
    answer(&mut ledger, 1, 25, NONE, 0).unwrap();
    let mut closed = ledger.close().unwrap();
    closed.unread(&Request { id: 9, arrival_ns: 40, ..Request::default() }.to_bytes(), 48).unwrap();
    let Measured { tally, delay_reached: reached, .. } = closed.result().unwrap();
    assert!(reached);
    assert_eq!((tally.counts.in_service, tally.counts.waiting, tally.counts.not_yet_arrived), (1, 2, 2));
    // Requests 0 and 2 waited 25 and 5, request 1 waited 15 until its start.
    assert_eq!((tally.waiting_area_ns, tally.system_area_ns), (45, 45));
    assert_eq!(tally.counts.offered, 5);
}

#[test]
fn with_delay_all_completions_imply_the_same_end() {
    let mut late = ledger(1, 2, FIFO);
    answer(&mut late, 0, 0, 10, 10).unwrap();
    answer(&mut late, 1, 10, 20, 10).unwrap();
    assert!(rule(late.close().map(drop)).contains("a finish at 20 ns is after the end at 10 ns"));

    let mut torn = ledger(2, 2, FIFO);
    answer(&mut torn, 0, 0, NONE, 5).unwrap();
    assert!(rule(answer(&mut torn, 1, 10, NONE, 0)).contains("not the end T that other completions in service imply"));

    let mut early = ledger(1, 3, FIFO);
    answer(&mut early, 0, 0, NONE, 0).unwrap();
    assert!(rule(early.close().map(drop)).contains("3 outstanding requests"));
    let mut closed = Ledger::of(1, 3, 9);
    closed.header(&CompletionHeader { capabilities: FIFO }.to_bytes()).unwrap();
    let unread = closed.close().unwrap().unread(&Request::default().to_bytes(), 48);
    assert!(rule(unread).contains("before it had read its shard"));
}

#[test]
fn shared_service_is_bounded_by_all_servers() {
    let shared = FIFO.and(Capabilities::SHARED);
    let mut ledger = ledger(2, 0, shared);
    answer(&mut ledger, 0, 0, 5, 10).unwrap();
    assert!(rule(answer(&mut ledger, 1, 10, 14, 10)).contains("more than all servers can give"));
}

#[test]
fn outstanding_requests_have_a_limit() {
    let mut ledger = Ledger::of(1, 0, 2);
    let record = |id| Request { id, ..Request::default() }.to_bytes();
    ledger.read(&record(0), 48).unwrap();
    ledger.read(&record(1), 48).unwrap();
    let failure = ledger.read(&record(2), 48).unwrap_err();
    assert!(failure.to_string().starts_with("unanswered requests: more than 2 requests are outstanding"), "{failure}");
}

#[test]
fn times_stay_below_two_to_the_62() {
    let mut ledger = Ledger::of(1, 0, 2);
    let request = Request { arrival_ns: 1 << 61, service_ns: 1 << 61, ..Request::default() };
    assert!(matches!(ledger.read(&request.to_bytes(), 48), Err(Failure::Trace { .. })));
    // The first of many is named, and all before it are counted.
    let mut ledger = Ledger::of(1, 0, 100);
    let demands = [1 << 60, 1 << 60, 1 << 60, (1 << 60) - 1, 1, 1];
    let requests = demands.iter().zip(0..).map(|(&service_ns, id)| Request { id, service_ns, ..Request::default() });
    let records: Vec<u8> = requests.flat_map(|request| request.to_bytes()).collect();
    assert!(matches!(ledger.read(&records, 48), Err(Failure::Trace { at: Some(At::Request(4)), .. })));
    assert_eq!(ledger.requests(), 5);
}

/// Completions that are plain except for one or two, entered at once and one by one: the results are the same, or the
/// same rule is broken.
#[test]
fn completions_at_once_and_one_by_one_give_the_same_result() {
    let mut random = Streams::new(1, "answers").of(0);
    let (mut broken, mut kept) = (0, 0);
    for _ in 0..20_000 {
        let mut pick = |n: u64| random.below(n);
        let mut arrival_ns = 0;
        let requests: Vec<Request> = (0..40)
            .map(|id| {
                arrival_ns += pick(10);
                Request { id: id * 2, arrival_ns, service_ns: pick(8) << pick(3), ..Request::default() }
            })
            .collect();
        let (servers, delay, capabilities) =
            (1 + pick(2) as u32, pick(3) * 15, [11, 15, 11 + 16, 11 + 32][pick(4) as usize]);
        let mut answers = Vec::new();
        let mut fifo = Fifo::new(sim_wasm::Model { servers, delay, ..sim_wasm::Model::default() });
        if requests.iter().all(|request| fifo.arrive(request, &mut |answer| answers.push(answer))) {
            fifo.end(&mut |answer| answers.push(answer));
        }
        // Sometimes there are more starts than DELAY.
        let delay = delay.saturating_sub(pick(2));
        for _ in 0..pick(3) {
            let (at, other) = (pick(answers.len() as u64) as usize, pick(answers.len() as u64) as usize);
            let value = [0, 1, answers[other].start_ns, answers[other].finish_ns, NONE - 1, NONE][pick(6) as usize];
            match pick(9) {
                0 => answers[at].id = value,
                1 => answers[at].start_ns = value,
                2 => answers[at].finish_ns = value,
                3 => answers[at].service_ns = value,
                4 => answers.swap(at, other),
                5 => answers[at] = answers[other],
                6 => {
                    // Shift the whole service.
                    let by = pick(20).wrapping_sub(10);
                    answers[at].start_ns = answers[at].start_ns.wrapping_add(by);
                    answers[at].finish_ns = answers[at].finish_ns.wrapping_add(by);
                }
                // The marker of a completed request, as its service.
                7 => {
                    answers[at] = Completion {
                        finish_ns: answers[other].start_ns.wrapping_sub(1),
                        service_ns: NONE,
                        ..answers[other]
                    }
                }
                _ => answers[at] = Completion { start_ns: NONE, service_ns: 0, ..answers[at] },
            }
        }
        let records: Vec<_> = answers.iter().map(Completion::to_bytes).collect();
        let chunk = 1 + pick(40) as usize;
        let result = |at_once: bool| {
            let mut ledger = Ledger::of(servers, delay, 100);
            ledger.header(&CompletionHeader { capabilities: Capabilities(capabilities) }.to_bytes())?;
            let mut records = records.as_slice();
            for requests in requests.chunks(chunk) {
                let bytes: Vec<u8> = requests.iter().flat_map(Request::to_bytes).collect();
                ledger.read(&bytes, 48)?;
                // Their completions, except for those that were held back.
                let due = records.partition_point(|record| Completion::from_bytes(record).id <= requests[0].id);
                let (now, later) = records.split_at(if requests.len() < chunk { records.len() } else { due });
                if at_once {
                    ledger.complete_all(now)?
                } else {
                    now.iter().try_for_each(|record| ledger.complete(record))?
                }
                records = later;
            }
            if at_once {
                ledger.complete_all(records)?
            } else {
                records.iter().try_for_each(|record| ledger.complete(record))?
            }
            ledger.close()?.result()
        };
        let (all, each) = (result(true), result(false));
        *if all.is_ok() { &mut kept } else { &mut broken } += 1;
        let text = |result: Result<_, Failure>| result.map_err(|failure| failure.to_string());
        assert_eq!(text(all), text(each), "{requests:?} {answers:?}");
    }
    assert!(kept > 2000 && broken > 2000, "{kept} {broken}");
}

#[test]
fn completions_come_in_the_order_of_ids() {
    struct Ids(std::sync::mpsc::Sender<Option<u64>>);
    impl Completions for Ids {
        fn take(&mut self, arrival_ns: u64, demand_ns: u64, completion: &Completion) -> io::Result<()> {
            assert_eq!((arrival_ns, demand_ns), (completion.id * 10, 10));
            self.0.send(Some(completion.id)).map_err(io::Error::other)
        }
        fn end(&mut self) -> io::Result<()> {
            self.0.send(None).map_err(io::Error::other)
        }
    }
    let (sender, ids) = std::sync::mpsc::channel();
    let mut ledger = ledger(4, 0, FIFO);
    ledger.completions = Some(Box::new(Ids(sender)));
    for id in [2, 0, 3, 1] {
        answer(&mut ledger, id, id * 10, id * 10 + 10, 10).unwrap();
    }
    ledger.close().unwrap();
    assert_eq!(ids.try_iter().collect::<Vec<_>>(), [Some(0), Some(1), Some(2), Some(3), None]);
}

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::{End, Measurement};

/// A request: class, arrival, delay, service, and how it ended.
type Request = (u16, u64, u64, u64, u8);

/// Requests whose times have very different sizes.
fn requests() -> impl Strategy<Value = Vec<Request>> {
    let time = || (0u32..44, any::<u64>()).prop_map(|(bits, any)| any % (1 << bits));
    vec((0u16..3, time(), time(), time(), 0u8..5), 1..200)
}

fn end((_, arrival, delay, service, how): Request) -> End {
    let (start, finish) = (arrival + delay, arrival + delay + service);
    match how {
        0 => End::Unserved { finish: arrival },
        1 => End::Unserved { finish },
        2 => End::AbandonedInService { start, finish, service },
        _ => End::Completed { start, finish, service },
    }
}

fn measured(requests: &[Request], workers: u32, from_ns: u64) -> Measurement {
    let mut measurement = Measurement::new(workers, from_ns);
    for &request in requests {
        let (class, arrival, ..) = request;
        if class > 0 {
            measurement.separate_classes();
        }
        measurement.offer_to_class(class, 0);
        measurement.all.tally.counts.offered += 1;
        measurement.end(measurement.kind(class, 0), arrival, end(request));
    }
    measurement
        .close(requests.iter().map(|(_, arrival, delay, service, _)| arrival + delay + service).max().unwrap_or(0));
    measurement
}

/// Sums over all windows, and the time in the system by the events alone.
fn totals(windows: &Windows) -> (Window, u128) {
    let mut sum = Window::default();
    windows.windows.iter().for_each(|window| sum.add(window));
    (sum, sum.departed.times - sum.arrived.times)
}

proptest! {
    // The default would look for files, which these tests can't open.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_have_what_the_tally_has(requests in requests(), workers in prop_oneof![Just(1u32), Just(9), Just(5000)]) {
        let (all, classes, _) = measured(&requests, workers, 0).finish();
        prop_assert_eq!(all.check(requests.len() as u64, limit(workers)), Ok(()));
        let (sum, in_system) = totals(&all.windows);
        prop_assert_eq!(in_system, all.tally.system_area_ns);
        prop_assert_eq!(sum.left_queue.times - sum.arrived.times, all.tally.waiting_area_ns);
        prop_assert_eq!(sum.service_sum_ns, all.tally.service_sum_ns);
        let areas = all.windows.areas(all.tally.end_ns);
        prop_assert_eq!(areas.iter().map(|areas| areas.system).sum::<u128>(), all.tally.system_area_ns);
        prop_assert_eq!(areas.iter().map(|areas| areas.waiting).sum::<u128>(), all.tally.waiting_area_ns);
        let text = serde_json::to_string(&all).unwrap();
        prop_assert_eq!(&serde_json::from_str::<crate::Course>(&text).unwrap(), &all);
        for (class, course) in &classes.unwrap() {
            let number = requests.iter().filter(|(of, ..)| of == class).count();
            prop_assert_eq!(course.check(number as u64, 64), Ok(()));
        }
    }

    #[test]
    fn the_order_of_completions_makes_no_difference(requests in requests()) {
        let backward: Vec<_> = requests.iter().copied().rev().collect();
        prop_assert_eq!(measured(&requests, 1, 0).finish().0, measured(&backward, 1, 0).finish().0);
    }

    #[test]
    fn workers_merge_exactly(requests in requests()) {
        let together = measured(&requests, 1, 0).finish().0;
        let (some, others): (Vec<_>, Vec<_>) = requests.iter().partition(|request| request.2 % 2 == 0);
        if !some.is_empty() && !others.is_empty() {
            let mut sum = measured(&some, 1, 0).finish().0;
            let other = measured(&others, 1, 0).finish().0;
            sum.tally.add(&other.tally);
            sum.windows.add(&other.windows);
            prop_assert_eq!(&sum.tally, &together.tally);
            // The widths depend on what each worker had; the sums do not.
            prop_assert_eq!(totals(&sum.windows), totals(&together.windows));
            let mut wide = together.windows.clone();
            while wide.shift < sum.windows.shift {
                wide.widen();
            }
            while sum.windows.shift < wide.shift {
                sum.windows.widen();
            }
            prop_assert_eq!(sum.windows, wide);
        }
    }

    #[test]
    fn classes_are_those_of_their_requests_alone(requests in requests()) {
        let classes = measured(&requests, 1, 0).finish().1;
        for (class, course) in classes.unwrap() {
            let own: Vec<_> = requests.iter().copied().filter(|request| request.0 == class).collect();
            let mut alone = measured(&own, 1, 0).finish().0;
            alone.tally.end_ns = course.tally.end_ns;
            prop_assert_eq!(&course.tally, &alone.tally);
            prop_assert_eq!(totals(&course.windows), totals(&alone.windows));
        }
    }

    #[test]
    fn after_the_warm_up_areas_are_those_of_the_time_after_it(requests in requests(), from_ns in 0u64..1 << 40) {
        let tally = measured(&requests, 1, from_ns).all.tally;
        let (mut waiting, mut system, mut counted) = (0u128, 0u128, 0);
        for &request in &requests {
            let (_, arrival, delay, service, how) = request;
            let left = if how == 0 { arrival } else { arrival + delay + service };
            let started = if how < 2 { left } else { arrival + delay };
            let after = |time: u64| u128::from(time.max(from_ns) - arrival.max(from_ns));
            waiting += after(started);
            system += after(left);
            counted += u64::from(arrival >= from_ns);
        }
        prop_assert_eq!((tally.waiting_area_ns, tally.system_area_ns), (waiting, system));
        prop_assert_eq!(tally.counts.offered - tally.counts.warm_up, counted);
        prop_assert_eq!(tally.check(requests.len() as u64), Ok(()));
    }
}

#[test]
fn workers_of_larger_runs_have_fewer_windows() {
    assert_eq!([1, 16, 17, 32, 100, 256, 4096].map(limit), [1024, 1024, 512, 512, 128, 64, 64]);
}

#[test]
fn more_than_64_classes_are_not_measured_separately() {
    let requests: Vec<Request> = (0..70).map(|class| (class, u64::from(class), 0, 1, 4)).collect();
    assert_eq!(measured(&requests[1..65], 1, 0).finish().1.unwrap().len(), 64);
    assert_eq!(measured(&requests, 1, 0).finish().1, None);
}

#[test]
fn forged_windows_are_refused() {
    let (all, ..) = measured(&[(0, 5, 1, 2, 4), (0, 9, 0, 4, 4)], 1, 0).finish();
    let forged = |forge: fn(&mut Windows)| {
        let mut windows = all.windows.clone();
        forge(&mut windows);
        windows.check(&all.tally, 1024).unwrap_err()
    };
    assert!(forged(|windows| windows.limit = 4).contains("other windows"));
    assert!(forged(|windows| windows.shift = 63).contains("other windows"));
    assert!(forged(|windows| windows.windows.resize(4000, Window::default())).contains("other windows"));
    assert!(forged(|windows| windows.windows[5].arrived.times = 1 << 80).contains("outside of its time"));
    assert!(forged(|windows| windows.windows[5].started = 2).contains("contradict"));
    assert!(forged(|windows| windows.windows[5].response_sum_ns = u128::MAX).contains("128 bits"));
    assert!(forged(|windows| windows.shift = 9).contains("other windows"));
    assert!(forged(|windows| windows.windows[5].arrived.number = u64::MAX).contains("more events than requests"));
    assert!(forged(|windows| windows.windows[5].service_sum_ns = u128::MAX / 2).contains("contradict"));
    assert!(forged(|windows| windows.cells.clear()).contains("contradict"));
}

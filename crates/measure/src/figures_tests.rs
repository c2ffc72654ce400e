use super::*;

/// One server; arrivals 0, 1, 2 with demands 4, 4, 0: starts 0, 4, 8, finishes 4, 8, 8.
fn three() -> Tally {
    let mut tally = Tally { end_ns: 8, ..Tally::default() };
    tally.counts.offered = 3;
    tally.completed(0, 0, 4, 4);
    tally.completed(1, 4, 8, 4);
    tally.completed(2, 8, 8, 0);
    tally
}

#[test]
fn figures_of_a_worker_are_those_computed_by_hand() {
    let figures = Figures::of_worker(&three(), 1, &Percentile::DEFAULT);
    assert_eq!(figures.average_delay_in_queue_ns, Some(3.0));
    assert_eq!(figures.average_number_in_queue, Some(9.0 / 8.0));
    assert_eq!(figures.average_number_in_system, Some(17.0 / 8.0));
    assert_eq!(figures.server_utilization, Some(1.0));
    assert_eq!((figures.response_time.get(Percentile::DEFAULT[0]), figures.response_time.max_ns), (Some(6), Some(7)));
}

#[test]
fn very_small_times_keep_their_digits() {
    // Delays 0, 3 and 7 ns: 10/3.
    let mut tally = Tally { end_ns: 1000, demand_sum_ns: 9, ..Tally::default() };
    tally.counts.offered = 3;
    [(0, 0, 4), (1, 4, 7), (0, 7, 9)].into_iter().for_each(|(a, s, f)| tally.completed(a, s, f, f - s));
    let figures = Figures::of_worker(&tally, 1, &Percentile::DEFAULT);
    assert_eq!(figures.average_delay_in_queue_ns, Some(10.0 / 3.0));
    let json = serde_json::to_value(&figures).unwrap();
    assert_eq!(
        (&json["average_delay_in_queue_ns"], &json["delay_in_queue"]["p50_ns"]),
        (&(10.0 / 3.0).into(), &3.into())
    );
    let text = figures.to_text();
    for line in [
        "Average delay in queue                   3.333 ns\n",
        "Time simulation ended                 0.001000 ms\n",
        "Average response time                    6.333 ns\n",
        "Share that waited                        66.67 %\n",
        "Delay in queue p50                           3 ns\n",
        "Response time max                            9 ns\n",
        "Work offered                                 9 ns\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn percentiles_show_the_digits_that_are_known() {
    let mut tally = Tally { end_ns: 400_000_000, ..Tally::default() };
    tally.counts.offered = 100;
    (0..99).for_each(|_| tally.completed(0, 0, 200_000_000, 200_000_000));
    tally.completed(0, 16_612_345, 316_612_345, 300_000_000);
    let figures = Figures::of_worker(&tally, 1, &Percentile::DEFAULT);
    assert_eq!(
        [&figures.response_time, &figures.delay_in_queue].map(|times| times.get(Percentile::P99)),
        [Some(200_000_000), Some(0)]
    );
    let text = figures.to_text();
    for line in [
        "Delay in queue p99                    0        ms\n",
        "Delay in queue p99.9                 16.61     ms\n",
        "Delay in queue max                   16.612345 ms\n",
        "Response time p99                   200        ms\n",
        "Response time max                   316.612345 ms\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn percentiles_are_those_that_were_chosen() {
    let chosen = ["0.5", "50", "99.999"].map(|text| Percentile::parse(text).unwrap());
    let figures = Figures::of_worker(&three(), 1, &chosen);
    let json = serde_json::to_string(&figures.response_time).unwrap();
    assert_eq!(json, r#"{"p0_5_ns":4,"p50_ns":6,"p99_999_ns":7,"max_ns":7}"#);
    assert_eq!(figures.response_time.get(Percentile::P99), None);
    let text = figures.to_text();
    let line = format!("\n{:<26}{:>20} ns\n", "Response time p99.999", 7);
    assert!(text.contains(&line) && !text.contains("p99 "), "{text}");
    // In any order, and beside fields of a later version.
    let other = r#"{"max_ns":7,"p99_999_ns":7,"p50_ns":6,"p0_5_ns":4,"mean_ns":5.5}"#;
    assert_eq!(serde_json::from_str::<Percentiles>(other).unwrap(), figures.response_time);
    assert!(serde_json::from_str::<Percentiles>(r#"{"p50_ns":"6","max_ns":7}"#).is_err());
}

#[test]
fn figures_of_a_run_come_from_the_merged_population() {
    let (busy, idle) = (three(), Tally { end_ns: 2, ..Tally::default() });
    let run = Figures::of_run(&[vec![&busy, &idle]], &[1, 1], 0, &Percentile::DEFAULT);
    assert_eq!((run.average_number_in_queue, run.server_utilization), (Some(9.0 / 8.0), Some(0.5)));
    assert_eq!((run.average_response_time_ns, run.waited_share), (Some(17.0 / 3.0), Some(2.0 / 3.0)));
    // With DELAY the averages of each worker are over its own T.
    let mut late = three();
    late.end_ns = 16;
    let run = Figures::of_run(&[vec![&busy, &late, &Tally::default()]], &[1, 1, 1], 3, &Percentile::DEFAULT);
    assert_eq!(run.average_number_in_queue, Some(9.0 / 8.0 + 9.0 / 16.0));
    assert_eq!(run.server_utilization, Some(16.0 / 24.0));
    assert_eq!(run.time_simulation_ended_ns, 16);
}

#[test]
fn utilization_counts_the_servers_of_each_worker() {
    let (busy, idle) = (three(), Tally { end_ns: 2, ..Tally::default() });
    // 8 ns of service by time 8: of 1 + 3 servers, and with DELAY of 1 · 8 + 3 · 2 ns.
    assert_eq!(
        Figures::of_run(&[vec![&busy, &idle]], &[1, 3], 0, &Percentile::DEFAULT).server_utilization,
        Some(8.0 / 32.0)
    );
    assert_eq!(
        Figures::of_run(&[vec![&busy, &idle]], &[1, 3], 1, &Percentile::DEFAULT).server_utilization,
        Some(8.0 / 14.0)
    );
}

#[test]
fn replications_are_added_each_with_its_own_time() {
    // T of 8 and 16: the integrals 9 + 9 and 17 + 17, and 8 + 8 ns of service, of two replications.
    let (first, mut second, idle) = (three(), three(), Tally::default());
    second.end_ns = 16;
    let worker = Figures::of_replications(&[&first, &second], 1, &Percentile::DEFAULT);
    assert_eq!((worker.average_number_in_queue, worker.server_utilization), (Some(18.0 / 24.0), Some(16.0 / 24.0)));
    assert_eq!((worker.average_number_in_system, worker.average_delay_in_queue_ns), (Some(34.0 / 24.0), Some(3.0)));
    assert_eq!((worker.counts.completed, worker.time_simulation_ended_ns), (6, 16));
    let percentiles = &Percentile::DEFAULT;
    assert_eq!(Figures::of_replications(&[&first], 1, percentiles), Figures::of_worker(&first, 1, percentiles));
    // The other worker serves nothing; its T is below that of its replication, or above.
    let ends_last = Tally { end_ns: 20, ..Tally::default() };
    let run = |delay| {
        Figures::of_run(&[vec![&first, &idle], vec![&second, &ends_last]], &[1, 1], delay, &Percentile::DEFAULT)
    };
    assert_eq!((run(0).average_number_in_queue, run(0).server_utilization), (Some(18.0 / 28.0), Some(16.0 / 56.0)));
    assert_eq!((run(1).average_number_in_queue, run(1).server_utilization), (Some(18.0 / 24.0), Some(16.0 / 44.0)));
}

#[test]
fn an_average_over_nothing_is_a_dash() {
    let figures = Figures::of_worker(&Tally::default(), 1, &Percentile::DEFAULT);
    let text = figures.to_text();
    assert!(!text.contains("rejected"), "{text}");
    assert!(
        text.starts_with(
            "Average delay in queue                       - ms\nAverage number in queue                      -\n"
        ),
        "{text}"
    );
    assert!(text.contains("\nAverage response time                        - ms\n"), "{text}");
    assert!(text.contains("\nShare that waited                            - %\n"), "{text}");
    let json = serde_json::to_value(&figures).unwrap();
    for figure in ["server_utilization", "average_response_time_ns", "waited_share"] {
        assert!(json[figure].is_null(), "{figure}");
    }
}

#[test]
fn losses_have_their_share_of_what_arrived() {
    let mut tally = three();
    tally.counts.offered = 11;
    (tally.counts.rejected, tally.counts.abandoned, tally.counts.not_yet_arrived) = (5, 2, 1);
    let text = Figures::of_worker(&tally, 1, &Percentile::DEFAULT).to_text();
    for line in [
        "  rejected                                   5 (50.00 %)\n",
        "  abandoned                                  2 (20.00 %)\n",
        "  not yet arrived                            1\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
}

#[test]
fn requests_without_completion_are_waiting_or_not_yet_arrived() {
    let mut tally = Tally { end_ns: 10, ..Tally::default() };
    tally.in_service(2, 4, 6);
    tally.add_time_in_system(1, 2);
    tally.add_without_completion(9);
    tally.add_without_completion(10);
    assert_eq!((tally.counts.waiting, tally.counts.not_yet_arrived), (1, 1));
    assert_eq!((tally.waiting_area_ns, tally.system_area_ns, tally.service_sum_ns), (3, 9, 6));
}

//! Tests of single notes.

use super::*;
use contract::Request;
use random::cost::Cost;
use random::demand::{Demands, ServiceDistribution};
use random::empirical::Empirical;

/// The load of requests at these times \[ns\], of `service_ns` each.
fn load(arrivals_ns: impl IntoIterator<Item = u64>, service_ns: u64) -> OfferedLoad {
    let request = |arrival_ns| Request { arrival_ns, service_ns, ..Request::default() };
    let mut load = OfferedLoad::default();
    load.add(&arrivals_ns.into_iter().map(request).collect::<Vec<_>>());
    load
}

#[test]
fn a_time_is_exact() {
    for (ns, text) in [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_000, "1 µs"),
        (1_050, "1.05 µs"),
        (10_000_000, "10 ms"),
        (1_500_000_000, "1.5 s"),
        (60_000_000_001, "60.000000001 s"),
        (u64::MAX, "18446744073.709551615 s"),
    ] {
        assert_eq!(duration(ns), text);
    }
}

#[test]
fn an_implausible_trace_is_doubted_with_its_span() {
    let check = "which is implausible: check the unit of the times (--time-unit, or the name of the column)";
    let doubt = |load: OfferedLoad| load.doubt(Some(4.0)).map(|note| note.replace(check, "CHECK"));
    let is = |text: &str| Some(text.to_owned());
    // Ten requests, 50 ms apart, of which the unit is lost; one alone is no reason, and neither is more than a microsecond.
    let ten = |step: u64| load((0..10).map(|number| number * step), 0);
    assert_eq!(doubt(ten(50)), is("all 10 requests arrive within 450 ns, CHECK"));
    assert_eq!(doubt(load([7, 7], 0)), is("all 2 requests arrive within 0 ns, CHECK"));
    assert_eq!(doubt(load([0, 1000], 0)), is("all 2 requests arrive within 1 µs, CHECK"));
    assert_eq!([doubt(load([0, 1001], 0)), doubt(load([7], 5)), doubt(load([], 0))], [None, None, None]);
    assert_eq!(doubt(ten(50_000_000)), None);
    // A million a millisecond is one a nanosecond.
    let dense = |twice: u64| load((0..4001).map(|number| number * 2000 / 4000 + twice * (number / 4000)), 0);
    assert_eq!(doubt(dense(0)), is("all 4001 requests arrive within 2 µs, more than one in a nanosecond, CHECK"));
    assert_eq!(doubt(dense(2000)), None);
    // Demands of 400 and 401 spans per request and server: the load is 100 times what four servers can serve, and a bit more.
    let heavy = |service_ns| load((0..40).map(|number| number * 1000), service_ns);
    assert_eq!(doubt(heavy(390_000)), None);
    assert_eq!(
        doubt(heavy(397_800)),
        is("all 40 requests arrive within 39 µs and offer 102 times what the servers can serve, CHECK")
    );
}

#[test]
fn sampled_demands_are_counted_unless_the_simulator_decides_them() {
    let sampled = |number, mean_ns, distribution| {
        let demands = Demands::new(mean_ns, distribution, 1);
        Sampled { number, requests: 4, demands }.notes(Capabilities::default())
    };
    let (exponential, deterministic) = (|| ServiceDistribution::Exponential, ServiceDistribution::Deterministic);
    assert_eq!(sampled(0, 10, exponential()), [""; 0]);
    assert_eq!(sampled(2, 10_000_000, exponential()), ["2 of 4 demands sampled: exponential, mean 10 ms"]);
    assert_eq!(sampled(4, 1_500, deterministic), ["4 of 4 demands sampled: deterministic, mean 1.5 µs"]);
    let digest = "0123456789abcdef".repeat(4);
    let table = ServiceDistribution::empirical(Empirical::new(vec![1, 2_000], &[1, 1]).unwrap(), &digest);
    // The mean is its own.
    assert_eq!(sampled(1, 7, table), ["1 of 4 demands sampled: empirical:sha256:0123456789abcdef, mean 1.001 µs"]);
    let cost = |per_size_ns, per_reply_ns, write_factor| {
        sampled(4, 7_000, ServiceDistribution::cost(Cost { per_size_ns, per_reply_ns, write_factor }))
    };
    assert_eq!(cost(0, 0, Cost::FACTOR_ONE), ["4 of 4 demands computed: cost, 7 µs"]);
    assert_eq!(
        cost(20, 1_500, 2_500_000_000),
        ["4 of 4 demands computed: cost, 7 µs + 20 ns · size + 1.5 µs · reply_size, writes × 2.5"]
    );
    let rounded = sampled(4, 3, exponential());
    assert!(rounded.len() == 2 && rounded[1].starts_with("service times are rounded"), "{rounded:?}");
    let own = Sampled { number: 2, requests: 4, demands: Demands::new(10, exponential(), 1) };
    assert_eq!(own.notes(Capabilities::OWN_DEMANDS), [""; 0]);
    assert!(
        own_demands(true, &own).ends_with("used the demands of the trace (2 of 4 sampled: exponential, mean 10 ns)")
    );
}

#[test]
fn fitted_cut_offs_are_listed_with_four_digits() {
    let asked = PolicySpec::named("SITA").unwrap();
    let note = |workers, demands: &[u64]| {
        let mut sizes = policy::Sizes::default();
        sizes.add(&demands.iter().map(|&service_ns| Request { service_ns, ..Request::default() }).collect::<Vec<_>>());
        of_fit(&asked, &asked.fitted(&sizes, &policy::Cluster::alike(workers, 1, 0, 1)))
    };
    let listed = |cut_offs: &str| Some(format!("SITA's cut-offs, fitted to equal load: {cut_offs}"));
    assert_eq!(note(3, &[7, 7, 123_456_789]), listed("123.5 ms, 123.5 ms"));
    assert_eq!(note(4, &[1, 20_049, 20_000_000, 20_000_000]), listed("20 ms, 20 ms, 20 ms"));
    assert_eq!(note(2, &[12_345]), listed("12.35 µs"));
    assert_eq!(note(2, &[1]), listed("1 ns"));
    assert_eq!(note(18, &[]), listed(&format!("{}, … (17 in all)", ["0 ns"; 16].join(", "))));
    assert_eq!(note(1, &[7]), None);
    // Given ones are in the settings.
    let given = PolicySpec::named("SITA:5").unwrap();
    assert_eq!(of_fit(&given, &given), None);
}

#[test]
fn fields_that_no_request_has_are_noted() {
    let cost = Cost { per_size_ns: 5, per_reply_ns: 0, write_factor: 2 * Cost::FACTOR_ONE };
    let notes = |discipline: &str, request: Request| {
        let mut load = OfferedLoad::new(discipline, "cost");
        load.add(&[Request::default(), request]);
        load.missing(Some(&cost), discipline)
    };
    let of = |what: &str| format!("no request of the trace {what} changes nothing");
    let none = [of("has a size, so ST_PER_SIZE"), of("is a write, so WRITE_FACTOR")];
    assert_eq!(notes("fifo", Request::default()), none);
    assert_eq!(notes("fifo", Request { size: 1, op: 1, ..Request::default() }), [""; 0]);
    let priority = notes("priority", Request { size: 1, ..Request::default() });
    assert!(priority.iter().any(|note| note.ends_with("all have the same priority: priority is fifo")), "{priority:?}");
    let classes = notes("priority-preemptive", Request { class: 1, size: 1, ..Request::default() });
    assert_eq!(classes, [of("is a write, so WRITE_FACTOR")]);
    // Other settings use no fields.
    let mut plain = OfferedLoad::new("fifo", "exponential");
    plain.add(&[Request::default()]);
    assert_eq!(plain.missing(Some(&cost), "fifo"), [""; 0]);
}

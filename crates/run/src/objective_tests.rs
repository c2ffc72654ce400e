//! Tests of [`super`].

use super::*;

fn limits(delay_ns: Option<u64>, response_ns: Option<u64>) -> TimeLimits {
    TimeLimits { delay_ns, response_ns }
}

#[test]
fn an_objective_names_a_figure_and_its_limit() {
    let parsed = |text: &str| Objective::parse(text).map(|objective| (objective.target, objective.selection));
    let p99 = Metric::of_words(&["p99", "response"]);
    let share = Target::Share { share: 99_000, limits: limits(None, Some(50_000_000)), metric: p99 };
    assert_eq!(parsed("p99 response < 50ms"), Ok((share, Selection::All)));
    assert_eq!(parsed("p99 response class=2<50ms"), Ok((share, Selection::Class(2))));
    let longest = Metric::of_words(&["max", "delay"]);
    let share = Target::Share { share: 100_000, limits: limits(Some(1_500_000_000), None), metric: longest };
    assert_eq!(parsed("max delay client=7 < 1.5s"), Ok((share, Selection::Client(7))));
    for (text, words, below) in [
        ("mean response < 3us", "mean response", 3000.0),
        ("delay < 3us", "mean delay", 3000.0),
        ("utilization < 80%", "utilization", 0.8),
        ("utilization < 0.8", "utilization", 0.8),
        ("rejected < 0.1%", "rejected", 0.001),
        ("number in queue < 10", "number in queue", 10.0),
    ] {
        let metric = Metric::of_words(&words.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(parsed(text), Ok((Target::Figure { metric, below }, Selection::All)), "{text}");
    }
    let both = limits(Some(10_000_000), Some(40_000_000));
    let joint = Target::Share { share: 99_500, limits: both, metric: None };
    let text = "99.5%(response<50ms and delay < 10ms and response < 40ms) class=1";
    assert_eq!(parsed(text), Ok((joint, Selection::Class(1))));
    assert_eq!(
        Objective::parse(text).unwrap().to_string(),
        "99.5% (response < 50ms and delay < 10ms and response < 40ms) class=1"
    );
}

#[test]
fn what_an_objective_lacks_is_named() {
    for (text, part) in [
        ("", "it has no <"),
        ("p99 response > 50ms", "an upper limit, with <"),
        ("p99 response <= 50ms", "an upper limit, with <"),
        ("p99 response < 50", "VALUE=50 has no unit: write 50ms, 1.5s"),
        ("p99 response < 50 ms", "VALUE is one word, such as 50ms or 0.1%"),
        ("p99 latency < 50ms", "not \"p99 latency\""),
        ("p100 response < 50ms", "FIGURE is [mean|pNN|max] response|delay, "),
        ("response < 0s", "VALUE=0s must be at least 1 ns"),
        ("rejected < 0", "must be a share above 0"),
        ("rejected < 101%", "must be a share above 0"),
        ("number in queue < x", "VALUE=x must be a number above 0"),
        ("utilization class=1 < 0.5", "utilization is a figure of the workers: leave out class="),
        ("response class=65536 < 5ms", "\"class=65536\" is not class=N"),
        ("response user=1 < 5ms", "\"user=1\" is not class=N with N up to 65535, or client=N"),
        ("99 (response < 5ms)", "SHARE must be above 0% and at most 100%"),
        ("99% (response < 5ms", "is not FIGURE"),
        ("99% (response < 5ms or delay < 1ms)", "is not response < TIME or delay < TIME"),
        ("99% (p99 < 5ms)", "\"p99\" is not response or delay"),
    ] {
        let error = Objective::parse(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_share_holds_if_fewer_than_allowed_miss_it() {
    // p99 < x: less than 1 % of all requests take x or longer.
    assert!(Target::is_met(99_000, 9_901, 10_000) && !Target::is_met(99_000, 9_900, 10_000));
    assert!(Target::is_met(100_000, 7, 7) && !Target::is_met(100_000, 6, 7));
    assert!(!Target::is_met(99_000, 0, 0));
    assert!(Target::is_met(99_000, u64::MAX, u64::MAX));
}

#[test]
fn limits_are_scaled() {
    let criterion = Objective::parse("p90 delay < 100ms").unwrap().criterion(&[1.0, 0.95, 1.05]);
    let delays: Vec<_> = criterion.limits.iter().filter_map(|limits| limits.delay_ns).collect();
    assert_eq!(delays, [100_000_000, 95_000_000, 105_000_000]);
    assert!(Objective::parse("delay < 1s").unwrap().criterion(&[1.0]).limits.is_empty());
}

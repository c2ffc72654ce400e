//! Tests of [`super`].

use measure::provenance::{ClientsUsed, GeneratorUsed, TrafficUsed};

use crate::testing::{file, generation, refusal, trace, try_generation};

#[test]
fn impossible_settings_are_refused_with_the_reason() {
    let refused = [
        (vec![("SAMPLES", "0")], "flag: SAMPLES=0 must be an integer from 1 to 9007199254740992"),
        (vec![("CONCURRENCY", "0")], "flag: CONCURRENCY=0 must be an integer from 1 to 1000000"),
        (vec![("CONCURRENCY", "1000001")], "flag: CONCURRENCY=1000001 must be an integer from 1 to 1000000"),
        (vec![("INTER_ARRIVAL", "0")], "flag: INTER_ARRIVAL=0 must be at least 1 ns"),
        (vec![("SEED", "-1")], "flag: SEED=-1 must be an integer from 0 to 18446744073709551615"),
        (vec![("SAS", "0")], "flag: SAS=0 must be an integer from 1 to 9007199254740992"),
        (vec![("SIZE", "0")], "flag: SIZE=0 must be an integer from 1 to 4294967295"),
        (vec![("SIZE", "65"), ("SAS", "64")], "flag: SIZE=65 is above SAS=64: a request lies within the storage array"),
        (
            vec![("DISTRIBUTION", "4")],
            "flag: DISTRIBUTION=4 must be one of uniform (1), poisson (2), normal (3), deterministic, \
             lognormal, gamma, weibull, pareto",
        ),
        (
            vec![("READ_RATIO", "0.8")],
            "flag: READ_RATIO=0.8 must be 0 or from 1 to 100: per cent is meant (80, not 0.8)",
        ),
        (vec![("READ_RATIO", "100.1")], "flag: READ_RATIO=100.1 must be at most 100: per cent is meant"),
        (vec![("DISTRIBUTION", "3"), ("MEAN", "0")], "flag: MEAN=0 must be above 0"),
        (
            vec![("DISTRIBUTION", "3"), ("MEAN", "65"), ("SAS", "64")],
            "flag: MEAN=65 must be at most 64: a request lies within the storage array (SAS=64)",
        ),
        (
            vec![("DISTRIBUTION", "3"), ("MEAN", "8"), ("STDEV", "8.001")],
            "flag: STDEV=8.001 is above MEAN=8: a truncated normal distribution has a coefficient of variation \
             (STDEV/MEAN) of at most 1",
        ),
        (
            vec![("DISTRIBUTION", "lognormal"), ("MEAN", "2.5"), ("STDEV", "201")],
            "flag: STDEV=201 is above 80 times MEAN=2.5: a lognormal distribution with a larger coefficient of variation (STDEV/MEAN) \
             owes most of it to samples rarer than one in a billion, which no trace contains",
        ),
        (
            vec![("DISTRIBUTION", "gamma"), ("STDEV", "8001")],
            "flag: STDEV=8001 is above 1000 times MEAN=8: a gamma distribution with a larger coefficient of variation (STDEV/MEAN) \
             owes most of it to samples rarer than one in a billion, which no trace contains",
        ),
        (
            vec![("DISTRIBUTION", "weibull"), ("STDEV", "3201")],
            "flag: STDEV=3201 is above 400 times MEAN=8: a Weibull distribution with a larger coefficient of variation (STDEV/MEAN) \
             owes most of it to samples rarer than one in a billion, which no trace contains",
        ),
        (
            vec![("DISTRIBUTION", "pareto"), ("STDEV", "20.001")],
            "flag: STDEV=20.001 is above 2.5 times MEAN=8: a Pareto distribution with a larger coefficient of variation (STDEV/MEAN) \
             owes most of it to samples rarer than one in a billion, which no trace contains",
        ),
        (
            vec![("DISTRIBUTION", "pareto"), ("MEAN", "8"), ("STDEV", "0.000000007")],
            "flag: STDEV=0.000000007 is below 0.000000001 times MEAN=8: a variation this small is lost when samples are \
             rounded (0 means no variation)",
        ),
        (vec![("DISTRIBUTION", "gamma"), ("MEAN", "0"), ("STDEV", "0")], "flag: MEAN=0 must be above 0"),
        (vec![("DISTRIBUTION", "weibull"), ("STDEV", "-1")], "flag: STDEV=-1 must be a number of at least 0"),
        (
            vec![("DISTRIBUTION", "pareto"), ("STDEV", "16"), ("SAMPLES", "1000000"), ("INTER_ARRIVAL", "2000s")],
            "flag: INTER_ARRIVAL=2000s is too long: 1000000 interarrival times with a coefficient of variation (STDEV/MEAN) of 2 may, with \
             more than one seed in a million, make a trace longer than 146 years",
        ),
        (
            vec![("SAMPLES", "1000000"), ("INTER_ARRIVAL", "100000s"), ("CONCURRENCY", "3")],
            "flag: SAMPLES=1000000 is too many: 333334 interarrival times of a mean of 100000000000000 ns (INTER_ARRIVAL) make a \
             client's trace longer than 73 years",
        ),
    ];
    for (changes, reason) in refused {
        assert_eq!(refusal(&changes), reason);
    }
}

#[test]
fn settings_that_a_family_does_not_use_are_ignored() {
    assert!(try_generation(&[("DISTRIBUTION", "3"), ("SIZE", "65"), ("SAS", "64")]).is_ok());
    assert!(try_generation(&[("DISTRIBUTION", "2"), ("MEAN", "0"), ("STDEV", "-")]).is_ok());
}

#[test]
fn the_bounds_themselves_are_accepted() {
    for (distribution, stdev) in [
        ("normal", "8"),
        ("lognormal", "640"),
        ("gamma", "8000"),
        ("weibull", "3200"),
        ("pareto", "20"),
        ("pareto", "0"),
    ] {
        assert!(try_generation(&[("DISTRIBUTION", distribution), ("STDEV", stdev)]).is_ok(), "{distribution} {stdev}");
    }
    // 2⁶⁰ ns are 1.15·10⁹ s; √SAMPLES·INTER_ARRIVAL·STDEV/MEAN may be √(5·10⁻⁷) of that.
    let tail = |family, stdev, samples, interarrival| {
        let changes =
            [("DISTRIBUTION", family), ("STDEV", stdev), ("SAMPLES", samples), ("INTER_ARRIVAL", interarrival)];
        try_generation(&changes).is_ok()
    };
    assert!(tail("gamma", "16", "1000000", "407s") && !tail("gamma", "16", "1000000", "408s"));
    // With one request, the first interarrival time decides: the probability that the length-biased distribution
    // exceeds 2⁶⁰ ns is 5·10⁻⁷ at this many means: exp(4.89164σ + σ²/2) for lognormal, σ = 2.96; (1 −
    // 1/α)/(5·10⁻⁷)^(1/(α − 1)) for Pareto, α = 2.077; by Chernoff's bound 1.842·10⁷ for gamma (shape 1.000001, scale
    // 10⁶) and 39.41^9.892/Γ(10.892) for Weibull.
    assert!(tail("lognormal", "640", "1", "7404ms") && !tail("lognormal", "640", "1", "7405ms"));
    assert!(tail("pareto", "20", "1", "3138s") && !tail("pareto", "20", "1", "3139s"));
    assert!(tail("gamma", "8000", "1", "62.58s") && !tail("gamma", "8000", "1", "62.59s"));
    assert!(tail("weibull", "3200", "1", "534ms") && !tail("weibull", "3200", "1", "535ms"));
}

#[test]
fn the_longest_trace_stays_below_the_limit_of_times() {
    // 256 times 2⁵³ ns are 2⁶¹ ns.
    let changes = [("SAMPLES", "256"), ("INTER_ARRIVAL", "9007199254740992ns")];
    assert!(trace(&changes).iter().all(|request| request.arrival_ns < 1 << 62));
    assert!(try_generation(&[("SAMPLES", "257"), changes[1]]).is_err());
}

#[test]
fn the_settings_of_the_original_tool_work() {
    let original = [
        ("SAMPLES", "500"),
        ("SIZE", "500"),
        ("INTER_ARRIVAL", "1"),
        ("READ_RATIO", "80"),
        ("SAS", "5493"),
        ("DISTRIBUTION", "3"),
        ("MEAN", "1"),
        ("STDEV", "1"),
        ("CONCURRENCY", "1"),
    ];
    let trace = trace(&original);
    assert_eq!(trace.len(), 500);
    // 500 exponential interarrival times of 1 ms, within 4 standard deviations.
    assert!((trace[499].arrival_ns as f64 / 1e6 - 500.0).abs() < 90.0);
    assert!(trace.iter().all(|request| request.size >= 1 && request.block < 5494));
}

#[test]
fn a_report_names_the_settings_that_took_part() {
    let alike = |clients| GeneratorUsed { samples: 200_000, traffic: TrafficUsed::Alike(clients) };
    let by_size = ClientsUsed {
        size: Some(64),
        inter_arrival_ns: Some(1_500_000),
        read_ratio: 70.0,
        sas: 1_000_000,
        distribution: "poisson".to_owned(),
        mean: None,
        stdev: None,
        concurrency: 1,
        arrivals: None,
        popularity: None,
        sizes: None,
    };
    let used = |changes: &[(&str, &str)]| generation(changes).used();
    assert_eq!(used(&[("READ_RATIO", "70.0"), ("INTER_ARRIVAL", "1.5ms")]), alike(by_size.clone()));
    let by_moments = |distribution: &str, stdev: f64| ClientsUsed {
        size: None,
        inter_arrival_ns: Some(10_000_000),
        distribution: distribution.to_owned(),
        mean: Some(8.0),
        stdev: Some(stdev),
        ..by_size.clone()
    };
    assert_eq!(used(&[("DISTRIBUTION", "3"), ("STDEV", "0.50")]), alike(by_moments("normal", 0.5)));
    for family in ["lognormal", "gamma", "weibull", "pareto"] {
        let changes = [("DISTRIBUTION", &*family.to_uppercase()), ("STDEV", "12.0")];
        assert_eq!(used(&changes), alike(by_moments(family, 12.0)));
    }
    let (_rates, path) = file("time_s,rate\n0,5\n");
    let changes = [
        ("ARRIVALS", &*format!("rate:{path}")),
        ("POPULARITY", "zipf:0.90"),
        ("SIZES", "table:8=1"),
        ("INTER_ARRIVAL", "x"),
    ];
    let others = ClientsUsed {
        size: None,
        inter_arrival_ns: None,
        arrivals: Some("rate:sha256:1500f08c0c504179dc5a3f7b0fcf73a8c1036edce7e8d05a19aca60e2a76809d".to_owned()),
        popularity: Some("zipf:0.9".to_owned()),
        sizes: Some("table:8=1".to_owned()),
        ..by_size.clone()
    };
    assert_eq!(used(&changes), alike(others));
    for (given, shown) in [
        ("mmpp:10,50ms,0.2s", "mmpp:10,50000000ns,200000000ns"),
        ("onoff:50ms,1s", "onoff:50000000ns,1000000000ns"),
        ("selfsimilar:0.80,1ms,1s", "selfsimilar:0.8,1000000ns,1000000000ns"),
        ("daily:1.5", "daily:1.5,86400000000000ns"),
    ] {
        let arrivals = |changes: &[(&str, &str)]| match used(changes).traffic {
            TrafficUsed::Alike(clients) => clients.arrivals.unwrap(),
            TrafficUsed::Classes { .. } => panic!("no classes"),
        };
        assert_eq!(arrivals(&[("ARRIVALS", given)]), shown);
        // What a report shows can be given again.
        assert_eq!(arrivals(&[("ARRIVALS", shown)]), shown);
    }
}

#[test]
fn the_offered_utilization_is_that_of_the_settings() {
    let offered = |changes: &[(&str, &str)]| generation(changes).offered(20_000_000.0, 4.0);
    assert_eq!(offered(&[("CONCURRENCY", "3")]), Some(1.5));
    assert_eq!(offered(&[("CONCURRENCY", "3"), ("ARRIVALS", "onoff:1s,9s")]), Some(1.5));
    let (_repeated, repeated) = file("time_ms,rate\n0,100\n500,300\n1000,repeat\n");
    // The trace may hold a part of a curve.
    assert_eq!(offered(&[("CONCURRENCY", "3"), ("ARRIVALS", &format!("rate:{repeated}"))]), None);
    assert_eq!(offered(&[("CONCURRENCY", "3"), ("ARRIVALS", "daily:1.8")]), None);
}

#[test]
fn merged_exponential_interarrival_times_of_constant_rate_are_poisson() {
    let poisson = |changes: &[(&str, &str)]| generation(changes).is_poisson();
    assert!(poisson(&[("CONCURRENCY", "5")]));
    for family in ["normal", "gamma", "weibull"] {
        let of = |stdev| poisson(&[("DISTRIBUTION", family), ("MEAN", "8"), ("STDEV", stdev)]);
        assert_eq!([of("8"), of("7")], [true, false], "{family}");
    }
    for other in ["uniform", "deterministic", "lognormal", "pareto"] {
        assert!(!poisson(&[("DISTRIBUTION", other), ("CONCURRENCY", "5"), ("STDEV", "8")]), "{other}");
    }
    for changing in ["daily:1.8", "onoff:1s,9s"] {
        assert!(!poisson(&[("ARRIVALS", changing)]), "{changing}");
    }
    let of_classes = |second: &str| {
        let text = format!("[[class]]\nname = \"a\"\nclients = 1\n[[class]]\nname = \"b\"\nclients = 2\n{second}");
        let (_file, path) = file(&text);
        poisson(&[("CLASSES", &path)])
    };
    assert_eq!([of_classes("inter_arrival = \"1s\""), of_classes("distribution = \"uniform\"")], [true, false]);
}

#[test]
fn long_traces_of_changing_rates_are_refused_earlier() {
    // 64 times 2⁵³ ns are 2⁵⁹ ns.
    for arrivals in ["mmpp:5,2500h,2500h", "onoff:2500h,2500h", "selfsimilar:0.7,2h,2500h", "daily:2,2500h"] {
        let longest = [("SAMPLES", "64"), ("INTER_ARRIVAL", "9007199254740992ns"), ("ARRIVALS", arrivals)];
        assert!(trace(&longest).iter().all(|request| request.arrival_ns < 1 << 62), "{arrivals}");
        assert_eq!(
            refusal(&[("SAMPLES", "65"), longest[1], longest[2]]),
            "flag: SAMPLES=65 is too many: 65 interarrival times of a mean of 9007199254740992 ns (INTER_ARRIVAL) make a client's trace \
             longer than 18 years"
        );
    }
    // 2⁶² ns are 4.61·10⁹ s.
    let (_rates, path) = file("time_s,rate\n0,0.000001\n");
    let rates = |samples| try_generation(&[("ARRIVALS", &format!("rate:{path}")), ("SAMPLES", samples)]);
    assert!(rates("2305").is_ok());
    assert_eq!(
        rates("2306").unwrap_err().to_string(),
        "flag: SAMPLES=2306 is too many: the rates of ARRIVALS may not give them within 146 years"
    );
}

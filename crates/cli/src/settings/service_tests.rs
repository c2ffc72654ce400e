//! Tests of [`super`], and of the settings that belong to SERVICE.

use std::io::Write as _;

use crate::settings::{DemandSettings, SeedSettings, of_flags};
use contract::Request;
use random::demand::Demands;

fn settings(flags: &[&str]) -> DemandSettings {
    of_flags(flags.to_vec()).unwrap()
}

fn demands(flags: &[&str]) -> Result<Demands, String> {
    let seed: SeedSettings = of_flags([""; 0]).unwrap();
    settings(flags).demands(&seed).map_err(|failure| failure.to_string())
}

/// The name and the mean \[ns\] of the service that `text` describes, with ST=1ms.
fn service(text: &str) -> Result<(String, u64), String> {
    let demands = demands(&["--st", "1ms", "--service", text])?;
    Ok((demands.distribution.name().to_owned(), demands.mean_ns))
}

#[test]
fn each_form_has_its_name_and_mean() {
    for (text, name, mean_ns) in [
        ("exponential", "exponential", 1_000_000),
        ("Deterministic", "deterministic", 1_000_000),
        ("erlang:3", "erlang:3", 1_000_000),
        ("hyperexponential:1.50", "hyperexponential:1.5", 1_000_000),
        ("lognormal:80", "lognormal:80", 1_000_000),
        ("gamma:0", "gamma:0", 1_000_000),
        ("weibull:2", "weibull:2", 1_000_000),
        ("pareto:2.5", "pareto:2.5", 1_000_000),
        ("bounded-pareto:1,1us,1ms", "bounded-pareto:1,1000ns,1000000ns", 6_915),
        ("COST", "cost", 1_000_000),
    ] {
        assert_eq!(service(text), Ok((name.to_owned(), mean_ns)), "{text}");
    }
}

#[test]
fn a_wrong_form_is_refused_with_its_value() {
    let billion = |name| {
        format!(
            "a {name} distribution with a larger coefficient of variation (STDEV/MEAN) owes most of it to samples rarer than one in \
             a billion, which no trace contains"
        )
    };
    let any = "must be one of exponential, deterministic, erlang:K, hyperexponential:CV, lognormal:CV, gamma:CV, weibull:CV, \
               pareto:CV, bounded-pareto:ALPHA,MIN,MAX, empirical:FILE, cost";
    for (text, rule) in [
        ("", any.to_owned()),
        ("normal:1", any.to_owned()),
        ("exponential:1", "must be exponential alone, which has no values".to_owned()),
        ("Deterministic:", "must be deterministic alone, which has no values".to_owned()),
        ("cost:", "must be cost alone, which has no values".to_owned()),
        ("empirical", "is not empirical:FILE: it names no file".to_owned()),
        ("empirical:", "is not empirical:FILE: it names no file".to_owned()),
        ("erlang", "is not erlang:K: it has 0 values instead of 1".to_owned()),
        ("erlang:0", "is not erlang:K: K=0 must be an integer from 1 to 1000".to_owned()),
        ("erlang:1001", "is not erlang:K: K=1001 must be an integer from 1 to 1000".to_owned()),
        ("hyperexponential:1", "is not hyperexponential:CV: CV=1 must be a number above 1 and at most 5000".to_owned()),
        (
            "hyperexponential:5001",
            "is not hyperexponential:CV: CV=5001 must be a number above 1 and at most 5000".to_owned(),
        ),
        ("gamma:-1", "is not gamma:CV: CV=-1 must be a number of at least 0".to_owned()),
        ("gamma:1,2", "is not gamma:CV: it has 2 values instead of 1".to_owned()),
        ("gamma:1001", format!("is not gamma:CV: CV=1001 is above 1000: {}", billion("gamma"))),
        ("lognormal:81", format!("is not lognormal:CV: CV=81 is above 80: {}", billion("lognormal"))),
        ("weibull:401", format!("is not weibull:CV: CV=401 is above 400: {}", billion("Weibull"))),
        ("pareto:2.6", format!("is not pareto:CV: CV=2.6 is above 2.5: {}", billion("Pareto"))),
        (
            "bounded-pareto:0,1ms,2ms",
            "is not bounded-pareto:ALPHA,MIN,MAX: ALPHA=0 must be a number from 0.01 to 100".to_owned(),
        ),
        ("bounded-pareto:1.5,0,2ms", "is not bounded-pareto:ALPHA,MIN,MAX: MIN=0 must be at least 1 ns".to_owned()),
        ("bounded-pareto:1.5,2ms,2ms", "is not bounded-pareto:ALPHA,MIN,MAX: MAX must be above MIN".to_owned()),
    ] {
        assert_eq!(service(text), Err(format!("flag: SERVICE={text} {rule}")));
    }
    for factor in ["-1", "1e3", "1000001", "x"] {
        assert_eq!(
            demands(&["--service=cost", &format!("--write-factor={factor}")]).unwrap_err(),
            format!(
                "flag: WRITE_FACTOR={factor} must be a decimal number from 0 to 1000000, with at most nine decimal places"
            )
        );
    }
}

/// What `--service empirical:FILE` gives for a file with this text; its path is replaced in errors.
fn of_file(text: &[u8]) -> Result<Demands, String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text).unwrap();
    let path = file.path().to_str().unwrap();
    demands(&["--service", &format!("empirical:{path}")]).map_err(|error| error.replace(path, "FILE"))
}

#[test]
fn a_table_is_sampled_by_its_weights() {
    let demands = of_file(b"service_us,weight\n1.5,3\n2,0\n40,1\n").unwrap();
    // (1500·3 + 40000)/4 ns.
    assert_eq!(demands.mean_ns, 11_125);
    assert_eq!(
        demands.distribution.name(),
        "empirical:sha256:4cd51dad15fa532abb82f2dcd255df651fecf9bf359cfd5fb2dc097b762eda15"
    );
    let n = 100_000;
    let samples: Vec<u64> = (0..n).map(|id| demands.sample(id)).collect();
    let short = samples.iter().filter(|&&sample| sample == 1500).count();
    assert!(samples.iter().all(|sample| [1500, 40_000].contains(sample)));
    // Binomial, within 5 standard deviations.
    assert!((short as f64 - 0.75 * n as f64).abs() < 5.0 * (n as f64 * 0.1875).sqrt(), "{short}");
    // Without weights, each row counts once; the same time may have several.
    for (text, mean_ns) in [
        (&b"service_ns\n1\n1\n4\n"[..], 2),
        (b"service_ms\r\n0.0000019\r\n", 1),
        (b"\xef\xbb\xbfservice_s\n4611686018\n", 4_611_686_018_000_000_000),
    ] {
        assert_eq!(of_file(text).unwrap().mean_ns, mean_ns, "{text:?}");
    }
}

#[test]
fn a_wrong_table_is_refused_with_its_line() {
    let time = "must be a decimal number of at least 0, and below 146 years";
    for (text, error) in [
        (
            &b"service\n1\n"[..],
            "FILE:1: the header \"service\" is not service_ns[,weight] or service_us[,weight] or service_ms[,weight] or \
             service_s[,weight]"
                .to_owned(),
        ),
        (b"service_ns\n", "FILE:1: there is no row after the header".to_owned()),
        (b"service_ns\n1\n-1\n", format!("FILE:3: service_ns=-1 {time}")),
        (b"service_s\n4611686019\n", format!("FILE:2: service_s=4611686019 {time}")),
        (b"service_ns,weight\n1\n", "FILE:2: \"1\" is not a row of two cells".to_owned()),
        (
            b"service_ns,weight\n1,x\n",
            "FILE:2: weight=x must be a decimal number from 0 to 18446744073, with at most nine decimal places".to_owned(),
        ),
        (
            b"service_ns,weight\n1,0\n2,0\n",
            "FILE:3: the sum of the weights must be above 0, and at most 18446744073".to_owned(),
        ),
        (b"service_ns\n\xff\n", "flag: SERVICE=empirical:FILE names a file that is no UTF-8 text".to_owned()),
    ] {
        // Errors in a line do not have the setting's value.
        let error = if error.starts_with("FILE:") { error + " (the file of SERVICE)" } else { error };
        assert_eq!(of_file(text).map(|demands| demands.mean_ns), Err(error));
    }
    assert_eq!(
        demands(&["--service=empirical:/dev/zero"]).unwrap_err(),
        "flag: SERVICE=empirical:/dev/zero names a file of more than 64 MiB"
    );
}

#[test]
fn a_cost_has_its_settings() {
    let flags = ["--service=cost", "--st=1us", "--st-per-size=3ns", "--st-per-reply=50ns", "--write-factor=1.5"];
    let demands = demands(&flags).unwrap();
    let of = |op| demands.demand(&Request { op, size: 7, reply_size: 2, ..Request::default() });
    assert_eq!([of(Request::READ), of(Request::WRITE)], [1121, 1682]);
}

#[test]
fn settings_without_effect_are_named() {
    let notes = |flags: &[&str]| settings(flags).without_effect();
    let cost = ["--st-per-size=1ns", "--write-factor=2"];
    assert_eq!(
        notes(&[&["--st=1ms"], &cost[..]].concat()),
        ["SERVICE=exponential is not cost, so ST_PER_SIZE, WRITE_FACTOR change nothing"]
    );
    assert_eq!(notes(&[&["--service=cost", "--st=1ms"], &cost[..]].concat()), [""; 0]);
    for service in ["bounded-pareto:1.5,1ms,2ms", "empirical:none"] {
        let kind = service.split(':').next().unwrap();
        let own = format!("SERVICE={kind} has a mean of its own, so ST changes nothing");
        assert_eq!(notes(&["--st=1ms", "--service", service]), [own]);
        assert_eq!(notes(&["--service", service]), [""; 0]);
        assert_eq!(settings(&["--st=1ms", "--st-per-size=1ns", "--service", service]).given(), ["SERVICE"]);
    }
    assert_eq!(settings(&["--st=1ms", "--st-per-size=1ns"]).given(), ["ST"]);
    // ST that takes no part may be wrong.
    assert!(demands(&["--st=x", "--service=bounded-pareto:1.5,1ms,2ms"]).is_ok());
    assert!(demands(&["--st=x", "--service=erlang:2"]).is_err());
}

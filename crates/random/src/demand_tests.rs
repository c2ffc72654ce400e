//! Tests of [`super`].

use super::*;
use crate::gamma::Gamma;
use crate::lognormal::Lognormal;
use crate::pareto::Pareto;
use crate::testing::{assert_follows, assert_moments};
use crate::weibull::Weibull;

const MS_10: u64 = 10_000_000;

fn times_ns() -> Empirical {
    Empirical::new(vec![1_000_000, 2_000_000, 3_500_000, 40_000_000], &[4, 3, 2, 1]).unwrap()
}

/// Each SERVICE that is sampled, with its mean if ST is 10 ms \[ns\], and the demands of requests 0 to 3 under SEED=1 \[ns\]:
/// the vectors of docs/reproducibility.md.
fn vectors() -> [(ServiceDistribution, u64, [u64; 4]); 10] {
    [
        (ServiceDistribution::Exponential, MS_10, [86_975, 51_893_653, 17_703_769, 3_744_280]),
        (ServiceDistribution::Deterministic, MS_10, [MS_10; 4]),
        (ServiceDistribution::erlang(3), MS_10, [3_330_779, 20_342_299, 16_664_810, 5_335_523]),
        (ServiceDistribution::hyperexponential(2.0), MS_10, [2_238_374, 4_006_906, 36_687_604, 5_010_276]),
        (ServiceDistribution::lognormal(1.5).unwrap(), MS_10, [25_734_514, 10_302_774, 1_892_344, 48_548_713]),
        (ServiceDistribution::gamma(0.5).unwrap(), MS_10, [17_734_807, 12_176_797, 5_195_304, 22_445_026]),
        (ServiceDistribution::weibull(2.0).unwrap(), MS_10, [918, 119_556_035, 16_480_033, 941_277]),
        (ServiceDistribution::pareto(1.0).unwrap(), MS_10, [5_879_006, 50_264_074, 12_195_893, 6_840_619]),
        (
            ServiceDistribution::bounded_pareto(1.5, 1_000_000, 1_000_000_000),
            2_905_224,
            [1_012_895, 4_161_265, 23_763_785, 1_354_143],
        ),
        (ServiceDistribution::empirical(times_ns(), "00"), 5_700_000, [1_000_000, 3_500_000, 40_000_000, 1_000_000]),
    ]
}

#[test]
fn demands_are_those_of_the_documentation() {
    let documented = include_str!("../../../docs/reproducibility.md");
    for (distribution, mean_ns, expected) in vectors() {
        let name = distribution.name().to_owned();
        let demands = Demands::new(MS_10, distribution, 1);
        assert_eq!((demands.mean_ns, [0, 1, 2, 3].map(|id| demands.sample(id))), (mean_ns, expected), "{name}");
        let cells = expected.map(|demand| demand.to_string()).join(" | ");
        let name = name.replace("sha256:00", "FILE");
        assert!(documented.contains(&format!("| `{name}` | {mean_ns} | {cells} |\n")), "{name}: {cells}");
    }
}

#[test]
fn a_demand_depends_on_seed_and_id_alone() {
    for (distribution, ..) in vectors() {
        let of = |seed| Demands::new(1_000_000, distribution.clone(), seed);
        let request = |id| Request { id, size: 9, op: Request::WRITE, arrival_ns: 5, ..Request::default() };
        assert_eq!(of(1).sample(7), of(1).demand(&request(7)));
        if distribution != ServiceDistribution::Deterministic {
            let first = |seed| (0..20).map(|id| of(seed).sample(id)).collect::<Vec<_>>();
            assert_ne!(first(1), first(2));
            assert!(first(1).windows(2).any(|pair| pair[0] != pair[1]));
        }
    }
    assert_eq!(Demands::new(5, ServiceDistribution::Deterministic, 1).sample(7), 5);
}

/// The demands of `n` requests in units of their mean, which is 1 s, so that rounding is far below their errors.
fn in_means(distribution: ServiceDistribution, n: u64) -> Vec<f64> {
    let demands = Demands::new(1_000_000_000, distribution, 1);
    (0..n).map(|id| demands.sample(id) as f64 / 1e9).collect()
}

#[test]
fn demands_have_the_moments_and_quantiles_of_their_distribution() {
    let n = 200_000;
    let factorial = |power: u32| (1..=power).map(f64::from).product::<f64>();
    let exponential = in_means(ServiceDistribution::Exponential, n);
    assert_moments("exponential", &exponential, factorial);
    assert_follows("exponential", exponential, |x| 1.0 - (-x).exp());

    for cv in [0.3f64, 1.0] {
        let samples = in_means(ServiceDistribution::lognormal(cv).unwrap(), n);
        // E[Xʲ] = (1 + c²)^(j(j − 1)/2).
        assert_moments("lognormal", &samples, |power| (1.0 + cv * cv).powi((power * (power - 1) / 2) as i32));
        assert_follows("lognormal", samples, |x| 1.0 - Lognormal::new(cv).above(x));
    }
    for cv in [0.5f64, 1.0, 2.0] {
        let samples = in_means(ServiceDistribution::gamma(cv).unwrap(), n);
        // E[Xʲ] = Π (1 + i·c²), i = 0 … j − 1.
        let moment = |power: u32| (0..power).map(|i| 1.0 + f64::from(i) * cv * cv).product();
        assert_moments("gamma", &samples, moment);
        assert_follows("gamma", samples, |x| 1.0 - Gamma::new(cv).above(x));
    }
    // Shapes 2, 1 and 1/2, of which the gamma function is known: E[Xʲ] = Γ(1 + j/shape)/Γ(1 + 1/shape)ʲ.
    for (cv, power_of) in [((4.0 / std::f64::consts::PI - 1.0).sqrt(), 0.5), (1.0, 1.0), (5f64.sqrt(), 2.0)] {
        let samples = in_means(ServiceDistribution::weibull(cv).unwrap(), n);
        let gamma = |power: u32| libm::tgamma(1.0 + f64::from(power) * power_of);
        assert_moments("weibull", &samples, |power| gamma(power) / gamma(1).powi(power as i32));
        assert_follows("weibull", samples, |x| 1.0 - Weibull::new(cv).above(x));
    }
    // The sixth moment, which the error of the third needs, exists up to a variation of 0.2.
    let (cv, tail) = (0.1, 1.0 + 101f64.sqrt());
    let samples = in_means(ServiceDistribution::pareto(cv).unwrap(), n);
    // E[Xʲ] = mʲ·α/(α − j).
    let moment = |power: u32| ((tail - 1.0) / tail).powi(power as i32) * tail / (tail - f64::from(power));
    assert_moments("pareto", &samples, moment);
    assert_follows("pareto", samples, |x| 1.0 - Pareto::new(cv).above(x));
    let samples = in_means(ServiceDistribution::pareto(2.0).unwrap(), n);
    assert_follows("pareto", samples, |x| 1.0 - Pareto::new(2.0).above(x));
}

#[test]
fn a_mean_of_its_own_replaces_st() {
    for (distribution, mean_ns) in [
        // Of α = 1: a·ln(b/a)/(1 − a/b) = 6914.67 ns.
        (ServiceDistribution::bounded_pareto(1.0, 1000, 1_000_000), 6_915),
        (ServiceDistribution::empirical(times_ns(), "00"), 5_700_000),
    ] {
        let demands = Demands::new(MS_10, distribution.clone(), 1);
        assert_eq!((demands.mean_ns, distribution.own_mean_ns()), (mean_ns, Some(mean_ns)));
        // ST changes no demand either.
        let other = Demands::new(77, distribution, 1);
        assert!((0..1000).all(|id| other.sample(id) == demands.sample(id)));
    }
    assert_eq!(ServiceDistribution::erlang(2).own_mean_ns(), None);
    let most = 1 << 53;
    let bounds = Demands::new(0, ServiceDistribution::bounded_pareto(0.01, most - 2, most - 1), 1);
    assert!((0..1000).all(|id| (most - 2..most).contains(&bounds.sample(id))));
}

#[test]
fn samples_beyond_the_limit_of_times_are_cut_to_it() {
    assert_eq!([scaled(1 << 48, 7), scaled(3 << 47, 7), scaled((1 << 47) - 1, 1)], [7, 11, 0]);
    assert_eq!([scaled(u128::MAX, 1), scaled(1 << 110, 1), scaled(1 << 48, LIMIT_NS - 1)], [LIMIT_NS - 1; 3]);
    assert_eq!(scaled(u128::MAX, 0), 0);
    let cost = Cost { per_size_ns: u64::MAX, per_reply_ns: 0, write_factor: 0 };
    let request = Request { size: 2, ..Request::default() };
    assert_eq!(Demands::new(1, ServiceDistribution::cost(cost), 1).demand(&request), LIMIT_NS - 1);
}

#[test]
fn a_cost_is_computed_from_st_and_the_request() {
    let cost = Cost { per_size_ns: 3, per_reply_ns: 50, write_factor: 2 * Cost::FACTOR_ONE };
    let demands = Demands::new(1000, ServiceDistribution::cost(cost), 1);
    let request = Request { id: 4, op: Request::WRITE, size: 7, reply_size: 2, ..Request::default() };
    assert_eq!((demands.demand(&request), demands.sample(4), demands.mean_ns), (2242, 1000, 1000));
    assert_eq!((demands.distribution.name(), demands.distribution.as_cost()), ("cost", Some(&cost)));
}

#[test]
fn the_rounding_note_matches_the_samples() {
    let n = 1_000_000;
    let exponential = ServiceDistribution::Exponential;
    let balanced = ServiceDistribution::hyperexponential(3.0);
    for (distribution, mean_ns, mean, zeros) in [
        (&exponential, 1, 0.960, 39.3),
        (&exponential, 3, 2.986, 15.4),
        (&exponential, 9, 8.995, 5.4),
        (&balanced, 3, 2.975, 25.7),
    ] {
        let demands = Demands::new(mean_ns, distribution.clone(), 1);
        let note = demands.rounding_note().unwrap();
        assert!(note.ends_with(&format!("mean is {mean:.3} ns, and {zeros:.1} % of them are 0")), "{note}");
        let samples: Vec<u64> = (0..n).map(|id| demands.sample(id)).collect();
        let (sum, none) = (samples.iter().sum::<u64>(), samples.iter().filter(|&&sample| sample == 0).count());
        // Within 4 standard deviations, which are at most 3 times the mean, and the rounding of the note.
        assert!((sum as f64 / n as f64 - mean).abs() < 0.0005 + 12.0 * mean / (n as f64).sqrt(), "{mean_ns}: {sum}");
        assert!((none as f64 / n as f64 - zeros / 100.0).abs() < 0.0005 + 2.0 / (n as f64).sqrt(), "{mean_ns}: {none}");
    }
    for (mean_ns, distribution) in [
        (0, exponential.clone()),
        (10, exponential),
        (10, balanced),
        (3, ServiceDistribution::Deterministic),
        (3, ServiceDistribution::erlang(2)),
    ] {
        assert_eq!(Demands::new(mean_ns, distribution, 1).rounding_note(), None);
    }
}

#[test]
fn moments_are_those_of_the_samples() {
    for (distribution, mean_ns, _) in vectors() {
        let demands = Demands::new(MS_10, distribution, 3);
        let name = demands.distribution.name();
        let Some(Moments { mean_ns: mean, squared_cv, is_exponential }) = demands.moments() else {
            assert!(name.starts_with("pareto"), "{name}");
            continue;
        };
        assert!((mean - mean_ns as f64).abs() <= 0.5 && is_exponential == (name == "exponential"), "{name}");
        let n = 1_000_000u64;
        let second: f64 = (0..n).map(|id| (demands.sample(id) as f64 / mean).powi(2)).sum::<f64>() / n as f64;
        // The seed is fixed; the standard error of the most variable one is 2 %.
        assert!((second / (1.0 + squared_cv) - 1.0).abs() < 0.05, "{name}: {second}, {squared_cv}");
    }
    // One phase, or one shape, is exponential.
    for one in [ServiceDistribution::erlang(1), ServiceDistribution::gamma(1.0).unwrap()] {
        let exponential = Moments { mean_ns: 1e7, squared_cv: 1.0, is_exponential: true };
        assert_eq!(Demands::new(MS_10, one, 1).moments(), Some(exponential));
    }
}

#[test]
fn constant_and_computed_demands_are_not_random() {
    let is_random = |mean_ns, distribution| Demands::new(mean_ns, distribution, 1).is_random();
    let empirical = |times_ns: &[u64]| {
        let times = Empirical::new(times_ns.to_vec(), &vec![1; times_ns.len()]).unwrap();
        ServiceDistribution::empirical(times, "0")
    };
    let cost = ServiceDistribution::cost(Cost { per_size_ns: 5, per_reply_ns: 0, write_factor: Cost::FACTOR_ONE });
    for (mean_ns, distribution, random) in [
        (10, ServiceDistribution::Exponential, true),
        (0, ServiceDistribution::Exponential, false),
        (10, ServiceDistribution::Deterministic, false),
        (10, ServiceDistribution::erlang(3), true),
        (0, ServiceDistribution::erlang(3), false),
        (10, ServiceDistribution::lognormal(1.0).unwrap(), true),
        (10, ServiceDistribution::lognormal(0.0).unwrap(), false),
        (0, ServiceDistribution::bounded_pareto(1.5, 1, 9), true),
        (0, empirical(&[4, 5]), true),
        (0, empirical(&[4, 4]), false),
        (10, cost, false),
    ] {
        let name = distribution.name().to_owned();
        assert_eq!(is_random(mean_ns, distribution), random, "{name}, {mean_ns} ns");
    }
}

#[test]
fn moments_that_are_not_exact_are_none() {
    let known = |mean_ns, distribution| Demands::new(mean_ns, distribution, 1).moments().is_some();
    let lognormal = || ServiceDistribution::lognormal(80.0).unwrap();
    assert_eq!([999, 1000].map(|mean| known(mean, ServiceDistribution::Exponential)), [false, true]);
    assert_eq!([0, 1].map(|mean| known(mean, ServiceDistribution::Deterministic)), [false, true]);
    // Some of the variance would be above the limit.
    assert_eq!([100_000_000, 1_000_000_000].map(|mean| known(mean, lognormal())), [true, false]);
    let bounded = |shortest, longest| known(1, ServiceDistribution::bounded_pareto(1.5, shortest, longest));
    assert_eq!([bounded(999, 2000), bounded(1000, 2000), bounded(1000, 1_100_000_000)], [false, true, false]);
    assert!(!known(MS_10, ServiceDistribution::pareto(0.3).unwrap()));
    assert!(!known(MS_10, ServiceDistribution::cost(Cost { per_size_ns: 0, per_reply_ns: 0, write_factor: 1 })));
}

#[test]
fn another_seed_is_as_if_it_was_given() {
    let demands = |seed| Demands::new(10_000_000, ServiceDistribution::erlang(2), seed);
    let samples = |demands: Demands| (0..9).map(|id| demands.sample(id)).collect::<Vec<_>>();
    assert_eq!(samples(demands(1).with_seed(2)), samples(demands(2)));
    assert_ne!(samples(demands(1)), samples(demands(2)));
    assert_eq!(demands(1).with_seed(2).seed, 2);
}

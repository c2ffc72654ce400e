//! The long-tailed families against their distributions: interarrival times and sizes of the generator, and samples in
//! the far tail.
//!
//! If the fourth moment is large or, for a Pareto distribution with a variation above 0.35, infinite, the variation of
//! a sample is not a useful statistic. The mean, the distribution and the moments below a point that one sample in a
//! thousand exceeds are tested instead. The module of each family tests that the whole distribution has the requested
//! variation.

use random::streams::Streams;

use crate::testing::{interarrivals, trace};
use random::distribution::Distribution;
use random::gamma::Gamma;
use random::lognormal::Lognormal;
use random::pareto::Pareto;
use random::testing::{assert_counts, assert_follows_within, assert_tail, mean, variation};
use random::weibull::Weibull;

/// P(X > x) of a distribution with mean 1, at x from 0 on.
pub(crate) type Above = Box<dyn Fn(f64) -> f64>;

const FAMILIES: [&str; 4] = ["lognormal", "gamma", "weibull", "pareto"];

pub(crate) fn above(family: &str, cv: f64) -> Above {
    match family {
        "lognormal" => Box::new(move |x| Lognormal::new(cv).above(x)),
        "gamma" => Box::new(move |x| Gamma::new(cv).above(x)),
        "weibull" => {
            let distribution = Weibull::new(cv);
            Box::new(move |x| distribution.above(x))
        }
        _ => Box::new(move |x| Pareto::new(cv).above(x)),
    }
}

pub(crate) fn distribution(family: &str, cv: f64) -> Distribution {
    let distribution = match family {
        "lognormal" => Distribution::lognormal(cv),
        "gamma" => Distribution::gamma(cv),
        "weibull" => Distribution::weibull(cv),
        _ => Distribution::pareto(cv),
    };
    distribution.unwrap()
}

/// Settings of a trace of the family `family`.
fn settings<'a>(family: &'a str, mean: &'a str, stdev: &'a str) -> [(&'static str, &'a str); 3] {
    [("DISTRIBUTION", family), ("MEAN", mean), ("STDEV", stdev)]
}

/// The point that a share `rare` of the samples exceeds.
fn exceeded_by(rare: f64, above: &Above) -> f64 {
    let (mut low, mut high) = (-700f64, 700f64);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if above(middle.exp()) > rare { low = middle } else { high = middle }
    }
    low.exp()
}

/// Mean and mean square of min(X, `end`): integrals of P(X > x) and of 2x·P(X > x), by Simpson's rule over ln x.
fn moments_below(end: f64, above: &Above) -> [f64; 2] {
    let (start, steps) = (1e-9f64.ln(), 20_000);
    let width = (end.ln() - start) / f64::from(steps);
    let mut moments = [0.0; 2];
    for step in 0..=steps {
        let simpson = if step == 0 || step == steps { 1.0 } else { f64::from(2 + 2 * (step % 2)) } * width / 3.0;
        let x = (start + f64::from(step) * width).exp();
        let density = simpson * x * above(x);
        moments = [moments[0] + density, moments[1] + density * 2.0 * x];
    }
    moments
}

/// The mean of the samples is `expected`, within 4 standard errors.
fn assert_mean(what: &str, samples: &[f64], expected: f64) {
    let (mean, cv) = (mean(samples), variation(samples));
    assert!(
        (mean - expected).abs() < 4.0 * mean * cv / (samples.len() as f64).sqrt() + 1e-6,
        "{what}: {mean} of {expected}"
    );
}

#[test]
fn interarrival_times_follow_their_distributions() {
    for family in FAMILIES {
        for (stdev, cv) in [("0.4", 0.05), ("4", 0.5), ("7.2", 0.9), ("8", 1.0), ("9.6", 1.2), ("20", 2.5), ("64", 8.0)]
        {
            if family == "pareto" && cv > Pareto::MAX_CV {
                continue;
            }
            let what = format!("{family}, variation {cv}");
            let above = above(family, cv);
            let interarrivals = interarrivals(&settings(family, "8", stdev));
            let n = interarrivals.len() as f64;
            assert!((mean(&interarrivals) - 1.0).abs() < 4.0 * cv / n.sqrt(), "{what}: mean {}", mean(&interarrivals));
            if cv <= 0.05 || (cv <= 0.5 && family != "pareto") {
                // The standard error of a variation is √((κ − 1)/4n) times the variation; the kurtosis κ of these
                // distributions is below 13.
                let variation = variation(&interarrivals);
                assert!((variation - cv).abs() < 4.0 * cv * (3.0 / n).sqrt(), "{what}: variation {variation}");
            }
            let end = exceeded_by(1e-3, &above);
            assert_tail(&what, &interarrivals, end, 1e-3);
            let below: Vec<f64> = interarrivals.iter().map(|interarrival| interarrival.min(end)).collect();
            let [first, second] = moments_below(end, &above);
            assert_mean(&format!("{what}: cut"), &below, first);
            assert_mean(
                &format!("{what}: squares"),
                &below.iter().map(|interarrival| interarrival * interarrival).collect::<Vec<_>>(),
                second,
            );
            // An interarrival time is the difference of two arrivals that were cut to nanoseconds, 10⁻⁷ of the mean.
            assert_follows_within(&what, 1e-7, interarrivals, |x| 1.0 - above(x.max(0.0)));
        }
    }
}

#[test]
fn sizes_follow_their_rounded_distributions() {
    const LARGEST: usize = 300;
    for family in FAMILIES {
        for (mean, stdev) in [("20", "4"), ("8", "8"), ("3", "6.6")] {
            let trace = trace(&settings(family, mean, stdev));
            let (mean, stdev): (f64, f64) = (mean.parse().unwrap(), stdev.parse().unwrap());
            let above = above(family, stdev / mean);
            let beyond = |size: usize| if size == 0 { 1.0 } else { above((size as f64 + 0.5) / mean) };
            // Larger sizes count as the largest one.
            let mut probabilities = vec![0.0];
            probabilities
                .extend((1..LARGEST).map(|size| if size == 1 { 1.0 } else { beyond(size - 1) } - beyond(size)));
            probabilities.push(beyond(LARGEST - 1));
            let sizes: Vec<u64> = trace.iter().map(|request| u64::from(request.size).min(LARGEST as u64)).collect();
            assert_counts(&format!("{family} {mean} {stdev}"), &sizes, &probabilities);
        }
    }
}

#[test]
fn tails_are_correct_at_the_largest_variation() {
    for (family, cv) in FAMILIES.into_iter().zip([Lognormal::MAX_CV, Gamma::MAX_CV, Weibull::MAX_CV, Pareto::MAX_CV]) {
        for cv in [cv, 2.0] {
            let (distribution, above) = (distribution(family, cv), above(family, cv));
            let mut stream = Streams::new(14, "test").of(0);
            let samples: Vec<f64> =
                (0..2_000_000).map(|_| Distribution::in_means(distribution.sample(&mut stream))).collect();
            for rare in [1e-2, 1e-3, 1e-4, 1e-5] {
                let end = exceeded_by(rare, &above);
                // Nearly all samples of a gamma distribution of so large a variation are below the resolution.
                if end > 1e-9 {
                    assert_tail(&format!("{family}, variation {cv}"), &samples, end, rare);
                }
            }
            assert_follows_within(&format!("{family}, variation {cv}"), 1e-14, samples, |x| 1.0 - above(x.max(0.0)));
        }
    }
}

#[test]
fn most_of_the_second_moment_is_observable_at_the_largest_variation() {
    for (family, cv) in FAMILIES.into_iter().zip([Lognormal::MAX_CV, Gamma::MAX_CV, Weibull::MAX_CV, Pareto::MAX_CV]) {
        let above = above(family, cv);
        let end = exceeded_by(1e-9, &above);
        let whole = 1.0 + cv * cv;
        let shown = (moments_below(end, &above)[1] - end * end * 1e-9) / whole;
        assert!(shown > 0.5, "{family}: {shown}");
    }
}

#[test]
fn the_smallest_variation_is_correct() {
    for family in FAMILIES {
        for cv in [1e-9, 1e-6, 1e-3] {
            let distribution = distribution(family, cv);
            let mut stream = Streams::new(15, "test").of(0);
            let off: Vec<f64> = (0..200_000)
                .map(|_| {
                    (distribution.sample(&mut stream) as i128 - i128::from(Distribution::ONE)) as f64
                        / Distribution::ONE as f64
                        / cv
                })
                .collect();
            let n = off.len() as f64;
            let (mean, square) = (mean(&off), off.iter().map(|x| x * x).sum::<f64>() / n);
            // All are then close to a normal, an exponential (Pareto) or a Gumbel distribution (Weibull), with a
            // kurtosis of at most 9.
            assert!(mean.abs() < 4.0 / n.sqrt(), "{family} {cv}: {mean}");
            assert!((square.sqrt() - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "{family} {cv}: {square}");
        }
    }
}

#[test]
fn without_variation_every_sample_is_the_mean() {
    for family in FAMILIES {
        let trace = trace(&[settings(family, "8.4", "0").as_slice(), &[("SAMPLES", "1000")]].concat());
        assert!(trace.windows(2).all(|pair| pair[1].arrival_ns - pair[0].arrival_ns == 10_000_000), "{family}");
        assert!(trace.iter().all(|request| request.size == 8), "{family}");
    }
}

#[test]
fn gamma_and_weibull_at_variation_1_are_exponential() {
    let arrivals =
        |family| -> Vec<u64> { trace(&settings(family, "8", "8")).iter().map(|request| request.arrival_ns).collect() };
    let exponential = arrivals("poisson");
    assert_eq!(arrivals("gamma"), exponential);
    assert_eq!(arrivals("weibull"), exponential);
}

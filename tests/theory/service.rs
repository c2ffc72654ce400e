//! Distributions of service times with mean 1, and their moments.

use random::demand::ServiceDistribution;

/// A distribution of service times with mean 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Service {
    Exponential,
    Deterministic,
    /// Of so many phases.
    Erlang(u32),
    /// Of two phases with balanced means, with this coefficient of variation.
    Hyperexponential(f64),
    Lognormal(f64),
    Gamma(f64),
    Weibull(f64),
    BoundedPareto {
        /// α.
        tail: f64,
        /// The largest over the smallest service time.
        ratio: f64,
    },
}

/// α of the bounded Pareto distributions here, and the ratio of their bounds.
pub(super) const PARETO: Service = Service::BoundedPareto { tail: 1.5, ratio: 100.0 };

impl Service {
    /// As SERVICE, with the mean `unit_ns` \[ns\].
    pub(super) fn setting(self, unit_ns: u64) -> ServiceDistribution {
        match self {
            Service::Exponential => ServiceDistribution::Exponential,
            Service::Deterministic => ServiceDistribution::Deterministic,
            Service::Erlang(phases) => ServiceDistribution::erlang(phases),
            Service::Hyperexponential(cv) => ServiceDistribution::hyperexponential(cv),
            Service::Lognormal(cv) => ServiceDistribution::lognormal(cv).unwrap(),
            Service::Gamma(cv) => ServiceDistribution::gamma(cv).unwrap(),
            Service::Weibull(cv) => ServiceDistribution::weibull(cv).unwrap(),
            Service::BoundedPareto { tail, .. } => {
                let ns = |bound: f64| (bound * unit_ns as f64).round() as u64;
                let (least, most) = self.bounds();
                ServiceDistribution::bounded_pareto(tail, ns(least), ns(most))
            }
        }
    }

    /// Its name in Kendall's notation, or in words.
    pub(super) fn name(self) -> String {
        match self {
            Service::Exponential => "M".into(),
            Service::Deterministic => "D".into(),
            Service::Erlang(phases) => format!("E{phases}"),
            Service::Hyperexponential(cv) => format!("H2 (cv {cv})"),
            Service::Lognormal(cv) => format!("lognormal (cv {cv})"),
            Service::Gamma(cv) => format!("gamma (cv {cv})"),
            Service::Weibull(cv) => format!("Weibull (cv {cv})"),
            Service::BoundedPareto { tail, ratio } => format!("bounded Pareto ({tail}, 1:{ratio})"),
        }
    }

    /// E\[S^`power`\], for powers from 1 to 3. Johnson, Kotz, Balakrishnan: "Continuous univariate distributions" (1994).
    pub(super) fn moment(self, power: i32) -> f64 {
        let n = f64::from(power);
        match self {
            Service::Exponential => (1..=power).map(f64::from).product(),
            Service::Deterministic => 1.0,
            // k(k + 1)…(k + n − 1)/kⁿ: the gamma distribution of shape k.
            Service::Erlang(phases) => gamma_moment(f64::from(phases), power),
            Service::Gamma(cv) => gamma_moment(1.0 / cv.powi(2), power),
            Service::Hyperexponential(cv) => {
                let factorial: f64 = (1..=power).map(f64::from).product();
                phases(cv).into_iter().map(|(share, mean)| share * factorial * mean.powi(power)).sum()
            }
            // exp(nμ + n²σ²/2) with μ = −σ²/2.
            Service::Lognormal(cv) => (cv.powi(2) + 1.0).powf(n * (n - 1.0) / 2.0),
            Service::Weibull(cv) => {
                let shape = weibull_shape(cv);
                libm::tgamma(1.0 + n / shape) / libm::tgamma(1.0 + 1.0 / shape).powi(power)
            }
            Service::BoundedPareto { .. } => {
                let (least, most) = self.bounds();
                self.part(power, least, most)
            }
        }
    }

    /// The squared coefficient of variation.
    pub(super) fn squared_cv(self) -> f64 {
        self.moment(2) - 1.0
    }

    /// The bounds of a bounded Pareto distribution.
    pub(super) fn bounds(self) -> (f64, f64) {
        let Service::BoundedPareto { tail, ratio } = self else { panic!("{self:?} has no bounds") };
        let mean = pareto_part(tail, (1.0, ratio), 1, 1.0, ratio);
        (1.0 / mean, ratio / mean)
    }

    /// E\[S^`power`; `from` < S ≤ `to`\] of a bounded Pareto distribution.
    pub(super) fn part(self, power: i32, from: f64, to: f64) -> f64 {
        let Service::BoundedPareto { tail, .. } = self else { panic!("{self:?} has no bounds") };
        pareto_part(tail, self.bounds(), power, from, to)
    }
}

/// ∫ xⁿ f(x) dx from `from` to `to`, with the density f(x) = α·aᵅ·x^(−α−1) / (1 − (a/b)ᵅ).
fn pareto_part(tail: f64, (least, most): (f64, f64), power: i32, from: f64, to: f64) -> f64 {
    let (n, whole) = (f64::from(power), 1.0 - (least / most).powf(tail));
    tail * least.powf(tail) / whole * (to.powf(n - tail) - from.powf(n - tail)) / (n - tail)
}

/// The moments of a gamma distribution with mean 1.
fn gamma_moment(shape: f64, power: i32) -> f64 {
    (0..power).map(|k| (shape + f64::from(k)) / shape).product()
}

/// Probability and mean of each phase of a hyperexponential distribution with balanced means: both phases have half of
/// the work (Morse, "Queues, inventories and maintenance", 1958).
fn phases(cv: f64) -> [(f64, f64); 2] {
    let difference = ((cv.powi(2) - 1.0) / (cv.powi(2) + 1.0)).sqrt();
    [1.0 + difference, 1.0 - difference].map(|double| (double / 2.0, 1.0 / double))
}

/// The shape k with the squared coefficient of variation Γ(1 + 2/k)/Γ(1 + 1/k)² − 1, which decreases in k.
fn weibull_shape(cv: f64) -> f64 {
    let (mut low, mut high) = (0.1, 100.0);
    for _ in 0..200 {
        let shape = f64::midpoint(low, high);
        let squared = libm::tgamma(1.0 + 2.0 / shape) / libm::tgamma(1.0 + 1.0 / shape).powi(2) - 1.0;
        if squared > cv.powi(2) { low = shape } else { high = shape }
    }
    f64::midpoint(low, high)
}

#[test]
fn moments_are_those_of_the_definitions() {
    let close = |service: Service, moments: [f64; 3]| {
        for (power, moment) in (1..).zip(moments) {
            let found = service.moment(power);
            assert!((found - moment).abs() < 1e-9 * moment, "{service:?}, moment {power}: {found}, not {moment}");
        }
    };
    close(Service::Exponential, [1.0, 2.0, 6.0]);
    // The sum of two exponential phases of mean 1/2: variance 1/2, third moment 2·3·4/8.
    close(Service::Erlang(2), [1.0, 1.5, 3.0]);
    // cv² = 3: shares (1 ± 1/√2)/2 and means 1/(1 ± 1/√2); n!·Σ share·meanⁿ = n!/2·Σ mean^(n−1).
    close(Service::Hyperexponential(3f64.sqrt()), [1.0, 4.0, 3.0 * 12.0]);
    close(Service::Lognormal(2.0), [1.0, 5.0, 125.0]);
    close(Service::Gamma(2.0), [1.0, 5.0, 45.0]);
    // Shape 1/2: the square of an exponential of mean m = 1/√2, with moments (2n)!·m²ⁿ.
    close(Service::Weibull(5f64.sqrt()), [1.0, 6.0, 90.0]);
    // α = 1.5 on 1 to 100: E[S] = 3·(1 − 1/10)/0.999, E[S²] = 3·9/0.999, E[S³] = 999/0.999.
    let mean = 2.7f64 / 0.999;
    close(PARETO, [1.0, 27.0 / 0.999 / mean.powi(2), 1000.0 / mean.powi(3)]);
    for cv in [0.5, 2.0] {
        for service in [Service::Lognormal(cv), Service::Gamma(cv), Service::Weibull(cv)] {
            assert!((service.squared_cv() - cv * cv).abs() < 1e-9, "{service:?}");
        }
    }
}
